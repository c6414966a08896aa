//! What came of a back-test, for a terminal.

use crate::{
    offline::Outcome,
    report::{figures, percent},
};
use std::fmt::Write;
use trading::{
    backtest::{Answer, BacktestFile, Combination, Report},
    metrics::{Metrics, approximate},
    money::Symbol,
    strategy::Market,
};

/// At most so many combinations of a sweep are shown.
const SHOWN: usize = 20;
/// How wide the equity is drawn.
const WIDTH: usize = 60;
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

impl Outcome {
    /// The figures as a compact table with a line of the equity; a sweep's best combinations.
    pub fn text(&self) -> String {
        let market = self.file.strategy.market();
        let head = format!(
            "{} · {} {} of {}\n\n",
            self.file.strategy.name(),
            symbols(market),
            market.timeframe,
            market.exchange
        );
        match &self.answer {
            Answer::Report(report) => head + one(report, market.quote()).as_str(),
            Answer::Sweep(sweep) => head + many(&self.file, &sweep.combinations).as_str(),
        }
    }
}

/// The symbols of a market in a line.
pub(crate) fn symbols(market: &Market) -> String {
    market.symbols().iter().map(Symbol::as_str).collect::<Vec<_>>().join(", ")
}

fn one(report: &Report, quote: &str) -> String {
    let equity: Vec<f64> = report.equity.iter().map(|point| approximate(point.1.decimal())).collect();
    let mut text = String::new();
    let rows = figures(&report.metrics, quote);
    let width = |of: fn(&(&str, String, String)) -> usize| rows.iter().map(of).max().unwrap_or_default();
    let (name, value) = (width(|row| row.0.chars().count()), width(|row| row.1.chars().count()));
    for row in &rows {
        // writing to a String cannot fail
        let _ = writeln!(text, "  {:name$}  {:>value$}  {}", row.0, row.1, row.2);
    }
    let _ = writeln!(text, "\n  {}", sparkline(&equity, WIDTH));
    for warning in &report.warnings {
        let _ = writeln!(text, "\n  ! {warning}");
    }
    text
}

fn many(file: &BacktestFile, combinations: &[Combination]) -> String {
    let mut best: Vec<_> = combinations.iter().collect();
    best.sort_by(|a, b| b.metrics.total_return.total_cmp(&a.metrics.total_return));
    let heads = file.sweep.keys().cloned().chain(["return", "drawdown", "sharpe", "trades"].map(str::to_owned));
    let row =
        |it: &&Combination| it.parameters.values().map(ToString::to_string).chain(key_figures(&it.metrics)).collect();
    let rows: Vec<Vec<String>> = std::iter::once(heads.collect()).chain(best.iter().take(SHOWN).map(row)).collect();
    let widths: Vec<usize> = (0..rows[0].len())
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default())
        .collect();
    let mut text = String::new();
    for row in &rows {
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(text, "  {cell:>width$}");
        }
        text.push('\n');
    }
    if best.len() > SHOWN {
        let _ = writeln!(text, "\n  the best {SHOWN} of {} combinations", best.len());
    }
    text
}

fn key_figures(metrics: &Metrics) -> [String; 4] {
    let sharpe = metrics.sharpe.map_or_else(|| "–".to_owned(), |sharpe| format!("{sharpe:.2}"));
    [percent(metrics.total_return), percent(-metrics.max_drawdown), sharpe, metrics.closed_trades.to_string()]
}

/// The values as bars of eight heights, the last of each span.
fn sparkline(values: &[f64], width: usize) -> String {
    let span = values.len().div_ceil(width).max(1);
    let ends: Vec<f64> = values.chunks(span).filter_map(|chunk| chunk.last().copied()).collect();
    let (least, greatest) =
        ends.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), value| (a.min(*value), b.max(*value)));
    let bar = |value: &f64| {
        let height = if greatest > least { (value - least) / (greatest - least) * 7.0 } else { 0.0 };
        // the first bar whose number is not below the height
        BARS.into_iter().zip(0_u8..).find(|(_, number)| f64::from(*number) + 0.5 >= height).map_or('█', |it| it.0)
    };
    ends.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_bars_spans_the_least_to_the_greatest() {
        assert_eq!(sparkline(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], 8), "▁▂▃▄▅▆▇█");
        assert_eq!(sparkline(&[5.0, 5.0], 8), "▁▁");
        assert_eq!(sparkline(&[], 8), "");
        assert_eq!(sparkline(&vec![1.0; 1_000], 60).chars().count(), 59);
    }
}
