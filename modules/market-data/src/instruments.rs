//! What exchanges list and by which filters they take orders.

use crate::{Exchange, Listing, source::Sources, store};
use audit::Change;
use chrono::TimeDelta;
use garde::Validate;
use kit::{App, Error, Job, JobContext, Paging, Result, SystemTx, TenantTx, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trading::money::{self, Notional, Price, Quantity, Symbol};
use uuid::Uuid;

/// A symbol of an exchange with its filters. One that is `null` lets everything pass.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "MarketInstrument")]
pub(crate) struct Instrument {
    pub(crate) exchange: Exchange,
    pub(crate) symbol: Symbol,
    pub(crate) base: String,
    pub(crate) quote: String,
    /// In the exchange's words, such as `TRADING`; `DELISTED` for what it names no more.
    pub(crate) status: String,
    /// Prices are multiples of this.
    pub(crate) tick: Option<Price>,
    /// Quantities are multiples of this.
    pub(crate) lot: Option<Quantity>,
    /// The smallest quantity of an order.
    pub(crate) min_quantity: Option<Quantity>,
    /// The largest quantity of an order.
    pub(crate) max_quantity: Option<Quantity>,
    /// Quantities of market orders are multiples of this as well.
    pub(crate) market_lot: Option<Quantity>,
    /// The smallest quantity of a market order.
    pub(crate) market_min_quantity: Option<Quantity>,
    /// The largest quantity of a market order.
    pub(crate) market_max_quantity: Option<Quantity>,
    /// The smallest value of an order.
    pub(crate) min_notional: Option<Notional>,
    /// Digits after the point of amounts of the base currency.
    pub(crate) base_digits: i16,
    /// Digits after the point of amounts of the quote currency.
    pub(crate) quote_digits: i16,
    /// In the exchange's words.
    pub(crate) order_types: Vec<String>,
    /// In the exchange's words.
    pub(crate) permissions: Vec<String>,
    /// When the exchange was last heard of it.
    pub(crate) updated_at: Time,
}

/// Which instruments are asked for.
#[derive(Deserialize, JsonSchema, Validate)]
#[garde(allow_unvalidated)]
pub(crate) struct InstrumentFilter {
    /// Only of this exchange.
    pub(crate) exchange: Option<Exchange>,
    /// Only of this base currency.
    #[garde(length(max = 20))]
    pub(crate) base: Option<String>,
    /// Only of this quote currency.
    #[garde(length(max = 20))]
    pub(crate) quote: Option<String>,
    /// Only in this state, in the exchange's words.
    #[garde(length(max = 40))]
    pub(crate) status: Option<String>,
    /// Only symbols that contain this.
    #[garde(length(max = 41))]
    pub(crate) q: Option<String>,
}

pub(crate) async fn list(
    tx: &mut TenantTx,
    filter: &InstrumentFilter,
    paging: &Paging,
) -> Result<(Vec<Instrument>, i64)> {
    store::list_instruments(tx, filter, paging).await
}

pub(crate) async fn show(tx: &mut TenantTx, exchange: &Exchange, symbol: &Symbol) -> Result<Instrument> {
    store::find_instrument(tx, exchange, symbol).await?.ok_or_else(|| Error::not_found("instrument"))
}

/// How orders in a symbol are filtered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filters {
    /// The symbol with its filters.
    pub instrument: money::Instrument,
    /// What should be known about them: that there are none.
    pub note: Option<String>,
}

/// The filters by which an exchange takes orders in a symbol; none, and a note that says so, where they are not known.
///
/// # Errors
/// 503 when the database cannot be reached.
pub async fn instrument(tx: &mut TenantTx, exchange: &Exchange, symbol: &Symbol) -> Result<Filters> {
    Ok(match store::find_instrument(tx, exchange, symbol).await? {
        Some(found) => Filters { instrument: found.into(), note: None },
        None => {
            let note = format!("The filters of {symbol} at {} are not known; none were applied.", exchange.as_str());
            Filters { instrument: money::Instrument::unfiltered(*symbol), note: Some(note) }
        }
    })
}

impl From<Instrument> for money::Instrument {
    fn from(it: Instrument) -> Self {
        let Instrument { symbol, tick, lot, min_quantity, max_quantity, min_notional, .. } = it;
        let (market_lot, max_market_quantity) = (it.market_lot, it.market_max_quantity);
        Self { symbol, tick, lot, min_quantity, max_quantity, min_notional, market_lot, max_market_quantity }
    }
}

/// What has come of asking an exchange for its symbols.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Refreshed {
    /// Which exchange was asked.
    pub exchange: Exchange,
    /// How many symbols it lists.
    pub listed: i64,
    /// How many it listed before, and lists no more.
    pub delisted: i64,
}

/// That an exchange will be asked.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Refreshing {
    pub(crate) job_id: Uuid,
}

/// Which exchange is to be asked.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub(crate) struct RefreshWish {
    pub(crate) exchange: Exchange,
}

/// Has an exchange asked for its symbols later.
pub(crate) async fn ask(app: &App, tx: &mut SystemTx, exchange: Exchange) -> Result<Refreshing> {
    Sources::of(app).find(exchange.as_str())?;
    let job_id = kit::enqueue_job(tx, &Refresh { exchange: exchange.clone() }).await?;
    let change = Change::new("instruments", exchange.as_str(), "instruments.refresh_asked");
    audit::record(tx, change.after(serde_json::json!({ "jobId": job_id }))).await?;
    Ok(Refreshing { job_id })
}

/// How long what an exchange lists is good enough to trade by.
const FRESH: TimeDelta = TimeDelta::days(1);

/// Whether an exchange has been asked for its symbols lately.
///
/// # Errors
/// 503 when the database cannot be reached.
pub async fn are_fresh(tx: &mut TenantTx, exchange: &Exchange) -> Result<bool> {
    let learned = store::learned(tx, exchange).await?;
    Ok(learned.is_some_and(|learned| tx.now() - learned < FRESH))
}

/// Asks an exchange for its symbols and writes them down.
///
/// # Errors
/// 422 `UNKNOWN_SOURCE`; 503 and its like when the exchange does not answer well.
pub async fn refresh_instruments(
    app: &App,
    exchange: &Exchange,
    begin: impl AsyncFnOnce() -> Result<SystemTx>,
) -> Result<Refreshed> {
    let source = Sources::of(app).find(exchange.as_str())?;
    let listings = source.listings().await.map_err(|failure| failure.told(app.clock().now()))?;
    let mut tx = begin().await?;
    let refreshed = write(&mut tx, exchange, &listings).await?;
    tx.commit().await?;
    Ok(refreshed)
}

async fn write(tx: &mut SystemTx, exchange: &Exchange, listings: &[Listing]) -> Result<Refreshed> {
    let (listed, delisted) = store::write_listings(tx, exchange, listings).await?;
    let refreshed = Refreshed { exchange: exchange.clone(), listed, delisted };
    audit::record(tx, Change::new("instruments", exchange.as_str(), "instruments.refreshed").after(&refreshed)).await?;
    Ok(refreshed)
}

/// Asks an exchange for its symbols.
#[derive(Serialize, Deserialize)]
pub(crate) struct Refresh {
    exchange: Exchange,
}

impl Job for Refresh {
    const KIND: &'static str = "market-data.refresh-instruments";

    async fn run(self, context: JobContext) -> Result<()> {
        refresh_instruments(context.app(), &self.exchange, async || context.system().await).await.map(drop)
    }
}
