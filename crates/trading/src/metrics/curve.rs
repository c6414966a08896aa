//! The equity curve: a few figures for each candle, everything else at the ends of days.

use super::approximate;
use crate::money::Notional;
use crate::time::{DAY, Timestamp};

/// The equity curve, observed at each close.
#[derive(Clone, Debug)]
pub struct Curve {
    pub(super) initial: f64,
    last: f64,
    peak: f64,
    peak_at: i64,
    pub(super) fall: Fall,
    pub(super) candles: u64,
    pub(super) invested: u64,
    pub(super) first_time: i64,
    day_ends: i64,
    pub(super) days: Vec<Day>,
    pub(super) benchmark: Vec<f64>,
}

/// The largest fall from a peak so far.
#[derive(Copy, Clone, Debug, Default)]
pub(super) struct Fall {
    /// Of the peak.
    pub(super) part: f64,
    pub(super) amount: f64,
    peak: f64,
    pub(super) peak_at: i64,
    pub(super) valley_at: i64,
    /// The end of the day in which the peak was passed again.
    pub(super) recovered: Option<i64>,
}

/// The equity at the last close of a UTC day.
#[derive(Copy, Clone, Debug)]
pub(super) struct Day {
    /// Its first millisecond that is not in it any more.
    pub(super) end: i64,
    pub(super) equity: f64,
}

impl Curve {
    /// A curve that starts with `cash`.
    #[must_use]
    pub fn new(cash: Notional) -> Self {
        let initial = approximate(cash.decimal());
        Self {
            initial,
            last: initial,
            peak: initial,
            peak_at: 0,
            fall: Fall::default(),
            candles: 0,
            invested: 0,
            first_time: 0,
            day_ends: i64::MIN,
            days: Vec::new(),
            benchmark: Vec::new(),
        }
    }

    /// Takes in the equity at the close of the candle that opened at `open_time`, and whether
    /// coins were held then. Equal calls in equal order give equal figures.
    #[inline]
    pub fn observe(&mut self, open_time: Timestamp, equity: f64, invested: bool) {
        if open_time.millis() >= self.day_ends {
            self.next_day(open_time);
        }
        self.candles += 1;
        self.invested += u64::from(invested);
        self.last = equity;
        self.peak_at = if equity > self.peak { open_time.millis() } else { self.peak_at };
        self.peak = self.peak.max(equity);
        let fall = self.peak - equity;
        if fall > self.fall.part * self.peak {
            self.deepest(fall, open_time);
        }
    }

    fn deepest(&mut self, amount: f64, open_time: Timestamp) {
        self.fall = Fall {
            part: amount / self.peak,
            amount,
            peak: self.peak,
            peak_at: self.peak_at,
            valley_at: open_time.millis(),
            recovered: None,
        };
    }

    #[cold]
    fn next_day(&mut self, open_time: Timestamp) {
        if self.candles == 0 {
            self.first_time = open_time.millis();
            self.peak_at = open_time.millis();
        } else {
            self.end_day();
        }
        self.day_ends = open_time.day().saturating_add(1).saturating_mul(DAY);
    }

    fn end_day(&mut self) {
        if self.candles == 0 {
            return;
        }
        if self.fall.recovered.is_none() && self.fall.part > 0.0 && self.peak > self.fall.peak {
            self.fall.recovered = Some(self.day_ends);
        }
        self.days.push(Day { end: self.day_ends, equity: self.last });
    }

    /// With the day under way ended, since nothing follows.
    pub(super) fn ended(mut self) -> Self {
        self.end_day();
        self
    }

    /// The last equity.
    pub(super) fn last(&self) -> f64 {
        self.last
    }

    /// The equity at the beginning and at the end of each day that has ended.
    pub(super) fn values(&self) -> Vec<f64> {
        std::iter::once(self.initial).chain(self.days.iter().map(|day| day.equity)).collect()
    }

    /// When that was: the first open, the ends of days, and `at`, the last close.
    pub(super) fn moments(&self, at: Timestamp) -> Vec<Timestamp> {
        let ends = self.days.iter().map(|day| Timestamp::from_millis(day.end).min(at));
        std::iter::once(Timestamp::from_millis(self.first_time)).chain(ends).collect()
    }

    /// The curve beside a benchmark: `close` gives its price at the last close before a moment,
    /// and is asked for the beginning and for the end of each day.
    #[must_use]
    pub fn beside(mut self, first: f64, close: impl Fn(Timestamp) -> f64) -> Self {
        let ends = self.days.iter().map(|day| day.end).chain((self.candles > 0).then_some(self.day_ends));
        self.benchmark = std::iter::once(first).chain(ends.map(|end| close(Timestamp::from_millis(end)))).collect();
        self
    }
}
