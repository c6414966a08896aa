//! Stops by the average true range.

use super::window::{Highest, Lowest};
use super::{Rolling, whole};

/// The true range of each candle but the first: `max(high, close[1]) − min(low, close[1])` (Wilder 1978).
#[derive(Default)]
pub(super) struct TrueRange {
    close: Option<f64>,
}

impl TrueRange {
    pub(super) fn push(&mut self, high: f64, low: f64, close: f64) -> Option<f64> {
        let before = self.close.replace(close)?;
        Some(high.max(before) - low.min(before))
    }
}

/// Wilder's average: the mean of the first `period` values, then `(previous·(period − 1) + value) / period`.
struct Wilder {
    period: f64,
    seen: f64,
    average: f64,
}

impl Wilder {
    fn push(&mut self, value: f64) -> f64 {
        let before = self.seen.min(self.period - 1.0);
        self.seen = before + 1.0;
        self.average = (self.average * before + value) / self.seen;
        self.average
    }
}

/// `long = highest high − multiplier·ATR`, `short = lowest low + multiplier·ATR` (Le Beau).
pub(in crate::indicator) struct Chandelier {
    highest: Highest,
    lowest: Lowest,
    range: TrueRange,
    average: Wilder,
    multiplier: f64,
}

impl Rolling<3, 2> for Chandelier {
    const SOURCE: &'static str = "https://school.stockcharts.com/doku.php?id=technical_indicators:chandelier_exit";

    fn warm_up(parameters: &[f64]) -> usize {
        whole(parameters[0])
    }

    fn new(parameters: &[f64]) -> Self {
        let period = whole(parameters[0]);
        Self {
            highest: Highest::new(period),
            lowest: Lowest::new(period),
            range: TrueRange::default(),
            average: Wilder { period: parameters[0], seen: 0.0, average: 0.0 },
            multiplier: parameters[1],
        }
    }

    fn step(&mut self, [high, low, close]: [f64; 3]) -> [f64; 2] {
        let (highest, lowest) = (self.highest.push(high), self.lowest.push(low));
        let range = self.range.push(high, low, close);
        let distance = self.multiplier * range.map_or(0.0, |range| self.average.push(range));
        [highest - distance, lowest + distance]
    }
}
