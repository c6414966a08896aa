//! What is looked at before an order is accepted.

use super::{
    Exchange, HOUSE, Kind, Market, NewOrder, Order, Refusal, Side, SymbolStatus, TimeInForce,
    book::Book,
    figures::{down_to, up_to},
};
use rust_decimal::Decimal;

/// Basis points of one.
pub(super) const WHOLE: u32 = 10_000;

impl Exchange {
    /// Whether an order would be accepted, and what it would hold back.
    ///
    /// # Errors
    /// The first [`Refusal`] that it meets.
    pub fn check(&self, now: i64, new: &NewOrder) -> Result<Decimal, Refusal> {
        let market = self.markets.get(new.market).ok_or(Refusal::SYMBOL)?;
        if market.status != SymbolStatus::Trading {
            return Err(Refusal::MARKET_CLOSED);
        }
        parameters(new)?;
        self.filters(now, market, new)?;
        self.counts(market, new)?;
        self.prices(market, new)?;
        let needed = self.needed(market, new)?;
        let asset = if new.side == Side::Buy { market.quote } else { market.base };
        if new.account != HOUSE && needed > self.accounts[new.account].balance(asset).free {
            return Err(Refusal::INSUFFICIENT);
        }
        Ok(needed)
    }

    fn filters(&self, now: i64, market: &Market, new: &NewOrder) -> Result<(), Refusal> {
        let rules = &market.rules;
        let average = market.tape.average(now, rules.average_minutes);
        for price in [new.price, new.stop_price].into_iter().flatten() {
            rules.check_price(price)?;
            rules.check_distance(price, average)?;
        }
        if let Some(delta) = new.trailing_delta {
            rules.check_trailing(delta)?;
        }
        if let Some(quantity) = new.quantity {
            rules.check_quantity(quantity, new.kind)?;
            if let Some(part) = new.iceberg {
                rules.check_iceberg(part, quantity)?;
            }
            let price = new.price.or(new.stop_price).or(average);
            return price.map_or(Ok(()), |price| rules.check_value(price * quantity));
        }
        let value = new.quote_quantity.unwrap_or_default();
        let most = average.map(|average| average * rules.max_market_quantity);
        if most.is_some_and(|most| value > most) {
            return Err(Refusal::filter("MARKET_LOT_SIZE"));
        }
        rules.check_value(value)
    }

    fn counts(&self, market: &Market, new: &NewOrder) -> Result<(), Refusal> {
        let account = self.accounts.get(new.account).ok_or(Refusal::KEY)?;
        if new.account == HOUSE {
            return Ok(());
        }
        if new.client_id.as_ref().is_some_and(|id| account.open.contains_key(id)) {
            return Err(Refusal::DUPLICATE);
        }
        let open = || account.open.values().filter_map(|id| self.orders.get(id)).filter(|it| it.market == new.market);
        // whoever has few orders of all symbols together need not be counted
        let many = |most: usize| account.open.len() >= most;
        let (most, most_waiting) = (market.rules.max_orders, market.rules.max_algo_orders);
        if new.kind != Kind::Market && many(most) && open().count() >= most {
            return Err(Refusal::filter("MAX_NUM_ORDERS"));
        }
        let waiting = || open().filter(|it| it.is_waiting()).count();
        if new.kind.is_contingent() && many(most_waiting) && waiting() >= most_waiting {
            return Err(Refusal::filter("MAX_NUM_ALGO_ORDERS"));
        }
        Ok(())
    }

    fn prices(&self, market: &Market, new: &NewOrder) -> Result<(), Refusal> {
        if let (Kind::LimitMaker, Some(limit)) = (new.kind, new.price) {
            let best = market.book.best(new.side.opposite());
            if best.is_some_and(|(best, _)| Book::crosses(new.side, limit, best)) {
                return Err(Refusal::WOULD_MATCH);
            }
        }
        // a trailing order may begin to follow the price at once
        if let (true, None, Some(stop), Some(last)) =
            (new.kind.is_contingent(), new.trailing_delta, new.stop_price, market.tape.last_price())
            && fires(new.kind, new.side, stop, last)
        {
            return Err(Refusal::WOULD_TRIGGER);
        }
        Ok(())
    }

    /// What an order holds back: coins of a seller, quote currency of a buyer.
    fn needed(&self, market: &Market, new: &NewOrder) -> Result<Decimal, Refusal> {
        let quantity = new.quantity.unwrap_or_default();
        if new.kind == Kind::Market {
            return Ok(match (new.side, new.quote_quantity) {
                (Side::Buy, Some(value)) => value,
                (Side::Sell, Some(value)) => coins_for(market, value),
                (Side::Buy, None) => cost_of(market, quantity),
                (Side::Sell, None) => quantity,
            });
        }
        if new.side == Side::Sell {
            return Ok(quantity);
        }
        // a stop order at the market pays what its trigger says, a trailing one what the price may rise to
        let last = market.tape.last_price().unwrap_or_default();
        let risen = last * (Decimal::ONE + Decimal::from(new.trailing_delta.unwrap_or(0)) / Decimal::from(WHOLE));
        let price = match (new.kind.has_price(), new.price, new.stop_price) {
            (true, Some(price), _) => price,
            (_, _, Some(stop)) if new.trailing_delta.is_some() => stop.max(up_to(risen, market.rules.tick)),
            (_, _, Some(stop)) => stop,
            _ if last.is_zero() => return Err(Refusal::MARKET_CLOSED),
            _ => up_to(risen, market.rules.tick),
        };
        Ok(price * quantity)
    }

    /// How many coins an order may trade at a price now.
    pub(super) fn room(&self, order: &Order, price: Decimal) -> Decimal {
        let lot = self.markets[order.market].rules.lot;
        let coins = |value: Decimal| value.checked_div(price).map_or(Decimal::ZERO, |coins| down_to(coins, lot));
        let wanted = if order.quote_quantity.is_zero() {
            order.remaining()
        } else {
            coins(order.quote_quantity - order.executed_value)
        };
        if order.account == HOUSE || order.kind.has_price() {
            return wanted;
        }
        match order.side {
            Side::Buy => wanted.min(coins(order.reserved)),
            Side::Sell => wanted.min(order.reserved),
        }
    }
}

/// Whether a price sets an order off.
pub(super) fn fires(kind: Kind, side: Side, stop: Decimal, last: Decimal) -> bool {
    if kind.fires_on_fall(side) { last <= stop } else { last >= stop }
}

/// What so many coins cost now; those that nobody sells cost nothing.
fn cost_of(market: &Market, quantity: Decimal) -> Decimal {
    let (mut left, mut cost) = (quantity, Decimal::ZERO);
    for (price, level) in market.book.walk(Side::Sell) {
        let part = left.min(level.total);
        cost += price * part;
        left -= part;
        if left.is_zero() {
            break;
        }
    }
    cost
}

/// How many coins bring this amount now, as far as somebody buys them.
fn coins_for(market: &Market, value: Decimal) -> Decimal {
    let (mut left, mut coins) = (value, Decimal::ZERO);
    for (price, level) in market.book.walk(Side::Buy) {
        let part = down_to(left.checked_div(price).unwrap_or_default(), market.rules.lot).min(level.total);
        coins += part;
        left -= price * part;
        if part < level.total {
            break;
        }
    }
    coins
}

/// Whether an order has what its kind needs and nothing else.
fn parameters(new: &NewOrder) -> Result<(), Refusal> {
    let needs = |there: bool, name: &str| if there { Ok(()) } else { Err(Refusal::mandatory(name)) };
    let lacks = |absent: bool, name: &str| if absent { Ok(()) } else { Err(Refusal::not_required(name)) };
    let NewOrder { kind, price, quantity, quote_quantity, stop_price, trailing_delta, time_in_force, .. } = new;
    if *kind == Kind::Market {
        needs(quantity.is_some() || quote_quantity.is_some(), "quantity")?;
        lacks(quantity.is_none() || quote_quantity.is_none(), "quoteOrderQty")?;
        lacks(price.is_none(), "price")?;
        lacks(stop_price.is_none(), "stopPrice")?;
        lacks(trailing_delta.is_none(), "trailingDelta")?;
        lacks(new.iceberg.is_none(), "icebergQty")?;
        return lacks(time_in_force.is_none(), "timeInForce");
    }
    needs(quantity.is_some(), "quantity")?;
    lacks(quote_quantity.is_none(), "quoteOrderQty")?;
    if kind.has_price() {
        needs(price.is_some(), "price")?;
    } else {
        lacks(price.is_none(), "price")?;
    }
    if new.iceberg.is_some() {
        lacks(kind.has_price(), "icebergQty")?;
        if matches!(time_in_force, Some(TimeInForce::Ioc | TimeInForce::Fok)) {
            return Err(Refusal::TIME_IN_FORCE);
        }
    }
    match (kind, time_in_force) {
        (Kind::Limit | Kind::StopLossLimit | Kind::TakeProfitLimit, None) => {
            return Err(Refusal::mandatory("timeInForce"));
        }
        (Kind::LimitMaker, Some(TimeInForce::Ioc | TimeInForce::Fok)) => return Err(Refusal::TIME_IN_FORCE),
        (Kind::StopLoss | Kind::TakeProfit, Some(_)) => return Err(Refusal::not_required("timeInForce")),
        _ => {}
    }
    if kind.is_contingent() {
        return needs(stop_price.is_some() || trailing_delta.is_some(), "stopPrice");
    }
    lacks(stop_price.is_none(), "stopPrice")?;
    lacks(trailing_delta.is_none(), "trailingDelta")
}
