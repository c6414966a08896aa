//! Candles of any length, made of trades as they are asked for.

use super::{TradeMarket, TradeSeries, read::part};
use crate::{
    CandleOrigin,
    service::{MarketCandle, frames::inexact, timestamp},
    store::{self, TradePart},
};
use garde::Validate;
use kit::{Error, Result, TenantTx, Time};
use schemars::JsonSchema;
use serde::Deserialize;
use trading::{
    candle::Candle,
    time::{Resolution, Timestamp},
    trades::{TradeCandles, TradeKind},
};

/// Trades that are read at once.
const PAGE: i64 = 20_000;
/// The most trades that are read for one answer.
const MOST_READ: i64 = 1_000_000;

/// Which candles are to be made.
#[derive(Deserialize, JsonSchema, Validate)]
#[garde(allow_unvalidated)]
pub(crate) struct MadeOf {
    /// Of single trades, or of those of one order at one price as one; if not said, of single ones where there are any.
    kind: Option<TradeKind>,
    /// The length of a candle.
    resolution: Resolution,
    /// Only candles that open at this time or later.
    from: Option<Time>,
    /// Only candles that open before this time.
    to: Option<Time>,
    /// Only candles that open after this time: the `next` of the part before.
    after: Option<Time>,
    /// At most so many: 1000 at most, 100 if not said.
    limit: Option<i64>,
}

/// Candles of which all of the time was seen: they open after the first trade and have ended by the last one.
pub(super) fn seen(series: &TradeSeries, resolution: Resolution) -> Option<(Timestamp, Timestamp)> {
    let (first, last) = series.first_trade_time.zip(series.last_trade_time)?;
    let (from, to) = (resolution.ceil(timestamp(first)), resolution.floor(timestamp(last)));
    (from < to).then_some((from, to))
}

/// Answers candles and how many would have been a full part: where too many trades were met on the way, those that were
/// finished are all.
pub(crate) async fn made(tx: &mut TenantTx, market: &TradeMarket, asked: &MadeOf) -> Result<(Vec<MarketCandle>, i64)> {
    let series = super::series(tx, market, asked.kind).await?;
    let (resolution, limit) = (asked.resolution, asked.limit.unwrap_or(100).clamp(1, 1_000));
    let Some((first, end)) = seen(&series, resolution) else { return Ok((vec![], limit)) };
    let from = asked.from.map_or(first, |from| resolution.ceil(timestamp(from)).max(first));
    let from = asked.after.map_or(from, |after| resolution.next(timestamp(after)).max(from));
    let to = asked.to.map_or(end, |to| resolution.ceil(timestamp(to)).min(end));
    let mut candles = vec![];
    let wanted = usize::try_from(limit).unwrap_or_default();
    let whole = fold(tx, &series, resolution, (from, to), |candle| {
        candles.push(MarketCandle::new(candle, CandleOrigin::Derived));
        candles.len() < wanted
    })
    .await?;
    if !whole && candles.is_empty() {
        let message = format!(
            "A candle of {resolution} has more than {MOST_READ} trades. Have candles of a time frame stored: POST \
             /api/v1/market-data/candles/derive."
        );
        return Err(Error::invalid("resolution", "TOO_MANY_TRADES", message));
    }
    let full = if whole { limit } else { i64::try_from(candles.len()).unwrap_or(limit) };
    Ok((candles, full))
}

/// Hands over candles until no more are wanted; `false` where too many trades were met before.
async fn fold(
    tx: &mut TenantTx,
    series: &TradeSeries,
    resolution: Resolution,
    (from, to): (Timestamp, Timestamp),
    mut take: impl FnMut(Candle) -> bool,
) -> Result<bool> {
    let mut candles = TradeCandles::new(resolution);
    let mut page = part(Some(from), Some(to), PAGE);
    let (mut read, mut wanted) = (0, from < to);
    while wanted {
        let (mut met, mut last) = (0, page.after);
        store::each_trade(tx, series.id, page, |trade, _| {
            (met, last) = (met + 1, (trade.time, trade.id));
            if let Some(candle) = candles.push(&trade).map_err(|error| inexact(&error))?
                && wanted
            {
                wanted = take(candle);
            }
            Ok(())
        })
        .await?;
        if met < PAGE {
            if let Some(last) = candles.unfinished().filter(|_| wanted) {
                take(last);
            }
            return Ok(true);
        }
        read += met;
        if wanted && read >= MOST_READ {
            return Ok(false);
        }
        page = TradePart { after: last, ..page };
    }
    Ok(true)
}
