//! The order book of a market, as its exchange tells it at the moment.

use crate::{Exchange, SourceError, source::Sources};
use garde::Validate;
use kit::{App, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trading::{
    book::{Book, Desync, Level, Snapshot},
    money::{Price, Quantity, Symbol},
};

/// Which book is asked for.
#[derive(Deserialize, JsonSchema, Validate)]
#[garde(allow_unvalidated)]
pub(crate) struct BookAsked {
    exchange: Exchange,
    symbol: Symbol,
    /// At most so many levels a side: 1000 at most, 20 if not said.
    levels: Option<u16>,
}

/// What is bid and asked.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrderBook {
    pub(crate) exchange: Exchange,
    pub(crate) symbol: Symbol,
    /// The exchange's number of the last update in it.
    pub(crate) last_update_id: u64,
    /// The highest first.
    pub(crate) bids: Vec<BookLevel>,
    /// The lowest first.
    pub(crate) asks: Vec<BookLevel>,
}

/// How much is bid or asked at a price.
#[derive(Serialize, JsonSchema)]
pub(crate) struct BookLevel {
    pub(crate) price: Price,
    pub(crate) quantity: Quantity,
}

impl From<Level> for BookLevel {
    fn from(Level { price, quantity }: Level) -> Self {
        Self { price, quantity }
    }
}

pub(crate) async fn show(app: &App, asked: BookAsked) -> Result<OrderBook> {
    let levels = asked.levels.unwrap_or(20).clamp(1, 1_000);
    ask(app, asked.exchange, asked.symbol, levels).await
}

/// The order book of a market, to so many levels a side, as its exchange tells it or has told a moment ago. No transaction
/// is open meanwhile.
///
/// # Errors
/// 422 `UNKNOWN_SOURCE` or `UNKNOWN_SYMBOL`, 409 `EXCHANGE_REFUSES`, 502 `EXCHANGE_ANSWERS_WRONGLY`, 503
/// `EXCHANGE_UNAVAILABLE`.
pub async fn depth(app: &App, exchange: &Exchange, symbol: &Symbol, levels: u16) -> Result<Book> {
    let (sources, now) = (Sources::of(app), app.clock().now());
    let source = sources.find(exchange.as_str())?;
    let (key, asked) = ((source.exchange(), *symbol, levels), *symbol);
    let question = async move { source.book(&asked, levels).await };
    let snapshot = sources.books().ask(key, question, now).await.map_err(|failure| failure.told(now))?;
    checked(&snapshot, levels).map_err(|failure| failure.told(now))
}

/// Asks the exchange. No transaction is open meanwhile.
pub(crate) async fn ask(app: &App, exchange: Exchange, symbol: Symbol, levels: u16) -> Result<OrderBook> {
    let source = Sources::of(app).find(exchange.as_str())?;
    let snapshot = source.book(&symbol, levels).await;
    let book = snapshot.and_then(|it| checked(&it, levels)).map_err(|failure| failure.told(app.clock().now()))?;
    let [bids, asks] = [book.bids().map(BookLevel::from).collect(), book.asks().map(BookLevel::from).collect()];
    Ok(OrderBook { exchange, symbol, last_update_id: book.last_id(), bids, asks })
}

fn checked(snapshot: &Snapshot, levels: u16) -> Result<Book, SourceError> {
    let mut book = Book::new(levels.into());
    book.snapshot(snapshot).map_err(|desync| SourceError::Wrong(told(&desync)))?;
    Ok(book)
}

fn told(desync: &Desync) -> String {
    format!("The exchange answers what cannot be true: {desync}.")
}
