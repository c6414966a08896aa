use super::{Context, Failure, print, runtime};
use crate::{
    assemble::product,
    config::{Settings, secrets},
    database::Database,
};
use clap::Subcommand;
use kit::{Origin, Reason};
use market_data::{Exchange, Refreshed};
use serde_json::json;

/// Ask an exchange for its symbols and their filters
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Take what the exchange lists in the place of what it listed before
    Refresh(Refresh),
}

#[derive(Debug, clap::Args)]
struct Refresh {
    #[arg(long, default_value = "binance")]
    exchange: String,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    let Action::Refresh(args) = &args.action;
    let exchange = args.exchange.parse().map_err(|error| Failure::of("this is no exchange", error))?;
    let settings = context.config()?.settings;
    let refreshed = runtime()?.block_on(refresh(&exchange, &settings))?;
    if context.json {
        return print(&format!("{}\n", json!(refreshed)));
    }
    let Refreshed { listed, delisted, .. } = refreshed;
    print(&format!("{}: {listed} symbols are listed, {delisted} no more\n", args.exchange))
}

async fn refresh(exchange: &Exchange, settings: &Settings) -> Result<Refreshed, Failure> {
    let database = Database::beside(settings).await?;
    let secrets = secrets(settings, &mut rand::rng())?;
    let assembly = product(settings, &secrets, database.options.clone(), settings.port)
        .map_err(|error| Failure::Failed(error.to_string()))?;
    schema::migrate(&database.options).await.map_err(|error| Failure::of("the database cannot be migrated", error))?;
    let begin = async || assembly.app.db().system(Reason::Operator, Origin::internal("command-line")).await;
    let refreshed = market_data::refresh_instruments(&assembly.app, exchange, begin).await;
    assembly.app.db().close().await;
    database.close().await?;
    Ok(refreshed?)
}
