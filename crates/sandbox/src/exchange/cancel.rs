//! Orders are taken back, or give way to others.

use super::{AccountId, Exchange, Execution, NewOrder, Order, OrderList, Placed, Refusal, Status};

/// Which order is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// By the exchange's number.
    Id(u64),
    /// By its owner's name.
    Client(String),
}

/// What came of taking one order back and placing another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// The order that was taken back.
    pub canceled: Result<Order, Refusal>,
    /// The new one; none where it was not tried.
    pub placed: Option<Result<Placed, Refusal>>,
}

impl Exchange {
    /// Takes an order back, and with it the other one of its pair.
    ///
    /// # Errors
    /// [`Refusal::UNKNOWN_ORDER`].
    pub fn cancel(
        &mut self,
        now: i64,
        account: AccountId,
        market: usize,
        which: &Which,
        by: Option<String>,
    ) -> Result<Order, Refusal> {
        let id = self.open_order(account, market, which).ok_or(Refusal::UNKNOWN_ORDER)?;
        self.withdraw(now, id, by.clone());
        if let Some(other) = self.other_leg(id) {
            self.withdraw(now, other, by);
        }
        self.settle(now);
        self.orders.get(&id).cloned().ok_or(Refusal::UNKNOWN_ORDER)
    }

    /// Takes all orders of a symbol back.
    ///
    /// # Errors
    /// [`Refusal::UNKNOWN_ORDER`] where there are none.
    pub fn cancel_all(&mut self, now: i64, account: AccountId, market: usize) -> Result<Vec<Order>, Refusal> {
        let ids: Vec<u64> = self.open_orders(account, Some(market)).map(|order| order.id).collect();
        if ids.is_empty() {
            return Err(Refusal::UNKNOWN_ORDER);
        }
        for id in &ids {
            self.withdraw(now, *id, None);
        }
        self.settle(now);
        Ok(ids.iter().filter_map(|id| self.orders.get(id).cloned()).collect())
    }

    /// Takes a pair back.
    ///
    /// # Errors
    /// [`Refusal::UNKNOWN_ORDER`].
    pub fn cancel_list(&mut self, now: i64, account: AccountId, list: u64) -> Result<OrderList, Refusal> {
        let list = self.list_of(account, Some(list), None).filter(|list| !list.done).ok_or(Refusal::UNKNOWN_ORDER)?;
        let (id, legs) = (list.id, list.legs);
        for leg in legs {
            self.withdraw(now, leg, None);
        }
        self.settle(now);
        self.lists.get(&id).cloned().ok_or(Refusal::UNKNOWN_ORDER)
    }

    /// Takes one order back and places another; where the first fails, the second is tried if `regardless`.
    pub fn cancel_replace(
        &mut self,
        now: i64,
        which: &Which,
        by: Option<String>,
        new: NewOrder,
        regardless: bool,
    ) -> Replaced {
        let canceled = self.cancel(now, new.account, new.market, which, by);
        let placed = (canceled.is_ok() || regardless).then(|| self.place(now, new));
        Replaced { canceled, placed }
    }

    fn withdraw(&mut self, now: i64, id: u64, by: Option<String>) {
        if self.orders.get(&id).is_some_and(|order| order.status.is_open()) {
            self.pull(id);
            self.end(now, id, Status::Canceled);
            self.tell(id, Execution::Canceled, None, by);
        }
    }

    /// Takes an order from where it rests or waits.
    pub(super) fn pull(&mut self, id: u64) {
        self.take_out(id);
        if let Some(order) = self.orders.get(&id) {
            let market = order.market;
            self.markets[market].waiting.retain(|it| *it != id);
        }
    }

    fn open_order(&self, account: AccountId, market: usize, which: &Which) -> Option<u64> {
        let id = match which {
            Which::Id(id) => *id,
            Which::Client(name) => *self.accounts.get(account)?.open.get(name)?,
        };
        let order = self.orders.get(&id)?;
        (order.account == account && order.market == market && order.status.is_open()).then_some(id)
    }
}
