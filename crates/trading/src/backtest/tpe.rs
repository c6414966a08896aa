//! Parzen estimators over lists of values.

#![allow(clippy::float_arithmetic, clippy::cast_precision_loss, reason = "statistics")]

use super::random::Random;
use super::search::Point;

/// Points that are drawn for each trial.
pub(super) const CANDIDATES: usize = 24;
/// The part of the trials that counts as good.
const GOOD: f64 = 0.15;

/// Trials, the best first, and how many of them count as good.
pub(super) struct Ranked<'a> {
    points: Vec<&'a Point>,
    good: usize,
}

/// The best first, those without a value last; among equals, the earlier one first.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of the length")]
pub(super) fn ranked(trials: &[(Point, Option<f64>)]) -> Ranked<'_> {
    let mut sorted: Vec<&(Point, Option<f64>)> = trials.iter().collect();
    let score = |trial: &(Point, Option<f64>)| trial.1.unwrap_or(f64::NEG_INFINITY);
    sorted.sort_by(|a, b| score(b).total_cmp(&score(a)));
    let good = ((trials.len() as f64 * GOOD).ceil() as usize).max(1);
    Ranked { points: sorted.into_iter().map(|(point, _)| point).collect(), good }
}

/// How dense good and bad trials are at each value of one path.
pub(super) struct Estimator {
    good: Vec<f64>,
    bad: Vec<f64>,
}

impl Estimator {
    /// Of a path with `size` values; where they are `ordered`, a trial speaks for its neighbours too.
    pub(super) fn new(ranked: &Ranked<'_>, path: usize, size: usize, ordered: bool) -> Self {
        let (good, bad) = ranked.points.split_at(ranked.good.min(ranked.points.len()));
        let density =
            |points: &[&Point]| density(points.iter().filter_map(|point| point.get(path).copied()), size, ordered);
        Self { good: density(good), bad: density(bad) }
    }

    /// A value as the good trials have it.
    pub(super) fn draw(&self, random: &mut Random) -> usize {
        let mut rest = random.fraction();
        let place = self.good.iter().position(|density| {
            rest -= density;
            rest < 0.0
        });
        place.unwrap_or(self.good.len() - 1)
    }
}

/// The logarithm of how much denser good trials are at a point than bad ones.
pub(super) fn gain(estimators: &[Estimator], point: &[usize]) -> f64 {
    let one = |(estimator, place): (&Estimator, &usize)| libm::log(estimator.good[*place] / estimator.bad[*place]);
    estimators.iter().zip(point).map(one).fold(0.0, |sum, gain| sum + gain)
}

/// A bell over each place and one flat trial over all, as parts of 1.
fn density(places: impl Iterator<Item = usize>, size: usize, ordered: bool) -> Vec<f64> {
    let mut counts = vec![0.0; size];
    let mut trials = 0.0;
    for place in places {
        counts[place] += 1.0;
        trials += 1.0;
    }
    let bell = bell(size, trials, ordered);
    let mut density = vec![1.0 / size as f64; size];
    for (place, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0.0) {
        for (other, density) in density.iter_mut().enumerate() {
            *density += count * bell[place.abs_diff(other)];
        }
    }
    let sum = density.iter().fold(0.0, |sum, density| sum + density);
    density.iter().map(|density| density / sum).collect()
}

/// The weight at each distance: narrower, the more trials there are (Scott 1992).
fn bell(size: usize, trials: f64, ordered: bool) -> Vec<f64> {
    if !ordered {
        return (0..size).map(|distance| if distance == 0 { 1.0 } else { 0.0 }).collect();
    }
    let width = (size as f64 / 4.0 * libm::pow(trials.max(1.0), -0.2)).max(0.5);
    let weight = |distance: usize| {
        let steps = distance as f64 / width;
        libm::exp(-0.5 * steps * steps)
    };
    let weights: Vec<f64> = (0..size).map(weight).collect();
    let total = weights.iter().skip(1).fold(weights.first().copied().unwrap_or(1.0), |sum, weight| sum + 2.0 * weight);
    weights.into_iter().map(|weight| weight / total).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_places_are_dense_and_every_place_stays_possible() {
        // the nearer to place 70, the better
        let score = |place: usize| -(place.abs_diff(70) as f64);
        let trials: Vec<(Point, Option<f64>)> =
            (0..100).map(|trial| (vec![trial * 37 % 100], Some(score(trial * 37 % 100)))).collect();
        let estimator = Estimator::new(&ranked(&trials), 0, 100, true);
        let sum: f64 = estimator.good.iter().sum();
        assert!((sum - 1.0).abs() < 1e-12);
        assert!(estimator.good[70] > 5.0 * estimator.good[20]);
        assert!(estimator.good.iter().chain(&estimator.bad).all(|density| *density > 0.0));
        let estimators = [estimator];
        assert!(gain(&estimators, &[70]) > 0.0 && gain(&estimators, &[20]) < 0.0);
        let mut random = Random::new(1, 0);
        let near = (0..1_000).filter(|_| estimators[0].draw(&mut random).abs_diff(70) <= 25).count();
        assert!(near > 700, "{near}");
    }

    #[test]
    fn a_trial_speaks_for_itself_alone_where_values_have_no_order() {
        let density = density([2, 2, 2].into_iter(), 4, false);
        assert_eq!(density, [0.0625, 0.0625, 0.8125, 0.0625]);
    }
}
