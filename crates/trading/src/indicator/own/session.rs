//! What begins anew with the UTC day, or with a period of several.

use std::marker::PhantomData;

use super::Rolling;
use crate::time::DAY;

/// Periods of so many UTC days, counted so that seven of them are a week from Monday.
struct Periods {
    length: i64,
    current: Option<i64>,
}

/// How a candle stands to the period of the one before it.
#[derive(Clone, Copy, PartialEq)]
enum Entry {
    /// In the same period.
    Same,
    /// The first of a period that is seen from its beginning.
    Begins,
    /// The first of all candles, in the middle of a period.
    Within,
}

/// The first of January 1970 was a Thursday.
const TO_MONDAY: i64 = 3 * DAY;

impl Periods {
    fn of_days(days: u16) -> Self {
        Self { length: i64::from(days) * DAY, current: None }
    }

    /// Where a candle stands that opens at this time, in milliseconds since 1970.
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds of the calendar, which are exact")]
    fn enter(&mut self, open_time: f64) -> Entry {
        let since = open_time as i64 + TO_MONDAY;
        let period = since.div_euclid(self.length);
        match self.current.replace(period) {
            Some(before) if before == period => Entry::Same,
            None if since.rem_euclid(self.length) != 0 => Entry::Within,
            _ => Entry::Begins,
        }
    }
}

/// `sum(typical·volume) / sum(volume)` since the beginning of the UTC day.
pub(in crate::indicator) struct SessionVwap {
    days: Periods,
    whole: bool,
    value: f64,
    volume: f64,
}

impl Rolling<3, 1> for SessionVwap {
    const SOURCE: &'static str = "https://www.tradingview.com/support/solutions/43000502018/";

    fn warm_up(_: &[f64]) -> usize {
        0
    }

    fn new(_: &[f64]) -> Self {
        Self { days: Periods::of_days(1), whole: false, value: 0.0, volume: 0.0 }
    }

    fn step(&mut self, [open_time, typical, volume]: [f64; 3]) -> [f64; 1] {
        let entry = self.days.enter(open_time);
        if entry != Entry::Same {
            (self.whole, self.value, self.volume) = (entry == Entry::Begins, 0.0, 0.0);
        }
        self.value += typical * volume;
        self.volume += volume;
        [if self.whole && self.volume > 0.0 { self.value / self.volume } else { f64::NAN }]
    }
}

/// Levels that follow from a period's high, low and close.
pub(in crate::indicator) trait Levels<const OUTPUTS: usize>: Send + 'static {
    fn of(high: f64, low: f64, close: f64) -> [f64; OUTPUTS];
}

/// The levels of the last period that was seen from its beginning and has ended.
pub(in crate::indicator) struct Pivots<L, const OUTPUTS: usize> {
    periods: Periods,
    whole: bool,
    high: f64,
    low: f64,
    close: f64,
    levels: [f64; OUTPUTS],
    formula: PhantomData<L>,
}

impl<L: Levels<OUTPUTS>, const OUTPUTS: usize> Rolling<4, OUTPUTS> for Pivots<L, OUTPUTS> {
    const SOURCE: &'static str = "https://www.tradingview.com/support/solutions/43000521824/";

    fn warm_up(_: &[f64]) -> usize {
        0
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the catalogue bounds the days")]
    fn new(parameters: &[f64]) -> Self {
        let days = parameters[0] as u16;
        Self {
            periods: Periods::of_days(days),
            whole: false,
            high: f64::NAN,
            low: f64::NAN,
            close: f64::NAN,
            levels: [f64::NAN; OUTPUTS],
            formula: PhantomData,
        }
    }

    fn step(&mut self, [open_time, high, low, close]: [f64; 4]) -> [f64; OUTPUTS] {
        let entry = self.periods.enter(open_time);
        if entry == Entry::Same {
            (self.high, self.low) = (self.high.max(high), self.low.min(low));
        } else {
            if self.whole {
                self.levels = L::of(self.high, self.low, self.close);
            }
            (self.whole, self.high, self.low) = (entry == Entry::Begins, high, low);
        }
        self.close = close;
        self.levels
    }
}

fn pivot(high: f64, low: f64, close: f64) -> f64 {
    (high + low + close) / 3.0
}

/// The levels of floor traders.
pub(in crate::indicator) struct Classic;

impl Levels<7> for Classic {
    fn of(high: f64, low: f64, close: f64) -> [f64; 7] {
        let (pivot, range) = (pivot(high, low, close), high - low);
        let above = [2.0 * pivot - low, pivot + range, high + 2.0 * (pivot - low)];
        let below = [2.0 * pivot - high, pivot - range, low - 2.0 * (high - pivot)];
        [pivot, above[0], above[1], above[2], below[0], below[1], below[2]]
    }
}

/// The pivot and parts of the range that follow from Fibonacci's series.
pub(in crate::indicator) struct Fibonacci;

impl Levels<7> for Fibonacci {
    fn of(high: f64, low: f64, close: f64) -> [f64; 7] {
        let pivot = pivot(high, low, close);
        let [a, b, c] = [0.382, 0.618, 1.0].map(|part| part * (high - low));
        [pivot, pivot + a, pivot + b, pivot + c, pivot - a, pivot - b, pivot - c]
    }
}

/// The close and parts of a range that is a tenth wider.
pub(in crate::indicator) struct Camarilla;

impl Levels<9> for Camarilla {
    fn of(high: f64, low: f64, close: f64) -> [f64; 9] {
        let [a, b, c, d] = [12.0, 6.0, 4.0, 2.0].map(|part| 1.1 * (high - low) / part);
        [
            pivot(high, low, close),
            close + a,
            close + b,
            close + c,
            close + d,
            close - a,
            close - b,
            close - c,
            close - d,
        ]
    }
}
