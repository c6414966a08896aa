//! Pairs of orders of which one ends the other (OCO).

use super::{AccountId, Event, Exchange, Kind, NewOrder, Order, OrderList, Refusal, Side, Status};

/// Two orders for the same coins: one above the price, one below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPair {
    /// The name of the pair.
    pub client_id: Option<String>,
    /// The order above.
    pub above: NewOrder,
    /// The order below.
    pub below: NewOrder,
}

impl Exchange {
    /// Places a pair.
    ///
    /// # Errors
    /// A [`Refusal`]; nothing has changed then.
    pub fn place_pair(&mut self, now: i64, pair: NewPair) -> Result<OrderList, Refusal> {
        let NewPair { client_id, above, below } = pair;
        if let (Some(above), Some(below)) = (&above.client_id, &below.client_id)
            && above == below
        {
            return Err(Refusal::DUPLICATE);
        }
        let (above_needs, below_needs) = (self.check(now, &above)?, self.check(now, &below)?);
        self.sound(&above, &below)?;
        self.last_list += 1;
        let (id, account, market) = (self.last_list, above.account, above.market);
        let client_id = client_id.unwrap_or_else(|| format!("sandbox-list-{id}"));
        // the coins are held back once, by the leg that needs more; the other one is worked first
        let above_holds = above_needs >= below_needs;
        let holds = |it: bool, needs| if it { needs } else { rust_decimal::Decimal::ZERO };
        let above = self.accept(now, above, holds(above_holds, above_needs), Some(id));
        let below = self.accept(now, below, holds(!above_holds, below_needs), Some(id));
        let list = OrderList { id, client_id, account, market, legs: [above, below], time: now, done: false };
        self.lists.insert(id, list.clone());
        self.events.push(Event::List(Box::new(list)));
        for leg in [below, above] {
            self.begin(now, leg);
        }
        self.settle(now);
        self.lists.get(&id).cloned().ok_or(Refusal::UNKNOWN_STATUS)
    }

    /// One leg rests or takes profit, the other one stops losses, and the price lies between them.
    fn sound(&self, above: &NewOrder, below: &NewOrder) -> Result<(), Refusal> {
        let stops = |kind| matches!(kind, Kind::StopLoss | Kind::StopLossLimit);
        let profits = |kind| matches!(kind, Kind::LimitMaker | Kind::TakeProfit | Kind::TakeProfitLimit);
        let kinds = match above.side {
            Side::Sell => profits(above.kind) && stops(below.kind),
            Side::Buy => stops(above.kind) && profits(below.kind),
        };
        if !kinds {
            return Err(Refusal::COMBINATION);
        }
        let turn = |order: &NewOrder| if order.kind == Kind::LimitMaker { order.price } else { order.stop_price };
        let last = self.markets[above.market].tape.last_price();
        let is_below = |low: Option<_>, high: Option<_>| low.zip(high).is_none_or(|(low, high)| low < high);
        if is_below(last, turn(above)) && is_below(turn(below), last) { Ok(()) } else { Err(Refusal::OCO_PRICES) }
    }

    /// An order of a pair is about to trade or to be set off: the other one ends, and hands over what it holds.
    pub(super) fn leave_list(&mut self, now: i64, id: u64) {
        let Some(other) = self.other_leg(id) else { return };
        let Some(order) = self.orders.get_mut(&other).filter(|it| it.status.is_open()) else { return };
        let handed = std::mem::take(&mut order.reserved);
        self.pull(other);
        if let Some(order) = self.orders.get_mut(&id) {
            order.reserved += handed;
        }
        self.give_back_surplus(id);
        self.expire(now, other, Status::Expired);
    }

    pub(super) fn other_leg(&self, id: u64) -> Option<u64> {
        let list = self.lists.get(&self.orders.get(&id)?.list?)?;
        list.legs.into_iter().find(|leg| *leg != id)
    }

    /// A pair is over with the last of its orders.
    pub(super) fn close_list(&mut self, now: i64, ended: &Order) {
        let Some(list) = ended.list.and_then(|id| self.lists.get_mut(&id)) else { return };
        let open = list.legs.iter().any(|leg| self.orders.get(leg).is_some_and(|it| it.status.is_open()));
        if !open && !list.done {
            (list.done, list.time) = (true, now);
            self.events.push(Event::List(Box::new(list.clone())));
        }
    }

    /// A pair by its number or its name.
    #[must_use]
    pub fn list_of(&self, account: AccountId, id: Option<u64>, client_id: Option<&str>) -> Option<&OrderList> {
        let found = match (id, client_id) {
            (Some(id), _) => self.lists.get(&id),
            (None, Some(name)) => self.lists.values().rev().find(|it| it.account == account && it.client_id == name),
            (None, None) => None,
        };
        found.filter(|list| list.account == account)
    }

    /// The pairs of an account, the latest last.
    pub fn lists_of(&self, account: AccountId) -> impl Iterator<Item = &OrderList> {
        self.lists.values().filter(move |it| it.account == account)
    }
}
