//! Walk-forward: values are chosen on one stretch of the past and traded on the next, again and
//! again; the stretches that were traded make one equity.
//!
//! A stretch sees all candles before it as a warm-up, in training as in the test, and none after
//! it. A position that is open at the end of a test is valued at its last close, without a selling
//! fee, and the next test begins with that as cash.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::chain::Chain;
use super::recorder::Report;
use super::search::explore;
use super::study::{Goal, WalkForward};
use super::sweep::{Bench, Combination, best_first};
use super::trial::trial;
use super::{BacktestConfig, BacktestError, BacktestFile, MAX_COMBINATIONS};
use crate::candle::Candles;
use crate::metrics::{Metrics, finite};
use crate::money::Notional;
use crate::strategy::Columns;
use crate::time::Timestamp;

/// What was chosen on each stretch, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WalkForwardReport {
    /// The stretches, in order.
    pub windows: Vec<Window>,
    /// The mean daily return of all tests over that of all trainings (Pardo 2008); null where the
    /// trainings earned nothing.
    pub efficiency: Option<f64>,
}

/// A training and the test after it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Window {
    /// When the training begins.
    pub train_from: Timestamp,
    /// When it ends and the test begins.
    pub test_from: Timestamp,
    /// When the test ends.
    pub test_to: Timestamp,
    /// What was chosen.
    pub parameters: BTreeMap<String, Value>,
    /// What came of it in training.
    pub in_sample: Metrics,
    /// And in the test.
    pub out_of_sample: Metrics,
    /// The mean daily return of the test over that of the training; null where that earned nothing.
    pub efficiency: Option<f64>,
}

/// When a training begins, when it ends, and when its test does.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
struct Stretch {
    from: Timestamp,
    split: Timestamp,
    to: Timestamp,
}

/// Runs a walk-forward on the current rayon pool. The report is that of the tests, one after the
/// other. `progress` is told how many runs are done, and of how many, and may ask for the end.
///
/// # Errors
/// Where the period holds no training with a test after it, more than [`MAX_COMBINATIONS`] runs
/// are asked for, a combination is no strategy, or `progress` asks for the end.
pub(super) fn walk_forward(
    file: &BacktestFile,
    walk: &WalkForward,
    columns: &[Columns<'_>],
    progress: impl Fn(usize, usize) -> ControlFlow<()> + Sync,
) -> Result<Report, BacktestError> {
    let candles: Vec<&Candles> = columns.iter().map(Columns::candles).collect();
    let stretches = stretches(walk, &candles, &file.config)?;
    let runs = stretches.len().saturating_mul(walk.combinations());
    if runs > MAX_COMBINATIONS {
        return Err(BacktestError::TooManyRuns { windows: stretches.len(), runs });
    }
    let bench = Bench::new(&file.strategy, columns, runs, progress);
    let (Some(first), Some(last)) = (stretches.first(), stretches.last()) else { return Err(BacktestError::NoWindow) };
    let tests = period(&file.config, file.config.initial_cash, first.split, last.to);
    let mut chain = Chain::new(&file.strategy, columns, &tests);
    let mut windows = Vec::with_capacity(stretches.len());
    let (mut cash, mut warnings) = (file.config.initial_cash, Vec::new());
    for stretch in stretches {
        let chosen = choose(walk, &bench, &period(&file.config, cash, stretch.from, stretch.split), &mut warnings)?;
        let (document, setup) = bench
            .prepare(&chosen.parameters, &period(&file.config, cash, stretch.split, stretch.to))
            .map_err(BacktestError::Faults)?;
        let out_of_sample = trial(&document, columns, &setup, false, |_| bench.heard())?.metrics;
        cash = chain.live(&document, &setup, |_| bench.heard())?;
        windows.push(window(stretch, chosen, out_of_sample));
    }
    let mut report = chain.finish()?;
    report.warnings.extend(warnings);
    let open = windows.iter().filter(|window| window.out_of_sample.open_trades > 0).count();
    if open > 0 {
        report.warnings.push(format!("{open} tests ended with an open position, valued without a selling fee"));
    }
    report.sections.walk_forward = Some(WalkForwardReport { efficiency: overall(&windows), windows });
    Ok(report)
}

/// The stretches within the period, in each of which every symbol has candles; the last test is
/// perhaps a short one.
fn stretches(walk: &WalkForward, candles: &[&Candles], config: &BacktestConfig) -> Result<Vec<Stretch>, BacktestError> {
    let rows = |candles: &&Candles| Some(candles.rows(config.from, config.to)).filter(|rows| !rows.is_empty());
    let bounds = |candles: &&Candles| {
        let rows = rows(candles)?;
        Some((candles.open_time(rows.start), candles.timeframe().next(candles.open_time(rows.end - 1))))
    };
    let bounds: Vec<_> = candles.iter().map(bounds).collect::<Option<_>>().ok_or(BacktestError::NoCandles)?;
    let begin = bounds.iter().map(|bounds| bounds.0).fold(config.from.unwrap_or_default(), Ord::max);
    let end = bounds.iter().map(|bounds| bounds.1).max().unwrap_or_default();
    let mut stretches = Vec::new();
    let mut split = begin.after(walk.train);
    while split < end && stretches.len() <= MAX_COMBINATIONS {
        let from = if walk.anchored { begin } else { split.before(walk.train) };
        let stretch = Stretch { from, split, to: split.after(walk.test).min(end) };
        let holds = |from, to| candles.iter().all(|candles| !candles.rows(Some(from), Some(to)).is_empty());
        // a gap in the history may leave nothing to choose by, or nothing to trade
        if holds(stretch.from, stretch.split) && holds(stretch.split, stretch.to) {
            stretches.push(stretch);
        }
        split = split.after(walk.test);
    }
    if stretches.is_empty() { Err(BacktestError::NoWindow) } else { Ok(stretches) }
}

fn period(config: &BacktestConfig, cash: Notional, from: Timestamp, to: Timestamp) -> BacktestConfig {
    BacktestConfig { initial_cash: cash, from: Some(from), to: Some(to), ..config.clone() }
}

/// The best combination of a training; the first, and a warning, where none has the objective.
fn choose<P: Fn(usize, usize) -> ControlFlow<()> + Sync>(
    walk: &WalkForward,
    bench: &Bench<'_, P>,
    config: &BacktestConfig,
    warnings: &mut Vec<String>,
) -> Result<Combination, BacktestError> {
    let (goal, tried) = match &walk.search {
        Some(search) => {
            let found = explore(search, bench, config)?;
            warnings.extend(found.warnings);
            (Goal::new(search.objective, search.direction), found.combinations)
        }
        None => {
            let (goal, mut combinations) = (Goal::of_sweep(walk.objective), bench.grid(&walk.sweep, config)?);
            best_first(&mut combinations, goal);
            (goal, combinations)
        }
    };
    let best = tried.into_iter().next().ok_or(BacktestError::NoWindow)?;
    if goal.score(&best.metrics).is_none() {
        let at = |moment: Option<Timestamp>| moment.unwrap_or_default();
        let (key, from, to) = (goal.key(), at(config.from), at(config.to));
        warnings.push(format!(
            "no combination had a value of {key} in the training from {from} to {to}, so that the first was taken"
        ));
    }
    Ok(best)
}

fn window(stretch: Stretch, chosen: Combination, out_of_sample: Metrics) -> Window {
    let returns = |metrics: &Metrics| metrics.annual_return.unwrap_or(0.0);
    Window {
        train_from: stretch.from,
        test_from: stretch.split,
        test_to: stretch.to,
        parameters: chosen.parameters,
        efficiency: efficiency(returns(&out_of_sample), returns(&chosen.metrics)),
        in_sample: chosen.metrics,
        out_of_sample,
    }
}

#[expect(clippy::float_arithmetic, reason = "statistics")]
fn efficiency(test: f64, training: f64) -> Option<f64> {
    (training > 0.0).then(|| finite(test / training)).flatten()
}

fn overall(windows: &[Window]) -> Option<f64> {
    let sum = |of: fn(&Window) -> &Metrics| windows.iter().filter_map(|window| of(window).annual_return).sum();
    efficiency(sum(|window| &window.out_of_sample), sum(|window| &window.in_sample))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candle::Candle;
    use crate::time::Timeframe;

    fn days(count: i64) -> Candles {
        let one = "1".parse().unwrap();
        let candle = |day: i64| Candle {
            open_time: Timestamp::from_millis(day * crate::time::DAY),
            open: one,
            high: one,
            low: one,
            close: one,
            volume: "1".parse().unwrap(),
        };
        Candles::collect(Timeframe::D1, (0..count).map(candle)).unwrap()
    }

    fn split(anchored: bool, count: i64) -> Vec<[i64; 3]> {
        let walk = serde_json::from_value(
            serde_json::json!({"train": "9d", "test": "3d", "anchored": anchored, "sweep": {"a": [1]}}),
        );
        let config = BacktestConfig::with_cash("1".parse().unwrap());
        let found = stretches(&walk.unwrap(), &[&days(count)], &config).unwrap_or_default();
        found.into_iter().map(|it| [it.from, it.split, it.to].map(Timestamp::day)).collect()
    }

    #[test]
    fn tests_follow_each_other_and_trainings_roll_or_grow() {
        assert_eq!(split(false, 17), [[0, 9, 12], [3, 12, 15], [6, 15, 17]]);
        assert_eq!(split(true, 17), [[0, 9, 12], [0, 12, 15], [0, 15, 17]]);
        assert_eq!(split(false, 9), Vec::<[i64; 3]>::new());
    }
}
