//! The newest candles of a market, as its exchange tells them.

use crate::{
    Market,
    backfill::{checked, failed},
    source::Sources,
};
use kit::{App, Result};
use trading::{candle::Candle, time::Timestamp};

/// Closed candles that open at `from` or later, the oldest first: as many as the exchange gives at once, and none where
/// the next one has not closed yet. What many ask at once, it is asked once.
///
/// # Errors
/// 422 `UNKNOWN_SOURCE` for an exchange that this platform cannot ask, 409 `UNKNOWN_SYMBOL`, `EXCHANGE_REFUSES` or
/// `EXCHANGE_ANSWERS_WRONGLY`, 503 `EXCHANGE_UNAVAILABLE`.
pub async fn newest(app: &App, market: &Market, from: Timestamp) -> Result<Vec<Candle>> {
    let sources = Sources::of(app);
    let source = sources.find(market.exchange.as_str())?;
    let now = app.clock().now();
    let to = Timestamp::from_millis(now.millis());
    let (key, asked) = ((source.exchange(), market.symbol, market.timeframe, from), market.clone());
    let question = async move { source.candles(&asked, from, to).await };
    let page = sources.newest().ask(key, question, now).await.map_err(failed)?;
    Ok(checked(market, page, (from, to))?.iter().collect())
}
