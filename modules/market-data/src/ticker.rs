//! What has happened to a price in 24 hours: as its exchange tells it, or as far as stored candles and trades tell.

mod stored;

use crate::{
    Exchange, ReadMarketData, SourceError, Ticker,
    book::BookLevel,
    service::trades::TradeMarket,
    source::{Source, Sources},
};
use kit::{App, Caller, Error, Result, Time};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;
use trading::{
    money::{Notional, Price, Quantity, Symbol},
    time::Timeframe,
    trades::TradeKind,
};
use uuid::Uuid;

/// What has happened to a price in 24 hours.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "MarketTicker")]
pub struct TickerView {
    exchange: Exchange,
    symbol: Symbol,
    /// Who says so.
    source: TickerSource,
    /// The last price.
    last: Price,
    /// The first price of the 24 hours.
    open: Price,
    high: Price,
    low: Price,
    /// The last price less the first.
    change: Notional,
    /// The same in hundredths of the first, to three digits.
    change_percent: Decimal,
    /// Coins traded.
    volume: Quantity,
    /// Quote currency traded; `null` where only candles tell, which do not know.
    quote_volume: Option<Notional>,
    /// The highest bid; `null` where the exchange was not asked or nobody bids.
    bid: Option<BookLevel>,
    /// The lowest ask; `null` where the exchange was not asked or nobody asks.
    ask: Option<BookLevel>,
    /// The end of the 24 hours.
    time: Time,
    /// What it was reckoned from; not there where the exchange says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    series: Option<TickerSeries>,
}

/// Who says what has happened.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum TickerSource {
    /// The exchange, a moment ago.
    Exchange,
    /// The last 24 hours of what is stored, however long ago that ended.
    Stored,
}

/// From what a ticker was reckoned: candles of a time frame, or trades of a kind.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct TickerSeries {
    id: Uuid,
    shared: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeframe: Option<Timeframe>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<TradeKind>,
}

/// Asks the exchange where it can be asked, else what is stored. No transaction is open while an exchange is asked.
pub(crate) async fn show(caller: &Caller<ReadMarketData>, market: TradeMarket) -> Result<TickerView> {
    let sources = Sources::of(caller.app());
    match sources.get(market.exchange.as_str()) {
        Some(source) => told(caller.app(), &sources, source, market).await,
        None => stored::reckon(&mut caller.begin().await?, market).await,
    }
}

/// What has happened to a price in 24 hours, as its exchange tells it. What many ask at once, it is asked once.
///
/// # Errors
/// 422 `UNKNOWN_SOURCE` for an exchange that this platform cannot ask, `UNKNOWN_SYMBOL`, 409 `EXCHANGE_REFUSES`, 502
/// `EXCHANGE_ANSWERS_WRONGLY`, 503 `EXCHANGE_UNAVAILABLE`.
pub async fn ticker(app: &App, market: &TradeMarket) -> Result<TickerView> {
    let sources = Sources::of(app);
    let source = sources.find(market.exchange.as_str())?;
    told(app, &sources, source, market.clone()).await
}

async fn told(app: &App, sources: &Sources, source: Arc<dyn Source>, market: TradeMarket) -> Result<TickerView> {
    let now = app.clock().now();
    let (key, symbol) = ((source.exchange(), market.symbol), market.symbol);
    let answer = sources.tickers().ask(key, async move { source.ticker(&symbol).await }, now).await;
    let ticker = answer.and_then(checked).map_err(|failure| failure.told(now))?;
    TickerView::new(market, TickerSource::Exchange, &ticker)
}

/// What the source says is not believed.
fn checked(ticker: Ticker) -> Result<Ticker, SourceError> {
    let Ticker { open, high, low, last, bid, ask, .. } = &ticker;
    let prices = [open, last];
    let within = !low.is_zero() && prices.iter().all(|price| (low..=high).contains(price));
    let crossed = bid.zip(*ask).is_some_and(|(bid, ask)| bid.price >= ask.price);
    if within && !crossed {
        return Ok(ticker);
    }
    let what = if crossed { "more is bid than is asked" } else { "a price lies outside of the lowest and the highest" };
    Err(SourceError::Wrong(format!("The exchange answers what cannot be true: {what}.")))
}

impl TickerView {
    fn new(market: TradeMarket, source: TickerSource, ticker: &Ticker) -> Result<Self> {
        let TradeMarket { exchange, symbol } = market;
        let Ticker { open, high, low, last, volume, quote_volume, bid, ask, at } = *ticker;
        let change = last.decimal() - open.decimal();
        // a price of nothing is refused, so it is never divided by
        let percent = (change * Decimal::ONE_HUNDRED).checked_div(open.decimal()).unwrap_or_default();
        Ok(Self {
            exchange,
            symbol,
            source,
            last,
            open,
            high,
            low,
            change: Notional::new(change).map_err(Error::internal)?,
            change_percent: percent.round_dp(3).normalize(),
            volume,
            quote_volume: Some(quote_volume),
            bid: bid.map(BookLevel::from),
            ask: ask.map(BookLevel::from),
            time: Time::from_millis(at.millis()),
            series: None,
        })
    }
}
