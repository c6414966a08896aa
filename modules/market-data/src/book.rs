//! The order book of a market, as its exchange tells it at the moment.

use crate::{Exchange, source::Sources};
use garde::Validate;
use kit::{App, Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trading::{
    book::{Book, Level},
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
    exchange: Exchange,
    symbol: Symbol,
    /// The exchange's number of the last update in it.
    last_update_id: u64,
    /// The highest first.
    bids: Vec<BookLevel>,
    /// The lowest first.
    asks: Vec<BookLevel>,
}

/// How much is bid or asked at a price.
#[derive(Serialize, JsonSchema)]
pub(crate) struct BookLevel {
    price: Price,
    quantity: Quantity,
}

impl From<Level> for BookLevel {
    fn from(Level { price, quantity }: Level) -> Self {
        Self { price, quantity }
    }
}

/// Asks the exchange. No transaction is open meanwhile.
pub(crate) async fn show(app: &App, asked: BookAsked) -> Result<OrderBook> {
    let BookAsked { exchange, symbol, levels } = asked;
    let levels = levels.unwrap_or(20).clamp(1, 1_000);
    let source = Sources::of(app).find(exchange.as_str())?;
    let snapshot = source.book(&symbol, levels).await.map_err(|failure| failure.told(app.clock().now()))?;
    let mut book = Book::new(levels.into());
    book.snapshot(&snapshot).map_err(|desync| {
        let message = format!("The exchange answers what cannot be true: {desync}.");
        Error::new(axum::http::StatusCode::BAD_GATEWAY, "EXCHANGE_ANSWERS_WRONGLY", message)
    })?;
    let [bids, asks] = [book.bids().map(BookLevel::from).collect(), book.asks().map(BookLevel::from).collect()];
    Ok(OrderBook { exchange, symbol, last_update_id: book.last_id(), bids, asks })
}
