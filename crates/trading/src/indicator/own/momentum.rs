//! Ehlers' Fisher transform.

use super::window::{Highest, Lowest};
use super::{Rolling, whole};

/// Where the middle price stands in its window, scaled to ±1 and smoothed, made normal by
/// `ln((1 + v) / (1 − v)) / 2` (Ehlers, "Using the Fisher transform", 2002).
pub(in crate::indicator) struct Fisher {
    wait: usize,
    highest: Highest,
    lowest: Lowest,
    place: f64,
    value: f64,
}

/// Part of a window's prices below which its range is rounding alone.
const FLAT: f64 = 1e-14;

impl Rolling<2, 2> for Fisher {
    const SOURCE: &'static str = "https://ta-lib.org/functions/fisher";

    fn warm_up(parameters: &[f64]) -> usize {
        whole(parameters[0]) - 1
    }

    fn new(parameters: &[f64]) -> Self {
        let period = whole(parameters[0]);
        let (highest, lowest) = (Highest::new(period), Lowest::new(period));
        Self { wait: period - 1, highest, lowest, place: 0.0, value: 0.0 }
    }

    fn step(&mut self, [high, low]: [f64; 2]) -> [f64; 2] {
        let price = (high + low) / 2.0;
        let (highest, lowest) = (self.highest.push(price), self.lowest.push(price));
        if self.wait > 0 {
            self.wait -= 1;
            return [0.0; 2];
        }
        let range = highest - lowest;
        let flat = range <= FLAT * (highest.abs() + lowest.abs());
        let ratio = if flat { 0.5 } else { (price - lowest) / range };
        let place = 0.67 * self.place + 0.66 * (ratio - 0.5);
        self.place = if place.abs() > 0.99 { 0.999_f64.copysign(place) } else { place };
        let before = self.value;
        self.value = 0.5 * libm::log((1.0 + self.place) / (1.0 - self.place)) + 0.5 * before;
        [self.value, before]
    }
}
