//! The figures of a back-test, gathered in the same way.

use std::mem::replace;
use trading::{
    candle::Candle,
    engine::{Lanes, Strategy},
    metrics::{Curve, approximate},
    money::Notional,
    time::Timestamp,
};

pub(super) struct Figures {
    curve: Curve,
    pub(super) initial: Notional,
    /// What the first candle that trades opened at, and the last closed at, by lane.
    prices: Vec<Option<(f64, f64)>>,
    /// What is traded, if it had just been held, at the last close of each UTC day, by its number.
    closes: Vec<(i64, f64)>,
    fills: u64,
    pub(super) last_point: Option<Timestamp>,
}

impl Figures {
    pub(super) fn new(cash: Notional, lanes: usize) -> Self {
        Self {
            curve: Curve::new(cash),
            initial: cash,
            prices: vec![None; lanes],
            closes: vec![],
            fills: 0,
            last_point: None,
        }
    }

    /// Whether a candle that trades was seen.
    pub(super) fn has_begun(&self) -> bool {
        self.prices.iter().any(Option::is_some)
    }

    /// The equity beside holding what is traded; `None` before the first candle that trades.
    pub(super) fn curve(&self) -> Option<Curve> {
        let (first, _) = self.prices()?;
        let close = |at: Timestamp| {
            let days = self.closes.partition_point(|(day, _)| *day < at.day());
            days.checked_sub(1).map_or(first, |last| self.closes[last].1)
        };
        Some(self.curve.clone().beside(first, close))
    }

    /// What is traded at the first open and at the last close: the price of one symbol, or what cash is worth that was
    /// spread evenly over several.
    pub(super) fn prices(&self) -> Option<(f64, f64)> {
        let known = self.prices.iter().flatten();
        match self.prices[..] {
            [one] => one,
            _ if self.has_begun() => {
                let growth: f64 = known.clone().map(|(first, last)| last / first).sum();
                let unseen = self.prices.len() - known.count();
                Some((1.0, (growth + unseen as f64) / self.prices.len() as f64))
            }
            _ => None,
        }
    }

    /// Values the bot at the closes of a moment; answers whether it has traded in it.
    pub(super) fn close(
        &mut self,
        open_time: Timestamp,
        candles: &[Option<Candle>],
        lanes: &Lanes<Box<dyn Strategy>>,
    ) -> bool {
        for (prices, candle) in self.prices.iter_mut().zip(candles) {
            if let Some(candle) = candle {
                let first = prices.map_or_else(|| approximate(candle.open.decimal()), |(first, _)| first);
                *prices = Some((first, approximate(candle.close.decimal())));
            }
        }
        let (mut equity, mut invested, mut fills) = (approximate(lanes.cash().decimal()), false, 0);
        for seat in lanes.seats() {
            let coins = approximate(seat.engine().position().quantity().decimal());
            let price = seat.engine().last_price().map_or(0.0, |price| approximate(price.decimal()));
            equity += coins * price;
            invested |= coins > 0.0;
            fills += seat.engine().fills();
        }
        self.curve.observe(open_time, equity, invested);
        let (day, price) = (open_time.day(), self.prices().map_or(1.0, |(_, last)| last));
        match self.closes.last_mut() {
            Some(last) if last.0 == day => last.1 = price,
            _ => self.closes.push((day, price)),
        }
        replace(&mut self.fills, fills) != fills
    }
}
