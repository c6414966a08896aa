//! Orders that wait for a price.

use super::{
    Exchange, Execution, Order, Side,
    check::{WHOLE, fires},
};
use rust_decimal::Decimal;

impl Exchange {
    /// An order begins to wait.
    pub(super) fn wait(&mut self, now: i64, id: u64) {
        let Some(order) = self.orders.get(&id) else { return };
        let market = order.market;
        self.markets[market].waiting.push(id);
        // one that trails from the first moment on follows from the present price
        if self.orders.get(&id).is_some_and(|order| order.trailing_delta.is_some())
            && let Some(last) = self.markets[market].tape.last_price()
        {
            self.is_set_off(now, id, last);
        }
    }

    /// Sets off what waits for the prices that were made, until no more do.
    pub(super) fn fire(&mut self, now: i64) {
        while let Some(market) = self.moved.pop() {
            let Some(last) = self.markets[market].tape.last_price() else { continue };
            let waiting = self.markets[market].waiting.clone();
            for id in waiting {
                if self.is_set_off(now, id, last) {
                    self.set_off(now, id);
                }
            }
        }
    }

    fn set_off(&mut self, now: i64, id: u64) {
        self.leave_list(now, id);
        let Some(order) = self.orders.get_mut(&id) else { return };
        order.working_since = Some(now);
        order.updated = now;
        let market = order.market;
        self.markets[market].waiting.retain(|it| *it != id);
        self.give_back_surplus(id);
        self.tell(id, Execution::New, None, None);
        self.work(now, id);
    }

    /// Whether a price sets an order off; a trailing one follows it.
    fn is_set_off(&mut self, now: i64, id: u64, last: Decimal) -> bool {
        let Some(order) = self.orders.get_mut(&id).filter(|order| order.is_waiting()) else { return false };
        let Some(delta) = order.trailing_delta else { return fires(order.kind, order.side, order.stop_price, last) };
        let starts = order.stop_price.is_zero() || fires(order.kind, order.side, order.stop_price, last);
        if order.trailing_since.is_none() && !starts {
            return false;
        }
        order.trailing_since.get_or_insert(now);
        trail(order, last, Decimal::from(delta) / Decimal::from(WHOLE))
    }
}

/// Follows the price to its best, and tells whether it has come back from there by so much. The best is the highest of
/// a sale and the lowest of a purchase, whatever the order waited for before.
fn trail(order: &mut Order, last: Decimal, delta: Decimal) -> bool {
    let best = order.extreme.unwrap_or(last);
    if order.side == Side::Sell {
        let best = best.max(last);
        order.extreme = Some(best);
        last <= best * (Decimal::ONE - delta)
    } else {
        let best = best.min(last);
        order.extreme = Some(best);
        last >= best * (Decimal::ONE + delta)
    }
}
