//! The check before an order is sent.

use crate::{
    halts,
    limits::{Bound, Bounds, Limit, Owner},
    store,
};
use kit::{Result, TenantTx};
use rust_decimal::Decimal;
use serde::Serialize;
use std::{collections::HashMap, fmt};
use trading::{
    money::{Notional, Price, Quantity},
    order::{ClientOrderId, Order, Size},
};
use uuid::Uuid;

/// What a live bot is about to send.
#[derive(Clone, Copy, Debug)]
pub struct Venture<'a> {
    pub bot: Uuid,
    /// The last price.
    pub price: Price,
    pub orders: &'a [Order],
}

/// Why an order is not sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "code")]
pub enum Refusal {
    /// A limit would be broken.
    Beyond {
        limit: Limit,
        owner: Owner,
        allowed: Decimal,
        /// What it would be.
        wanted: Decimal,
        /// By how much that is too much.
        excess: Decimal,
    },
    /// Entries are halted, for this reason.
    Halted { message: String },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Beyond { limit, owner, allowed, wanted, excess } => {
                write!(f, "{limit} of the {owner} is {allowed}, and it would be {wanted}: {excess} too much")
            }
            Self::Halted { message } => write!(f, "entries are halted: {message}"),
        }
    }
}

/// What of the sums is used already.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sums {
    /// What all other bots hold, and their waiting purchases.
    pub(crate) exposure: Notional,
    /// Entries in the last minute.
    pub(crate) orders: i64,
}

/// What an order that opens or enlarges a position may yet cost after so many coins, at its price or the last one.
pub fn cost(order: &Order, filled: Quantity, last: Price) -> Notional {
    let price = order.kind.limit().or(order.kind.trigger()).unwrap_or(last);
    let whole = match order.size {
        Size::Quote(budget) => budget,
        Size::Base(coins) => price * coins,
    };
    (whole - price * filled).max(Notional::ZERO)
}

/// Lets orders of the bots that ask in one transaction pass or refuses them, in the transaction that writes them. What only
/// reduces a position always passes.
///
/// Where a limit binds all bots together, no other transaction of the tenant is let through before this one has ended, so
/// that no two of them use the same room; and each bot that asks finds what those before it have been given.
#[derive(Debug)]
pub struct Admission {
    currency: String,
    /// Why entries are halted, if they are.
    halted: Option<String>,
    bounds: Bounds,
    /// What bots use that do not ask here, and all entries of the last minute.
    sums: Sums,
    /// What the others use.
    held: HashMap<Uuid, Notional>,
    admitted: usize,
}

impl Admission {
    /// With what each bot that asks holds, its coins at the last price and its waiting purchases but those it asks for.
    ///
    /// # Errors
    /// 503 when the database cannot be reached.
    pub async fn open(tx: &mut TenantTx, currency: &str, held: &[(Uuid, Notional)]) -> Result<Self> {
        let halts = halts::in_force(tx, currency).await?;
        let bounds = store::limits::bounds(tx, currency).await?;
        let sums = if bounds.bind_together() {
            let bots: Vec<_> = held.iter().map(|(bot, _)| *bot).collect();
            store::figures::lock(tx).await?;
            store::figures::sums(tx, currency, &bots).await?
        } else {
            Sums::default()
        };
        let halted = halts.into_iter().next().map(|halt| halt.message);
        let held = held.iter().copied().collect();
        Ok(Self { currency: currency.to_owned(), halted, bounds, sums, held, admitted: 0 })
    }

    /// Which of these orders are refused.
    pub fn admit(&mut self, venture: &Venture<'_>) -> Vec<(ClientOrderId, Refusal)> {
        let entries = venture.orders.iter().filter(|order| !order.reduces_only());
        if let Some(message) = &self.halted {
            return entries.map(|it| (it.client_order_id, Refusal::Halted { message: message.clone() })).collect();
        }
        let held = self.held.remove(&venture.bot).unwrap_or_default();
        let others: Notional = self.held.values().copied().sum();
        let sums = Sums { exposure: self.sums.exposure + others, ..self.sums };
        let mut room = Room { bounds: &self.bounds, sums, held, price: venture.price };
        let refused = entries.filter_map(|it| room.take(it).err().map(|refusal| (it.client_order_id, refusal)));
        let refused = refused.collect();
        self.admitted += usize::try_from(room.sums.orders - self.sums.orders).unwrap_or_default();
        self.sums.orders = room.sums.orders;
        self.held.insert(venture.bot, room.held);
        refused
    }

    /// Remembers what was let through.
    ///
    /// # Errors
    /// 503 when the database cannot be reached.
    pub async fn close(self, tx: &mut TenantTx) -> Result<()> {
        store::figures::admitted(tx, &self.currency, self.admitted).await
    }
}

/// What may still be ventured.
struct Room<'a> {
    bounds: &'a Bounds,
    sums: Sums,
    held: Notional,
    price: Price,
}

impl Room<'_> {
    /// Gives an order its room, if there is so much.
    fn take(&mut self, order: &Order) -> Result<(), Refusal> {
        let cost = cost(order, Quantity::ZERO, self.price);
        let held = self.held + cost;
        self.check(Limit::MaxOrderNotional, cost.decimal())?;
        self.check(Limit::MaxPositionNotional, held.decimal())?;
        if let Some(price) = order.kind.limit().or(order.kind.trigger()) {
            self.check(Limit::PriceCollar, distance(price, self.price))?;
        }
        self.check(Limit::MaxExposure, (self.sums.exposure + held).decimal())?;
        self.check(Limit::MaxOrdersPerMinute, (self.sums.orders + 1).into())?;
        (self.held, self.sums.orders) = (held, self.sums.orders + 1);
        Ok(())
    }

    fn check(&self, limit: Limit, wanted: Decimal) -> Result<(), Refusal> {
        match self.bounds.of(limit) {
            Some(Bound { owner, allowed }) if wanted > allowed => {
                let (wanted, excess) = (wanted.normalize(), (wanted - allowed).normalize());
                Err(Refusal::Beyond { limit, owner, allowed, wanted, excess })
            }
            _ => Ok(()),
        }
    }
}

/// How far a price lies from the last one, in per cent.
fn distance(price: Price, last: Price) -> Decimal {
    let (price, last) = (price.decimal(), last.decimal());
    ((price - last).abs() * Decimal::ONE_HUNDRED).checked_div(last).unwrap_or(Decimal::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use trading::order::{OrderKind, Purpose, Side};

    fn amount(text: &str) -> Notional {
        text.parse().unwrap()
    }

    fn entry(kind: OrderKind, size: Size) -> Order {
        Order::new(ClientOrderId::new("t".parse().unwrap(), 1), Side::Buy, kind, size, Purpose::Entry)
    }

    fn bounds(limits: &str) -> Bounds {
        Bounds { tenant: serde_json::from_str(limits).unwrap(), platform: Limits::default() }
    }

    fn room(bounds: &Bounds) -> Room<'_> {
        let sums = Sums { exposure: amount("300"), orders: 2 };
        Room { bounds, sums, held: amount("100"), price: "50".parse().unwrap() }
    }

    #[test]
    fn each_limit_refuses_what_goes_beyond_it_and_says_by_how_much() {
        let market = entry(OrderKind::Market {}, Size::Base("3".parse().unwrap()));
        let cases = [
            (
                r#"{"maxOrderNotional": "149.5"}"#,
                "maxOrderNotional of the tenant is 149.5, and it would be 150: 0.5 too much",
            ),
            (
                r#"{"maxPositionNotional": "240"}"#,
                "maxPositionNotional of the tenant is 240, and it would be 250: 10 too much",
            ),
            (r#"{"maxExposure": "549.99"}"#, "maxExposure of the tenant is 549.99, and it would be 550: 0.01 too much"),
            (r#"{"maxOrdersPerMinute": 2}"#, "maxOrdersPerMinute of the tenant is 2, and it would be 3: 1 too much"),
        ];
        for (limits, words) in cases {
            assert_eq!(room(&bounds(limits)).take(&market).unwrap_err().to_string(), words);
        }
        let just = r#"{"maxOrderNotional": "150", "maxPositionNotional": "250", "maxExposure": "550", "maxOrdersPerMinute": 3}"#;
        let just = bounds(just);
        let mut just = room(&just);
        assert_eq!(just.take(&market), Ok(()));
        assert!(just.take(&market).is_err(), "the room is used");
    }

    #[test]
    fn a_price_outside_the_collar_is_refused_on_either_side() {
        let at = |price: &str| {
            let kind = OrderKind::Limit { price: price.parse().unwrap() };
            room(&bounds(r#"{"priceCollar": "10"}"#)).take(&entry(kind, Size::Quote(amount("10"))))
        };
        assert_eq!((at("45"), at("55")), (Ok(()), Ok(())));
        for outside in ["44.99", "55.01"] {
            let refusal = at(outside).unwrap_err().to_string();
            assert_eq!(refusal, "priceCollar of the tenant is 10, and it would be 10.02: 0.02 too much");
        }
    }

    #[test]
    fn what_is_refused_takes_no_room() {
        let bounds = bounds(r#"{"maxExposure": "500"}"#);
        let mut room = room(&bounds);
        assert!(room.take(&entry(OrderKind::Market {}, Size::Quote(amount("101")))).is_err());
        assert_eq!(room.take(&entry(OrderKind::Market {}, Size::Quote(amount("100")))), Ok(()));
    }
}
