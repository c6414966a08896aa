use super::{Context, Failure, print, runtime};
use crate::{
    assemble::product,
    config::{Settings, secrets},
    database::Database,
};
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use kit::{Origin, Reason};
use market_data::{Imported, Market};
use serde_json::json;
use std::{fs::File, path::PathBuf};

/// Bring candles into the platform's own series, which every tenant reads
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Import a CSV file, plain or gzipped: open_time_ms,open,high,low,close,volume
    Import(Import),
}

#[derive(Debug, clap::Args)]
struct Import {
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
    let Action::Import(args) = &args.action;
    let market = market(args)?;
    let settings = context.config()?.settings;
    let imported = runtime()?.block_on(import(args, &market, &settings))?;
    if context.json {
        return print(&format!("{}\n", json!(imported)));
    }
    let Imported { imported: new, updated, unchanged, from, to, .. } = &imported;
    print(&format!("{market}: {new} new, {updated} updated, {unchanged} unchanged candles, {from} to {to}\n"))?;
    let gaps = imported.gaps.gaps.iter();
    let gaps = gaps.map(|gap| format!("  gap of {} candles, {} to {}\n", gap.missing, gap.from, gap.to));
    print(&gaps.collect::<String>())
}

fn market(args: &Import) -> Result<Market, Failure> {
    let market = json!({ "exchange": args.exchange, "symbol": args.symbol, "timeframe": args.timeframe });
    serde_json::from_value(market).map_err(|error| Failure::of("this is no market", error))
}

async fn import(args: &Import, market: &Market, settings: &Settings) -> Result<Imported, Failure> {
    let path = args.file.display();
    let file = File::open(&args.file).map_err(|error| Failure::of(&format!("{path} cannot be read"), error))?;
    let size = file.metadata().map(|it| it.len()).unwrap_or_default();
    let bar = ProgressBar::new(size);
    // the template is a constant: if it were wrong, the bar would only look plain
    if let Ok(style) = ProgressStyle::with_template("{msg:9} {wide_bar} {bytes}/{total_bytes}") {
        bar.set_style(style);
    }
    bar.set_message("reading");
    let candles = market_data::parse(market, bar.wrap_read(file)).await?;
    bar.set_message("writing");
    let database = Database::beside(settings).await?;
    let secrets = secrets(settings, &mut rand::rng())?;
    let assembly = product(settings, &secrets, database.options.clone(), settings.port)
        .map_err(|error| Failure::Failed(error.to_string()))?;
    schema::migrate(&database.options).await.map_err(|error| Failure::of("the database cannot be migrated", error))?;
    let tx = assembly.app.db().system(Reason::Operator, Origin::internal("command-line")).await?;
    let imported = market_data::import(tx, market, candles).await;
    bar.finish_and_clear();
    assembly.app.db().close().await;
    database.close().await?;
    Ok(imported?)
}
