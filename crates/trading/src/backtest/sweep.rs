//! Many back-tests of one strategy with other values.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::file::combination;
use super::run::Setup;
use super::study::Goal;
use super::trial::trial;
use super::{AppliedFilters, BacktestConfig, BacktestError, BacktestFile};
use crate::metrics::Metrics;
use crate::strategy::{Columns, Document, Fault};

/// The answer of a sweep or a search.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sweep {
    /// What was tried. Where an objective is given, the best first and those without a value last;
    /// else every combination of a sweep, the last path varying fastest.
    pub combinations: Vec<Combination>,
    /// What should be known about them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// The filters that were applied to orders; absent where none were to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filters: Option<AppliedFilters>,
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

/// What a search tries, or what is no strategy.
pub(super) type Tried = Result<Combination, Vec<Fault>>;

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
    let bench = Bench::new(&file.strategy, columns, file.combinations(), progress);
    let mut combinations = bench.grid(&file.sweep, &file.config)?;
    if let Some(objective) = file.objective {
        best_first(&mut combinations, Goal::new(objective, None));
    }
    Ok(Sweep { combinations, ..Sweep::default() })
}

/// The best first, those without a value last; among equals, as they were.
pub(super) fn best_first(combinations: &mut [Combination], goal: Goal) {
    let score = |it: &Combination| goal.score(&it.metrics).unwrap_or(f64::NEG_INFINITY);
    combinations.sort_by(|a, b| score(b).total_cmp(&score(a)));
}

/// Where combinations of a strategy are tried on one history.
pub(super) struct Bench<'a, P> {
    strategy: &'a Document,
    columns: &'a [Columns<'a>],
    progress: P,
    done: AtomicUsize,
    total: usize,
    ended: AtomicBool,
}

impl<'a, P: Fn(usize, usize) -> ControlFlow<()> + Sync> Bench<'a, P> {
    /// `total` is how many runs there will be.
    pub(super) fn new(strategy: &'a Document, columns: &'a [Columns<'a>], total: usize, progress: P) -> Self {
        Self { strategy, columns, progress, done: AtomicUsize::new(0), total, ended: AtomicBool::new(false) }
    }

    /// All combinations, in the order of their values.
    pub(super) fn grid(
        &self,
        sweep: &BTreeMap<String, Vec<Value>>,
        config: &BacktestConfig,
    ) -> Result<Vec<Combination>, BacktestError> {
        let sizes: Vec<usize> = sweep.values().map(Vec::len).collect();
        let one = |rank: usize| {
            let index = reflected(&sizes, rank);
            let tried = self.attempt(combination(sweep, index), config)?;
            tried.map(|combination| (index, combination)).map_err(BacktestError::Faults)
        };
        let total = sizes.iter().product();
        let mut found = (0..total).into_par_iter().map(one).collect::<Result<Vec<_>, BacktestError>>()?;
        found.sort_unstable_by_key(|(index, _)| *index);
        Ok(found.into_iter().map(|(_, combination)| combination).collect())
    }

    /// These combinations, in their order.
    pub(super) fn all(
        &self,
        combinations: Vec<BTreeMap<String, Value>>,
        config: &BacktestConfig,
    ) -> Result<Vec<Tried>, BacktestError> {
        combinations.into_par_iter().map(|parameters| self.attempt(parameters, config)).collect()
    }

    /// The strategy with these values, and how it is tried.
    pub(super) fn prepare(
        &self,
        parameters: &BTreeMap<String, Value>,
        config: &BacktestConfig,
    ) -> Result<(Document, Setup), Vec<Fault>> {
        let values = parameters.iter().map(|(path, value)| (path.as_str(), value));
        let document = self.strategy.apply_all(values)?;
        let setup = Setup::of(&document, config.clone());
        Ok((document, setup))
    }

    fn attempt(&self, parameters: BTreeMap<String, Value>, config: &BacktestConfig) -> Result<Tried, BacktestError> {
        self.go_on()?;
        let tried = match self.prepare(&parameters, config) {
            Ok((document, setup)) => {
                let metrics = trial(&document, self.columns, &setup, false, |_| self.heard())?.metrics;
                Ok(Combination { parameters, metrics })
            }
            Err(faults) => Err(faults),
        };
        self.done.fetch_add(1, Ordering::Relaxed);
        self.go_on().map(|()| tried)
    }

    fn go_on(&self) -> Result<(), BacktestError> {
        if self.heard().is_break() { Err(BacktestError::Cancelled) } else { Ok(()) }
    }

    /// Tells how many runs are done and hears whether to end, often within each run.
    pub(super) fn heard(&self) -> ControlFlow<()> {
        let ended = || (self.progress)(self.done.load(Ordering::Relaxed), self.total).is_break();
        if self.ended.load(Ordering::Relaxed) || ended() {
            self.ended.store(true, Ordering::Relaxed);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

/// The combination that is tried as number `rank`: a reflected Gray code, in which neighbours
/// differ in one value only and so share all indicators but its own.
fn reflected(sizes: &[usize], rank: usize) -> usize {
    let (mut block, mut index) = (sizes.iter().product::<usize>(), 0);
    for size in sizes {
        let backwards = rank / block % 2 == 1;
        block /= size;
        let digit = rank / block % size;
        index += block * if backwards { size - 1 - digit } else { digit };
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_differ_in_one_value_and_every_combination_comes_once() {
        let sizes = [3, 4, 2, 5];
        let digits = |index: usize| [index / 40 % 3, index / 10 % 4, index / 5 % 2, index % 5];
        let order: Vec<usize> = (0..120).map(|rank| reflected(&sizes, rank)).collect();
        for pair in order.windows(2) {
            let [one, next] = [pair[0], pair[1]].map(digits);
            assert_eq!(one.iter().zip(next).filter(|(a, b)| **a != *b).count(), 1, "{one:?} {next:?}");
        }
        let mut sorted = order;
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..120));
    }
}
