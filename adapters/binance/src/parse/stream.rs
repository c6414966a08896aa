//! The messages of Binance's streams, combined (`{"stream": …, "data": …}`) or bare.

use super::number::{Levels, LevelsVisitor, Number};
use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, Visitor},
};
use std::fmt;
use trading::{
    book::{Diff, Level},
    candle::Candle,
    money::{Price, Quantity},
    time::{Timeframe, Timestamp},
};

/// The longest message, in bytes; the largest difference of a book has some 200 kB.
pub const LONGEST: usize = 4 << 20;

/// What a stream tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// Binance's name of the symbol, `BTCUSDT`.
    pub symbol: &'a str,
    /// What it tells of it.
    pub event: Event,
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// `@depth`, `@depth@100ms`: the book has changed.
    Depth {
        /// When it was sent.
        at: Timestamp,
        /// What has changed.
        diff: Diff,
    },
    /// `@bookTicker`: the best prices.
    BestPrices {
        /// The book's last update.
        update_id: u64,
        /// The highest bid.
        bid: Level,
        /// The lowest ask.
        ask: Level,
    },
    /// `@trade`: a trade.
    Trade {
        /// Ascends by one within a symbol.
        id: u64,
        /// Price and coins.
        traded: Level,
        /// When it happened.
        at: Timestamp,
        /// Whether the buyer's order was in the book, and the seller took it.
        is_buyer_maker: bool,
    },
    /// `@kline_…`: a candle as it is so far.
    Kline {
        /// Its length.
        timeframe: Timeframe,
        /// Its figures.
        candle: Candle,
        /// Whether it has ended.
        closed: bool,
    },
}

/// Why a message was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// More bytes than [`LONGEST`].
    #[error("the message has more than {LONGEST} bytes")]
    TooLong,
    /// Not JSON, or a figure that is none.
    #[error("the message cannot be read: {0}")]
    Malformed(String),
    /// Of no kind that is known, or without a part that its kind has.
    #[error("the message is no whole event of a kind that is known")]
    Unknown,
}

/// Reads a message.
///
/// # Errors
/// [`Unreadable`].
pub fn read(text: &str) -> Result<Message<'_>, Unreadable> {
    if text.len() > LONGEST {
        return Err(Unreadable::TooLong);
    }
    let malformed = |fault: serde_json::Error| Unreadable::Malformed(fault.to_string());
    let Combined { data } = serde_json::from_str(text).map_err(malformed)?;
    let fields = match data {
        Some(fields) => fields,
        None => serde_json::from_str(text).map_err(malformed)?,
    };
    let symbol = fields.symbol.unwrap_or_default();
    if !(1..=40).contains(&symbol.len()) {
        return Err(Unreadable::Unknown);
    }
    let event = event(fields).ok_or(Unreadable::Unknown)?;
    Ok(Message { symbol, event })
}

/// What has come of a request to be told of streams, or no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Answered")]
pub struct Answer {
    /// The number of the request.
    pub id: u64,
    /// Whether it is done.
    pub is_done: bool,
}

#[derive(Deserialize)]
struct Answered {
    id: u64,
    error: Option<IgnoredAny>,
    code: Option<IgnoredAny>,
}

impl From<Answered> for Answer {
    fn from(Answered { id, error, code }: Answered) -> Self {
        Self { id, is_done: error.is_none() && code.is_none() }
    }
}

/// Reads an answer.
///
/// # Errors
/// [`Unreadable`], also for an event.
pub fn answer(text: &str) -> Result<Answer, Unreadable> {
    if text.len() > LONGEST {
        return Err(Unreadable::TooLong);
    }
    serde_json::from_str(text).map_err(|fault| Unreadable::Malformed(fault.to_string()))
}

#[derive(Deserialize)]
struct Combined<'a> {
    #[serde(borrow)]
    data: Option<Fields<'a>>,
}

/// The fields of all events. What a letter means depends on the event.
#[derive(Default, Deserialize)]
struct Fields<'a> {
    #[serde(rename = "e")]
    kind: Option<&'a str>,
    #[serde(rename = "E")]
    sent_at: Option<i64>,
    #[serde(rename = "s")]
    symbol: Option<&'a str>,
    #[serde(rename = "U")]
    first_id: Option<u64>,
    #[serde(rename = "u")]
    last_id: Option<u64>,
    #[serde(rename = "b")]
    bid: Option<Mixed>,
    #[serde(rename = "a")]
    ask: Option<Mixed>,
    #[serde(rename = "B")]
    bid_quantity: Option<Number<Quantity>>,
    #[serde(rename = "A")]
    ask_quantity: Option<Number<Quantity>>,
    #[serde(rename = "t")]
    trade_id: Option<u64>,
    #[serde(rename = "T")]
    traded_at: Option<i64>,
    #[serde(rename = "p")]
    price: Option<Number<Price>>,
    #[serde(rename = "q")]
    quantity: Option<Number<Quantity>>,
    #[serde(rename = "m")]
    is_buyer_maker: Option<bool>,
    #[serde(rename = "k")]
    kline: Option<KlineFields<'a>>,
}

#[derive(Copy, Clone, Deserialize)]
struct KlineFields<'a> {
    #[serde(rename = "t")]
    open_time: i64,
    #[serde(rename = "i")]
    interval: &'a str,
    #[serde(rename = "o")]
    open: Number<Price>,
    #[serde(rename = "h")]
    high: Number<Price>,
    #[serde(rename = "l")]
    low: Number<Price>,
    #[serde(rename = "c")]
    close: Number<Price>,
    #[serde(rename = "v")]
    volume: Number<Quantity>,
    #[serde(rename = "x")]
    closed: bool,
}

/// `b` and `a` are levels, a price, or an order's id.
enum Mixed {
    Levels(Vec<Level>),
    Price(Price),
    Id,
}

impl<'de> Deserialize<'de> for Mixed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MixedVisitor)
    }
}

struct MixedVisitor;

impl<'de> Visitor<'de> for MixedVisitor {
    type Value = Mixed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("levels, a price or an id")
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, pairs: A) -> Result<Mixed, A::Error> {
        LevelsVisitor.visit_seq(pairs).map(|Levels(levels)| Mixed::Levels(levels))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Mixed, E> {
        text.parse().map(Mixed::Price).map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Mixed, E> {
        Ok(Mixed::Id)
    }
}

fn event(fields: Fields<'_>) -> Option<Event> {
    match fields.kind {
        Some("depthUpdate") => depth(fields),
        Some("trade") => trade(&fields),
        Some("kline") => kline(fields.kline?),
        Some(_) => None,
        None => best_prices(&fields),
    }
}

fn depth(fields: Fields<'_>) -> Option<Event> {
    let (Mixed::Levels(bids), Mixed::Levels(asks)) = (fields.bid?, fields.ask?) else { return None };
    let (first_id, last_id) = (fields.first_id?, fields.last_id?);
    let at = Timestamp::from_millis(fields.sent_at?);
    (first_id <= last_id).then_some(Event::Depth { at, diff: Diff { first_id, last_id, bids, asks } })
}

fn best_prices(fields: &Fields<'_>) -> Option<Event> {
    let (Some(Mixed::Price(bid)), Some(Mixed::Price(ask))) = (&fields.bid, &fields.ask) else { return None };
    Some(Event::BestPrices {
        update_id: fields.last_id?,
        bid: Level { price: *bid, quantity: fields.bid_quantity?.0 },
        ask: Level { price: *ask, quantity: fields.ask_quantity?.0 },
    })
}

fn trade(fields: &Fields<'_>) -> Option<Event> {
    Some(Event::Trade {
        id: fields.trade_id?,
        traded: Level { price: fields.price?.0, quantity: fields.quantity?.0 },
        at: Timestamp::from_millis(fields.traded_at?),
        is_buyer_maker: fields.is_buyer_maker?,
    })
}

fn kline(fields: KlineFields<'_>) -> Option<Event> {
    let candle = Candle {
        open_time: Timestamp::from_millis(fields.open_time),
        open: fields.open.0,
        high: fields.high.0,
        low: fields.low.0,
        close: fields.close.0,
        volume: fields.volume.0,
    };
    candle.check().ok()?;
    Some(Event::Kline { timeframe: fields.interval.parse().ok()?, candle, closed: fields.closed })
}
