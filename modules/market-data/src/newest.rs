//! The newest candles of a market, as its exchange tells them.
//!
//! A candle that is told to have closed is kept for a moment as the answer to the question for it, so whoever asks for
//! the candles from that one on has it at once and costs the exchange nothing. Asking by REST instead would mean to wait
//! until its servers have caught up with its streams. Since the question names the candle that comes next, what was lost,
//! doubled or turned around is never taken for it: a question to which no such answer is there goes to the exchange.

use crate::{
    CandleNews, CandlePage, Market,
    backfill::{checked, failed},
    source::{CandlesAsked, Sources},
};
use futures::{
    StreamExt,
    stream::{self, BoxStream},
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
    let (key, asked) = (key(source.exchange(), market, from), market.clone());
    let question = async move { source.candles(&asked, from, to).await };
    let page = sources.newest().ask(key, question, now).await.map_err(failed)?;
    Ok(checked(market, page, (from, to))?.iter().collect())
}

/// What the exchange tells of a market by itself. [`newest`] knows a candle before it is told here.
pub fn follow(app: &App, market: &Market) -> BoxStream<'static, CandleNews> {
    let sources = Sources::of(app);
    let Some(source) = sources.get(market.exchange.as_str()) else { return stream::pending().boxed() };
    let (clock, exchange, followed) = (app.clock().clone(), source.exchange(), market.clone());
    let learn = move |news: &CandleNews| {
        let CandleNews::Closed(candle) = news else { return };
        let (from, now) = (candle.open_time, clock.now());
        let page = CandlePage { candles: vec![*candle], next: None };
        // what cannot be true by this clock is asked for like anything else
        if checked(&followed, page.clone(), (from, Timestamp::from_millis(now.millis()))).is_ok() {
            sources.newest().learn(key(exchange, &followed, from), page, now);
        }
    };
    source.closes(market).inspect(learn).boxed()
}

fn key(exchange: &'static str, market: &Market, from: Timestamp) -> CandlesAsked {
    (exchange, market.symbol, market.timeframe, from)
}
