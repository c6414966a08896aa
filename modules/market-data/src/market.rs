use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, fmt, str::FromStr};
use trading::{money::Symbol, strategy, time::Timeframe};

/// What is traded, where, and the length of its candles: `binance`, `BTC/USDT`, `5m`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, garde::Validate)]
#[garde(allow_unvalidated)]
#[schemars(rename = "CandleMarket")]
pub struct Market {
    pub exchange: Exchange,
    pub symbol: Symbol,
    pub timeframe: Timeframe,
}

/// An exchange's short name: 1 to 32 lower-case letters, digits and `-`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Exchange(String);

impl Exchange {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Exchange {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if (1..=32).contains(&name.len()) && name.bytes().all(plain) {
            return Ok(Self(name));
        }
        let start: String = name.chars().take(40).collect();
        Err(format!("`{start}` is not an exchange; expected lower-case letters, digits and `-`, such as binance"))
    }
}

impl FromStr for Exchange {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::try_from(name.to_owned())
    }
}

impl JsonSchema for Exchange {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Exchange".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The exchange's short name.",
            "type": "string", "pattern": "^[a-z0-9-]{1,32}$", "examples": ["binance"]
        })
    }
}

impl Market {
    /// The markets of a strategy, in its order.
    ///
    /// # Errors
    /// What is wrong with its exchange.
    pub fn all_of(market: &strategy::Market) -> Result<Vec<Self>, String> {
        let exchange: Exchange = market.exchange.parse()?;
        let of = |symbol: &Symbol| Self { exchange: exchange.clone(), symbol: *symbol, timeframe: market.timeframe };
        Ok(market.symbols().iter().map(of).collect())
    }
}

impl fmt::Display for Market {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { exchange, symbol, timeframe } = self;
        write!(f, "{symbol} {timeframe} of {}", exchange.0)
    }
}
