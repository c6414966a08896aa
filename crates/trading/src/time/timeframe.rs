//! The lengths of candles.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, Months};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{DAY, HOUR, MINUTE, TimeError, Timestamp, WEEK, excerpt};

/// The epoch was a Thursday; weeks start on the Monday three days before it.
const MONDAY_OFFSET: i64 = 3 * DAY;

/// The length of a candle.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Timeframe {
    M1,
    M3,
    M5,
    M15,
    M30,
    H1,
    H2,
    H4,
    H6,
    H8,
    H12,
    D1,
    D3,
    W1,
    Month1,
}

impl Timeframe {
    /// Every time frame, shortest first.
    pub const ALL: [Self; 15] = [
        Self::M1,
        Self::M3,
        Self::M5,
        Self::M15,
        Self::M30,
        Self::H1,
        Self::H2,
        Self::H4,
        Self::H6,
        Self::H8,
        Self::H12,
        Self::D1,
        Self::D3,
        Self::W1,
        Self::Month1,
    ];

    /// The name exchanges use: `1m`, `4h`, `1w`, `1M`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::M1 => "1m",
            Self::M3 => "3m",
            Self::M5 => "5m",
            Self::M15 => "15m",
            Self::M30 => "30m",
            Self::H1 => "1h",
            Self::H2 => "2h",
            Self::H4 => "4h",
            Self::H6 => "6h",
            Self::H8 => "8h",
            Self::H12 => "12h",
            Self::D1 => "1d",
            Self::D3 => "3d",
            Self::W1 => "1w",
            Self::Month1 => "1M",
        }
    }

    /// Milliseconds of every candle, or `None` for months, which differ.
    #[inline]
    #[must_use]
    pub const fn fixed_millis(self) -> Option<i64> {
        Some(match self {
            Self::M1 => MINUTE,
            Self::M3 => 3 * MINUTE,
            Self::M5 => 5 * MINUTE,
            Self::M15 => 15 * MINUTE,
            Self::M30 => 30 * MINUTE,
            Self::H1 => HOUR,
            Self::H2 => 2 * HOUR,
            Self::H4 => 4 * HOUR,
            Self::H6 => 6 * HOUR,
            Self::H8 => 8 * HOUR,
            Self::H12 => 12 * HOUR,
            Self::D1 => DAY,
            Self::D3 => 3 * DAY,
            Self::W1 => WEEK,
            Self::Month1 => return None,
        })
    }

    /// Whether candles of this length, which is shorter, make up those of another one.
    #[must_use]
    pub fn divides(self, longer: Self) -> bool {
        let whole = longer.fixed_millis().unwrap_or(DAY);
        self < longer && self.fixed_millis().is_some_and(|part| whole % part == 0)
    }

    /// The most candles of this time frame within one of a longer one that it divides.
    #[must_use]
    pub const fn most_within(self, longer: Self) -> i64 {
        const LONGEST_MONTH: i64 = 31 * DAY;
        let length = match self.fixed_millis() {
            Some(length) => length,
            None => return 1,
        };
        match longer.fixed_millis() {
            Some(sum) => sum / length,
            None => LONGEST_MONTH / length,
        }
    }

    /// The opening time of the candle that holds `at`. Weeks open on Monday, months on their
    /// first day, all others at multiples of their length since the epoch.
    #[must_use]
    pub fn floor(self, at: Timestamp) -> Timestamp {
        let offset = if self == Self::W1 { MONDAY_OFFSET } else { 0 };
        match self.fixed_millis() {
            Some(length) => Timestamp(at.0.saturating_sub((at.0.wrapping_add(offset)).rem_euclid(length))),
            None => month_start(at, 0),
        }
    }

    /// The opening time of the candle after the one that holds `at`.
    #[must_use]
    pub fn next(self, at: Timestamp) -> Timestamp {
        match self.fixed_millis() {
            Some(length) => Timestamp(self.floor(at).0.saturating_add(length)),
            None => month_start(at, 1),
        }
    }

    /// The last millisecond of the candle that opens at `open_time`, as exchanges count it: a
    /// candle is closed at this moment, and the next one opens a millisecond later.
    #[inline]
    #[must_use]
    pub fn close_of(self, open_time: Timestamp) -> Timestamp {
        match self.fixed_millis() {
            Some(length) => Timestamp(open_time.0.saturating_add(length - 1)),
            None => Timestamp(month_start(open_time, 1).0 - 1),
        }
    }
}

fn month_start(at: Timestamp, months_later: u32) -> Timestamp {
    let date = at.to_datetime().date_naive();
    let first = date.with_day(1).and_then(|first| first.checked_add_months(Months::new(months_later)));
    first.map_or(at, |first| Timestamp(i64::from(first.to_epoch_days()) * DAY))
}

impl fmt::Display for Timeframe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Timeframe {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let found = Self::ALL.into_iter().find(|frame| frame.as_str() == text);
        found.ok_or_else(|| TimeError::Timeframe(excerpt(text)))
    }
}

as_text!(
    Timeframe,
    json_schema!({
        "description": "The length of a candle.",
        "type": "string", "enum": Timeframe::ALL.map(Timeframe::as_str)
    })
);
