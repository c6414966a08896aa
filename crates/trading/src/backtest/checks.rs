//! Whether the figures can be trusted: does a strategy know what comes later, and does it depend
//! on where the history begins?

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::run::measure;
use super::{BacktestError, Setup};
use crate::candle::{Candle, Candles};
use crate::engine::{Signal, Strategy};
use crate::indicator::Indicator;
use crate::position::Position;
use crate::strategy::{ColumnRules, Columns, Declared, Document, Program};
use crate::time::Timestamp;

/// The most decisions after which the history is cut.
const MOST_CUTS: usize = 20;
/// The most differences that are told.
const MOST_DIFFERENCES: usize = 100;
/// The most candles from which an indicator is reckoned anew.
const MOST_WARM_UP: usize = 65_536;
/// The drift that counts as none, in percent.
pub const DRIFT_ALLOWED: f64 = 0.1;

/// What the checks found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckReport {
    /// Whether later candles change what was decided before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look_ahead: Option<LookAhead>,
    /// How much each output of an indicator depends on where the history begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recursive: Option<Vec<Drift>>,
}

/// What changed when later candles were cut off.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LookAhead {
    /// After how many decisions the history was cut.
    pub cuts: usize,
    /// How many decisions there are in the whole history.
    pub decisions: usize,
    /// What differed; empty where nothing looks ahead.
    pub differences: Vec<Difference>,
}

/// Something that was otherwise where later candles were not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// The candle after which the history was cut: when it opens.
    pub cut: Timestamp,
    /// The candle at which something differed: when it opens.
    pub at: Timestamp,
    /// `entry` or `exit` for a decision, else the output of an indicator such as `bands.upper`.
    pub what: String,
}

/// How an output of an indicator depends on where the history begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Drift {
    /// Such as `bands.upper`.
    pub output: String,
    /// With so many candles, how many percent the last value is off; null where there is none yet.
    pub drifts: Vec<(usize, Option<f64>)>,
    /// From so many candles on it is less than a tenth of a percent off; null where it never is.
    pub warm_up: Option<usize>,
}

/// A strategy that writes its decisions down.
struct Watched<S> {
    strategy: S,
    decisions: Decisions,
}

type Decisions = Arc<Mutex<Vec<(Timestamp, Signal)>>>;

impl<S: Strategy> Strategy for Watched<S> {
    fn on_candle(&mut self, candle: &Candle, position: &Position) -> Option<Signal> {
        let signal = self.strategy.on_candle(candle, position)?;
        self.decisions.lock().unwrap_or_else(PoisonError::into_inner).push((candle.open_time, signal));
        Some(signal)
    }
}

/// Tries a strategy on the whole history and on histories that end with one of its decisions, and
/// tells each decision that is another where later candles are not known. `make` gives the
/// strategy of a history.
///
/// # Errors
/// As [`run`](super::run()).
pub fn look_ahead<S: Strategy>(
    candles: &Candles,
    setup: &Setup,
    make: impl Fn(&Candles) -> S,
    progress: impl Fn() -> ControlFlow<()>,
) -> Result<LookAhead, BacktestError> {
    let whole = decisions(candles, setup, make(candles), &progress)?;
    let mut found = LookAhead { decisions: whole.len(), ..LookAhead::default() };
    for cut in cuts(&whole) {
        let row = candles.rows(None, Some(cut)).end;
        let Ok(part) = Candles::collect(candles.timeframe(), candles.iter().take(row + 1)) else { continue };
        let seen = decisions(&part, setup, make(&part), &progress)?;
        found.cuts += 1;
        let known = whole.iter().filter(|(at, _)| *at <= cut);
        found.differences.extend(first_difference(cut, known, &seen));
    }
    found.differences.truncate(MOST_DIFFERENCES);
    Ok(found)
}

fn decisions<S: Strategy>(
    candles: &Candles,
    setup: &Setup,
    strategy: S,
    progress: &impl Fn() -> ControlFlow<()>,
) -> Result<Vec<(Timestamp, Signal)>, BacktestError> {
    let decisions = Decisions::default();
    let watched = Watched { strategy, decisions: Arc::clone(&decisions) };
    measure(candles, watched, setup, |_| progress())?;
    let mut made = decisions.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(std::mem::take(&mut made))
}

/// Some decisions, evenly spread, the first and the last among them.
fn cuts(decisions: &[(Timestamp, Signal)]) -> Vec<Timestamp> {
    let (count, last) = (decisions.len().min(MOST_CUTS), decisions.len().saturating_sub(1));
    (0..count).map(|cut| decisions[cut * last / (count - 1).max(1)].0).collect()
}

fn first_difference<'a>(
    cut: Timestamp,
    whole: impl Iterator<Item = &'a (Timestamp, Signal)>,
    part: &[(Timestamp, Signal)],
) -> Option<Difference> {
    let mut seen = part.iter();
    for known in whole {
        match seen.next() {
            Some(other) if other == known => {}
            other => {
                return Some(difference(
                    cut,
                    other.map_or(*known, |other| if other.0 < known.0 { *other } else { *known }),
                ));
            }
        }
    }
    seen.next().map(|other| difference(cut, *other))
}

fn difference(cut: Timestamp, (at, signal): (Timestamp, Signal)) -> Difference {
    let what = if signal == Signal::Enter { "entry" } else { "exit" };
    Difference { cut, at, what: what.to_owned() }
}

/// The same for a document of rules, the only kind that reads columns of all candles at once; its
/// indicators are compared at each cut too. Other kinds see one candle after the other.
///
/// # Errors
/// As [`run`](super::run()).
pub fn look_ahead_of(
    document: &Document,
    candles: &Candles,
    setup: &Setup,
    progress: impl Fn() -> ControlFlow<()>,
) -> Result<LookAhead, BacktestError> {
    let Some(rules) = document.rules() else { return Ok(LookAhead::default()) };
    let make = |candles: &Candles| {
        let signals = Program::compile(rules, candles.timeframe()).signals(&Columns::new(candles));
        ColumnRules::new(Arc::new(signals), 0)
    };
    let mut found = look_ahead(candles, setup, make, &progress)?;
    let whole = Columns::new(candles);
    for cut in cuts(&decisions(candles, setup, make(candles), &progress)?) {
        let row = candles.rows(None, Some(cut)).end;
        let Ok(part) = Candles::collect(candles.timeframe(), candles.iter().take(row + 1)) else { continue };
        let part = Columns::new(&part);
        for (id, declared) in indicators(document) {
            let (known, seen) = (whole.at(declared, row), part.at(declared, row));
            let names = outputs(id, &declared.indicator).zip(known.iter().zip(&seen));
            let differ = names.filter(|(_, (known, seen))| known.to_bits() != seen.to_bits());
            found.differences.extend(differ.map(|(what, _)| Difference { cut, at: cut, what }));
        }
        if progress().is_break() {
            return Err(BacktestError::Cancelled);
        }
    }
    found.differences.truncate(MOST_DIFFERENCES);
    Ok(found)
}

fn indicators(document: &Document) -> impl Iterator<Item = (&String, &Declared)> {
    document.rules().into_iter().flat_map(|rules| rules.indicators())
}

/// `bands.upper` and its like; the id alone where there is one output only.
fn outputs<'a>(id: &'a str, indicator: &'a Indicator) -> impl Iterator<Item = String> + 'a {
    let names = indicator.kind().outputs;
    names.iter().map(move |name| if names.len() == 1 { id.to_owned() } else { format!("{id}.{name}") })
}

/// How much the last value of each indicator changes where the history begins later.
///
/// # Errors
/// Where `progress` asks for the end.
pub fn recursive(
    document: &Document,
    candles: &Candles,
    progress: impl Fn() -> ControlFlow<()>,
) -> Result<Vec<Drift>, BacktestError> {
    let Some(last) = candles.len().checked_sub(1) else { return Err(BacktestError::NoCandles) };
    let names = indicators(document).flat_map(|(id, declared)| outputs(id, &declared.indicator));
    let mut found: Vec<Drift> = names.map(|output| Drift { output, drifts: Vec::new(), warm_up: None }).collect();
    let values = |candles: &Candles, row: usize| -> Vec<f64> {
        let columns = Columns::new(candles);
        indicators(document).flat_map(|(_, declared)| columns.at(declared, row)).collect()
    };
    let whole = values(candles, last);
    let longest = candles.len().min(MOST_WARM_UP);
    for count in std::iter::successors(Some(16), |count| Some(count * 2)).take_while(|count| *count <= longest) {
        let Ok(part) = Candles::collect(candles.timeframe(), (last + 1 - count..=last).map(|row| candles.get(row)))
        else {
            continue;
        };
        let seen = values(&part, count - 1);
        for (drift, (whole, seen)) in found.iter_mut().zip(whole.iter().zip(seen)) {
            drift.add(count, *whole, seen);
        }
        if progress().is_break() {
            return Err(BacktestError::Cancelled);
        }
    }
    Ok(found)
}

impl Drift {
    #[expect(clippy::float_arithmetic, reason = "statistics")]
    fn add(&mut self, count: usize, whole: f64, seen: f64) {
        let drift = if whole.to_bits() == seen.to_bits() { 0.0 } else { (seen - whole).abs() / whole.abs() * 100.0 };
        let drift = crate::metrics::finite(drift);
        self.drifts.push((count, drift));
        let near = drift.is_some_and(|drift| drift < DRIFT_ALLOWED);
        self.warm_up = if near { self.warm_up.or(Some(count)) } else { None };
    }
}
