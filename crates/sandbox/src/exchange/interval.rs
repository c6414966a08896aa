//! The lengths of candles.

use std::{fmt, str::FromStr};
use trading::time::{TimeError, Timeframe, Timestamp};

/// Milliseconds of a second.
pub const SECOND: i64 = 1_000;

/// The length of a candle: a second, or a time frame.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Interval {
    /// A second.
    Second,
    /// A time frame.
    Of(Timeframe),
}

impl Interval {
    /// Every one, the shortest first.
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::Second].into_iter().chain(Timeframe::ALL.into_iter().map(Self::Of))
    }

    /// When the candle opens that holds a moment.
    #[must_use]
    pub fn floor(self, at: i64) -> i64 {
        match self {
            Self::Second => at.saturating_sub(at.rem_euclid(SECOND)),
            Self::Of(frame) => frame.floor(Timestamp::from_millis(at)).millis(),
        }
    }

    /// When the candle opens after the one that holds a moment.
    #[must_use]
    pub fn next(self, at: i64) -> i64 {
        match self {
            Self::Second => self.floor(at).saturating_add(SECOND),
            Self::Of(frame) => frame.next(Timestamp::from_millis(at)).millis(),
        }
    }

    /// The last moment of the candle that opens then.
    #[must_use]
    pub fn close_of(self, open_time: i64) -> i64 {
        self.next(open_time) - 1
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Second => f.write_str("1s"),
            Self::Of(frame) => frame.fmt(f),
        }
    }
}

impl FromStr for Interval {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        if text == "1s" { Ok(Self::Second) } else { text.parse().map(Self::Of) }
    }
}
