//! Orders come in.

use super::{Event, Exchange, Execution, Fill, HOUSE, Kind, NewOrder, Order, Refusal, Side, Status, TimeInForce};
use rust_decimal::Decimal;

/// An order as it was answered, with the trades that it made at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// As it is now.
    pub order: Order,
    /// Its trades.
    pub fills: Vec<Fill>,
}

/// The trades of an account that are remembered.
const MOST_FILLS: usize = 100_000;

impl Exchange {
    /// Places an order.
    ///
    /// # Errors
    /// A [`Refusal`]; nothing has changed then.
    pub fn place(&mut self, now: i64, new: NewOrder) -> Result<Placed, Refusal> {
        let reserve = self.check(now, &new)?;
        let account = new.account;
        self.forget_fills(account);
        let before = self.accounts[account].fills.len();
        let id = self.accept(now, new, reserve, None);
        self.begin(now, id);
        self.settle(now);
        let order = self.orders.get(&id).cloned().ok_or(Refusal::UNKNOWN_STATUS)?;
        let fills = self.accounts[account].fills[before..].iter().filter(|fill| fill.order == id).cloned().collect();
        Ok(Placed { order, fills })
    }

    fn forget_fills(&mut self, account: usize) {
        let fills = &mut self.accounts[account].fills;
        if fills.len() >= MOST_FILLS {
            fills.drain(..MOST_FILLS / 10);
        }
    }

    /// Makes an order known that has been checked, and holds back what it needs.
    pub(super) fn accept(&mut self, now: i64, new: NewOrder, reserve: Decimal, list: Option<u64>) -> u64 {
        self.last_order += 1;
        let id = self.last_order;
        let reserved = if new.account == HOUSE { Decimal::ZERO } else { reserve };
        let order = Order {
            id,
            client_id: new.client_id.unwrap_or_else(|| format!("sandbox-{id}")),
            account: new.account,
            market: new.market,
            list,
            side: new.side,
            kind: new.kind,
            time_in_force: new.time_in_force.unwrap_or(TimeInForce::Gtc),
            price: new.price.unwrap_or_default(),
            stop_price: new.stop_price.unwrap_or_default(),
            trailing_delta: new.trailing_delta,
            iceberg: new.iceberg.unwrap_or_default(),
            quantity: new.quantity.unwrap_or_default(),
            quote_quantity: new.quote_quantity.unwrap_or_default(),
            executed: Decimal::ZERO,
            executed_value: Decimal::ZERO,
            status: Status::New,
            self_trade: new.self_trade,
            created: now,
            updated: now,
            working_since: (!new.kind.is_contingent()).then_some(now),
            trailing_since: None,
            extreme: None,
            reserved,
            shown: Decimal::ZERO,
            sequence: None,
        };
        if order.account != HOUSE {
            self.lock(order.account, self.spends(&order), reserved);
            let account = &mut self.accounts[order.account];
            account.open.insert(order.client_id.clone(), id);
            account.orders.push_back(id);
        }
        self.orders.insert(id, order);
        id
    }

    /// What an order pays with.
    pub(super) fn spends(&self, order: &Order) -> usize {
        let market = &self.markets[order.market];
        if order.side == Side::Buy { market.quote } else { market.base }
    }

    /// An accepted order is told of, and then works or waits.
    pub(super) fn begin(&mut self, now: i64, id: u64) {
        self.tell(id, Execution::New, None, None);
        let Some(order) = self.orders.get(&id) else { return };
        if order.kind.is_contingent() { self.wait(now, id) } else { self.work(now, id) }
    }

    /// Tells of a change of an order, unless it is the house's.
    pub(super) fn tell(&mut self, id: u64, what: Execution, fill: Option<Fill>, by: Option<String>) {
        let Some(order) = self.orders.get(&id).filter(|order| order.account != HOUSE) else { return };
        let (order, fill) = (Box::new(order.clone()), fill.map(Box::new));
        self.events.push(Event::Execution { order, what, fill, by });
    }

    /// Ends an order: gives back what it holds and forgets its name.
    pub(super) fn end(&mut self, now: i64, id: u64, status: Status) {
        let Some(order) = self.orders.get_mut(&id) else { return };
        if order.status != status {
            let turned = order.turn(status);
            debug_assert!(turned.is_ok(), "{turned:?}");
        }
        order.updated = now;
        let reserved = std::mem::take(&mut order.reserved);
        if order.account == HOUSE {
            self.orders.remove(&id);
            return;
        }
        let order = order.clone();
        self.unlock(order.account, self.spends(&order), reserved);
        self.accounts[order.account].open.remove(&order.client_id);
        self.ended.push_back(id);
        self.close_list(now, &order);
    }

    /// Whether an order whose kind is at the market has all it can have.
    pub(super) fn is_satisfied(order: &Order) -> bool {
        order.kind == Kind::Market && !order.quote_quantity.is_zero() && order.executed > Decimal::ZERO
    }
}
