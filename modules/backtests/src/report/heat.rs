//! The field of a sweep over two parameters: a cell for each pair of values.

use super::{
    format::{escape, percent},
    table::Table,
};
use serde_json::Value;
use std::collections::BTreeMap;
use trading::backtest::Combination;

/// A field with more cells on a side than this is not drawn.
const MOST: usize = 60;

/// What is shown of a sweep: its parameters, each with its values in their order.
pub(super) type Axes = BTreeMap<String, Vec<Value>>;

/// The returns over the first two parameters that vary. Where others vary as well, the best of them counts.
pub(super) fn field(axes: &Axes, combinations: &[Combination]) -> Option<String> {
    let varied: Vec<(&String, &Vec<Value>)> = axes.iter().filter(|(_, values)| values.len() > 1).collect();
    let [(down, rows), (across, columns), ..] = varied.as_slice() else { return None };
    if rows.len() > MOST || columns.len() > MOST {
        return None;
    }
    let mut best: BTreeMap<(usize, usize), f64> = BTreeMap::new();
    for it in combinations {
        let place =
            |path: &str, values: &[Value]| values.iter().position(|value| it.parameters.get(path) == Some(value));
        if let (Some(row), Some(column)) = (place(down, rows), place(across, columns)) {
            let cell = best.entry((row, column)).or_insert(f64::NEG_INFINITY);
            *cell = cell.max(it.metrics.total_return);
        }
    }
    let hottest = best.values().filter(|value| value.is_finite()).map(|value| value.abs()).fold(0.0, f64::max);
    let caption = format!("{} down, {} across", escape(down), escape(across));
    let heads: Vec<String> = ["Return".to_owned()].into_iter().chain(columns.iter().map(shown)).collect();
    let mut table = Table::of("field", &caption, heads.iter().map(String::as_str));
    for (row, value) in rows.iter().enumerate() {
        let cells = (0..columns.len()).map(|column| {
            best.get(&(row, column)).map_or_else(|| "<td></td>".to_owned(), |value| cell(*value, hottest))
        });
        table.row(&shown(value), &cells.collect::<String>());
    }
    Some(table.end())
}

pub(super) fn shown(value: &Value) -> String {
    escape(&value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

fn cell(value: f64, hottest: f64) -> String {
    let heat = if hottest > 0.0 { 6.0 + 64.0 * (value.abs() / hottest).sqrt() } else { 0.0 };
    let class = if value >= 0.0 { "up" } else { "down" };
    format!("<td class=\"{class}\" style=\"--heat:{heat:.0}%\">{}</td>", percent(value))
}
