//! Candles of the past, each as a path of prices.

use super::{
    Shape,
    path::{STEPS, price_at},
};
use crate::exchange::{Exchange, Side, figures::down_to};
use rust_decimal::Decimal;
use trading::{
    candle::{Candle, Candles},
    time::Timestamp,
};

/// How much of a file is the past already when the exchange begins.
#[derive(Copy, Clone, Debug)]
pub struct History {
    /// Candles; at most a quarter of the file.
    pub candles: usize,
    /// The moment at which the first candle after them shall open; that of the file where there is none.
    pub begin: Option<i64>,
}

/// A replay of candles.
#[derive(Debug)]
pub struct CandleFeed {
    market: usize,
    shape: Shape,
    candles: Candles,
    /// Milliseconds by which the file's times are moved.
    shift: i64,
    index: usize,
    step: i64,
    last: Decimal,
}

impl CandleFeed {
    /// A replay of a symbol's candles, and those of them that are the past.
    #[must_use]
    pub fn new(market: usize, seed: u64, candles: Candles, history: History) -> (Self, Vec<Candle>) {
        let first = history.candles.min(candles.len() / 4);
        let moved = |begin: i64| {
            candles.timeframe().floor(Timestamp::from_millis(begin)).millis() - candles.open_time(first).millis()
        };
        let shift = history.begin.map_or(0, moved);
        let past = (0..first).map(|index| shifted(candles.get(index), shift)).collect();
        let last = if candles.is_empty() { Decimal::ONE } else { candles.get(first).open.decimal() };
        let shape = Shape::new(seed);
        (Self { market, shape, candles, shift, index: first, step: 0, last }, past)
    }

    /// When the step is due that comes next; never, after the last candle.
    #[must_use]
    pub fn due(&self) -> Option<i64> {
        let open = (self.index < self.candles.len()).then(|| self.candles.open_time(self.index))?;
        let length = self.candles.timeframe().next(open).millis() - open.millis();
        Some(open.millis() + self.shift + length * self.step / STEPS)
    }

    /// Milliseconds between two steps.
    #[must_use]
    pub fn pace(&self) -> i64 {
        let begin = Timestamp::from_millis(0);
        self.candles.timeframe().next(begin).millis() / STEPS
    }

    pub(super) const fn market(&self) -> usize {
        self.market
    }

    pub(super) fn step(&mut self, exchange: &mut Exchange) {
        let (Some(at), Some(market)) = (self.due(), exchange.market(self.market)) else { return };
        let (candle, rules) = (self.candles.get(self.index), &market.rules);
        let price = price_at(&candle, self.step, rules.tick);
        let taker = if price < self.last { Side::Sell } else { Side::Buy };
        let (bids, asks) = self.shape.levels(market, price, taker);
        let quantity = part_of(candle.volume.decimal(), self.step, rules.lot);
        exchange.make_market(at, self.market, &bids, &asks);
        exchange.print(at, self.market, taker, price, quantity);
        self.last = price;
        self.step += 1;
        if self.step == STEPS {
            (self.step, self.index) = (0, self.index + 1);
        }
    }
}

fn shifted(candle: Candle, by: i64) -> Candle {
    Candle { open_time: Timestamp::from_millis(candle.open_time.millis() + by), ..candle }
}

/// What of a volume is traded in a step: the same in each, and the rest in the last one. Where there is a volume, each
/// step has a lot at least, so that all prices are traded.
fn part_of(volume: Decimal, step: i64, lot: Decimal) -> Decimal {
    if volume.is_zero() {
        return Decimal::ZERO;
    }
    let part = down_to(volume / Decimal::from(STEPS), lot).max(lot);
    let last = down_to(volume - part * Decimal::from(STEPS - 1), lot).max(lot);
    if step == STEPS - 1 { last } else { part }
}
