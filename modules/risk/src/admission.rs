//! The check before an order is sent.

use crate::{
    halts,
    limits::{Bound, Bounds, Limit, Owner},
    store,
};
use kit::{Result, TenantTx};
use rust_decimal::Decimal;
use serde::Serialize;
use std::fmt;
use trading::{
    money::{Notional, Price, Quantity, Symbol},
    order::{ClientOrderId, Order, Size},
};
use uuid::Uuid;

/// What a live bot is about to send, and how it stands.
#[derive(Clone, Copy, Debug)]
pub struct Venture<'a> {
    pub bot: Uuid,
    pub symbol: &'a Symbol,
    /// The last price.
    pub price: Price,
    /// What its coins are worth at that price, and its waiting purchases but these.
    pub held: Notional,
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

/// Lets orders pass or refuses them, in the transaction that writes them; answers which are refused. What only reduces a
/// position always passes.
///
/// Where a limit binds all bots together, no other transaction of the tenant is let through before this one has ended, so
/// that no two of them use the same room.
pub async fn admit(tx: &mut TenantTx, venture: &Venture<'_>) -> Result<Vec<(ClientOrderId, Refusal)>> {
    let entries: Vec<_> = venture.orders.iter().filter(|order| !order.reduces_only()).collect();
    let currency = venture.symbol.quote();
    if entries.is_empty() {
        return Ok(vec![]);
    }
    if let Some(halt) = halts::in_force(tx, currency).await?.into_iter().next() {
        let halted = |order: &&Order| (order.client_order_id, Refusal::Halted { message: halt.message.clone() });
        return Ok(entries.iter().map(halted).collect());
    }
    let bounds = store::limits::bounds(tx, currency).await?;
    let sums = if bounds.bind_together() {
        store::figures::lock(tx).await?;
        store::figures::sums(tx, currency, venture.bot).await?
    } else {
        Sums::default()
    };
    let mut room = Room { bounds, sums, held: venture.held, price: venture.price };
    let refused = |order: &Order| room.take(order).err().map(|refusal| (order.client_order_id, refusal));
    let refused: Vec<_> = entries.iter().copied().filter_map(refused).collect();
    store::figures::admitted(tx, currency, entries.len() - refused.len()).await?;
    Ok(refused)
}

/// What may still be ventured.
struct Room {
    bounds: Bounds,
    sums: Sums,
    held: Notional,
    price: Price,
}

impl Room {
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

    fn room(limits: &str) -> Room {
        let tenant: Limits = serde_json::from_str(limits).unwrap();
        let sums = Sums { exposure: amount("300"), orders: 2 };
        let bounds = Bounds { tenant, platform: Limits::default() };
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
            assert_eq!(room(limits).take(&market).unwrap_err().to_string(), words);
        }
        let just = r#"{"maxOrderNotional": "150", "maxPositionNotional": "250", "maxExposure": "550", "maxOrdersPerMinute": 3}"#;
        let mut just = room(just);
        assert_eq!(just.take(&market), Ok(()));
        assert!(just.take(&market).is_err(), "the room is used");
    }

    #[test]
    fn a_price_outside_the_collar_is_refused_on_either_side() {
        let at = |price: &str| {
            let kind = OrderKind::Limit { price: price.parse().unwrap() };
            room(r#"{"priceCollar": "10"}"#).take(&entry(kind, Size::Quote(amount("10"))))
        };
        assert_eq!((at("45"), at("55")), (Ok(()), Ok(())));
        for outside in ["44.99", "55.01"] {
            let refusal = at(outside).unwrap_err().to_string();
            assert_eq!(refusal, "priceCollar of the tenant is 10, and it would be 10.02: 0.02 too much");
        }
    }

    #[test]
    fn what_is_refused_takes_no_room() {
        let mut room = room(r#"{"maxExposure": "500"}"#);
        assert!(room.take(&entry(OrderKind::Market {}, Size::Quote(amount("101")))).is_err());
        assert_eq!(room.take(&entry(OrderKind::Market {}, Size::Quote(amount("100")))), Ok(()));
    }
}
