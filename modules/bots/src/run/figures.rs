//! The figures of a back-test, gathered in the same way.

use std::mem::replace;
use trading::{
    candle::Candle,
    engine::{Engine, Strategy},
    metrics::{Curve, approximate},
    money::Notional,
    time::Timestamp,
};

pub(super) struct Figures {
    curve: Curve,
    pub(super) initial: Notional,
    /// What the first candle that trades opened at.
    pub(super) first_open: Option<f64>,
    /// The last close of each UTC day, by its number.
    closes: Vec<(i64, f64)>,
    fills: u64,
    pub(super) last_point: Option<Timestamp>,
}

impl Figures {
    pub(super) fn new(cash: Notional) -> Self {
        Self { curve: Curve::new(cash), initial: cash, first_open: None, closes: vec![], fills: 0, last_point: None }
    }

    /// The equity beside holding what is traded; `None` before the first candle that trades.
    pub(super) fn curve(&self) -> Option<Curve> {
        let first = self.first_open?;
        let close = |at: Timestamp| {
            let days = self.closes.partition_point(|(day, _)| *day < at.day());
            days.checked_sub(1).map_or(first, |last| self.closes[last].1)
        };
        Some(self.curve.clone().beside(first, close))
    }

    /// Values the bot at the close of a candle; answers whether it has traded in it.
    pub(super) fn close(&mut self, candle: &Candle, engine: &Engine<Box<dyn Strategy>>) -> bool {
        self.first_open.get_or_insert_with(|| approximate(candle.open.decimal()));
        let (cash, coins) = (engine.position().cash(), engine.position().quantity());
        let (cash, coins) = (approximate(cash.decimal()), approximate(coins.decimal()));
        let (price, day) = (approximate(candle.close.decimal()), candle.open_time.day());
        let equity = cash + coins * price;
        self.curve.observe(candle.open_time, equity, coins > 0.0);
        match self.closes.last_mut() {
            Some(last) if last.0 == day => last.1 = price,
            _ => self.closes.push((day, price)),
        }
        replace(&mut self.fills, engine.fills()) != engine.fills()
    }
}
