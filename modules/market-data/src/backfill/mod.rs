//! Candles that a tenant has fetched from an exchange, as a job that goes on where it stopped.

mod run;
mod view;

pub(crate) use run::Fetch;
pub(crate) use view::{Backfill, BackfillFilter, BackfillStatus, BackfillWish};

use crate::{Market, source::Sources, store};
use audit::Change;
use chrono::TimeDelta;
use kit::{App, Error, Paging, Result, TenantTx, Time};
use trading::time::Timestamp;
use uuid::Uuid;

/// The most backfills of a tenant that wait or run: the exchange is asked for all tenants by one address.
const MOST_UNFINISHED: i64 = 3;
/// The most candles of one backfill: eleven years of minutes.
const MOST_CANDLES: i64 = 6_000_000;
/// How long after its end a candle is asked for: until then an exchange may still count it as open.
const SETTLED: TimeDelta = TimeDelta::seconds(10);

/// Checks what is asked for and sets it going.
pub(crate) async fn create(app: &App, tx: &mut TenantTx, wish: BackfillWish) -> Result<Backfill> {
    let market = wish.market();
    Sources::of(app).find(market.exchange.as_str())?;
    listed(tx, &market).await?;
    let (from, to) = span(&wish, tx.now())?;
    within_quota(tx).await?;
    if wish.only_gaps {
        has_own_series(tx, &market).await?;
    }
    let id = kit::enqueue_job(tx, &Fetch {}).await?;
    store::insert_backfill(tx, id, &market, wish.only_gaps, (from, to)).await?;
    let backfill = get(tx, id).await?;
    audit::record(tx, Change::new("backfill", id, "backfill.created").after(&backfill)).await?;
    Ok(backfill)
}

async fn listed(tx: &mut TenantTx, market: &Market) -> Result<()> {
    if store::find_instrument(tx, &market.exchange, &market.symbol).await?.is_some() {
        return Ok(());
    }
    let (symbol, exchange) = (&market.symbol, market.exchange.as_str());
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
fn span(wish: &BackfillWish, now: Time) -> Result<(Timestamp, Timestamp)> {
    let (timeframe, at) = (wish.timeframe, |time: Time| Timestamp::from_millis(time.millis()));
    let floor = timeframe.floor(at(wish.from));
    let from = if floor < at(wish.from) { timeframe.next(floor) } else { floor };
    let latest = now - SETTLED;
    let to = timeframe.floor(at(wish.to.map_or(latest, |to| to.min(latest))));
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
