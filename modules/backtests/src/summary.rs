//! What came of a back-test, for a terminal.

use crate::{
    offline::Outcome,
    report::{about, groups, percent, ranked, verdict},
};
use std::fmt::Write;
use trading::{
    backtest::{Answer, AppliedFilters, BacktestFile, Combination, Contribution, Report, Sections, Sweep},
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
            Answer::Sweep(sweep) => head + many(&self.file, sweep).as_str(),
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
    for (group, figures) in groups(&report.metrics, quote) {
        // writing to a String cannot fail
        let _ = writeln!(text, "  {group}");
        for (metric, value) in figures {
            let _ = writeln!(text, "    {:<34}{value:>24}", metric.title);
        }
        text.push('\n');
    }
    studies(&report.sections, &mut text);
    let _ = writeln!(text, "  {}", sparkline(&equity, WIDTH));
    warn(&report.warnings, &mut text);
    note(report.sections.filters.as_ref(), &mut text);
    text
}

/// What should be known of the filters.
fn note(filters: Option<&AppliedFilters>, text: &mut String) {
    for note in filters.iter().flat_map(|filters| &filters.notes) {
        let _ = writeln!(text, "\n  {note}");
    }
}

fn warn(warnings: &[String], text: &mut String) {
    for warning in warnings {
        let _ = writeln!(text, "\n  ! {warning}");
    }
}

/// What was asked for beyond one run.
fn studies(sections: &Sections, text: &mut String) {
    let share = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), percent);
    for Contribution { symbol, trades, pnl, .. } in &sections.symbols {
        let _ = writeln!(text, "  {symbol}: {trades} trades earned {pnl}");
    }
    if let Some(walk) = &sections.walk_forward {
        let _ = writeln!(text, "  Walk-forward: the tests kept {} of the trainings", share(walk.efficiency));
        for window in &walk.windows {
            let chosen: Vec<_> = window.parameters.iter().map(|(path, value)| format!("{path} = {value}")).collect();
            let (inside, outside) = (window.in_sample.total_return, window.out_of_sample.total_return);
            let (from, to) = (window.test_from.to_datetime().date_naive(), window.test_to.to_datetime().date_naive());
            let _ = writeln!(
                text,
                "    {from} – {to}  training {:>10}  test {:>10}  {}",
                percent(inside),
                percent(outside),
                chosen.join(", ")
            );
        }
        text.push('\n');
    }
    if let Some(played) = &sections.monte_carlo {
        let (equity, drawdown) = (&played.final_equity, &played.max_drawdown);
        let _ = writeln!(text, "  Luck: {} runs, ruin in {}", played.runs, percent(played.ruin));
        let _ = writeln!(text, "    final equity      5 %: {}  50 %: {}  95 %: {}", equity.p5, equity.p50, equity.p95);
        let [low, middle, high] = [drawdown.p5, drawdown.p50, drawdown.p95].map(percent);
        let _ = writeln!(text, "    largest drawdown  5 %: {low}  50 %: {middle}  95 %: {high}\n");
    }
    if let Some(found) = sections.checks.as_ref().and_then(|checks| checks.look_ahead.as_ref()) {
        let _ = writeln!(text, "  Look-ahead: {}\n", verdict(found));
    }
    let drifts = sections.checks.as_ref().and_then(|checks| checks.recursive.as_ref());
    if let Some(drifts) = drifts.filter(|drifts| !drifts.is_empty()) {
        let _ = writeln!(text, "  Warm-up: candles until an indicator is less than 0.1 % off");
        for drift in drifts {
            let needed = drift.warm_up.map_or_else(|| "more than there are".to_owned(), |candles| candles.to_string());
            let _ = writeln!(text, "    {:<34}{needed:>24}", about(drift.symbol, &drift.output));
        }
        text.push('\n');
    }
}

fn many(file: &BacktestFile, sweep: &Sweep) -> String {
    let best = ranked(file, &sweep.combinations);
    let paths = best.first().map(|best| best.parameters.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
    let heads = paths.into_iter().chain(["return", "drawdown", "sharpe", "trades"].map(str::to_owned));
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
    warn(&sweep.warnings, &mut text);
    note(sweep.filters.as_ref(), &mut text);
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
