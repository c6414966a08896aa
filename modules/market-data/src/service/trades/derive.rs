//! Series of candles that are made of trades.

use super::{TradeMarket, candles::seen, read::part};
use crate::{
    CandleOrigin, Market,
    service::{Imported, frames::inexact, import, timestamp},
    store,
};
use garde::Validate;
use kit::{Error, Result, Time, Tx, kind::Kind};
use schemars::JsonSchema;
use serde::Deserialize;
use trading::{
    candle::{CandleError, Candles},
    time::{Resolution, Timestamp},
    trades::{TradeCandles, TradeKind},
};

/// The most trades that candles are made of at once.
const MOST_TRADES: i64 = 5_000_000;

/// Which candles are to be made of trades and stored.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub(crate) struct Derivation {
    /// The market of the candles.
    pub(crate) market: Market,
    /// Of single trades, or of those of one order at one price as one; if not said, of single ones where there are any.
    pub(crate) kind: Option<TradeKind>,
    /// The first candle opens then or later, and no trade is missing from then on; if not said, the first candle
    /// follows the first trade.
    pub(crate) from: Option<Time>,
    /// The last candle has ended by then, and no trade is missing until then; if not said, the last candle is followed
    /// by the last trade.
    pub(crate) to: Option<Time>,
}

/// Makes candles of trades and writes them into the tenant's own series, or into the platform's where a system
/// transaction asks, as `derived`; all or none, and commits. What a file or the exchange has told stays as it is.
/// Where nothing was traded, there is no candle.
///
/// # Errors
/// 404 where there are no trades of the market, 409 `NOTHING_FOUND` where they make no whole candle, 422
/// `TOO_MANY_TRADES` for more than 5,000,000.
pub async fn derive<K: Kind + Send + Sync + 'static>(
    mut tx: Tx<K>,
    market: &Market,
    kind: Option<TradeKind>,
    (from, to): (Option<Time>, Option<Time>),
) -> Result<Imported> {
    let of = TradeMarket { exchange: market.exchange.clone(), symbol: market.symbol };
    let series = super::series(&mut tx, &of, kind).await?;
    let frame = Resolution::from(market.timeframe);
    let whole = seen(&series, frame);
    let now = frame.floor(timestamp(tx.now()));
    let start = from.map(|from| frame.ceil(timestamp(from))).or(whole.map(|(start, _)| start));
    let end = to.map(|to| frame.floor(timestamp(to))).or(whole.map(|(_, end)| end)).map(|end| end.min(now));
    let candles = match start.zip(end) {
        Some((start, end)) => made(&mut tx, series.id, market, (start, end)).await?,
        None => Candles::new(market.timeframe),
    };
    if candles.is_empty() {
        let message = format!("The trades of {of} make no whole candle of {} in that time.", market.timeframe);
        return Err(Error::conflict("NOTHING_FOUND", message));
    }
    import(tx, market, CandleOrigin::Derived, candles).await
}

async fn made<K>(
    tx: &mut Tx<K>,
    series: uuid::Uuid,
    market: &Market,
    (start, end): (Timestamp, Timestamp),
) -> Result<Candles> {
    let inexact = |error: CandleError| inexact(&error);
    let mut open = TradeCandles::new(market.timeframe.into());
    let (mut candles, mut trades) = (Candles::new(market.timeframe), 0);
    store::each_trade(tx, series, part(Some(start), Some(end), MOST_TRADES + 1), |trade, _| {
        trades += 1;
        let closed = open.push(&trade).map_err(inexact)?;
        closed.map_or(Ok(()), |candle| candles.push(candle)).map_err(inexact)
    })
    .await?;
    if trades > MOST_TRADES {
        let message = format!("These are more than {MOST_TRADES} trades; take a shorter time by `from` and `to`.");
        return Err(Error::invalid("from", "TOO_MANY_TRADES", message).with("limit", MOST_TRADES));
    }
    open.unfinished().map_or(Ok(()), |candle| candles.push(candle)).map_err(inexact)?;
    Ok(candles)
}
