//! The report of a sweep: its combinations, the best first.

use super::{
    Page,
    format::{escape, percent, signed_percent},
    heat::{self, Axes, shown},
    table::Table,
    tables::sign,
    tiles::{maybe, two},
    warnings,
};
use trading::backtest::{BacktestFile, Combination, Sweep};

/// At most so many combinations are shown.
const SHOWN: usize = 200;

/// The page of a sweep or a search. Every text of the user in it is escaped.
pub(crate) fn sweep_html(file: &BacktestFile, sweep: &Sweep) -> String {
    let combinations = &sweep.combinations;
    let mut best = ranked(file, combinations);
    let searched = file.search.as_ref();
    let mut page = Page::begin(file, if searched.is_some() { "Parameter search" } else { "Parameter sweep" }, None);
    page.push(&warnings(&sweep.warnings));
    let axes: Axes = match searched {
        Some(search) => search.space.iter().map(|(path, values)| (path.clone(), values.all().to_vec())).collect(),
        None => file.sweep.clone(),
    };
    if let Some(field) = heat::field(&axes, combinations) {
        page.section(
            "The field",
            "The return of each pair of values. Trust wide areas more than single peaks.",
            &field,
        );
    }
    let by = if has_objective(file) { "the best of its objective first" } else { "the best return first" };
    let about = match best.len() {
        many if many > SHOWN => format!("{SHOWN} of {many}, {by}."),
        many => format!("All {many}, {by}."),
    };
    best.truncate(SHOWN);
    page.section("Combinations", &about, &table(axes.keys(), &best));
    page.end(file)
}

fn has_objective(file: &BacktestFile) -> bool {
    file.search.is_some() || file.objective.is_some()
}

/// The best first: as the objective has it, else by return.
pub(crate) fn ranked<'a>(file: &BacktestFile, combinations: &'a [Combination]) -> Vec<&'a Combination> {
    let mut best: Vec<&Combination> = combinations.iter().collect();
    if !has_objective(file) {
        best.sort_by(|a, b| b.metrics.total_return.total_cmp(&a.metrics.total_return));
    }
    best
}

const FIGURES: [&str; 7] =
    ["Return", "Growth a year", "Largest drawdown", "Sharpe", "Profit factor", "Trades", "Win rate"];

fn table<'a>(paths: impl Iterator<Item = &'a String>, combinations: &[&Combination]) -> String {
    let paths: Vec<String> = paths.map(|path| escape(path)).collect();
    let heads = ["#"].into_iter().chain(paths.iter().map(String::as_str)).chain(FIGURES);
    let mut table = Table::new("Combinations", heads);
    for (place, Combination { parameters, metrics, .. }) in (1_usize..).zip(combinations) {
        let values: String = parameters.values().map(|it| format!("<td>{}</td>", shown(it))).collect();
        let cells = format!(
            "{values}<td class=\"{}\">{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>",
            sign(metrics.total_return),
            signed_percent(metrics.total_return),
            maybe(metrics.cagr, signed_percent),
            percent(-metrics.max_drawdown),
            maybe(metrics.sharpe, two),
            maybe(metrics.profit_factor, two),
            metrics.closed_trades,
            maybe(metrics.win_rate, percent)
        );
        table.row(&place.to_string(), &cells);
    }
    table.end()
}
