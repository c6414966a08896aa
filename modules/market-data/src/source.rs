//! Where candles, trades, instruments, tickers and books come from: the exchanges, each behind a trait that an adapter
//! fills.

use futures::{future::BoxFuture, stream::BoxStream};
use kit::{App, Error, Result, Time};
use std::sync::Arc;
use trading::{
    book::{Level, Snapshot},
    candle::Candle,
    money::{Notional, Price, Quantity, Symbol},
    time::{Timeframe, Timestamp},
    trades::Trade,
};

use crate::{Market, answers::Answers};

/// An exchange's public data. It calls out, so nobody asks it within a transaction; what it answers is not believed
/// but checked.
pub trait Source: Send + Sync {
    /// The exchange's short name.
    fn exchange(&self) -> &'static str;

    /// Closed candles that open at `from` or later and before `to`, the oldest first: as many as the exchange gives at
    /// once. Nobody waits for them.
    fn candles<'a>(
        &'a self,
        market: &'a Market,
        from: Timestamp,
        to: Timestamp,
    ) -> BoxFuture<'a, Result<CandlePage, SourceError>>;

    /// All symbols with their filters.
    fn listings(&self) -> BoxFuture<'_, Result<Vec<Listing>, SourceError>>;

    /// Trades, those of one order at one price as one, the oldest first: as many as the exchange gives at once, and none
    /// when there are no more. Nobody waits for them.
    fn trades<'a>(&'a self, symbol: &'a Symbol, from: TradesFrom) -> BoxFuture<'a, Result<Vec<Trade>, SourceError>>;

    /// What has happened to a price in the last 24 hours.
    fn ticker<'a>(&'a self, symbol: &'a Symbol) -> BoxFuture<'a, Result<Ticker, SourceError>>;

    /// The order book as it is now, to a depth of so many levels a side.
    fn book<'a>(&'a self, symbol: &'a Symbol, levels: u16) -> BoxFuture<'a, Result<Snapshot, SourceError>>;

    /// The candles of a market as the exchange tells that they have closed, for as long as somebody listens. Whoever
    /// comes later or listens too slowly is told how it stands.
    fn closes(&self, market: &Market) -> BoxStream<'static, CandleNews>;
}

/// What an exchange tells of a market without being asked. It may come twice, late, in another order or never.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CandleNews {
    /// It is heard from now on. What happened before may have been missed.
    Connected,
    /// A candle has closed.
    Closed(Candle),
    /// Nothing is heard for a while.
    Interrupted,
}

/// Part of a market's candles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CandlePage {
    /// Closed candles, the oldest first.
    pub candles: Vec<Candle>,
    /// Where to go on; `None` when there are no more.
    pub next: Option<Timestamp>,
}

/// Where trades are to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TradesFrom {
    /// With the first of this time or later.
    Time(Timestamp),
    /// With this number.
    Number(i64),
}

/// What has happened to a price in the last 24 hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticker {
    /// The price 24 hours ago.
    pub open: Price,
    /// The highest price.
    pub high: Price,
    /// The lowest price.
    pub low: Price,
    /// The last price.
    pub last: Price,
    /// Coins traded.
    pub volume: Quantity,
    /// Quote currency traded.
    pub quote_volume: Notional,
    /// The highest bid, where there is one.
    pub bid: Option<Level>,
    /// The lowest ask, where there is one.
    pub ask: Option<Level>,
    /// When that was so.
    pub at: Timestamp,
}

/// What an exchange says of one of its symbols. A filter that is absent lets everything pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// What is traded.
    pub symbol: Symbol,
    /// In the exchange's words, such as `TRADING` or `BREAK`.
    pub status: String,
    /// Prices are multiples of this.
    pub tick: Option<Price>,
    /// Quantities are multiples of this.
    pub lot: Option<Quantity>,
    /// The smallest quantity of an order.
    pub min_quantity: Option<Quantity>,
    /// The largest quantity of an order.
    pub max_quantity: Option<Quantity>,
    /// Quantities of market orders are multiples of this.
    pub market_lot: Option<Quantity>,
    /// The smallest quantity of a market order.
    pub market_min_quantity: Option<Quantity>,
    /// The largest quantity of a market order.
    pub market_max_quantity: Option<Quantity>,
    /// The smallest value of an order.
    pub min_notional: Option<Notional>,
    /// Digits after the point of amounts of the base currency.
    pub base_digits: i16,
    /// Digits after the point of amounts of the quote currency.
    pub quote_digits: i16,
    /// In the exchange's words, such as `LIMIT_MAKER`.
    pub order_types: Vec<String>,
    /// In the exchange's words, such as `SPOT`.
    pub permissions: Vec<String>,
}

/// Why a source has not answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// It does not know the symbol.
    #[error("the exchange does not know the symbol")]
    UnknownSymbol,
    /// It refuses what was asked.
    #[error("{0}")]
    Refused(String),
    /// What it answers cannot be true.
    #[error("{0}")]
    Wrong(String),
    /// It cannot be asked at the moment.
    #[error("{message}")]
    Unavailable {
        /// Why.
        message: String,
        /// When it can be asked again, if that is known.
        until: Option<Time>,
    },
}

impl SourceError {
    /// As whoever waits for the answer is told.
    pub(crate) fn told(self, now: Time) -> Error {
        match self {
            Self::UnknownSymbol => Error::invalid("symbol", "UNKNOWN_SYMBOL", "The exchange does not know the symbol."),
            Self::Refused(message) => Error::conflict("EXCHANGE_REFUSES", message),
            Self::Wrong(message) => {
                Error::new(axum::http::StatusCode::BAD_GATEWAY, "EXCHANGE_ANSWERS_WRONGLY", message)
            }
            Self::Unavailable { message, until } => {
                let seconds = until.map_or(5, |until| (until - now).num_seconds().clamp(1, 86_400));
                Error::unavailable("EXCHANGE_UNAVAILABLE", message, u32::try_from(seconds).unwrap_or(5))
            }
        }
    }
}

/// The exchanges that this platform can ask, provided where the program starts.
#[derive(Clone, Default)]
pub struct Sources {
    sources: Vec<Arc<dyn Source>>,
    tickers: Arc<Answers<(&'static str, Symbol), Ticker>>,
    newest: Arc<Answers<CandlesAsked, CandlePage>>,
    books: Arc<Answers<(&'static str, Symbol, u16), Snapshot>>,
}

/// Of which market, and from when on.
pub(crate) type CandlesAsked = (&'static str, Symbol, Timeframe, Timestamp);

impl Sources {
    /// These exchanges.
    #[must_use]
    pub fn new(sources: Vec<Arc<dyn Source>>) -> Self {
        Self { sources, tickers: Arc::default(), newest: Arc::default(), books: Arc::default() }
    }

    /// Those of an application; none where nobody provided any.
    pub(crate) fn of(app: &App) -> Self {
        app.the::<Self>().cloned().unwrap_or_default()
    }

    /// One of them, if it is among them.
    pub(crate) fn get(&self, exchange: &str) -> Option<Arc<dyn Source>> {
        self.sources.iter().find(|source| source.exchange() == exchange).cloned()
    }

    /// What was last told of prices.
    pub(crate) fn tickers(&self) -> &Answers<(&'static str, Symbol), Ticker> {
        &self.tickers
    }

    /// What was last told of the newest candles.
    pub(crate) fn newest(&self) -> &Answers<CandlesAsked, CandlePage> {
        &self.newest
    }

    /// What was last told of order books.
    pub(crate) fn books(&self) -> &Answers<(&'static str, Symbol, u16), Snapshot> {
        &self.books
    }

    /// One of them.
    ///
    /// # Errors
    /// 422 `UNKNOWN_SOURCE`, which says what can be asked.
    pub(crate) fn find(&self, exchange: &str) -> Result<Arc<dyn Source>> {
        self.get(exchange).ok_or_else(|| {
            let known: Vec<_> = self.sources.iter().map(|source| source.exchange()).collect();
            let known = if known.is_empty() { "no exchange".to_owned() } else { known.join(", ") };
            let message = format!("This platform cannot ask `{exchange}` for data; it can ask {known}.");
            Error::invalid("exchange", "UNKNOWN_SOURCE", message)
        })
    }
}
