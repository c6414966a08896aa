//! Moments, durations and candle time frames, in UTC milliseconds.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const SECOND: i64 = 1_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;
/// Milliseconds of a UTC day.
pub const DAY: i64 = 24 * HOUR;
pub(crate) const WEEK: i64 = 7 * DAY;

/// A moment: milliseconds since 1970-01-01T00:00:00Z.
///
/// In JSON an integer; on reading, RFC 3339 text and a plain date (`2023-01-31`, midnight UTC) are
/// understood as well.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment `millis` milliseconds after the epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The UTC day that holds this moment, counted from the epoch.
    #[must_use]
    pub const fn day(self) -> i64 {
        self.0.div_euclid(DAY)
    }

    /// The moment `span` later; saturates at the end of time.
    #[must_use]
    pub const fn after(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.millis()))
    }

    /// The moment `span` earlier; saturates at the beginning of time.
    #[must_use]
    pub const fn before(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.millis()))
    }

    /// As a `chrono` time; what lies beyond its years (±262,000) saturates.
    #[must_use]
    pub fn to_datetime(self) -> DateTime<Utc> {
        let edge = if self.0 < 0 { DateTime::<Utc>::MIN_UTC } else { DateTime::<Utc>::MAX_UTC };
        DateTime::from_timestamp_millis(self.0).unwrap_or(edge)
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(time: DateTime<Utc>) -> Self {
        Self(time.timestamp_millis())
    }
}

impl From<Timestamp> for DateTime<Utc> {
    fn from(time: Timestamp) -> Self {
        time.to_datetime()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_datetime().to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

/// Text that is no moment, time frame or duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Neither RFC 3339 nor a date.
    #[error("`{0}` is not a time; expected milliseconds, RFC 3339 such as 2023-01-31T12:00:00Z, or a date")]
    Moment(String),
    /// No time frame of ours.
    #[error("`{0}` is not a time frame; expected one of 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w 1M")]
    Timeframe(String),
    /// Neither seconds that fill a minute nor a time frame.
    #[error("`{0}` is no length of candles; expected one of 1s 2s 3s 4s 5s 6s 10s 12s 15s 20s 30s, or a time frame")]
    Resolution(String),
    /// Not a whole number and a unit.
    #[error("`{0}` is not a duration; expected 1 to 999999 and a unit s, m, h, d or w, such as 30m")]
    Span(String),
}

/// Quotes at most the beginning of what was given, so that an error never repeats a huge input.
fn excerpt(text: &str) -> String {
    text.chars().take(40).collect()
}

impl FromStr for Timestamp {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            return Ok(Self(time.timestamp_millis()));
        }
        let date = NaiveDate::from_str(text).map_err(|_| TimeError::Moment(excerpt(text)))?;
        Ok(Self(i64::from(date.to_epoch_days()) * DAY))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

struct TimestampVisitor;

impl Visitor<'_> for TimestampVisitor {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("milliseconds since 1970, RFC 3339 text or a date")
    }

    fn visit_i64<E: de::Error>(self, millis: i64) -> Result<Timestamp, E> {
        Ok(Timestamp(millis))
    }

    fn visit_u64<E: de::Error>(self, millis: u64) -> Result<Timestamp, E> {
        i64::try_from(millis).map(Timestamp).map_err(|_| E::custom("time out of range"))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
        text.parse().map_err(E::custom)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TimestampVisitor)
    }
}

impl JsonSchema for Timestamp {
    fn schema_name() -> Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Milliseconds since 1970-01-01T00:00:00Z; RFC 3339 text or a date is understood as well.",
            "anyOf": [
                {"type": "integer", "format": "int64"},
                {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}([Tt ].+)?$"}
            ]
        })
    }
}

/// A length of time as the strategy language writes it: `90s`, `30m`, `4h`, `3d`, `2w`.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    count: u32,
    unit: char,
}

impl Span {
    /// Its length in milliseconds.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.count as i64 * Self::unit_millis(self.unit)
    }

    const fn unit_millis(unit: char) -> i64 {
        match unit {
            's' => SECOND,
            'm' => MINUTE,
            'h' => HOUR,
            'd' => DAY,
            _ => WEEK,
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.count, self.unit)
    }
}

impl FromStr for Span {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let refused = || TimeError::Span(excerpt(text));
        let unit = text.chars().last().filter(|unit| "smhdw".contains(*unit)).ok_or_else(refused)?;
        let digits = &text[..text.len() - 1];
        let plain = digits.len() <= 6 && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
        let count = if plain { digits.parse().map_err(|_| refused())? } else { return Err(refused()) };
        Ok(Self { count, unit })
    }
}

/// Serde and JSON Schema of a type that is written as text.
macro_rules! as_text {
    ($type:ident, $schema:expr) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    };
}

as_text!(
    Span,
    json_schema!({
        "description": "A length of time: a number and a unit (s, m, h, d, w).",
        "type": "string", "pattern": "^[1-9][0-9]{0,5}[smhdw]$", "examples": ["30m", "4h", "3d"]
    })
);

mod resolution;
mod timeframe;

pub use resolution::Resolution;
pub use timeframe::Timeframe;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn weeks_open_on_monday_and_months_follow_the_calendar() {
        let moment = at("2024-02-29T13:37:11.123Z");
        assert_eq!(Timeframe::W1.floor(moment), at("2024-02-26"));
        assert_eq!(Timeframe::W1.next(moment), at("2024-03-04"));
        assert_eq!(Timeframe::Month1.floor(moment), at("2024-02-01"));
        assert_eq!(Timeframe::Month1.next(at("2024-12-31")), at("2025-01-01"));
        assert_eq!(Timeframe::Month1.close_of(at("2024-02-01")).to_string(), "2024-02-29T23:59:59.999Z");
        assert_eq!(Timeframe::M15.floor(moment), at("2024-02-29T13:30:00Z"));
        assert_eq!(Timeframe::H4.floor(Timestamp(-1)), Timestamp(-4 * HOUR));
    }

    #[test]
    fn every_time_frame_reads_back_from_its_name() {
        for frame in Timeframe::ALL {
            assert_eq!(frame.as_str().parse(), Ok(frame));
        }
        assert!("1minute".parse::<Timeframe>().is_err());
    }

    #[test]
    fn candles_of_trades_are_as_long_as_whole_parts_of_a_minute_or_a_time_frame() {
        let moment = at("2024-02-29T13:37:11.123Z");
        let floor = |text: &str| text.parse::<Resolution>().unwrap().floor(moment).to_string();
        assert_eq!((floor("1s"), floor("4s")), ("2024-02-29T13:37:11.000Z".into(), "2024-02-29T13:37:08.000Z".into()));
        assert_eq!((floor("30s"), floor("1M")), ("2024-02-29T13:37:00.000Z".into(), "2024-02-01T00:00:00.000Z".into()));
        for resolution in Resolution::all() {
            assert_eq!(resolution.to_string().parse(), Ok(resolution));
            let minute = Timeframe::M1.floor(moment);
            assert!(resolution.floor(minute) <= minute && resolution.ceil(minute) >= minute);
        }
        for wrong in ["0s", "7s", "60s", "45s", "1", "s", "01s"] {
            assert!(wrong.parse::<Resolution>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn durations_are_a_whole_number_and_a_unit() {
        assert_eq!("30m".parse::<Span>().unwrap().millis(), 1_800_000);
        for wrong in ["", "m", "0m", "-1m", "1.5h", "1000000s", "3y", "3é"] {
            assert!(wrong.parse::<Span>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn extreme_moments_saturate_instead_of_overflowing() {
        for extreme in [i64::MIN, i64::MAX] {
            for frame in Timeframe::ALL {
                let _ = (frame.floor(Timestamp(extreme)), frame.next(Timestamp(extreme)));
                let _ = (frame.close_of(Timestamp(extreme)), Timestamp(extreme).to_string());
            }
        }
    }

    #[test]
    fn moments_are_integers_in_json_and_read_text_too() {
        let moment: Timestamp = serde_json::from_str("\"2023-01-01T00:00:00.5Z\"").unwrap();
        assert_eq!(serde_json::to_string(&moment).unwrap(), "1672531200500");
        assert_eq!(serde_json::from_str::<Timestamp>("1672531200500").unwrap(), moment);
        assert!(serde_json::from_str::<Timestamp>("\"yesterday\"").is_err());
    }
}
