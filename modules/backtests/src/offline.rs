//! Back-tests without a server: what the command line runs, and the job as well, so that both give
//! the same answer.

use crate::{
    curve::{Points, buy_and_hold},
    report,
    scenes::Scenes,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::{collections::BTreeMap, io::Read, ops::ControlFlow};
use trading::{
    backtest::{Answer, BacktestError, BacktestFile},
    candle::{
        CandleError, Candles,
        csv::{self, CsvError, Options},
    },
    strategy::Fault,
};

/// The most candles of a run: five years of minutes.
pub const MAX_CANDLES: usize = 3_000_000;
/// The most candles times combinations of a sweep.
pub const MAX_STEPS: usize = 5_000_000_000;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The back-test file breaks rules.
    #[error("the back-test file breaks rules{}", .0.iter().map(|fault| format!("\n  {fault}")).collect::<String>())]
    File(Vec<Fault>),
    /// The candle file cannot be read.
    #[error("the candles cannot be read: {0}")]
    Csv(#[from] CsvError),
    /// The candles contradict each other.
    #[error("the candles cannot be used: {0}")]
    Candles(#[from] CandleError),
    /// The sweep is more than one machine should be asked for.
    #[error("{combinations} combinations of {candles} candles are more than {MAX_STEPS} steps; try fewer of either")]
    TooMuch {
        /// Of the sweep.
        combinations: usize,
        /// Up to `to`.
        candles: usize,
    },
    /// The run itself failed or was cancelled.
    #[error(transparent)]
    Run(#[from] BacktestError),
}

/// What came of a back-test. Written as JSON it is the answer alone.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Outcome {
    /// What was run.
    #[serde(skip)]
    #[schemars(skip)]
    pub file: BacktestFile,
    /// The figures.
    #[serde(flatten)]
    pub answer: Answer,
    /// What holding would have been worth at each point of the equity; empty for a sweep.
    #[serde(skip)]
    #[schemars(skip)]
    pub buy_and_hold: Points,
    /// The candles that the report shows.
    #[serde(skip)]
    #[schemars(skip)]
    pub(crate) scenes: Scenes,
}

impl Outcome {
    /// The report as one HTML page.
    pub fn html(&self) -> String {
        match &self.answer {
            Answer::Report(report) => report::html(&self.file, report, &self.buy_and_hold, &self.scenes),
            Answer::Sweep(sweep) => report::sweep_html(&self.file, sweep),
        }
    }
}

/// Runs a back-test file on a file of candles (CSV, plain or gzip). `progress` is told the done and
/// the total steps and may ask for the end.
///
/// # Errors
/// What is wrong with either file, or why the run has no answer.
pub fn run(
    file: &str,
    candles: impl Read,
    progress: impl Fn(usize, usize) -> ControlFlow<()> + Sync,
) -> Result<Outcome, Failure> {
    let file = BacktestFile::read(file).map_err(Failure::File)?;
    check_sweep(&file).map_err(Failure::File)?;
    // the time frame is inferred: told, hours would pass for five minutes with most of them missing
    let candles = csv::read(candles, &Options::default())?;
    let rows = candles.rows(None, file.config.to);
    // what comes after the end has no say in anything, not even in a warning of missing candles
    let candles = if rows.end < candles.len() {
        Candles::collect(candles.timeframe(), rows.map(|row| candles.get(row)))?
    } else {
        candles
    };
    execute(file, &candles, progress)
}

/// Runs a back-test on its candles, which end where it does. A sweep runs on the rayon pool from
/// which this is called.
///
/// # Errors
/// Why the run has no answer.
pub(crate) fn execute(
    file: BacktestFile,
    candles: &Candles,
    progress: impl Fn(usize, usize) -> ControlFlow<()> + Sync,
) -> Result<Outcome, Failure> {
    within_limits(&file, candles.len())?;
    let answer = file.execute(candles, progress)?;
    let (buy_and_hold, scenes) = match &answer {
        Answer::Report(report) => {
            let moments: Vec<_> = report.equity.iter().map(|point| point.0).collect();
            let rows = candles.rows(file.config.from, file.config.to);
            let scenes = Scenes::of(candles, rows.clone(), &report.trades);
            (buy_and_hold(candles, rows.start, file.config.initial_cash, &moments), scenes)
        }
        Answer::Sweep(_) => (vec![], Scenes::default()),
    };
    Ok(Outcome { file, answer, buy_and_hold, scenes })
}

/// Whether the file runs more than once, on the rayon pool from which it is called.
pub(crate) fn is_study(file: &BacktestFile) -> bool {
    file.combinations() > 1 || file.walk_forward.is_some() || file.monte_carlo.is_some() || file.checks.is_some()
}

/// Whether the run is one that a machine can be asked for.
///
/// # Errors
/// [`Failure::TooMuch`].
pub(crate) fn within_limits(file: &BacktestFile, candles: usize) -> Result<(), Failure> {
    let combinations = file.combinations();
    if combinations > 1 && combinations.saturating_mul(candles) > MAX_STEPS {
        return Err(Failure::TooMuch { combinations, candles });
    }
    Ok(())
}

/// Whether every combination of the sweep is a strategy for the same candles.
///
/// # Errors
/// The paths that may not vary, else the faults of the first combination that is no strategy.
pub(crate) fn check_sweep(file: &BacktestFile) -> Result<(), Vec<Fault>> {
    let fixed = file
        .sweep
        .keys()
        .filter(|path| ["market", "name"].contains(&path.split(['.', '[']).next().unwrap_or_default()));
    let faults: Vec<_> = fixed
        .map(|path| Fault {
            path: format!("sweep.{path}"),
            code: "NOT_VARIABLE",
            message: "a sweep varies the strategy, not its name or market".to_owned(),
        })
        .collect();
    if !faults.is_empty() {
        return Err(faults);
    }
    if file.sweep.is_empty() {
        return Ok(());
    }
    (0..file.combinations()).try_for_each(|index| {
        let parameters = file.combination(index);
        let values = parameters.iter().map(|(path, value)| (path.as_str(), value));
        let applied = file.strategy.apply_all(values);
        applied.map(drop).map_err(|faults| faults.iter().map(|fault| inside_sweep(fault, &parameters)).collect())
    })
}

/// The fault at its path in the sweep, with the values that bring it about.
fn inside_sweep(fault: &Fault, parameters: &BTreeMap<String, Value>) -> Fault {
    let values: Vec<_> = parameters.iter().map(|(path, value)| format!("{path} = {value}")).collect();
    let message = format!("{} (with {})", fault.message, values.join(", "));
    Fault { path: format!("sweep.{}", fault.path), code: fault.code, message }
}
