//! The hours in which a bot opens positions.

use chrono::{DateTime, Datelike, Timelike, Utc, Weekday};
use chrono_tz::Tz;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, str::FromStr};

/// When a bot opens positions; what it holds is looked after at any time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "BotHours")]
pub(crate) struct Hours {
    /// On which days; on all if none is said. Hours over midnight belong to the day on which they begin.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 7))]
    days: Vec<Day>,
    /// From this time of day on, …
    from: TimeOfDay,
    /// … and before this one, on the next day where it is not later.
    to: TimeOfDay,
    /// Where clocks show these times.
    #[serde(default)]
    timezone: Timezone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Weekday")]
enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// Minutes since midnight, written `09:30`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct TimeOfDay(u32);

/// A name of the IANA time zone database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Timezone(Tz);

impl Hours {
    /// Whether a moment is within them.
    pub(crate) fn hold(&self, at: DateTime<Utc>) -> bool {
        let local = at.with_timezone(&self.timezone.0);
        let (minute, today) = (TimeOfDay(local.hour() * 60 + local.minute()), local.weekday());
        if self.from < self.to {
            return self.from <= minute && minute < self.to && self.is_on(today);
        }
        minute >= self.from && self.is_on(today) || minute < self.to && self.is_on(today.pred())
    }

    fn is_on(&self, day: Weekday) -> bool {
        self.days.is_empty() || self.days.iter().any(|it| *it as u32 == day.num_days_from_monday())
    }
}

impl Default for Timezone {
    fn default() -> Self {
        Self(Tz::UTC)
    }
}

impl TryFrom<String> for Timezone {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Tz::from_str(&name).map(Self).map_err(|_| "not a name of the IANA time zone database".to_owned())
    }
}

impl From<Timezone> for String {
    fn from(zone: Timezone) -> Self {
        zone.0.name().to_owned()
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let number = |text: &str, most| text.parse::<u32>().ok().filter(|it| text.len() == 2 && *it <= most);
        let parts = text.split_once(':').and_then(|(hours, minutes)| Some((number(hours, 23)?, number(minutes, 59)?)));
        parts
            .map(|(hours, minutes)| Self(hours * 60 + minutes))
            .ok_or_else(|| "a time of day, such as 09:30".to_owned())
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        format!("{:02}:{:02}", time.0 / 60, time.0 % 60)
    }
}

impl JsonSchema for TimeOfDay {
    fn schema_name() -> Cow<'static, str> {
        "TimeOfDay".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$", "examples": ["09:30"] })
    }
}

impl JsonSchema for Timezone {
    fn schema_name() -> Cow<'static, str> {
        "Timezone".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "default": "UTC", "examples": ["America/Sao_Paulo"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn hold(hours: &serde_json::Value, at: &str) -> bool {
        serde_json::from_value::<Hours>(hours.clone()).unwrap().hold(at.parse().unwrap())
    }

    #[test]
    fn they_begin_with_their_first_minute_and_end_before_their_last() {
        let office = json!({ "days": ["mon", "fri"], "from": "09:00", "to": "17:30" });
        // 2024-01-01 was a Monday
        assert!(hold(&office, "2024-01-01T09:00:00Z") && hold(&office, "2024-01-05T17:29:59Z"));
        assert!(!hold(&office, "2024-01-01T08:59:59Z") && !hold(&office, "2024-01-01T17:30:00Z"));
        assert!(!hold(&office, "2024-01-02T12:00:00Z"));
    }

    #[test]
    fn over_midnight_they_belong_to_the_day_on_which_they_begin() {
        let night = json!({ "days": ["sun"], "from": "22:00", "to": "06:00" });
        assert!(hold(&night, "2024-01-07T22:00:00Z") && hold(&night, "2024-01-08T05:59:00Z"));
        assert!(!hold(&night, "2024-01-07T05:00:00Z") && !hold(&night, "2024-01-08T22:00:00Z"));
        let always = json!({ "from": "00:00", "to": "00:00" });
        assert!(hold(&always, "2024-01-07T00:00:00Z") && hold(&always, "2024-01-07T23:59:59Z"));
    }

    #[test]
    fn they_are_those_that_clocks_show_there() {
        let local = json!({ "from": "09:00", "to": "10:00", "timezone": "Europe/Berlin" });
        assert!(hold(&local, "2024-01-15T08:30:00Z") && hold(&local, "2024-07-15T07:30:00Z"));
        assert!(!hold(&local, "2024-07-15T08:30:00Z"));
    }

    #[test]
    fn what_no_clock_shows_is_refused() {
        for (from, zone) in [("24:00", "UTC"), ("9:00", "UTC"), ("09:60", "UTC"), ("", "UTC"), ("09:00", "Nowhere")] {
            let hours = json!({ "from": from, "to": "10:00", "timezone": zone });
            assert!(serde_json::from_value::<Hours>(hours).is_err(), "{from} {zone}");
        }
    }
}
