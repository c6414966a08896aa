//! The smaller answers.

use super::{
    json,
    number::{self, Levels},
};
use crate::Failure;
use serde::Deserialize;
use trading::{
    book::{Level, Snapshot},
    money::{Notional, Price, Quantity},
    time::Timestamp,
};

/// Binance's refusal of a request.
///
/// Its code is 0 where the answer has none.
#[must_use]
pub fn refusal(status: u16, body: &[u8]) -> Failure {
    #[derive(Deserialize)]
    struct Body {
        code: i64,
        msg: String,
    }
    match json(body) {
        Ok(Body { code, msg }) => Failure::Refused { code, message: msg.chars().take(200).collect() },
        Err(_) => Failure::Refused { code: 0, message: format!("the answer is {status}") },
    }
}

/// Reads the exchange's clock.
///
/// # Errors
/// [`Failure::Malformed`].
pub fn server_time(body: &[u8]) -> Result<Timestamp, Failure> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        server_time: i64,
    }
    json(body).map(|Body { server_time }| Timestamp::from_millis(server_time))
}

/// Reads a book.
///
/// # Errors
/// [`Failure::Malformed`].
pub fn snapshot(body: &[u8]) -> Result<Snapshot, Failure> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        last_update_id: u64,
        bids: Levels,
        asks: Levels,
    }
    let Body { last_update_id, bids: Levels(bids), asks: Levels(asks) } = json(body)?;
    Ok(Snapshot { last_id: last_update_id, bids, asks })
}

/// A trade.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Trade {
    /// Ascends by one within a symbol.
    pub id: u64,
    /// Quote currency per coin.
    #[serde(deserialize_with = "number::text")]
    pub price: Price,
    /// Coins.
    #[serde(rename = "qty", deserialize_with = "number::text")]
    pub quantity: Quantity,
    /// When it happened.
    pub time: Timestamp,
    /// Whether the buyer's order was in the book, and the seller took it.
    pub is_buyer_maker: bool,
}

/// Reads trades.
///
/// # Errors
/// [`Failure::Malformed`], also where their ids do not ascend.
pub fn trades(body: &[u8]) -> Result<Vec<Trade>, Failure> {
    json(body).and_then(|trades: Vec<Trade>| ascending(trades, |trade| trade.id))
}

/// Trades of one order at one price.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct AggregateTrade {
    /// Ascends by one within a symbol.
    #[serde(rename = "a")]
    pub id: u64,
    /// Quote currency per coin.
    #[serde(rename = "p", deserialize_with = "number::text")]
    pub price: Price,
    /// Coins.
    #[serde(rename = "q", deserialize_with = "number::text")]
    pub quantity: Quantity,
    /// The first trade.
    #[serde(rename = "f")]
    pub first_id: u64,
    /// The last trade.
    #[serde(rename = "l")]
    pub last_id: u64,
    /// When they happened.
    #[serde(rename = "T")]
    pub time: Timestamp,
    /// Whether the buyer's order was in the book, and the seller took it.
    #[serde(rename = "m")]
    pub is_buyer_maker: bool,
}

/// Reads aggregate trades.
///
/// # Errors
/// [`Failure::Malformed`], also where their ids do not ascend.
pub fn aggregate_trades(body: &[u8]) -> Result<Vec<AggregateTrade>, Failure> {
    json(body).and_then(|trades: Vec<AggregateTrade>| ascending(trades, |trade| trade.id))
}

pub(super) fn ascending<T>(all: Vec<T>, id: impl Fn(&T) -> u64) -> Result<Vec<T>, Failure> {
    if all.windows(2).all(|pair| id(&pair[0]) < id(&pair[1])) {
        Ok(all)
    } else {
        Err(Failure::Malformed("the trades do not ascend".to_owned()))
    }
}

/// What has happened to a price in the last 24 hours.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ticker {
    /// Binance's name of the symbol.
    pub symbol: String,
    /// The first price.
    #[serde(deserialize_with = "number::text")]
    pub open_price: Price,
    /// The highest price.
    #[serde(deserialize_with = "number::text")]
    pub high_price: Price,
    /// The lowest price.
    #[serde(deserialize_with = "number::text")]
    pub low_price: Price,
    /// The last price.
    #[serde(deserialize_with = "number::text")]
    pub last_price: Price,
    /// The highest bid, where there is one.
    #[serde(default, deserialize_with = "number::price_if_any")]
    pub bid_price: Option<Price>,
    /// Coins that are bid for at it.
    #[serde(default, rename = "bidQty", deserialize_with = "number::text")]
    pub bid_quantity: Quantity,
    /// The lowest ask, where there is one.
    #[serde(default, deserialize_with = "number::price_if_any")]
    pub ask_price: Option<Price>,
    /// Coins that are asked for at it.
    #[serde(default, rename = "askQty", deserialize_with = "number::text")]
    pub ask_quantity: Quantity,
    /// Coins traded.
    #[serde(deserialize_with = "number::text")]
    pub volume: Quantity,
    /// Quote currency traded.
    #[serde(deserialize_with = "number::text")]
    pub quote_volume: Notional,
    /// When the span began.
    pub open_time: Timestamp,
    /// When it ended.
    pub close_time: Timestamp,
    /// How many trades.
    pub count: u64,
}

/// Reads a ticker.
///
/// # Errors
/// [`Failure::Malformed`], also for a symbol without a trade, whose prices are nought.
pub fn ticker(body: &[u8]) -> Result<Ticker, Failure> {
    json(body)
}

/// The best bid and ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BestPrices {
    /// The highest bid.
    pub bid: Level,
    /// The lowest ask.
    pub ask: Level,
}

/// Reads the best bid and ask.
///
/// # Errors
/// [`Failure::Malformed`].
pub fn best_prices(body: &[u8]) -> Result<BestPrices, Failure> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        #[serde(deserialize_with = "number::text")]
        bid_price: Price,
        #[serde(deserialize_with = "number::text")]
        bid_qty: Quantity,
        #[serde(deserialize_with = "number::text")]
        ask_price: Price,
        #[serde(deserialize_with = "number::text")]
        ask_qty: Quantity,
    }
    let Body { bid_price, bid_qty, ask_price, ask_qty } = json(body)?;
    Ok(BestPrices {
        bid: Level { price: bid_price, quantity: bid_qty },
        ask: Level { price: ask_price, quantity: ask_qty },
    })
}
