//! Averages and measures of direction.

use super::volatility::TrueRange;
use super::window::{Highest, Lowest, Ring, Sum};
use super::{Rolling, whole};
use crate::indicator::talib::{Code, Opened, talib};

/// A mean weighted by a bell curve that leans to the newest value (Legoux and Kouzis-Loukas 2009).
pub(in crate::indicator) struct Alma {
    values: Ring,
    weights: Vec<f64>,
}

impl Rolling<1, 1> for Alma {
    const SOURCE: &'static str = "https://ta-lib.org/functions/alma";

    fn warm_up(parameters: &[f64]) -> usize {
        whole(parameters[0]) - 1
    }

    fn new(parameters: &[f64]) -> Self {
        let (period, sigma, offset) = (parameters[0], parameters[1], parameters[2]);
        let (middle, width) = ((offset * (period - 1.0)).floor(), period / sigma);
        let weight = |age: u32| {
            let distance = f64::from(age) - middle;
            libm::exp(-(distance * distance) / (2.0 * width * width))
        };
        let weights: Vec<f64> = (0..).take(whole(period)).map(weight).collect();
        let sum: f64 = weights.iter().sum();
        Self { values: Ring::new(whole(period)), weights: weights.iter().map(|weight| weight / sum).collect() }
    }

    fn step(&mut self, [value]: [f64; 1]) -> [f64; 1] {
        self.values.push(value);
        let (older, newer) = self.values.parts();
        [older.iter().chain(newer).zip(&self.weights).map(|(value, weight)| value * weight).sum()]
    }
}

/// `100·log10(sum of true ranges / (highest high − lowest low)) / log10(period)` (Dreiss).
pub(in crate::indicator) struct Choppiness {
    range: TrueRange,
    sum: Sum,
    highest: Highest,
    lowest: Lowest,
    scale: f64,
}

impl Rolling<3, 1> for Choppiness {
    const SOURCE: &'static str = "https://ta-lib.org/functions/chop";

    fn warm_up(parameters: &[f64]) -> usize {
        whole(parameters[0])
    }

    fn new(parameters: &[f64]) -> Self {
        let period = whole(parameters[0]);
        Self {
            range: TrueRange::default(),
            sum: Sum::new(period),
            highest: Highest::new(period),
            lowest: Lowest::new(period),
            scale: 100.0 / libm::log10(parameters[0]),
        }
    }

    fn step(&mut self, [high, low, close]: [f64; 3]) -> [f64; 1] {
        let sum = self.sum.push(self.range.push(high, low, close).unwrap_or(0.0));
        let height = self.highest.push(high) - self.lowest.push(low);
        let flat = height <= 0.0 || sum <= 0.0;
        [if flat { 100.0 } else { self.scale * libm::log10(sum / height) }]
    }
}

/// The middle between the highest high and the lowest low of a window.
struct Middle {
    highest: Highest,
    lowest: Lowest,
}

impl Middle {
    fn new(window: usize) -> Self {
        Self { highest: Highest::new(window), lowest: Lowest::new(window) }
    }

    fn push(&mut self, high: f64, low: f64) -> f64 {
        (self.highest.push(high) + self.lowest.push(low)) / 2.0
    }
}

/// Hosoda's lines. The leads are drawn ahead by the kijun's period; what stands at a candle is
/// therefore the lead of so many candles ago.
pub(in crate::indicator) struct Ichimoku {
    middles: [Middle; 3],
    leads: [Ring; 2],
}

impl Rolling<2, 6> for Ichimoku {
    const SOURCE: &'static str = "https://ta-lib.org/functions/ichimoku";

    fn warm_up(parameters: &[f64]) -> usize {
        let longest = parameters.iter().copied().map(whole).max().unwrap_or(0);
        longest - 1 + whole(parameters[1])
    }

    fn new(parameters: &[f64]) -> Self {
        let middle = |index: usize| Middle::new(whole(parameters[index]));
        let lead = || Ring::new(whole(parameters[1]));
        Self { middles: [middle(0), middle(1), middle(2)], leads: [lead(), lead()] }
    }

    fn step(&mut self, [high, low]: [f64; 2]) -> [f64; 6] {
        let [tenkan, kijun, lead_b] = self.middles.each_mut().map(|middle| middle.push(high, low));
        let lead_a = (tenkan + kijun) / 2.0;
        let [a, b] = &mut self.leads;
        [tenkan, kijun, lead_a, lead_b, a.push(lead_a), b.push(lead_b)]
    }
}

const SLOPE: Code =
    talib!(linearreg_slope, linearreg_slope_open, linearreg_slope_lookback; (input) [integer] -> (value));

/// The angle of TA-Lib's regression line, by an arc tangent that is the same on every machine.
pub(in crate::indicator) const fn angle() -> Code {
    Code {
        source: "https://ta-lib.org/functions/linearreg_angle",
        lookback: SLOPE.lookback,
        batch: |inputs, parameters, outputs| {
            (SLOPE.batch)(inputs, parameters, outputs)?;
            outputs.iter_mut().flat_map(|column| column.iter_mut()).for_each(to_degrees);
            Ok(())
        },
        open: |inputs, parameters| {
            let Opened { mut step, mut first } = (SLOPE.open)(inputs, parameters)?;
            to_degrees(&mut first[0]);
            let step = Box::new(move |inputs: &[f64], outputs: &mut [f64]| {
                step(inputs, outputs)?;
                outputs.iter_mut().for_each(to_degrees);
                Ok(())
            });
            Ok(Opened { step, first })
        },
    }
}

fn to_degrees(slope: &mut f64) {
    *slope = libm::atan(*slope) * (180.0 / std::f64::consts::PI);
}
