//! Orders meet: the best price first, and at a price whoever came first.

use super::{
    Event, Exchange, Execution, Fill, HOUSE, Market, Order, SelfTrade, Side, Status, TimeInForce, book::Book,
    event::Trade,
};
use rust_decimal::Decimal;

/// How an order's matching ended.
enum Outcome {
    /// Nothing is left to be had at its price.
    Exhausted,
    /// It has all that it can have.
    Full,
    /// It is over already.
    Over,
}

impl Exchange {
    /// Trades as far as the book goes; what is left rests or ends.
    pub(super) fn work(&mut self, now: i64, id: u64) {
        let Some(order) = self.orders.get(&id) else { return };
        let fails = order.time_in_force == TimeInForce::Fok && !self.can_fill(order);
        let outcome = if fails { Outcome::Exhausted } else { self.meet(now, id) };
        let Some(order) = self.orders.get(&id) else { return };
        let at_market = !order.kind.has_price();
        match outcome {
            Outcome::Over => {}
            Outcome::Full if Self::is_satisfied(order) => self.fill_up(now, id),
            _ if at_market || order.time_in_force != TimeInForce::Gtc => self.expire(now, id, Status::Expired),
            _ => self.rest(id),
        }
    }

    /// An order for an amount of quote currency has become what was traded for it.
    fn fill_up(&mut self, now: i64, id: u64) {
        self.end(now, id, Status::Filled);
        let told = self.events.iter_mut().rev().find_map(|event| match event {
            Event::Execution { order, .. } if order.id == id => Some(order),
            _ => None,
        });
        if let Some(order) = told {
            order.status = Status::Filled;
        }
    }

    /// An order ends by its own terms, or since it would have traded with its account.
    pub(super) fn expire(&mut self, now: i64, id: u64, status: Status) {
        self.end(now, id, status);
        let what = if status == Status::ExpiredInMatch { Execution::TradePrevention } else { Execution::Expired };
        self.tell(id, what, None, None);
    }

    fn expire_if_open(&mut self, now: i64, id: u64) {
        if self.orders.get(&id).is_some_and(|order| order.status.is_open()) {
            self.expire(now, id, Status::Expired);
        }
    }

    fn rest(&mut self, id: u64) {
        let Some(order) = self.orders.get_mut(&id) else { return };
        let (side, price, market) = (order.side, order.price, order.market);
        let market_of = &mut self.markets[market];
        order.shown = order.part();
        let (sequence, quantity) = market_of.book.insert(side, price, id, order.shown);
        order.sequence = Some(sequence);
        if order.account == HOUSE {
            market_of.house[side as usize].entry(price).or_default().push(id);
        }
        let update_id = market_of.book.update_id;
        self.events.push(Event::Level { market, side, price, quantity, update_id });
    }

    /// Whether all of an order could be traded at once.
    fn can_fill(&self, order: &Order) -> bool {
        let book = &self.markets[order.market].book;
        let mut left = order.remaining();
        for (price, level) in book.walk(order.side.opposite()) {
            if !Book::crosses(order.side, order.price, price) {
                break;
            }
            left -= level
                .queue
                .values()
                .filter_map(|id| self.orders.get(id))
                .filter(|it| it.account != order.account)
                .map(Order::remaining)
                .sum::<Decimal>();
            if left <= Decimal::ZERO {
                return true;
            }
        }
        false
    }

    fn meet(&mut self, now: i64, id: u64) -> Outcome {
        loop {
            let Some(order) = self.orders.get(&id) else { return Outcome::Over };
            if !order.status.is_open() {
                return Outcome::Over;
            }
            let Some((price, maker)) = self.markets[order.market].book.front(order.side.opposite()) else {
                return Outcome::Exhausted;
            };
            if order.kind.has_price() && !Book::crosses(order.side, order.price, price) {
                return Outcome::Exhausted;
            }
            let room = self.room(order, price);
            if room.is_zero() {
                return Outcome::Full;
            }
            let Some(resting) = self.orders.get(&maker) else { return Outcome::Exhausted };
            if resting.account == order.account && order.account != HOUSE && order.self_trade != SelfTrade::None {
                let mode = order.self_trade;
                self.prevent(now, mode, id, maker);
                continue;
            }
            let quantity = room.min(resting.shown);
            self.trade(now, (id, maker), price, quantity);
        }
    }

    fn prevent(&mut self, now: i64, mode: SelfTrade, taker: u64, maker: u64) {
        if matches!(mode, SelfTrade::ExpireMaker | SelfTrade::ExpireBoth) {
            self.take_out(maker);
            self.expire(now, maker, Status::ExpiredInMatch);
            if let Some(other) = self.other_leg(maker) {
                self.pull(other);
                self.expire_if_open(now, other);
            }
        }
        if matches!(mode, SelfTrade::ExpireTaker | SelfTrade::ExpireBoth) {
            self.expire(now, taker, Status::ExpiredInMatch);
        }
    }

    /// Takes an order out of its book.
    pub(super) fn take_out(&mut self, id: u64) {
        let Some(order) = self.orders.get_mut(&id) else { return };
        let Some(sequence) = order.sequence.take() else { return };
        let (market, side, price, shown) = (order.market, order.side, order.price, std::mem::take(&mut order.shown));
        self.reduce(market, side, price, sequence, shown, Some(id));
    }

    /// A level has less; where an order is `gone`, it leaves its queue.
    pub(super) fn reduce(
        &mut self,
        market: usize,
        side: Side,
        price: Decimal,
        sequence: u64,
        by: Decimal,
        gone: Option<u64>,
    ) {
        let market_of = &mut self.markets[market];
        let quantity = market_of.book.reduce(side, price, sequence, by, gone.is_some());
        let update_id = market_of.book.update_id;
        if let Some(id) = gone
            && let Some(orders) = market_of.house[side as usize].get_mut(&price)
        {
            orders.retain(|it| *it != id);
            if orders.is_empty() {
                market_of.house[side as usize].remove(&price);
            }
        }
        self.events.push(Event::Level { market, side, price, quantity, update_id });
    }

    fn trade(&mut self, now: i64, (taker, maker): (u64, u64), price: Decimal, quantity: Decimal) {
        for id in [taker, maker] {
            self.leave_list(now, id);
        }
        let Some(order) = self.orders.get(&taker) else { return };
        let market = order.market;
        let is_buyer_maker = order.side == Side::Sell;
        let id = self.markets[market].tape.next_id();
        let trade = Trade { market, id, price, quantity, time: now, is_buyer_maker, taker };
        self.markets[market].tape.push(&trade);
        if !self.moved.contains(&market) {
            self.moved.push(market);
        }
        self.events.push(Event::Trade(trade));
        for (order, is_maker) in [(taker, false), (maker, true)] {
            self.fill(now, order, is_maker, (id, price, quantity));
        }
    }

    /// One side of a trade.
    fn fill(&mut self, now: i64, id: u64, is_maker: bool, (trade, price, quantity): (u64, Decimal, Decimal)) {
        let Some(order) = self.orders.get_mut(&id) else { return };
        let value = price * quantity;
        order.executed += quantity;
        order.executed_value += value;
        order.updated = now;
        if !order.quote_quantity.is_zero() {
            order.quantity = order.executed;
        }
        let filled = order.quote_quantity.is_zero() && order.remaining().is_zero();
        let turned = order.turn(if filled { Status::Filled } else { Status::PartiallyFilled });
        debug_assert!(turned.is_ok(), "{turned:?}");
        let is_buyer = order.side == Side::Buy;
        let (paid, received) = if is_buyer { (value, quantity) } else { (quantity, value) };
        if order.account != HOUSE {
            order.reserved -= paid;
        }
        let sequence = order.sequence;
        if sequence.is_some() {
            order.shown -= quantity;
        }
        let is_spent = order.shown.is_zero();
        let (account, market, list) = (order.account, order.market, order.list);
        let place = (order.side, order.price);
        let Market { base, quote, .. } = self.markets[market];
        let (pays_with, gets) = if is_buyer { (quote, base) } else { (base, quote) };
        self.pay(account, pays_with, paid);
        let (commission, commission_asset) = self.receive((account, market), (gets, received), price, is_maker);
        if let Some(sequence) = sequence {
            self.reduce(market, place.0, place.1, sequence, quantity, is_spent.then_some(id));
            if is_spent && !filled {
                // what comes up of an iceberg stands behind all that stood there before
                self.rest(id);
            }
        }
        self.give_back_surplus(id);
        if account != HOUSE {
            let order = id;
            let fill = Fill {
                trade,
                market,
                order,
                list,
                price,
                quantity,
                value,
                commission,
                commission_asset,
                time: now,
                is_buyer,
                is_maker,
            };
            self.accounts[account].fills.push(fill.clone());
            self.tell(id, Execution::Trade, Some(fill), None);
        }
        if filled {
            self.end(now, id, Status::Filled);
        }
    }

    /// A buyer who trades below the own price needs less than was held back.
    pub(super) fn give_back_surplus(&mut self, id: u64) {
        let Some(order) = self.orders.get_mut(&id) else { return };
        if order.account == HOUSE || !order.kind.has_price() {
            return;
        }
        let surplus = order.reserved - order.needs();
        order.reserved -= surplus;
        let order = order.clone();
        self.unlock(order.account, self.spends(&order), surplus);
    }
}
