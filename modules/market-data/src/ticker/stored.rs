//! The last 24 hours of what is stored.

use super::{TickerSeries, TickerSource, TickerView};
use crate::{
    Series, Ticker,
    service::{
        timestamp,
        trades::{TradeMarket, TradeSeries},
    },
    store::{self, Part, Tally},
};
use axum::http::StatusCode;
use kit::{Error, Result, TenantTx};
use std::cmp::Reverse;
use trading::{
    candle::Candle,
    money::{Notional, Quantity},
    time::{DAY, Timestamp},
};

/// Reckons from trades or from candles, whichever go on for longer; from candles, which are fewer, where both end at
/// once.
pub(super) async fn reckon(tx: &mut TenantTx, market: TradeMarket) -> Result<TickerView> {
    let trades = store::find_trades(tx, &market, None).await?;
    let candles = candles(tx, &market).await?;
    let trades_end = trades.as_ref().and_then(|series| series.last_trade_time).map(timestamp);
    match (trades, candles) {
        (Some(trades), candles) if candles.as_ref().is_none_or(|(_, end)| trades_end > Some(*end)) => {
            of_trades(tx, market, &trades).await
        }
        (_, Some((series, end))) => of_candles(tx, market, &series, end).await,
        _ => Err(nothing(&market)),
    }
}

fn nothing(market: &TradeMarket) -> Error {
    let message = format!(
        "This platform cannot ask {} for prices, and there are neither candles of a day or less nor trades of {}.",
        market.exchange.as_str(),
        market.symbol
    );
    Error::new(StatusCode::NOT_FOUND, "MARKET_NOT_FOUND", message)
}

fn day_before(end: Timestamp) -> Timestamp {
    Timestamp::from_millis(end.millis() - DAY)
}

async fn of_trades(tx: &mut TenantTx, market: TradeMarket, series: &TradeSeries) -> Result<TickerView> {
    let Some(end) = series.last_trade_time.map(timestamp) else { return Err(nothing(&market)) };
    let Some(tally) = store::tally(tx, series.id, day_before(end), end).await? else { return Err(nothing(&market)) };
    let Tally { open, high, low, last, volume, quote_volume } = tally;
    let ticker = Ticker { open, high, low, last, volume, quote_volume, bid: None, ask: None, at: end };
    let from = TickerSeries { id: series.id, shared: series.shared, timeframe: None, kind: Some(series.kind) };
    let view = TickerView::new(market, TickerSource::Stored, &ticker)?;
    Ok(TickerView { series: Some(from), ..view })
}

/// The series that goes on for the longest, and where it ends: the tenant's own before the platform's, the shortest
/// candles before longer ones, as they end the last.
async fn candles(tx: &mut TenantTx, market: &TradeMarket) -> Result<Option<(Series, Timestamp)>> {
    let all = store::series_of(tx, &market.exchange, &market.symbol).await?;
    let within_a_day = all.into_iter().filter(|it| it.stored.fixed_millis().is_some_and(|length| length <= DAY));
    let ending = within_a_day.filter_map(|series| {
        let end = series.stored.next(series.last_open_time.map(timestamp)?);
        Some((series, end))
    });
    Ok(ending.max_by_key(|(series, end)| (*end, !series.shared, Reverse(series.stored))))
}

async fn of_candles(tx: &mut TenantTx, market: TradeMarket, series: &Series, end: Timestamp) -> Result<TickerView> {
    let part = Part { from: day_before(end), to: end, limit: i64::MAX, newest_first: false };
    let mut sum: Option<(Candle, Quantity)> = None;
    store::each_candle(tx, series.id, part, |candle, _| {
        sum = Some(match sum {
            None => (candle, candle.volume),
            Some((sum, volume)) => (
                Candle { high: sum.high.max(candle.high), low: sum.low.min(candle.low), close: candle.close, ..sum },
                volume + candle.volume,
            ),
        });
        Ok(())
    })
    .await?;
    let Some((Candle { open, high, low, close: last, .. }, volume)) = sum else { return Err(nothing(&market)) };
    let (quote_volume, bid, ask) = (Notional::ZERO, None, None);
    let ticker = Ticker { open, high, low, last, volume, quote_volume, bid, ask, at: end };
    let from = TickerSeries { id: series.id, shared: series.shared, timeframe: Some(series.stored), kind: None };
    let view = TickerView::new(market, TickerSource::Stored, &ticker)?;
    Ok(TickerView { series: Some(from), quote_volume: None, ..view })
}
