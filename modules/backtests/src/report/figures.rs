//! Every figure of a run by its group, each with how it is reckoned.

use super::format::{duration, escape, grouped, minute, money, percent};
use std::fmt::Write;
use trading::{
    metrics::{CATALOGUE, Group, Metric, Metrics, Unit},
    time::Timestamp,
};

const GROUPS: [(Group, &str); 6] = [
    (Group::Result, "Result"),
    (Group::Risk, "Gain for risk"),
    (Group::Drawdown, "Drawdown"),
    (Group::Distribution, "Days and months"),
    (Group::Benchmark, "Beside holding"),
    (Group::Trades, "Trades"),
];

/// The figures of each group: its name, and their names and values.
pub(crate) fn groups(metrics: &Metrics, quote: &str) -> Vec<(&'static str, Vec<(&'static Metric, String)>)> {
    let of = |group| CATALOGUE.iter().filter(move |metric| metric.group == group);
    let shown = |metric: &'static Metric| (metric, shown(metric, metrics, quote));
    GROUPS.iter().map(|&(group, name)| (name, of(group).map(shown).collect())).collect()
}

/// A value in its unit; a dash where it has none.
fn shown(metric: &Metric, metrics: &Metrics, quote: &str) -> String {
    let Some(value) = metric.of(metrics) else { return "–".to_owned() };
    match metric.unit {
        Unit::Percent => percent(value),
        Unit::Ratio => grouped(value, 2),
        Unit::Money => format!("{} {quote}", money(value)),
        Unit::Count => grouped(value, 0),
        Unit::Duration => duration(whole(value)),
        Unit::Time => minute(Timestamp::from_millis(whole(value))),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "milliseconds were whole before")]
fn whole(value: f64) -> i64 {
    value as i64
}

/// A table for each group, and below them how each figure is reckoned.
pub(super) fn tables(metrics: &Metrics, quote: &str) -> String {
    let (mut html, mut formulas) = ("<div class=\"groups\">".to_owned(), String::new());
    for (name, figures) in groups(metrics, quote) {
        // writing to a String cannot fail
        let _ = write!(html, "<table><caption>{name}</caption><tbody>");
        for (metric, value) in figures {
            let title = escape(metric.title);
            let _ = write!(html, "<tr><th scope=\"row\">{title}</th><td>{}</td></tr>", escape(&value));
            let source = if metric.source.is_empty() { String::new() } else { format!(" ({})", metric.source) };
            let formula = escape(metric.formula);
            let _ = write!(formulas, "<div><dt>{title}</dt><dd>{formula}{}</dd></div>", escape(&source));
        }
        html.push_str("</tbody></table>");
    }
    let _ = write!(
        html,
        "</div><details class=\"formulas\"><summary>How they are reckoned</summary><dl>{formulas}</dl></details>"
    );
    html
}
