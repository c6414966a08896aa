//! A random walk by a seed.

use super::Shape;
use crate::exchange::{Exchange, Rules, Side, figures::down_to};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use rust_decimal::Decimal;
use trading::{
    candle::Candle,
    money::{Price, Quantity},
    time::Timestamp,
};

const MINUTE: i64 = 60_000;
/// Milliseconds between two steps, unless a replay beside it has longer ones.
const STEP: i64 = 500;
/// Millionths by which a step moves the price at most.
const STRIDE: i64 = 60;
/// The same of a quarter of a minute.
const LONG_STRIDE: i64 = 350;
/// Digits after the point of the walk's own price.
const FINEST: u32 = 14;

/// The walk of one symbol's price.
#[derive(Debug)]
pub struct Walk {
    market: usize,
    shape: Shape,
    dice: StdRng,
    price: Decimal,
    home: Decimal,
    due: i64,
    pace: i64,
}

impl Walk {
    /// A walk that begins at a price and a moment.
    #[must_use]
    pub fn new(market: usize, seed: u64, price: Decimal, at: i64) -> Self {
        let shape = Shape::new(seed);
        Self { market, shape, dice: StdRng::seed_from_u64(seed), price, home: price, due: at, pace: STEP }
    }

    pub(super) const fn due(&self) -> i64 {
        self.due
    }

    /// The symbol's number.
    #[must_use]
    pub const fn market(&self) -> usize {
        self.market
    }

    /// It begins at another moment, and takes no more steps than a replay beside it that has one in so many
    /// milliseconds.
    pub fn begin(&mut self, at: i64, beside: i64) {
        (self.due, self.pace) = (at, beside.max(STEP));
    }

    /// The minutes before the beginning; the walk goes on from the last of them.
    pub fn past(&mut self, rules: &Rules, minutes: i64) -> Vec<Candle> {
        let first = self.due.div_euclid(MINUTE) - minutes;
        (0..minutes).filter_map(|minute| self.minute(rules, (first + minute) * MINUTE)).collect()
    }

    fn minute(&mut self, rules: &Rules, open_time: i64) -> Option<Candle> {
        let prices: Vec<Decimal> = (0..4).map(|_| self.stride(rules, LONG_STRIDE)).collect();
        let price = |it: Option<&Decimal>| Price::new(*it?).ok();
        let volume = Decimal::from(self.dice.random_range(1..5_000_i64)) * rules.lot * Decimal::ONE_HUNDRED;
        Some(Candle {
            open_time: Timestamp::from_millis(open_time),
            open: price(prices.first())?,
            high: price(prices.iter().max())?,
            low: price(prices.iter().min())?,
            close: price(prices.last())?,
            volume: Quantity::new(volume).ok()?,
        })
    }

    /// The next price, which is drawn home the more the farther it has gone.
    fn stride(&mut self, rules: &Rules, most: i64) -> Decimal {
        let sum: i64 = (0..3).map(|_| self.dice.random_range(-most..=most)).sum();
        let moved = self.price * Decimal::new(sum / 2, 6) + (self.home - self.price) / Decimal::from(20_000);
        let least = rules.tick * Decimal::ONE_HUNDRED;
        // steps may be smaller than a tick, so the walk itself is finer
        self.price = (self.price + moved).clamp(least, rules.max_price / Decimal::TEN).round_dp(FINEST);
        down_to(self.price, rules.tick).round_dp(8)
    }

    /// From now on it goes around another price.
    pub fn set_price(&mut self, price: Decimal) {
        (self.price, self.home) = (price, price);
    }

    pub(super) fn step(&mut self, exchange: &mut Exchange) {
        let at = self.due;
        self.due += self.pace;
        let Some(market) = exchange.market(self.market) else { return };
        let rules = market.rules.clone();
        let price = self.stride(&rules, STRIDE);
        let taker = if market.tape.last_price().is_some_and(|last| price < last) { Side::Sell } else { Side::Buy };
        let (bids, asks) = self.shape.levels(market, price, taker);
        let part = Decimal::new(self.dice.random_range(1..150_i64), 3);
        let quantity = self.shape.coins(market, price, part);
        exchange.make_market(at, self.market, &bids, &asks);
        exchange.print(at, self.market, taker, price, quantity);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_whose_steps_are_smaller_than_its_tick_does_not_sink() {
        let rules = Rules::usual("ETH", "BTC", Decimal::new(1, 5), Decimal::new(1, 3)).unwrap();
        let mut walk = Walk::new(0, 7, Decimal::new(5, 2), 0);
        let prices: Vec<Decimal> = (0..100_000).map(|_| walk.stride(&rules, STRIDE)).collect();
        assert!(prices.iter().all(|it| *it > Decimal::new(4, 2) && *it < Decimal::new(6, 2)));
        assert!(prices.windows(2).any(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn the_same_seed_walks_the_same_way() {
        let rules = Rules::usual("BTC", "USDT", Decimal::new(1, 2), Decimal::new(1, 5)).unwrap();
        let past = |seed| Walk::new(0, seed, Decimal::from(60_000), 0).past(&rules, 500);
        assert_eq!(past(1), past(1));
        assert_ne!(past(1), past(2));
        assert!(past(1).iter().all(|candle| candle.check().is_ok()));
    }
}
