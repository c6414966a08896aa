//! One back-test.

use std::ops::{ControlFlow, Range};

use super::outside::Outside;
use super::recorder::{Recorder, Report, about};
use super::{BacktestConfig, BacktestError};
use crate::candle::gaps::gaps;
use crate::candle::{Candles, Finer};
use crate::engine::{Conduct, Config, Driver, Effects, Engine, Input, Strategy};
use crate::metrics::Metrics;
use crate::money::{Instrument, Symbol};
use crate::order::IdPrefix;
use crate::risk::Limits;
use crate::simulator::Simulator;
use crate::strategy::Document;
use crate::strategy::plan::Plan;

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
    /// A document tried on its first symbol without limits.
    #[must_use]
    pub fn of(document: &Document, config: BacktestConfig) -> Self {
        let instrument = config.filters.of(document.market().symbols()[0]);
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
    let mut report = go(candles, Conduct::RoundTrips(strategy), setup, true, progress)?;
    warn(candles, setup, None, &mut report)?;
    Ok(report)
}

/// Says where candles are missing or do not add up; of which symbol, where there are several.
pub(super) fn warn(
    candles: &Candles,
    setup: &Setup,
    symbol: Option<Symbol>,
    report: &mut Report,
) -> Result<(), BacktestError> {
    if let Some(finer) = finer(candles, setup)? {
        report.warnings.extend(finer.warnings().map(|warning| about(symbol, warning)));
    }
    let missing = missing(candles);
    if missing > 0 {
        report.warnings.push(about(symbol, format!("{missing} candles are missing in the history")));
    }
    Ok(())
}

/// The finer candles that the file asks for.
pub(super) fn finer<'a>(candles: &'a Candles, setup: &Setup) -> Result<Option<&'a Finer>, BacktestError> {
    let Some(timeframe) = setup.config.intrabar else { return Ok(None) };
    let finer = candles.finer().filter(|finer| finer.candles().timeframe() == timeframe);
    finer.map(Some).ok_or(BacktestError::NoIntrabar(timeframe))
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
    go(candles, Conduct::RoundTrips(strategy), setup, false, progress).map(|report| report.metrics)
}

/// The same for a bot of any kind, with or without trades and equity.
pub(super) fn go<S: Strategy>(
    candles: &Candles,
    conduct: Conduct<S>,
    setup: &Setup,
    detail: bool,
    progress: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<Report, BacktestError> {
    let rows = candles.rows(setup.config.from, setup.config.to);
    let mut recorder = Recorder::new(candles, &rows, setup.config.initial_cash, detail);
    let driver = drive(candles, conduct, setup, &mut recorder, progress)?;
    Ok(recorder.finish(&rows, &driver, setup.config.initial_cash))
}

/// Takes a bot through the period; what happens goes to the recorder.
pub(super) fn drive<S: Strategy>(
    candles: &Candles,
    conduct: Conduct<S>,
    setup: &Setup,
    recorder: &mut Recorder<'_>,
    mut progress: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<Driver<S>, BacktestError> {
    setup.plan.check()?;
    let rows = candles.rows(setup.config.from, setup.config.to);
    if rows.is_empty() {
        return Err(BacktestError::NoCandles);
    }
    let finer = finer(candles, setup)?;
    let mut driver = driver(candles, conduct, setup, &rows);
    let mut signals = Outside::new(&setup.config.signals);
    let mut start = 0;
    while start < rows.end {
        let end = (start + CANDLES_BETWEEN_PROGRESS).min(rows.end);
        let mut row = start;
        while row < end {
            let rests = if signals.is_over() { driver.rests().min(end - row) } else { 0 };
            if rests > 0 {
                driver.pass(rests, &candles.get(row + rests - 1));
                recorder.rest(row.max(rows.start)..row + rests, driver.engine());
                row += rests;
                continue;
            }
            if signals.is_due(candles.open_time(row)) {
                signals.tell(candles.open_time(row), &mut driver, |_, _, effects| recorder.note(effects));
            }
            let (candle, record) = (candles.get(row), |_, _: &Input, effects: &Effects| recorder.note(effects));
            match finer.and_then(|finer| Some((finer.candles(), finer.parts(row)?))) {
                Some((parts, rows)) => driver.on_candle_of(&candle, parts, rows, record),
                None => driver.on_candle(&candle, record),
            }
            if let Some(failure) = driver.engine().failure() {
                return Err(BacktestError::Failed(failure.clone()));
            }
            if row >= rows.start {
                recorder.close(row, driver.engine());
            }
            row += 1;
        }
        start = end;
        if progress(start).is_break() {
            return Err(BacktestError::Cancelled);
        }
    }
    Ok(driver)
}

/// A bot and its venue before the first candle of the period.
pub(super) fn driver<S: Strategy>(
    candles: &Candles,
    conduct: Conduct<S>,
    setup: &Setup,
    rows: &Range<usize>,
) -> Driver<S> {
    let config = Config {
        instrument: setup.instrument.clone(),
        plan: setup.plan.clone(),
        limits: setup.limits,
        cash: setup.config.initial_cash,
        prefix: IdPrefix::default(),
        trade_from: Some(candles.open_time(rows.start)),
    };
    let simulator = Simulator::new(setup.config.rules(), setup.instrument.clone());
    Driver::new(Engine::of(conduct, config), simulator, candles.timeframe())
}
