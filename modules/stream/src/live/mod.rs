//! Markets that somebody listens to: each is asked once for all of them.

mod feed;

pub(crate) use feed::follow;

use kit::{Error, Result};
use market_data::TradeMarket;
use std::{fmt, str::FromStr};
use trading::time::Timeframe;

/// What is told of a market.
#[derive(Clone, Debug)]
pub(crate) struct Market {
    pub(crate) of: TradeMarket,
    /// Of candles, how long they are; a ticker has none.
    pub(crate) timeframe: Option<Timeframe>,
}

const CANDLES: &str = "candles";
const TICKER: &str = "ticker";

impl Market {
    /// How their topics are written.
    pub(crate) const FORMS: [&str; 2] = ["candles:EXCHANGE:SYMBOL:TIMEFRAME", "ticker:EXCHANGE:SYMBOL"];

    /// Reads what stands behind the name of a topic; `None` where the topic is no market's.
    pub(crate) fn read(name: &str, rest: &str) -> Option<Result<Self>> {
        let parts: Vec<_> = rest.split(':').collect();
        let read = match (name, parts.as_slice()) {
            (CANDLES, [exchange, symbol, timeframe]) => Self::of(exchange, symbol, Some(timeframe)),
            (TICKER, [exchange, symbol]) => Self::of(exchange, symbol, None),
            (CANDLES, _) => Err(form(Self::FORMS[0])),
            (TICKER, _) => Err(form(Self::FORMS[1])),
            _ => return None,
        };
        Some(read)
    }

    fn of(exchange: &str, symbol: &str, timeframe: Option<&str>) -> Result<Self> {
        let of = TradeMarket { exchange: parsed(exchange)?, symbol: parsed(symbol)? };
        Ok(Self { of, timeframe: timeframe.map(parsed).transpose()? })
    }
}

fn parsed<T: FromStr<Err: fmt::Display>>(text: &str) -> Result<T> {
    text.parse().map_err(|fault: T::Err| Error::bad_request("BAD_TOPIC", fault.to_string()))
}

fn form(form: &str) -> Error {
    Error::bad_request("BAD_TOPIC", format!("The topic is written `{form}`."))
}

impl fmt::Display for Market {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TradeMarket { exchange, symbol } = &self.of;
        match self.timeframe {
            Some(timeframe) => write!(f, "{CANDLES}:{}:{symbol}:{}", exchange.as_str(), timeframe.as_str()),
            None => write!(f, "{TICKER}:{}:{symbol}", exchange.as_str()),
        }
    }
}
