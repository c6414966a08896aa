//! Orders that come while the book of an exchange is known: what they take of it, they get at once.
//!
//! What the book does not have, and what waits for a price, is left to the candles.

use rust_decimal::{Decimal, RoundingStrategy};

use super::{Outcome, Simulator, less};
use crate::book::Level;
use crate::engine::{Input, Quote, RejectReason};
use crate::money::{Notional, Price, Quantity};
use crate::order::{ClientOrderId, Order, OrderKind, Side, Size, TimeInForce};
use crate::position::Position;
use crate::time::Timestamp;

/// Digits after the point of an average price.
const AVERAGE_DIGITS: u32 = 12;

impl Simulator {
    /// The orders that may take from a book and have met no market yet, with the times at which they reach the venue.
    pub fn newcomers(&self) -> impl Iterator<Item = (&Order, Timestamp)> {
        let takes =
            |kind| matches!(kind, OrderKind::Market {} | OrderKind::Limit { .. } | OrderKind::LimitMaker { .. });
        let new = self.orders.iter().filter(move |it| !it.met && takes(it.order.kind));
        let there = new.filter(|it| it.ends().is_none_or(|ends| ends > it.arrives));
        there.map(|it| (&it.order, it.arrives))
    }

    /// What an order would take of the side of a book that it meets, the best level first. That is gone from the levels
    /// then. `None` where there is no such order, or no level.
    #[must_use]
    pub fn quote(&self, id: ClientOrderId, levels: &mut [Level], position: &Position) -> Option<Quote> {
        let mut resting = self.orders.iter().find(|it| it.id() == id && !it.met).copied()?;
        // it takes, and pays for that
        resting.taker = true;
        let (side, limit) = (resting.order.side, resting.order.kind.limit());
        let best = levels.iter().find(|level| !level.quantity.is_zero())?.price;
        let (mut quantity, mut value) = (Quantity::ZERO, Notional::ZERO);
        if let (true, Size::Base(coins)) = (resting.order.reduces_only(), resting.left) {
            resting.left = Size::Base(coins.min(position.quantity()));
        }
        let mut satisfied = false;
        for level in levels.iter_mut() {
            let wanted = self.coins(&resting, level.price, position);
            satisfied = wanted.is_zero();
            if satisfied || limit.is_some_and(|limit| !side.in_favour(level.price, limit)) {
                break;
            }
            let taken = wanted.min(level.quantity);
            level.quantity = level.quantity.saturating_sub(taken);
            quantity += taken;
            value += level.price * taken;
            resting.left = less(resting.left, &self.fill(&resting, Timestamp::default(), level.price, taken, false));
            satisfied = taken == wanted;
        }
        let price = average(side, value, quantity).map_or(best, |price| side.worse(price, best));
        if let (true, Size::Quote(budget)) = (satisfied, resting.order.size) {
            // by the average price a budget may be for a digit more than the levels have been summed to
            resting.left = Size::Quote(budget);
            quantity = quantity.max(self.coins(&resting, price, position));
        }
        Some(Quote { client_order_id: id, price, quantity })
    }

    /// An order meets the book. What it does not get at once it waits for, if it may.
    pub fn meet_book(&mut self, at: Timestamp, quote: &Quote, position: &Position) -> Option<Input> {
        let index = self.orders.iter().position(|it| it.id() == quote.client_order_id && !it.met)?;
        let resting = self.orders.get_mut(index)?;
        let takes = !quote.quantity.is_zero();
        (resting.met, resting.taker) = (true, takes);
        let outcome = match (resting.order.kind, resting.order.time_in_force) {
            (OrderKind::LimitMaker { .. }, _) if takes => Outcome::Reject(RejectReason::WouldTake, None),
            (_, TimeInForce::Gtc) if !takes => Outcome::Wait,
            (..) if !takes => Outcome::Expire,
            _ => self.trade(index, at, (quote.price, Some(quote.quantity)), position),
        };
        let answer = self.carry_out(index, outcome);
        if let Some(rest) = self.orders.iter_mut().find(|it| it.id() == quote.client_order_id) {
            rest.taker = false;
        }
        answer
    }
}

/// What a coin costs on average, rounded to the side that is worse for us.
fn average(side: Side, value: Notional, quantity: Quantity) -> Option<Price> {
    let rounding = match side {
        Side::Buy => RoundingStrategy::ToPositiveInfinity,
        Side::Sell => RoundingStrategy::ToZero,
    };
    let price: Decimal = value.per(quantity)?.decimal();
    price.round_dp_with_strategy(AVERAGE_DIGITS, rounding).try_into().ok()
}
