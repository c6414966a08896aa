//! Back-tests beside each other.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::Report;
use crate::metrics::{Better, CATALOGUE, Group, Metric, Unit, correlation, finite};

/// Figures of some reports beside each other, in the order of the reports.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// Every figure.
    pub metrics: Vec<Row>,
    /// Of the daily returns, over the days that both have; null where these are too few or alike.
    pub correlation: Vec<Vec<Option<f64>>>,
}

/// One figure of each report.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// Its name in JSON.
    pub key: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What it is shown with.
    pub group: Group,
    /// What it is measured in.
    pub unit: Unit,
    /// As each report has it: amounts of money are texts, what has no value is null.
    pub values: Vec<Value>,
    /// Which reports are the best, counted from 0: none where the figure judges nothing, or all
    /// are equal.
    pub best: Vec<usize>,
}

/// Lays reports beside each other.
#[must_use]
pub fn compare(reports: &[&Report]) -> Comparison {
    let written: Vec<Value> =
        reports.iter().map(|report| serde_json::to_value(&report.metrics).unwrap_or_default()).collect();
    let row = |metric: &'static Metric| {
        let numbers: Vec<Option<f64>> = reports.iter().map(|report| metric.of(&report.metrics)).collect();
        let values = written.iter().map(|metrics| metrics.get(metric.key).cloned().unwrap_or_default()).collect();
        let Metric { key, title, group, unit, .. } = *metric;
        Row { key, title, group, unit, values, best: best(metric.better, &numbers) }
    };
    let with = |one: &Report| reports.iter().map(|other| together(one, other)).collect();
    Comparison {
        metrics: CATALOGUE.iter().map(row).collect(),
        correlation: reports.iter().map(|report| with(report)).collect(),
    }
}

fn best(better: Better, numbers: &[Option<f64>]) -> Vec<usize> {
    let values = numbers.iter().flatten().copied();
    let best = match better {
        Better::Higher => values.max_by(f64::total_cmp),
        Better::Lower => values.min_by(f64::total_cmp),
        Better::Neither => None,
    };
    let best: Vec<usize> =
        numbers.iter().enumerate().filter(|(_, number)| number.is_some() && **number == best).map(|it| it.0).collect();
    if best.len() == numbers.len() { Vec::new() } else { best }
}

/// The correlation of the daily returns over the days that both have.
fn together(one: &Report, other: &Report) -> Option<f64> {
    let (one, other) = (&one.sections.returns.daily, &other.sections.returns.daily);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for (day, gain) in one {
        if let Ok(place) = other.binary_search_by_key(day, |(day, _)| *day) {
            ours.push(*gain);
            theirs.push(other[place].1);
        }
    }
    finite(correlation(&ours, &theirs)).map(|value| value.clamp(-1.0, 1.0))
}
