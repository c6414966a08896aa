use super::{Context, Failure, print, runtime};
use crate::{
    assemble::{Assembly, product},
    config::{Settings, secrets},
    database::Database,
};
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use kit::{Clock, Origin, Reason, SystemTx};
use market_data::{CandleOrigin, Imported, Market};
use serde_json::json;
use std::{
    fs::File,
    io::{BufWriter, Write},
    path::PathBuf,
};
use trading::candle::gaps::gaps;

/// Candles of the platform's own series, which every tenant reads
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Import a CSV file (plain, gzip, zstd, or alone in a zip): open_time_ms,open,high,low,close,volume
    Import(Candles),
    /// Write candles of any time frame into a CSV file that can be imported again
    Export(Candles),
    /// Check a file as an import does, and tell what is missing in it, without a database
    Verify(Candles),
}

#[derive(Debug, clap::Args)]
struct Candles {
    file: PathBuf,
    #[arg(long, default_value = "binance")]
    exchange: String,
    /// Such as BTC/USDT
    #[arg(long)]
    symbol: String,
    /// Such as 5m
    #[arg(long)]
    timeframe: String,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    match &args.action {
        Action::Import(args) => tell_import(args, context),
        Action::Export(args) => tell_export(args, context),
        Action::Verify(args) => tell_file(args, context),
    }
}

fn tell_import(args: &Candles, context: &Context) -> Result<(), Failure> {
    let market = market_of(args)?;
    let settings = context.config()?.settings;
    let imported = runtime()?.block_on(import(args, &market, &settings))?;
    if context.json {
        return print(&format!("{}\n", json!(imported)));
    }
    let Imported { imported: new, updated, unchanged, kept, from, to, .. } = &imported;
    print(&format!(
        "{market}: {new} new, {updated} updated, {unchanged} unchanged, {kept} kept candles, {from} to {to}\n"
    ))?;
    let gaps = imported.gaps.gaps.iter();
    let gaps = gaps.map(|gap| format!("  gap of {} candles, {} to {}\n", gap.missing, gap.from, gap.to));
    print(&gaps.collect::<String>())
}

fn tell_export(args: &Candles, context: &Context) -> Result<(), Failure> {
    let market = market_of(args)?;
    let settings = context.config()?.settings;
    let count = runtime()?.block_on(export(args, &market, &settings))?;
    if context.json {
        return print(&format!("{}\n", json!({ "exported": count })));
    }
    print(&format!("{market}: {count} candles in {}\n", args.file.display()))
}

fn tell_file(args: &Candles, context: &Context) -> Result<(), Failure> {
    let market = market_of(args)?;
    let progress = bar(args);
    let candles = runtime()?.block_on(read(args, &market, &progress));
    progress.finish_and_clear();
    let candles = candles?;
    let gaps = gaps(&candles);
    if context.json {
        return print(&format!("{}\n", json!({ "candles": candles.len(), "gaps": gaps })));
    }
    print(&format!("{market}: {} candles, {} gaps\n", candles.len(), gaps.len()))?;
    let gaps = gaps.iter().map(|gap| format!("  gap of {} candles, {} to {}\n", gap.missing, gap.from, gap.to));
    print(&gaps.collect::<String>())
}

fn market_of(args: &Candles) -> Result<Market, Failure> {
    market(&args.exchange, &args.symbol, &args.timeframe)
}

pub(super) fn market(exchange: &str, symbol: &str, timeframe: &str) -> Result<Market, Failure> {
    let market = json!({ "exchange": exchange, "symbol": symbol, "timeframe": timeframe });
    serde_json::from_value(market).map_err(|error| Failure::of("this is no market", error))
}

fn bar(args: &Candles) -> ProgressBar {
    let bar = ProgressBar::new(args.file.metadata().map(|it| it.len()).unwrap_or_default());
    // the template is a constant: if it were wrong, the bar would only look plain
    if let Ok(style) = ProgressStyle::with_template("{msg:9} {wide_bar} {bytes}/{total_bytes}") {
        bar.set_style(style);
    }
    bar
}

async fn read(args: &Candles, market: &Market, bar: &ProgressBar) -> Result<trading::candle::Candles, Failure> {
    let path = args.file.display();
    let file = File::open(&args.file).map_err(|error| Failure::of(&format!("{path} cannot be read"), error))?;
    bar.set_message("reading");
    Ok(market_data::parse(market, bar.wrap_read(file), Clock::System.now()).await?)
}

async fn import(args: &Candles, market: &Market, settings: &Settings) -> Result<Imported, Failure> {
    let bar = bar(args);
    let candles = read(args, market, &bar).await?;
    bar.set_message("writing");
    let (database, assembly) = open(settings).await?;
    let imported = match begin(&assembly).await {
        Ok(tx) => market_data::import(tx, market, CandleOrigin::File, candles).await,
        Err(error) => Err(error),
    };
    bar.finish_and_clear();
    assembly.app.db().close().await;
    database.close().await?;
    Ok(imported?)
}

async fn export(args: &Candles, market: &Market, settings: &Settings) -> Result<u64, Failure> {
    let (database, assembly) = open(settings).await?;
    let exported = write(args, market, &assembly).await;
    assembly.app.db().close().await;
    database.close().await?;
    exported
}

async fn write(args: &Candles, market: &Market, assembly: &Assembly) -> Result<u64, Failure> {
    let failed = |error| Failure::of(&format!("{} cannot be written", args.file.display()), error);
    let mut tx = begin(assembly).await?;
    let series = market_data::series(&mut tx, market).await?;
    let mut file = BufWriter::new(File::create(&args.file).map_err(failed)?);
    let count = market_data::export(&mut tx, &series, &mut file).await?;
    file.flush().map_err(failed)?;
    Ok(count)
}

pub(super) async fn begin(assembly: &Assembly) -> kit::Result<SystemTx> {
    assembly.app.db().system(Reason::Operator, Origin::internal("command-line")).await
}

pub(super) async fn open(settings: &Settings) -> Result<(Database, Assembly), Failure> {
    let database = Database::beside(settings).await?;
    let secrets = secrets(settings, &mut rand::rng())?;
    let assembly = product(settings, &secrets, database.options.clone(), settings.port)
        .map_err(|error| Failure::Failed(error.to_string()))?;
    schema::migrate(&database.options).await.map_err(|error| Failure::of("the database cannot be migrated", error))?;
    Ok((database, assembly))
}
