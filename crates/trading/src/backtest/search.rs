//! Searching good values where there are too many combinations to try all: by chance, or by
//! tree-structured Parzen estimators (Bergstra, Bardenet, Bengio and Kégl 2011).
//!
//! Trials are proposed in batches of one size, from the batches before, so that a search is the
//! same on any number of threads.

use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;

use serde_json::Value;

use super::random::Random;
use super::study::{Goal, Search, SearchKind};
use super::sweep::{Bench, Combination, best_first};
use super::tpe::Estimator;
use super::{BacktestConfig, BacktestError, BacktestFile, Sweep};
use crate::strategy::{Columns, Fault};

/// Trials that are proposed at once.
const BATCH: usize = 16;
/// Trials by chance before the estimators have something to go by.
const BEGINNING: usize = 32;

/// One value of each path, by its place in the path's list.
pub(super) type Point = Vec<usize>;

/// Runs a search on the current rayon pool: the best first, ties in the order of the trials.
/// `progress` is told how many are done, and of how many, and may ask for the end.
///
/// # Errors
/// Where no trial is a strategy, there are no candles in the period, or `progress` asks for it.
pub(super) fn search(
    file: &BacktestFile,
    search: &Search,
    columns: &[Columns<'_>],
    progress: impl Fn(usize, usize) -> ControlFlow<()> + Sync,
) -> Result<Sweep, BacktestError> {
    let bench = Bench::new(&file.strategy, columns, search.trials, progress);
    explore(search, &bench, &file.config)
}

/// The search on a bench, which may have other work as well.
pub(super) fn explore<P: Fn(usize, usize) -> ControlFlow<()> + Sync>(
    search: &Search,
    bench: &Bench<'_, P>,
    config: &BacktestConfig,
) -> Result<Sweep, BacktestError> {
    let goal = Goal::new(search.objective, search.direction);
    let mut space = Space::new(search);
    let mut combinations: Vec<Combination> = Vec::new();
    let mut trials: Vec<(Point, Option<f64>)> = Vec::new();
    let mut refused: (usize, Vec<Fault>) = (0, Vec::new());
    while trials.len() < space.trials {
        let points = space.propose(search.kind, &trials);
        let tried = bench.all(points.iter().map(|point| space.parameters(point)).collect(), config)?;
        for (point, tried) in points.into_iter().zip(tried) {
            match tried {
                Ok(combination) => {
                    trials.push((point, goal.score(&combination.metrics)));
                    combinations.push(combination);
                }
                Err(faults) => {
                    trials.push((point, None));
                    refused = (refused.0 + 1, if refused.0 == 0 { faults } else { refused.1 });
                }
            }
        }
    }
    if combinations.is_empty() {
        return Err(BacktestError::Faults(refused.1));
    }
    best_first(&mut combinations, goal);
    Ok(Sweep { combinations, warnings: passed_over(&refused), filters: None })
}

fn passed_over((count, faults): &(usize, Vec<Fault>)) -> Vec<String> {
    let warning = |fault: &Fault| format!("{count} trials are no strategies and were passed over; the first: {fault}");
    faults.first().map(warning).into_iter().collect()
}

/// All combinations that may be tried, and which were.
struct Space<'a> {
    search: &'a Search,
    /// How many values each path has.
    sizes: Vec<usize>,
    /// How many trials there will be: no more than there are combinations.
    trials: usize,
    seen: HashSet<Point>,
    random: Random,
}

impl<'a> Space<'a> {
    fn new(search: &'a Search) -> Self {
        let sizes: Vec<usize> = search.space.values().map(|values| values.all().len()).collect();
        let combinations = sizes.iter().fold(1_usize, |product, size| product.saturating_mul(*size));
        let random = Random::new(search.seed, 0);
        Self { search, sizes, trials: search.trials.min(combinations), seen: HashSet::new(), random }
    }

    fn parameters(&self, point: &[usize]) -> BTreeMap<String, Value> {
        let value = |((path, values), place): ((&String, &super::Values), &usize)| {
            (path.clone(), values.all().get(*place).cloned().unwrap_or_default())
        };
        self.search.space.iter().zip(point).map(value).collect()
    }

    /// The next batch; none was tried before.
    fn propose(&mut self, kind: SearchKind, trials: &[(Point, Option<f64>)]) -> Vec<Point> {
        let count = BATCH.min(self.trials - trials.len());
        let by_chance = kind == SearchKind::Random || trials.len() < BEGINNING;
        let estimators = if by_chance { Vec::new() } else { self.estimators(trials) };
        (0..count).map(|_| if by_chance { self.chance() } else { self.likely(&estimators) }).collect()
    }

    fn estimators(&self, trials: &[(Point, Option<f64>)]) -> Vec<Estimator> {
        let ordered = self.search.space.values().map(super::Values::is_ordered);
        let sizes = self.sizes.iter().zip(ordered).enumerate();
        let ranked = super::tpe::ranked(trials);
        sizes.map(|(path, (size, ordered))| Estimator::new(&ranked, path, *size, ordered)).collect()
    }

    fn chance(&mut self) -> Point {
        let point = self.sizes.iter().map(|size| self.random.below(*size)).collect();
        self.fresh(point)
    }

    /// Of some points that are likely to be good, the one where good trials are densest beside bad ones.
    fn likely(&mut self, estimators: &[Estimator]) -> Point {
        let mut best: Option<(f64, Point)> = None;
        for _ in 0..super::tpe::CANDIDATES {
            let point: Point = estimators.iter().map(|estimator| estimator.draw(&mut self.random)).collect();
            let gain = super::tpe::gain(estimators, &point);
            if !self.seen.contains(&point) && best.as_ref().is_none_or(|(most, _)| gain > *most) {
                best = Some((gain, point));
            }
        }
        match best {
            Some((_, point)) => self.fresh(point),
            None => self.chance(),
        }
    }

    /// The point, or the next one that was not tried.
    fn fresh(&mut self, mut point: Point) -> Point {
        while !self.seen.insert(point.clone()) {
            for (place, size) in point.iter_mut().zip(&self.sizes).rev() {
                *place = (*place + 1) % size;
                if *place > 0 {
                    break;
                }
            }
        }
        point
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The least distance to a point that a search finds where that is all that counts.
    fn nearest(kind: &str, seed: u64) -> usize {
        let values = serde_json::json!({"from": 1, "to": 60, "step": 1});
        let search: Search = serde_json::from_value(serde_json::json!({
            "kind": kind, "space": {"a": values, "b": values, "c": values}, "trials": 160, "seed": seed,
            "objective": "return"
        }))
        .unwrap();
        let mut space = Space::new(&search);
        let distance = |point: &Point| [41, 12, 30].iter().zip(point).map(|(a, b)| b.abs_diff(*a)).sum::<usize>();
        let mut trials: Vec<(Point, Option<f64>)> = Vec::new();
        while trials.len() < space.trials {
            let points = space.propose(search.kind, &trials);
            trials.extend(points.into_iter().map(|point| {
                let score = f64::from(-i32::try_from(distance(&point)).unwrap());
                (point, Some(score))
            }));
        }
        trials.iter().map(|(point, _)| distance(point)).min().unwrap()
    }

    #[test]
    fn estimators_come_nearer_than_chance() {
        let total = |kind: &str| (0..10).map(|seed| nearest(kind, seed)).sum::<usize>();
        let (estimated, by_chance) = (total("tpe"), total("random"));
        assert!(2 * estimated < by_chance, "{estimated} is not far below {by_chance}");
    }
}
