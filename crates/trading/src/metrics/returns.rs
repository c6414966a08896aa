//! The returns of days, months and years, for tables and heat maps.

use chrono::Datelike;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::curve::Curve;
use super::daily;
use crate::time::{DAY, Timestamp};

/// The returns of UTC days, months and years: fractions of the equity at their beginning. Those
/// without a candle are left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Returns {
    /// The beginning of each day, and its return.
    pub daily: Vec<(Timestamp, f64)>,
    /// Months, in order.
    pub monthly: Vec<MonthReturn>,
    /// Years, in order.
    pub yearly: Vec<YearReturn>,
}

/// The return of a month.
#[derive(Copy, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MonthReturn {
    /// Of the common era.
    pub year: i32,
    /// From 1.
    pub month: u32,
    /// A fraction of the equity at the month's beginning.
    #[serde(rename = "return")]
    pub gain: f64,
}

/// The return of a year.
#[derive(Copy, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct YearReturn {
    /// Of the common era.
    pub year: i32,
    /// A fraction of the equity at the year's beginning.
    #[serde(rename = "return")]
    pub gain: f64,
}

impl Returns {
    /// The returns of a curve up to what was observed last.
    #[must_use]
    pub fn of(curve: &Curve) -> Self {
        let curve = curve.clone().ended();
        let days = curve.days.iter().map(|day| Timestamp::from_millis(day.end.saturating_sub(DAY)));
        let daily = days.zip(daily::returns(&curve.values())).collect();
        let yearly = spans(&curve, |at| at.to_datetime().year());
        let yearly = yearly.into_iter().map(|(year, gain)| YearReturn { year, gain }).collect();
        Self { daily, monthly: Self::months(&curve), yearly }
    }

    /// Of a curve whose last day has ended.
    pub(super) fn months(curve: &Curve) -> Vec<MonthReturn> {
        let months = spans(curve, |at| {
            let date = at.to_datetime();
            (date.year(), date.month())
        });
        months.into_iter().map(|((year, month), gain)| MonthReturn { year, month, gain }).collect()
    }
}

/// The returns of runs of days that have the same name.
fn spans<N: PartialEq>(curve: &Curve, name: impl Fn(Timestamp) -> N) -> Vec<(N, f64)> {
    let (mut names, mut ends) = (Vec::new(), vec![curve.initial]);
    for day in &curve.days {
        let name = name(Timestamp::from_millis(day.end.saturating_sub(1)));
        if names.last() == Some(&name) {
            ends.pop();
        } else {
            names.push(name);
        }
        ends.push(day.equity);
    }
    names.into_iter().zip(daily::returns(&ends)).collect()
}
