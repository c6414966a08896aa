//! One back-test.

use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::recorder::{Recorder, Report};
use super::{
    BacktestConfig, BacktestError, BacktestFile, CheckReport, Sweep, checks, monte_carlo, search, sweep, walk_forward,
};
use crate::candle::Candles;
use crate::candle::gaps::gaps;
use crate::engine::{Config, Driver, Engine, Strategy};
use crate::metrics::Metrics;
use crate::money::Instrument;
use crate::order::IdPrefix;
use crate::risk::Limits;
use crate::simulator::Simulator;
use crate::strategy::plan::Plan;
use crate::strategy::{Body, ColumnRules, Columns, Document, Program};

/// Progress is told, and a wish to end heard, each time so many candles are done.
const CANDLES_BETWEEN_PROGRESS: usize = 8_192;

/// Everything that a back-test needs besides candles and signals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// The market and its filters.
    pub instrument: Instrument,
    /// Sizing, protection and guards.
    pub plan: Plan,
    /// How much may be ventured.
    pub limits: Limits,
    /// Cash, period, fees and fills.
    pub config: BacktestConfig,
}

impl Setup {
    /// A document tried on its first symbol without filters and limits.
    #[must_use]
    pub fn of(document: &Document, config: BacktestConfig) -> Self {
        let instrument = Instrument::unfiltered(document.market().symbols()[0].clone());
        Self { instrument, plan: document.plan(), limits: Limits::default(), config }
    }
}

/// Tries a strategy on candles. `progress` is told how many candles are done and may ask for the
/// end. The strategy sees all candles up to `to`, the ones before `from` as a warm-up.
///
/// # Errors
/// Where the plan makes no sense, there are no candles in the period, or `progress` asks for it.
pub fn run<S: Strategy>(
    candles: &Candles,
    strategy: S,
    setup: &Setup,
    progress: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<Report, BacktestError> {
    let mut report = go(candles, strategy, setup, true, progress)?;
    let missing = missing(candles);
    if missing > 0 {
        report.warnings.push(format!("{missing} candles are missing in the history"));
    }
    Ok(report)
}

/// How many candles are not there between the first and the last.
fn missing(candles: &Candles) -> u64 {
    match (candles.timeframe().fixed_millis(), candles.open_times()) {
        (Some(length), [first, .., last]) => {
            let expected = last.abs_diff(*first) / length.unsigned_abs() + 1;
            expected.saturating_sub(candles.len() as u64)
        }
        _ => gaps(candles).iter().map(|gap| gap.missing).sum(),
    }
}

/// The same for the figures alone.
///
/// # Errors
/// As [`run`].
pub fn measure<S: Strategy>(
    candles: &Candles,
    strategy: S,
    setup: &Setup,
    progress: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<Metrics, BacktestError> {
    go(candles, strategy, setup, false, progress).map(|report| report.metrics)
}

fn go<S: Strategy>(
    candles: &Candles,
    strategy: S,
    setup: &Setup,
    detail: bool,
    progress: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<Report, BacktestError> {
    let rows = candles.rows(setup.config.from, setup.config.to);
    let mut recorder = Recorder::new(candles, &rows, setup.config.initial_cash, detail);
    let driver = drive(candles, strategy, setup, &mut recorder, progress)?;
    Ok(recorder.finish(&rows, &driver, setup.config.initial_cash))
}

/// Takes a strategy through the period; what happens goes to the recorder.
pub(super) fn drive<S: Strategy>(
    candles: &Candles,
    strategy: S,
    setup: &Setup,
    recorder: &mut Recorder<'_>,
    mut progress: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<Driver<S>, BacktestError> {
    setup.plan.check()?;
    let rows = candles.rows(setup.config.from, setup.config.to);
    if rows.is_empty() {
        return Err(BacktestError::NoCandles);
    }
    let mut driver = driver(candles, strategy, setup, &rows);
    let mut start = 0;
    while start < rows.end {
        let end = (start + CANDLES_BETWEEN_PROGRESS).min(rows.end);
        for row in start..end {
            driver.on_candle(&candles.get(row), |_, _, effects| recorder.note(effects));
            if row >= rows.start {
                recorder.close(row, driver.engine());
            }
        }
        start = end;
        if progress(start).is_break() {
            return Err(BacktestError::Cancelled);
        }
    }
    Ok(driver)
}

fn driver<S: Strategy>(candles: &Candles, strategy: S, setup: &Setup, rows: &Range<usize>) -> Driver<S> {
    let config = Config {
        instrument: setup.instrument.clone(),
        plan: setup.plan.clone(),
        limits: setup.limits,
        cash: setup.config.initial_cash,
        prefix: IdPrefix::default(),
        trade_from: Some(candles.open_time(rows.start)),
    };
    let simulator = Simulator::new(setup.config.rules(), setup.instrument.clone());
    Driver::new(Engine::new(strategy, config), simulator, candles.timeframe())
}

/// What a document decides by.
pub(super) fn program(document: &Document) -> Program {
    let Body::Rules(rules) = document.body();
    Program::compile(rules, document.market().timeframe)
}

/// The answer to a back-test file: a report, or the combinations of its sweep or search.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Answer {
    /// Of one back-test.
    Report(Box<Report>),
    /// Of a sweep or a search.
    Sweep(Sweep),
}

impl BacktestFile {
    /// Runs the file on candles. `progress` is told the done and the total steps (candles, or
    /// combinations) and may ask for the end; it is asked often, from many threads at once. Whatever
    /// runs more than once runs on the rayon pool from which this is called.
    ///
    /// # Errors
    /// Where the candles do not fit the strategy, or as [`run`], [`sweep`], [`search`],
    /// [`walk_forward`] and [`monte_carlo`].
    pub fn execute(
        &self,
        candles: &Candles,
        progress: impl Fn(usize, usize) -> ControlFlow<()> + Sync,
    ) -> Result<Answer, BacktestError> {
        let timeframe = self.strategy.market().timeframe;
        if timeframe != candles.timeframe() {
            return Err(BacktestError::Timeframe { strategy: timeframe, candles: candles.timeframe() });
        }
        if let Some(other) = self.strategy.market().symbols().get(1) {
            return Err(BacktestError::NoHistory(other.clone()));
        }
        if let Some(asked) = &self.search {
            return search(self, asked, candles, progress).map(Answer::Sweep);
        }
        if !self.sweep.is_empty() {
            return sweep(self, candles, progress).map(Answer::Sweep);
        }
        let mut report = match &self.walk_forward {
            Some(walk) => walk_forward(self, walk, candles, &progress)?,
            None => self.run_once(candles, &progress)?,
        };
        let steps = candles.len();
        self.look_closer(candles, &mut report, || progress(steps, steps))?;
        Ok(Answer::Report(Box::new(report)))
    }

    fn run_once(
        &self,
        candles: &Candles,
        progress: impl Fn(usize, usize) -> ControlFlow<()> + Sync,
    ) -> Result<Report, BacktestError> {
        let program = program(&self.strategy);
        let rules = ColumnRules::new(Arc::new(program.signals(&Columns::new(candles))), 0);
        let setup = Setup::of(&self.strategy, self.config.clone());
        let mut report = run(candles, rules, &setup, |done| progress(done, candles.len()))?;
        let (needed, known) = (program.warm_up(), candles.rows(None, self.config.to).end);
        if needed >= known {
            report.warnings.push(format!(
                "the indicators need {needed} candles before they have a value, and there are only {known}"
            ));
        }
        Ok(report)
    }

    /// The sections of a report that were asked for.
    fn look_closer(
        &self,
        candles: &Candles,
        report: &mut Report,
        progress: impl Fn() -> ControlFlow<()> + Sync,
    ) -> Result<(), BacktestError> {
        if let Some(asked) = self.monte_carlo {
            let played = monte_carlo(&report.trades, self.config.initial_cash, asked, &progress)?;
            report.sections.monte_carlo = played;
        }
        if let Some(asked) = self.checks {
            let setup = Setup::of(&self.strategy, self.config.clone());
            let look_ahead =
                asked.look_ahead.then(|| checks::look_ahead_of(&self.strategy, candles, &setup, &progress));
            let recursive = asked.recursive.then(|| checks::recursive(&self.strategy, candles, &progress));
            let (look_ahead, recursive) = (look_ahead.transpose()?, recursive.transpose()?);
            report.sections.checks = Some(CheckReport { look_ahead, recursive });
        }
        Ok(())
    }
}
