//! The lengths of candles that are made of trades.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{SECOND, TimeError, Timeframe, Timestamp, excerpt};

/// A length of candles: so many seconds that fill a minute, or a time frame. What is shorter than a minute is made of
/// trades as it is asked for, and never stored.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Resolution(Length);

#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Length {
    Seconds(u8),
    Frame(Timeframe),
}

impl Resolution {
    /// The seconds that fill a minute.
    const SECONDS: [u8; 11] = [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30];

    /// Every one, the shortest first.
    pub fn all() -> impl Iterator<Item = Self> {
        let seconds = Self::SECONDS.into_iter().map(|seconds| Self(Length::Seconds(seconds)));
        seconds.chain(Timeframe::ALL.into_iter().map(Self::from))
    }

    /// The opening time of the candle that holds `at`.
    #[must_use]
    pub fn floor(self, at: Timestamp) -> Timestamp {
        match self.0 {
            Length::Seconds(seconds) => Timestamp(at.0.saturating_sub(at.0.rem_euclid(i64::from(seconds) * SECOND))),
            Length::Frame(frame) => frame.floor(at),
        }
    }

    /// The opening time of the candle after the one that holds `at`.
    #[must_use]
    pub fn next(self, at: Timestamp) -> Timestamp {
        match self.0 {
            Length::Seconds(seconds) => Timestamp(self.floor(at).0.saturating_add(i64::from(seconds) * SECOND)),
            Length::Frame(frame) => frame.next(at),
        }
    }

    /// The first candle that opens then or later.
    #[must_use]
    pub fn ceil(self, at: Timestamp) -> Timestamp {
        if self.floor(at) == at { at } else { self.next(at) }
    }
}

impl From<Timeframe> for Resolution {
    fn from(frame: Timeframe) -> Self {
        Self(Length::Frame(frame))
    }
}

impl fmt::Display for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Length::Seconds(seconds) => write!(f, "{seconds}s"),
            Length::Frame(frame) => frame.fmt(f),
        }
    }
}

impl FromStr for Resolution {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let found = Self::all().find(|it| it.to_string() == text);
        found.ok_or_else(|| TimeError::Resolution(excerpt(text)))
    }
}

as_text!(
    Resolution,
    json_schema!({
        "description": "The length of a candle that is made of trades.",
        "type": "string", "enum": Resolution::all().map(|it| it.to_string()).collect::<Vec<_>>()
    })
);
