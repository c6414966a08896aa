use super::{Context, Failure, candles, print, runtime};
use crate::config::Settings;
use clap::Subcommand;
use kit::Clock;
use market_data::{Imported, ImportedTrades, TradeFile, TradeMarket};
use serde_json::json;
use std::{fs::File, path::PathBuf};

/// Trades of the platform's own series, which every tenant reads
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Import a CSV file (plain, gzip, zstd, or alone in a zip), as Binance publishes trades and aggregate trades
    Import(Import),
    /// Make candles of the trades that are stored, and store them
    Derive(Derive),
}

#[derive(Debug, clap::Args)]
struct Import {
    file: PathBuf,
    #[command(flatten)]
    market: Market,
}

#[derive(Debug, clap::Args)]
struct Derive {
    #[command(flatten)]
    market: Market,
    /// Such as 1m
    #[arg(long)]
    timeframe: String,
}

#[derive(Debug, clap::Args)]
struct Market {
    #[arg(long, default_value = "binance")]
    exchange: String,
    /// Such as BTC/USDT
    #[arg(long)]
    symbol: String,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    let settings = context.config()?.settings;
    match &args.action {
        Action::Import(args) => tell_import(&runtime()?.block_on(import(args, &settings))?, context),
        Action::Derive(args) => tell_derived(&runtime()?.block_on(derive(args, &settings))?, context),
    }
}

fn tell_import(imported: &ImportedTrades, context: &Context) -> Result<(), Failure> {
    if context.json {
        return print(&format!("{}\n", json!(imported)));
    }
    let ImportedTrades { imported, updated, unchanged, kept, first_id, last_id, missing, .. } = imported;
    print(&format!(
        "{imported} new, {updated} updated, {unchanged} unchanged, {kept} kept trades, numbers {first_id} to {last_id}, \
         {missing} of them missing\n"
    ))
}

fn tell_derived(derived: &Imported, context: &Context) -> Result<(), Failure> {
    if context.json {
        return print(&format!("{}\n", json!(derived)));
    }
    let Imported { imported, updated, unchanged, kept, from, to, .. } = derived;
    print(&format!("{imported} new, {updated} updated, {unchanged} unchanged, {kept} kept candles, {from} to {to}\n"))
}

async fn import(args: &Import, settings: &Settings) -> Result<ImportedTrades, Failure> {
    let market = args.market.read()?;
    let (path, failed) =
        (args.file.clone(), |error| Failure::of(&format!("{} cannot be read", args.file.display()), error));
    File::open(&path).map_err(failed)?;
    let file = TradeFile::check(move || File::open(&path), Clock::System.now()).await?;
    let (database, assembly) = candles::open(settings).await?;
    let imported = match candles::begin(&assembly).await {
        Ok(tx) => market_data::import_trades(tx, &market, file).await,
        Err(error) => Err(error),
    };
    assembly.app.db().close().await;
    database.close().await?;
    Ok(imported?)
}

async fn derive(args: &Derive, settings: &Settings) -> Result<Imported, Failure> {
    let Market { exchange, symbol } = &args.market;
    let market = candles::market(exchange, symbol, &args.timeframe)?;
    let (database, assembly) = candles::open(settings).await?;
    let derived = match candles::begin(&assembly).await {
        Ok(tx) => market_data::derive(tx, &market, None, (None, None)).await,
        Err(error) => Err(error),
    };
    assembly.app.db().close().await;
    database.close().await?;
    Ok(derived?)
}

impl Market {
    fn read(&self) -> Result<TradeMarket, Failure> {
        let market = json!({ "exchange": self.exchange, "symbol": self.symbol });
        serde_json::from_value(market).map_err(|error| Failure::of("this is no market", error))
    }
}
