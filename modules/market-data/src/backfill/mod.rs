//! Candles and trades that a tenant has fetched from an exchange, as a job that goes on where it stopped.

mod run;
mod trades;
mod view;

pub(crate) use run::{Fetch, checked, failed};
pub(crate) use view::{Backfill, BackfillFilter, BackfillKind, BackfillStatus, BackfillWish};

use crate::{
    Exchange, Market,
    service::{timestamp, trades::EARLIEST as EARLIEST_TRADE},
    source::Sources,
    store,
};
use audit::Change;
use chrono::TimeDelta;
use kit::{App, Error, Paging, Result, TenantTx, Time};
use trading::{
    money::Symbol,
    time::{DAY, Timeframe, Timestamp},
};
use uuid::Uuid;

/// The most backfills of a tenant that wait or run: the exchange is asked for all tenants by one address.
const MOST_UNFINISHED: i64 = 3;
/// The most candles of one backfill: eleven years of minutes.
const MOST_CANDLES: i64 = 6_000_000;
/// The longest time of which trades are fetched by one backfill.
const MOST_TRADE_DAYS: i64 = 31;
/// How long after its end a candle is asked for, and a trade after it happened: until then an exchange may still count
/// the candle as open, and add a trade.
const SETTLED: TimeDelta = TimeDelta::seconds(10);

/// Checks what is asked for and sets it going.
pub(crate) async fn create(app: &App, tx: &mut TenantTx, wish: BackfillWish) -> Result<Backfill> {
    Sources::of(app).find(wish.exchange.as_str())?;
    listed(tx, &wish.exchange, &wish.symbol).await?;
    let market = market(&wish)?;
    let span = match &market {
        Some(market) => span(&wish, market.timeframe, tx.now())?,
        None => trade_span(&wish, tx.now())?,
    };
    within_quota(tx).await?;
    if let Some(market) = market.filter(|_| wish.only_gaps) {
        has_own_series(tx, &market).await?;
    }
    let id = kit::enqueue_job(tx, &Fetch {}).await?;
    store::insert_backfill(tx, id, &wish, span).await?;
    let backfill = get(tx, id).await?;
    audit::record(tx, Change::new("backfill", id, "backfill.created").after(&backfill)).await?;
    Ok(backfill)
}

/// The market of the candles; none of trades, which have neither a time frame nor gaps.
fn market(wish: &BackfillWish) -> Result<Option<Market>> {
    let BackfillWish { kind, exchange, symbol, timeframe, only_gaps, .. } = wish;
    match (kind, timeframe) {
        (BackfillKind::Candles, Some(timeframe)) => {
            Ok(Some(Market { exchange: exchange.clone(), symbol: *symbol, timeframe: *timeframe }))
        }
        (BackfillKind::Candles, None) => {
            Err(Error::invalid("timeframe", "REQUIRED", "Say the time frame of the candles."))
        }
        (BackfillKind::Trades, None) if !only_gaps => Ok(None),
        (BackfillKind::Trades, None) => {
            Err(Error::invalid("onlyGaps", "NOT_OF_TRADES", "Only candles have gaps that can be told."))
        }
        (BackfillKind::Trades, Some(_)) => {
            Err(Error::invalid("timeframe", "NOT_OF_TRADES", "Trades have no time frame."))
        }
    }
}

async fn listed(tx: &mut TenantTx, exchange: &Exchange, symbol: &Symbol) -> Result<()> {
    if store::find_instrument(tx, exchange, symbol).await?.is_some() {
        return Ok(());
    }
    let exchange = exchange.as_str();
    let message = format!(
        "{exchange} is not known to list {symbol}. GET /api/v1/market-data/instruments?exchange={exchange} tells what it \
         lists; an operator has it asked anew by POST /api/v1/market-data/instruments/refresh."
    );
    Err(Error::invalid("symbol", "UNKNOWN_SYMBOL", message))
}

/// There is something that can have gaps, and what fills them goes into it: a tenant's own series stands before the
/// platform's.
async fn has_own_series(tx: &mut TenantTx, market: &Market) -> Result<()> {
    if crate::series(tx, market).await?.is_shared() {
        let message = format!("The candles of {market} are the platform's; fetch a span of your own instead.");
        return Err(Error::conflict("SHARED_SERIES", message));
    }
    Ok(())
}

/// Whole candles: the first opens at `from` or later, the last has closed by `to`.
fn span(wish: &BackfillWish, timeframe: Timeframe, now: Time) -> Result<(Timestamp, Timestamp)> {
    let floor = timeframe.floor(timestamp(wish.from));
    let from = if floor < timestamp(wish.from) { timeframe.next(floor) } else { floor };
    let latest = now - SETTLED;
    let to = timeframe.floor(timestamp(wish.to.map_or(latest, |to| to.min(latest))));
    if from < crate::EARLIEST {
        let message = format!("Candles are kept from {} on.", crate::EARLIEST);
        return Err(Error::invalid("from", "TIME_OUT_OF_RANGE", message));
    }
    if from >= to {
        let message = format!("No whole candle of {timeframe} opens at {} or later and has closed by {to}.", wish.from);
        return Err(Error::invalid("from", "NOTHING_TO_FETCH", message));
    }
    let candles = view::candles_between(timeframe, from, to);
    if candles > MOST_CANDLES {
        let message = format!("These are {candles} candles; a backfill fetches {MOST_CANDLES} at most.");
        return Err(Error::invalid("from", "TOO_MANY_CANDLES", message));
    }
    Ok((from, to))
}

/// All trades from `from` on and before `to`.
fn trade_span(wish: &BackfillWish, now: Time) -> Result<(Timestamp, Timestamp)> {
    let latest = now - SETTLED;
    let [from, to] = [wish.from, wish.to.map_or(latest, |to| to.min(latest))].map(timestamp);
    if from < EARLIEST_TRADE {
        let message = format!("Trades are kept from {EARLIEST_TRADE} on.");
        return Err(Error::invalid("from", "TIME_OUT_OF_RANGE", message));
    }
    if from >= to {
        let message = format!("No trade happened at {from} or later and before {to}.");
        return Err(Error::invalid("from", "NOTHING_TO_FETCH", message));
    }
    if to.millis() - from.millis() > MOST_TRADE_DAYS * DAY {
        let message = format!("A backfill fetches the trades of {MOST_TRADE_DAYS} days at most.");
        return Err(Error::invalid("from", "SPAN_TOO_LONG", message));
    }
    Ok((from, to))
}

async fn within_quota(tx: &mut TenantTx) -> Result<()> {
    if store::unfinished_backfills(tx).await? < MOST_UNFINISHED {
        return Ok(());
    }
    let message = format!("{MOST_UNFINISHED} backfills wait or run already; let one end, or cancel it.");
    Err(Error::conflict("TOO_MANY_BACKFILLS", message).with("limit", MOST_UNFINISHED))
}

pub(crate) async fn list(tx: &mut TenantTx, filter: &BackfillFilter, paging: &Paging) -> Result<(Vec<Backfill>, i64)> {
    store::list_backfills(tx, filter, paging).await
}

pub(crate) async fn get(tx: &mut TenantTx, id: Uuid) -> Result<Backfill> {
    store::find_backfill(tx, id).await?.ok_or_else(|| Error::not_found("backfill"))
}

/// Cancels a backfill; what it has fetched stays.
pub(crate) async fn cancel(tx: &mut TenantTx, id: Uuid) -> Result<Backfill> {
    let before = get(tx, id).await?;
    if !kit::cancel_job(tx, id).await? {
        let status = before.status.as_str();
        let message = format!("The backfill has ended already: it is {status}.");
        return Err(Error::conflict("BACKFILL_ENDED", message).with("status", status));
    }
    let after = get(tx, id).await?;
    audit::record(tx, Change::new("backfill", id, "backfill.cancelled").before(&before).after(&after)).await?;
    Ok(after)
}
