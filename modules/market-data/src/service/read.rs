use super::{Series, causes, frames};
use crate::{CandleOrigin, GapReport, Market, gaps::GapFinder, market::Exchange, store, store::Part};
use audit::Change;
use axum::http::StatusCode;
use garde::Validate;
use kit::{Error, Paging, Result, TenantTx, Time, Tx};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trading::{
    candle::{Candle, Candles},
    money::{Price, Quantity, Symbol},
    time::{Timeframe, Timestamp},
};
use uuid::Uuid;

/// 1990-01-01 and 2100-01-01: no candle opens before the one, nor at or after the other.
pub(crate) const EARLIEST: Timestamp = Timestamp::from_millis(631_152_000_000);
pub(super) const LATEST: Timestamp = Timestamp::from_millis(4_102_444_800_000);

/// The series of a market: the stored one of its time frame, else the stored one of the longest
/// time frame that divides it, whose candles are summed exactly as they are read; the tenant's own
/// before the platform's. Across tenants only the platform's are meant.
///
/// # Errors
/// 404 `MARKET_NOT_FOUND`, which says how to import one.
pub async fn series<K>(tx: &mut Tx<K>, market: &Market) -> Result<Series> {
    let found = store::find(tx, market, &frames::shorter(market.timeframe)).await?;
    found.map(|series| series.summed_to(market)).ok_or_else(|| {
        let Market { exchange, symbol, timeframe } = market;
        let exchange = exchange.as_str();
        let message = format!(
            "There are no candles of {market}. Import some: POST a CSV file to \
             /api/v1/market-data/candles/import?exchange={exchange}&symbol={symbol}&timeframe={timeframe}, or have the \
             operator run `botcriptofy candles import FILE --exchange {exchange} --symbol {symbol} \
             --timeframe {timeframe}`."
        );
        Error::new(StatusCode::NOT_FOUND, "MARKET_NOT_FOUND", message)
    })
}

/// The candles that open at or after `from` and before `to`, as columns for a back-test.
///
/// # Errors
/// 503 when the database cannot be reached.
pub async fn load(
    tx: &mut TenantTx,
    series: &Series,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
) -> Result<Candles> {
    columns(tx, series, part(from, to, i64::MAX)).await
}

/// The same, but only so many of the first.
pub(crate) async fn load_at_most(
    tx: &mut TenantTx,
    series: &Series,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    most: u32,
) -> Result<Candles> {
    columns(tx, series, part(from, to, most.into())).await
}

async fn columns(tx: &mut TenantTx, series: &Series, part: Part) -> Result<Candles> {
    let mut candles = Candles::new(series.market.timeframe);
    let push = |candle, _| candles.push(candle).map_err(|error| frames::inexact(&error));
    frames::each(tx, series, part, push).await?;
    Ok(candles)
}

/// The first candles that open after a moment, or the first of all; at most `limit`. For bots that replay.
///
/// # Errors
/// 503 when the database cannot be reached.
pub async fn after(tx: &mut TenantTx, series: &Series, after: Option<Timestamp>, limit: u32) -> Result<Vec<Candle>> {
    let mut candles = vec![];
    frames::each(tx, series, part(after.map(next), None, limit.into()), |candle, _| {
        candles.push(candle);
        Ok(())
    })
    .await?;
    Ok(candles)
}

pub(super) fn part(from: Option<Timestamp>, to: Option<Timestamp>, limit: i64) -> Part {
    let within = |at: Timestamp| at.clamp(EARLIEST, LATEST);
    Part { from: from.map_or(EARLIEST, within), to: to.map_or(LATEST, within), limit, newest_first: false }
}

fn next(at: Timestamp) -> Timestamp {
    Timestamp::from_millis(at.millis().saturating_add(1))
}

pub(crate) fn timestamp(at: Time) -> Timestamp {
    Timestamp::from_millis(at.millis())
}

/// Which series are asked for.
#[derive(Deserialize, JsonSchema, Validate)]
#[garde(allow_unvalidated)]
pub(crate) struct SeriesFilter {
    /// Only of this exchange.
    exchange: Option<Exchange>,
    /// Only of this symbol.
    symbol: Option<Symbol>,
    /// Only of this time frame.
    timeframe: Option<Timeframe>,
}

pub(crate) async fn list(tx: &mut TenantTx, filter: &SeriesFilter, paging: &Paging) -> Result<(Vec<Series>, i64)> {
    const FIELDS: [(&str, &str); 6] = [
        ("symbol", "symbol"),
        ("exchange", "exchange"),
        ("candleCount", "candle_count"),
        ("firstOpenTime", "first_open_time"),
        ("lastOpenTime", "last_open_time"),
        ("updatedAt", "updated_at"),
    ];
    let order = paging.order(&FIELDS, "exchange, symbol, timeframe, tenant_id")?;
    let exchange = filter.exchange.as_ref().map(Exchange::as_str);
    let symbol = filter.symbol.as_ref().map(Symbol::as_str);
    store::list(tx, (exchange, symbol, filter.timeframe.map(Timeframe::as_str)), &order, paging).await
}

/// Which candles of a market are asked for.
#[derive(Deserialize, JsonSchema, Validate)]
#[garde(allow_unvalidated)]
pub(crate) struct CandleFilter {
    /// Only candles that open at this time or later.
    from: Option<Time>,
    /// Only candles that open before this time.
    to: Option<Time>,
    /// Only candles that open before this time, the newest first: the `next` of the part before.
    before: Option<Time>,
    /// Only candles that open after this time, the oldest first: the `next` of the part before.
    after: Option<Time>,
    /// At most so many: 1000 at most, 100 if not said.
    limit: Option<i64>,
}

impl CandleFilter {
    /// How many candles the part holds.
    pub(crate) fn limit(&self) -> i64 {
        self.limit.unwrap_or(100).clamp(1, 1_000)
    }

    fn part(&self) -> Part {
        let from = self.from.map(timestamp).max(self.after.map(timestamp).map(next));
        let to = [self.to, self.before].into_iter().flatten().min().map(timestamp);
        Part { newest_first: self.before.is_some() && self.after.is_none(), ..part(from, to, self.limit()) }
    }
}

/// A candle on the wire.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MarketCandle {
    pub(crate) open_time: Time,
    open: Price,
    high: Price,
    low: Price,
    close: Price,
    /// Coins traded.
    volume: Quantity,
    /// Where it comes from.
    origin: CandleOrigin,
}

impl MarketCandle {
    /// One that its exchange has closed.
    pub fn told(candle: Candle) -> Self {
        Self::new(candle, CandleOrigin::Exchange)
    }

    pub(super) fn new(candle: Candle, origin: CandleOrigin) -> Self {
        let Candle { open_time, open, high, low, close, volume } = candle;
        Self { open_time: Time::from_millis(open_time.millis()), open, high, low, close, volume, origin }
    }
}

pub(crate) async fn candles(tx: &mut TenantTx, market: &Market, filter: &CandleFilter) -> Result<Vec<MarketCandle>> {
    let series = series(tx, market).await?;
    let mut candles = vec![];
    frames::each(tx, &series, filter.part(), |candle, origin| {
        candles.push(MarketCandle::new(candle, origin));
        Ok(())
    })
    .await?;
    Ok(candles)
}

/// Which candles are looked at for gaps.
#[derive(Deserialize, JsonSchema, Validate)]
#[garde(allow_unvalidated)]
pub(crate) struct GapFilter {
    /// Only candles that open at this time or later.
    from: Option<Time>,
    /// Only candles that open before this time.
    to: Option<Time>,
}

pub(crate) async fn gaps(tx: &mut TenantTx, market: &Market, filter: &GapFilter) -> Result<GapReport> {
    let series = series(tx, market).await?;
    let part = part(filter.from.map(timestamp), filter.to.map(timestamp), i64::MAX);
    let mut finder = GapFinder::new(market.timeframe);
    frames::each_time(tx, &series, part, |time| finder.see(time)).await?;
    let mut report = finder.report();
    causes::explain(tx, &series, &mut report.gaps).await?;
    Ok(report)
}

pub(crate) async fn remove(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    let series = store::find_own(tx, id).await?.ok_or_else(|| Error::not_found("series"))?;
    store::delete(tx, id).await?;
    audit::record(tx, Change::new("candle_series", id, "candle_series.deleted").before(&series)).await
}
