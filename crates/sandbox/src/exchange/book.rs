//! A book of orders: by price, and at a price by time.

use super::words::Side;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// What stands at a price.
#[derive(Clone, Debug, Default)]
pub struct Level {
    /// All quantities together.
    pub total: Decimal,
    /// Orders in the sequence in which they came.
    pub(super) queue: BTreeMap<u64, u64>,
}

/// Both sides.
#[derive(Clone, Debug, Default)]
pub struct Book {
    bids: BTreeMap<Decimal, Level>,
    asks: BTreeMap<Decimal, Level>,
    /// Ascends by one with each change of a level.
    pub update_id: u64,
    sequence: u64,
}

impl Book {
    pub(super) fn side(&self, side: Side) -> &BTreeMap<Decimal, Level> {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    fn side_mut(&mut self, side: Side) -> &mut BTreeMap<Decimal, Level> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    /// The best price of a side and what stands there.
    #[must_use]
    pub fn best(&self, side: Side) -> Option<(Decimal, &Level)> {
        let best = match side {
            Side::Buy => self.bids.last_key_value(),
            Side::Sell => self.asks.first_key_value(),
        };
        best.map(|(price, level)| (*price, level))
    }

    /// The order that trades next on this side.
    #[must_use]
    pub fn front(&self, side: Side) -> Option<(Decimal, u64)> {
        let (price, level) = self.best(side)?;
        level.queue.first_key_value().map(|(_, order)| (price, *order))
    }

    /// Levels from the best one on.
    #[must_use]
    pub fn levels(&self, side: Side, most: usize) -> Vec<(Decimal, Decimal)> {
        self.walk(side).take(most).map(|(price, level)| (price, level.total)).collect()
    }

    /// Levels from the best one on.
    pub fn walk(&self, side: Side) -> Box<dyn Iterator<Item = (Decimal, &Level)> + '_> {
        match side {
            Side::Buy => Box::new(self.bids.iter().rev().map(|(price, level)| (*price, level))),
            Side::Sell => Box::new(self.asks.iter().map(|(price, level)| (*price, level))),
        }
    }

    /// Whether an order that takes at `limit` would trade at `price`.
    #[must_use]
    pub fn crosses(taker: Side, limit: Decimal, price: Decimal) -> bool {
        match taker {
            Side::Buy => price <= limit,
            Side::Sell => price >= limit,
        }
    }

    /// Puts an order at the end of its queue; gives its place and what stands there now.
    pub(super) fn insert(&mut self, side: Side, price: Decimal, order: u64, quantity: Decimal) -> (u64, Decimal) {
        self.sequence += 1;
        let sequence = self.sequence;
        let level = self.side_mut(side).entry(price).or_default();
        level.queue.insert(sequence, order);
        level.total += quantity;
        let total = level.total;
        self.update_id += 1;
        (sequence, total)
    }

    /// Takes a quantity from an order's place, and the place itself where the order is `gone`; gives what is left there.
    pub(super) fn reduce(&mut self, side: Side, price: Decimal, sequence: u64, by: Decimal, gone: bool) -> Decimal {
        self.update_id += 1;
        let levels = self.side_mut(side);
        let Some(level) = levels.get_mut(&price) else { return Decimal::ZERO };
        level.total -= by;
        if gone {
            level.queue.remove(&sequence);
        }
        let total = level.total;
        if level.queue.is_empty() {
            levels.remove(&price);
            return Decimal::ZERO;
        }
        total
    }
}
