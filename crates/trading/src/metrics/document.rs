//! The catalogue as a page of the documentation.

use std::fmt::Write;

use super::{Better, CATALOGUE, Group, Unit};

const GROUPS: [(Group, &str); 6] = [
    (Group::Result, "Result"),
    (Group::Risk, "Return and risk"),
    (Group::Drawdown, "Drawdown"),
    (Group::Distribution, "Distribution"),
    (Group::Benchmark, "Benchmark"),
    (Group::Trades, "Trades"),
];

const HEAD: &str = "# Metrics

What the figures of a back-test, of a sweep's combinations and of a bot mean. This page is written by the program from \
the one list that also makes the JSON Schema: `crates/trading/src/metrics/catalogue.rs`.

- **Daily returns** are the equity at the last close of a UTC day over that of the day before, minus one; the first is \
over the cash at the start. Days without a candle are left out.
- A year has **365 days**, since crypto trades daily, and there is **no risk-free rate**.
- The **benchmark** is buying and holding the market of the back-test, valued at the same moments.
- Amounts of money are exact decimals, written as texts. Percents are fractions: `0.25` is 25 %. Durations are \
milliseconds.
- What has no value, such as the Sharpe ratio of a flat line or the profit factor without a loss, is `null`; nothing is \
ever infinite.
- The same run gives the same bits on every machine: sums run from first to last, and powers and logarithms do not come \
from the platform.
";

/// `docs/metrics.md`.
#[must_use]
pub fn document() -> String {
    let mut page = HEAD.to_owned();
    for (group, title) in GROUPS {
        // writing to a String cannot fail
        let _ = write!(
            page,
            "\n## {title}\n\n| key | figure | unit | better | formula |\n| --- | --- | --- | --- | --- |\n"
        );
        for metric in CATALOGUE.iter().filter(|metric| metric.group == group) {
            let source = if metric.source.is_empty() { String::new() } else { format!(" *({})*", metric.source) };
            let _ = writeln!(
                page,
                "| `{}` | {} | {} | {} | {}{source} |",
                metric.key,
                metric.title,
                unit(metric.unit),
                better(metric.better),
                metric.formula
            );
        }
    }
    page
}

const fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Percent => "percent",
        Unit::Ratio => "ratio",
        Unit::Money => "money",
        Unit::Count => "count",
        Unit::Duration => "duration",
        Unit::Time => "time",
    }
}

const fn better(better: Better) -> &'static str {
    match better {
        Better::Higher => "higher",
        Better::Lower => "lower",
        Better::Neither => "–",
    }
}
