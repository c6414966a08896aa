//! What must hold after each command.

use super::{Exchange, HOUSE, Side, book::Level};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

impl Exchange {
    /// Whether money is conserved, what is locked is what open orders hold, books do not cross, and their levels are
    /// the sums of their orders.
    ///
    /// # Errors
    /// The first thing that does not hold, in words.
    pub fn audit(&self) -> Result<(), String> {
        self.audit_money()?;
        self.audit_locks()?;
        (0..self.markets.len()).try_for_each(|market| self.audit_book(market))?;
        let too_much = |it: &&super::Order| it.executed > it.quantity && it.quote_quantity.is_zero();
        self.orders
            .values()
            .find(too_much)
            .map_or(Ok(()), |order| Err(format!("order {} has traded too much", order.id)))
    }

    fn audit_money(&self) -> Result<(), String> {
        for (asset, issued) in self.issued.iter().enumerate() {
            let sum: Decimal = self.accounts.iter().map(|it| it.balance(asset)).map(|it| it.free + it.locked).sum();
            if sum != *issued {
                return Err(format!("there are {sum} {} of {issued}", self.assets[asset]));
            }
        }
        let broke = |account: &super::Account| {
            account.balances.iter().any(|it| it.free < Decimal::ZERO || it.locked < Decimal::ZERO)
        };
        match self.accounts.iter().skip(HOUSE + 1).position(broke) {
            Some(index) => Err(format!("account {} has less than nothing", index + 1)),
            None => Ok(()),
        }
    }

    fn audit_locks(&self) -> Result<(), String> {
        let mut held: BTreeMap<(usize, usize), Decimal> = BTreeMap::new();
        for order in self.orders.values() {
            *held.entry((order.account, self.spends(order))).or_default() += order.reserved;
            if !order.status.is_open() && !order.reserved.is_zero() {
                return Err(format!("order {} is over and holds {}", order.id, order.reserved));
            }
        }
        for (id, account) in self.accounts.iter().enumerate() {
            for (asset, balance) in account.balances.iter().enumerate() {
                let orders = held.get(&(id, asset)).copied().unwrap_or_default();
                if orders != balance.locked {
                    return Err(format!("account {id} has locked {} for orders that need {orders}", balance.locked));
                }
            }
        }
        Ok(())
    }

    fn audit_book(&self, market: usize) -> Result<(), String> {
        let (name, book) = (&self.markets[market].rules.name, &self.markets[market].book);
        if let (Some((bid, _)), Some((ask, _))) = (book.best(Side::Buy), book.best(Side::Sell))
            && bid >= ask
        {
            return Err(format!("the book of {name} crosses: {bid} and {ask}"));
        }
        for side in [Side::Buy, Side::Sell] {
            for (price, level) in book.walk(side) {
                self.audit_level(side, price, level).map_err(|why| format!("{name} at {price}: {why}"))?;
            }
        }
        Ok(())
    }

    fn audit_level(&self, side: Side, price: Decimal, level: &Level) -> Result<(), String> {
        let mut sum = Decimal::ZERO;
        for (sequence, id) in &level.queue {
            let order = self.orders.get(id).ok_or_else(|| format!("order {id} is not known"))?;
            let belongs = (order.side, order.price, order.sequence) == (side, price, Some(*sequence));
            if !belongs || !order.status.is_open() || order.shown <= Decimal::ZERO {
                return Err(format!("order {id} does not belong there"));
            }
            if order.shown > order.part() {
                return Err(format!("order {id} shows {}", order.shown));
            }
            sum += order.shown;
        }
        if sum == level.total { Ok(()) } else { Err(format!("{} stand for {sum}", level.total)) }
    }
}
