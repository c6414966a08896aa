//! Whether the figures can be trusted: does a strategy know what comes later, and does it depend
//! on where the history begins?

mod ahead;

use std::ops::ControlFlow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::BacktestError;
use super::history::sorted;
use crate::candle::Candles;
use crate::indicator::Indicator;
use crate::money::Symbol;
use crate::strategy::{Columns, Declared, Document};
use crate::time::Timestamp;

pub use ahead::{look_ahead, look_ahead_of};

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
    /// How many decisions there are in the whole history: signals of rules or of a script, orders of
    /// whatever else trades.
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
    /// Of which symbol, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<Symbol>,
    /// `entry` or `exit` for a signal, `order` for an order that was sent or taken back, else the
    /// output of an indicator such as `bands.upper`.
    pub what: String,
}

/// How an output of an indicator depends on where the history begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Drift {
    /// Of which symbol, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<Symbol>,
    /// Such as `bands.upper`.
    pub output: String,
    /// With so many candles, how many percent the last value is off; null where there is none yet.
    pub drifts: Vec<(usize, Option<f64>)>,
    /// From so many candles on it is less than a tenth of a percent off; null where it never is.
    pub warm_up: Option<usize>,
}

fn indicators(document: &Document) -> impl Iterator<Item = (&String, &Declared)> {
    document.indicators().into_iter().flatten()
}

/// `bands.upper` and its like; the id alone where there is one output only.
fn outputs<'a>(id: &'a str, indicator: &'a Indicator) -> impl Iterator<Item = String> + 'a {
    let names = indicator.kind().outputs;
    names.iter().map(move |name| if names.len() == 1 { id.to_owned() } else { format!("{id}.{name}") })
}

/// The symbols of a document in the order of its columns; none is named where there is only one.
fn named(document: &Document) -> Vec<Option<Symbol>> {
    let symbols = sorted(document.market());
    let several = symbols.len() > 1;
    symbols.into_iter().map(|symbol| several.then_some(symbol)).collect()
}

/// How much the last value of each indicator changes where the history begins later.
///
/// # Errors
/// Where `progress` asks for the end.
pub fn recursive(
    document: &Document,
    columns: &[Columns<'_>],
    progress: impl Fn() -> ControlFlow<()>,
) -> Result<Vec<Drift>, BacktestError> {
    let mut all = Vec::new();
    for (columns, symbol) in columns.iter().zip(named(document)) {
        all.extend(drifts(document, columns.candles(), symbol, &progress)?);
    }
    Ok(all)
}

fn drifts(
    document: &Document,
    candles: &Candles,
    symbol: Option<Symbol>,
    progress: impl Fn() -> ControlFlow<()>,
) -> Result<Vec<Drift>, BacktestError> {
    let Some(last) = candles.len().checked_sub(1) else { return Err(BacktestError::NoCandles) };
    let names = indicators(document).flat_map(|(id, declared)| outputs(id, &declared.indicator));
    let mut found: Vec<Drift> =
        names.map(|output| Drift { symbol, output, drifts: Vec::new(), warm_up: None }).collect();
    let values = |candles: &Candles, row: usize| -> Vec<f64> {
        let columns = Columns::new(candles);
        indicators(document).flat_map(|(_, declared)| columns.at(declared, row)).collect()
    };
    let whole = values(candles, last);
    let longest = candles.len().min(MOST_WARM_UP);
    for count in std::iter::successors(Some(16), |count| Some(count * 2)).take_while(|count| *count <= longest) {
        let seen = values(&candles.part(last + 1 - count..last + 1), count - 1);
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
