//! The moving average by which the golden figures were made: prefix sums with the 64 significant
//! bits of C's `long double`.
//!
//! It matters where two averages are exactly equal. A cross then depends on the noise of the sums
//! that were used, and TA-Lib's running sum has another noise than these.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a test's own arithmetic")]

use trading::candle::{Candle, Candles, Field};
use trading::engine::{Signal, Strategy};
use trading::position::Position;

/// `mantissa · 2^exponent`; the mantissa has its highest bit set, or all is nought.
#[derive(Clone, Copy)]
struct Extended {
    mantissa: u64,
    exponent: i32,
}

impl Extended {
    const ZERO: Self = Self { mantissa: 0, exponent: 0 };

    /// The nearest number to `wide · 2^exponent`, ties to even.
    fn nearest(wide: u128, exponent: i32) -> Self {
        if wide == 0 {
            return Self::ZERO;
        }
        let drop = 64 - wide.leading_zeros() as i32;
        if drop <= 0 {
            return Self { mantissa: (wide << -drop) as u64, exponent: exponent + drop };
        }
        let (kept, rest, half) = ((wide >> drop) as u64, wide & ((1 << drop) - 1), 1_u128 << (drop - 1));
        let up = rest > half || rest == half && kept & 1 == 1;
        match kept.checked_add(u64::from(up)) {
            Some(mantissa) => Self { mantissa, exponent: exponent + drop },
            None => Self { mantissa: 1 << 63, exponent: exponent + drop + 1 },
        }
    }

    fn from_f64(value: f64) -> Self {
        let bits = value.to_bits();
        assert!(value.is_normal() && value > 0.0);
        let (mantissa, exponent) = (bits & ((1 << 52) - 1) | 1 << 52, (bits >> 52) as i32 - 1075);
        Self::nearest(mantissa.into(), exponent)
    }

    /// Both as integers of one unit.
    fn aligned(self, other: Self) -> (u128, u128, i32) {
        let unit = if self.mantissa == 0 { other.exponent } else { self.exponent.min(other.exponent) };
        let wide = |it: Self| if it.mantissa == 0 { 0 } else { u128::from(it.mantissa) << (it.exponent - unit) };
        (wide(self), wide(other), unit)
    }

    fn plus(self, other: Self) -> Self {
        let (one, two, unit) = self.aligned(other);
        Self::nearest(one + two, unit)
    }

    fn minus(self, other: Self) -> Self {
        if other.mantissa == 0 {
            return self;
        }
        let (one, two, unit) = self.aligned(other);
        Self::nearest(one - two, unit)
    }

    fn divided_by(self, count: u32) -> f64 {
        let wide = u128::from(self.mantissa) << 64;
        let (quotient, rest) = (wide / u128::from(count), wide % u128::from(count));
        (quotient | u128::from(rest != 0)) as f64 * 2_f64.powi(self.exponent - 64)
    }
}

/// The simple moving average of the closes; NaN while warming up.
pub fn average(candles: &Candles, period: u32) -> Vec<f64> {
    let mut sums = vec![Extended::ZERO];
    for close in candles.column(Field::Close) {
        sums.push(sums[sums.len() - 1].plus(Extended::from_f64(*close)));
    }
    let length = period as usize;
    let mean = |row: usize| match (row + 1).checked_sub(length) {
        Some(first) => sums[row + 1].minus(sums[first]).divided_by(period),
        None => f64::NAN,
    };
    (0..candles.len()).map(mean).collect()
}

/// Enters where `fast` crosses above `slow`, leaves where it crosses below.
pub struct Cross<'a> {
    pub fast: &'a [f64],
    pub slow: &'a [f64],
    pub row: usize,
}

impl Strategy for Cross<'_> {
    fn on_candle(&mut self, _: &Candle, _: &Position) -> Option<Signal> {
        let row = self.row;
        self.row += 1;
        let before = row.checked_sub(1)?;
        let (fast, slow) = (self.fast, self.slow);
        if fast[row] > slow[row] && fast[before] <= slow[before] {
            Some(Signal::Enter)
        } else if fast[row] < slow[row] && fast[before] >= slow[before] {
            Some(Signal::Exit)
        } else {
            None
        }
    }
}

/// Whether the two averages of the closes are ever exactly equal.
pub fn ever_equal(candles: &Candles, fast: u32, slow: u32) -> bool {
    let cents: Vec<i64> = candles.column(Field::Close).iter().map(|close| (close * 100.0).round() as i64).collect();
    let sums = |period: u32| -> Vec<i64> { cents.windows(period as usize).map(|window| window.iter().sum()).collect() };
    let (fast_sums, slow_sums) = (sums(fast), sums(slow));
    let later = &fast_sums[(slow - fast) as usize..];
    later.iter().zip(&slow_sums).any(|(one, two)| one * i64::from(slow) == two * i64::from(fast))
}
