//! Many back-tests of one strategy with other values.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::run::{Setup, trial};
use super::{BacktestError, BacktestFile};
use crate::metrics::Metrics;
use crate::strategy::Columns;

/// The answer of a sweep: every combination, the last path varying fastest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sweep {
    /// All of them.
    pub combinations: Vec<Combination>,
}

/// One combination and its figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Combination {
    /// Values by their paths.
    pub parameters: BTreeMap<String, Value>,
    /// What came of them.
    pub metrics: Metrics,
}

/// Runs all combinations of a file on the current rayon pool; each distinct indicator is computed
/// once. `progress` is told how many are done, and of how many, and may ask for the end.
///
/// # Errors
/// Where a combination is no strategy, its plan makes no sense, there are no candles in the
/// period, or `progress` asks for it.
pub(super) fn sweep(
    file: &BacktestFile,
    columns: &[Columns<'_>],
    progress: impl Fn(usize, usize) -> ControlFlow<()> + Sync,
) -> Result<Sweep, BacktestError> {
    let total = file.combinations();
    let (done, ended) = (AtomicUsize::new(0), AtomicBool::new(false));
    let one = |index: usize| {
        let combination = combine(file, columns, index, |_| heard(&ended))?;
        if progress(done.fetch_add(1, Ordering::Relaxed) + 1, total).is_break() {
            ended.store(true, Ordering::Relaxed);
        }
        Ok(combination)
    };
    let combinations = (0..total).into_par_iter().map(one).collect::<Result<_, BacktestError>>()?;
    if ended.into_inner() { Err(BacktestError::Cancelled) } else { Ok(Sweep { combinations }) }
}

fn heard(ended: &AtomicBool) -> ControlFlow<()> {
    if ended.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

fn combine(
    file: &BacktestFile,
    columns: &[Columns<'_>],
    index: usize,
    progress: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<Combination, BacktestError> {
    let parameters = file.combination(index);
    let values = parameters.iter().map(|(path, value)| (path.as_str(), value));
    let document = file.strategy.apply_all(values).map_err(BacktestError::Faults)?;
    let metrics = trial(&document, columns, &Setup::of(&document, file.config.clone()), false, progress)?.metrics;
    Ok(Combination { parameters, metrics })
}
