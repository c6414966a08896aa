//! The house makes the market: its levels, and the trades by which prices move.

use super::{Exchange, HOUSE, Kind, NewOrder, SelfTrade, Side, Status, SymbolStatus, TimeInForce, book::Book};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

impl Exchange {
    /// The house stands at these levels and no others; where they cross orders of customers, they trade with them.
    pub fn make_market(
        &mut self,
        now: i64,
        market: usize,
        bids: &BTreeMap<Decimal, Decimal>,
        asks: &BTreeMap<Decimal, Decimal>,
    ) {
        if !self.is_trading(market) {
            return;
        }
        for (side, levels) in [(Side::Buy, bids), (Side::Sell, asks)] {
            let stale: Vec<_> = self.markets[market].house[side as usize]
                .keys()
                .filter(|it| !levels.contains_key(it))
                .copied()
                .collect();
            for price in stale {
                self.withdraw_house(now, market, side, price);
            }
        }
        for (side, levels) in [(Side::Buy, bids), (Side::Sell, asks)] {
            for (price, quantity) in levels {
                self.stand(now, market, side, *price, *quantity);
            }
        }
        self.settle(now);
    }

    /// The house stands with `quantity` at a level; what it has on the other side across it gives way.
    pub fn set_level(&mut self, now: i64, market: usize, side: Side, price: Decimal, quantity: Decimal) {
        if self.is_trading(market) {
            if quantity > Decimal::ZERO {
                self.clear_house(now, market, side.opposite(), |it| Book::crosses(side, price, it));
            }
            self.stand(now, market, side, price, quantity);
            self.settle(now);
        }
    }

    /// Somebody of the house trades at a price: better levels of the house give way, and what is missing there is added
    /// behind those who wait.
    pub fn print(&mut self, now: i64, market: usize, taker: Side, price: Decimal, quantity: Decimal) {
        if !self.is_trading(market) || quantity <= Decimal::ZERO {
            return;
        }
        let maker = taker.opposite();
        self.clear_house(now, market, maker, |it| it != price && Book::crosses(taker, price, it));
        let stands = self.markets[market].book.side(maker).get(&price).map_or(Decimal::ZERO, |level| level.total);
        if stands < quantity {
            self.clear_house(now, market, taker, |it| Book::crosses(maker, price, it));
            self.house_order(now, market, maker, price, quantity - stands, TimeInForce::Gtc);
        }
        self.house_order(now, market, taker, price, quantity, TimeInForce::Ioc);
        self.settle(now);
    }

    /// The house leaves no more than this for whoever takes at `limit`.
    pub fn thin(&mut self, now: i64, market: usize, taker: Side, limit: Option<Decimal>, most: Decimal) {
        let maker = taker.opposite();
        let mut left = most;
        let prices: Vec<Decimal> = self.markets[market].book.walk(maker).map(|(price, _)| price).collect();
        for price in prices {
            if limit.is_some_and(|limit| !Book::crosses(taker, limit, price)) {
                break;
            }
            let house = self.house_total(market, maker, price);
            let total = self.markets[market].book.side(maker).get(&price).map_or(Decimal::ZERO, |level| level.total);
            let kept = (left - (total - house)).clamp(Decimal::ZERO, house);
            self.stand(now, market, maker, price, kept);
            left = (left - (total - house) - kept).max(Decimal::ZERO);
        }
        self.settle(now);
    }

    fn is_trading(&self, market: usize) -> bool {
        self.markets.get(market).is_some_and(|market| market.status == SymbolStatus::Trading)
    }

    fn house_total(&self, market: usize, side: Side, price: Decimal) -> Decimal {
        let orders = self.markets[market].house[side as usize].get(&price);
        orders.into_iter().flatten().filter_map(|id| self.orders.get(id)).map(super::Order::remaining).sum()
    }

    /// Adds to a level behind those who wait, or takes from its end.
    fn stand(&mut self, now: i64, market: usize, side: Side, price: Decimal, quantity: Decimal) {
        let stands = self.house_total(market, side, price);
        if stands < quantity {
            self.house_order(now, market, side, price, quantity - stands, TimeInForce::Gtc);
        }
        let mut surplus = stands - quantity;
        while surplus > Decimal::ZERO {
            let last = self.markets[market].house[side as usize].get(&price).and_then(|orders| orders.last().copied());
            let Some(id) = last else { break };
            let Some(order) = self.orders.get_mut(&id) else { break };
            let by = surplus.min(order.remaining());
            surplus -= by;
            if by == order.remaining() {
                self.take_out(id);
                self.end(now, id, Status::Canceled);
            } else if let Some(sequence) = order.sequence {
                order.quantity -= by;
                order.shown -= by;
                self.reduce(market, side, price, sequence, by, None);
            }
        }
    }

    fn clear_house(&mut self, now: i64, market: usize, side: Side, which: impl Fn(Decimal) -> bool) {
        let prices: Vec<_> =
            self.markets[market].house[side as usize].keys().copied().filter(|price| which(*price)).collect();
        for price in prices {
            self.withdraw_house(now, market, side, price);
        }
    }

    fn withdraw_house(&mut self, now: i64, market: usize, side: Side, price: Decimal) {
        let orders = self.markets[market].house[side as usize].get(&price).cloned().unwrap_or_default();
        for id in orders {
            self.take_out(id);
            self.end(now, id, Status::Canceled);
        }
    }

    fn house_order(
        &mut self,
        now: i64,
        market: usize,
        side: Side,
        price: Decimal,
        quantity: Decimal,
        tif: TimeInForce,
    ) {
        let new = NewOrder {
            price: Some(price),
            quantity: Some(quantity),
            time_in_force: Some(tif),
            self_trade: SelfTrade::None,
            client_id: Some(String::new()),
            ..NewOrder::bare(HOUSE, market, side, Kind::Limit)
        };
        let id = self.accept(now, new, Decimal::ZERO, None);
        self.work(now, id);
    }
}
