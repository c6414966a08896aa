//! The report of a sweep: its combinations, the best first.

use super::{
    Page,
    format::{escape, percent, signed_percent},
    heat,
    tables::sign,
    tiles::{maybe, two},
};
use std::fmt::Write;
use trading::backtest::{BacktestFile, Combination};

/// At most so many combinations are shown.
const SHOWN: usize = 200;

/// The page of a sweep. Every text of the user in it is escaped.
pub fn sweep_html(file: &BacktestFile, combinations: &[Combination]) -> String {
    let mut best: Vec<&Combination> = combinations.iter().collect();
    best.sort_by(|a, b| b.metrics.total_return.total_cmp(&a.metrics.total_return));
    let mut page = Page::begin(file, "Parameter sweep", None);
    if let Some(field) = heat::field(&file.sweep, combinations) {
        page.section(
            "The field",
            "The return of each pair of values. Trust wide areas more than single peaks.",
            &field,
        );
    }
    let about = match best.len() {
        many if many > SHOWN => format!("The best {SHOWN} of {many}, by their return."),
        many => format!("All {many}, the best return first."),
    };
    best.truncate(SHOWN);
    page.section("Combinations", &about, &table(file, &best));
    page.end(file)
}

const FIGURES: [&str; 7] =
    ["Return", "Growth a year", "Largest drawdown", "Sharpe", "Profit factor", "Trades", "Win rate"];

fn table(file: &BacktestFile, combinations: &[&Combination]) -> String {
    let paths = file.sweep.keys().map(|path| escape(path));
    let heads: String =
        paths.chain(FIGURES.map(str::to_owned)).map(|head| format!("<th scope=\"col\">{head}</th>")).collect();
    let mut html = format!("<table><thead><tr>{heads}</tr></thead><tbody>");
    for Combination { parameters, metrics, .. } in combinations {
        let values: String = parameters.values().map(|it| format!("<td>{}</td>", escape(&it.to_string()))).collect();
        let _ = write!(
            html,
            "<tr>{values}<td class=\"{}\">{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            sign(metrics.total_return),
            signed_percent(metrics.total_return),
            maybe(metrics.cagr, signed_percent),
            percent(-metrics.max_drawdown),
            maybe(metrics.sharpe, two),
            maybe(metrics.profit_factor, two),
            metrics.closed_trades,
            maybe(metrics.win_rate, percent)
        );
    }
    html.push_str("</tbody></table>");
    html
}
