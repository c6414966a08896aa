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
    backtest::{Answer, BacktestError, BacktestFile, History, Report},
    candle::{
        CandleError, Candles,
        csv::{self, CsvError, Options},
    },
    money::Symbol,
    strategy::Fault,
    time::Timestamp,
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
    /// A file of candles does not say of which symbol it is.
    #[error("the strategy trades several symbols: say of which each file of candles is, as in BTC/USDT=FILE")]
    Unnamed,
    /// Two files of candles are of one symbol.
    #[error("there are two files of candles of {0}")]
    Twice(Symbol),
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

/// The files of candles of a run (CSV, plain or gzip).
pub struct Files<R> {
    /// Each of the symbol that is named, or of the only one of the strategy.
    pub candles: Vec<(Option<Symbol>, R)>,
    /// Finer ones likewise, which tell what came first inside a candle.
    pub finer: Vec<(Option<Symbol>, R)>,
}

/// Runs a back-test file on files of candles. `progress` is told the done and the total steps and may ask for the end.
///
/// # Errors
/// What is wrong with a file, or why the run has no answer.
pub fn run<R: Read>(
    file: &str,
    files: Files<R>,
    progress: impl Fn(usize, usize) -> ControlFlow<()> + Sync,
) -> Result<Outcome, Failure> {
    let file = BacktestFile::read(file).map_err(Failure::File)?;
    check_sweep(&file).map_err(Failure::File)?;
    let only = file.strategy.market().symbol().copied();
    let mut history = History::default();
    for (symbol, candles) in files.candles {
        let symbol = symbol.or(only).ok_or(Failure::Unnamed)?;
        if history.markets.insert(symbol, read(candles, file.config.to)?).is_some() {
            return Err(Failure::Twice(symbol));
        }
    }
    for (symbol, finer) in files.finer {
        let symbol = symbol.or(only).ok_or(Failure::Unnamed)?;
        if let Some(candles) = history.markets.remove(&symbol) {
            if candles.finer().is_some() {
                return Err(Failure::Twice(symbol));
            }
            history.markets.insert(symbol, candles.with_finer(read(finer, file.config.to)?)?);
        }
    }
    execute(file, &history, progress)
}

/// The candles of a file up to a moment: what comes after the end has no say in anything, not even
/// in a warning of missing candles.
fn read(candles: impl Read, to: Option<Timestamp>) -> Result<Candles, Failure> {
    // the time frame is inferred: told, hours would pass for five minutes with most of them missing
    let candles = csv::read(candles, &Options::default())?;
    let rows = candles.rows(None, to);
    if rows.end == candles.len() {
        return Ok(candles);
    }
    Ok(candles.part(rows))
}

/// Runs a back-test on its candles, which end where it does. A sweep runs on the rayon pool from
/// which this is called.
///
/// # Errors
/// Why the run has no answer.
pub(crate) fn execute(
    file: BacktestFile,
    history: &History,
    progress: impl Fn(usize, usize) -> ControlFlow<()> + Sync,
) -> Result<Outcome, Failure> {
    within_limits(&file, history.markets.values().map(Candles::len).sum())?;
    let answer = file.execute(history, progress)?;
    let (buy_and_hold, scenes) = match &answer {
        Answer::Report(report) => (held(&file, history, report), Scenes::of(&file, history, &report.trades)),
        Answer::Sweep(_) => (vec![], Scenes::default()),
    };
    Ok(Outcome { file, answer, buy_and_hold, scenes })
}

/// Whether the file runs more than once, on the rayon pool from which it is called.
pub(crate) fn is_study(file: &BacktestFile) -> bool {
    file.combinations() > 1 || file.walk_forward.is_some() || file.monte_carlo.is_some() || file.checks.is_some()
}

/// What the cash would be worth at each point of the equity, spread evenly over the symbols.
fn held(file: &BacktestFile, history: &History, report: &Report) -> Points {
    let moments: Vec<_> = report.equity.iter().map(|point| point.0).collect();
    let symbols = file.strategy.market().symbols();
    let cash = file.config.initial_cash.shared_by(symbols.len() as u64);
    let mut held: Points = vec![];
    for candles in symbols.iter().filter_map(|symbol| history.markets.get(symbol)) {
        let first = candles.rows(file.config.from, file.config.to).start;
        let points = buy_and_hold(candles, first, cash, &moments);
        if held.is_empty() {
            held = points;
        } else {
            held.iter_mut().zip(points).for_each(|(sum, point)| sum.1 += point.1);
        }
    }
    held
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
