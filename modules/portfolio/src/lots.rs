//! Which coins were sold, and what they had cost: tax lots.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use trading::{
    money::{Notional, Quantity},
    order::Side,
    position::{Fill, PositionError},
    time::Timestamp,
};

/// Which coins are taken to be sold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "LotMethod")]
pub(crate) enum Method {
    /// Those that were bought first: "first in, first out".
    #[default]
    Fifo,
    /// Some of all, at what they have cost on average.
    Average,
}

/// Coins that are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lot {
    /// When the first of them were bought.
    pub(crate) acquired: Timestamp,
    pub(crate) quantity: Quantity,
    /// What they cost, buying fees included.
    pub(crate) cost: Notional,
}

/// Coins of a lot that were sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Disposal {
    pub(crate) acquired: Timestamp,
    pub(crate) disposed: Timestamp,
    pub(crate) quantity: Quantity,
    pub(crate) cost: Notional,
    /// What they were sold for, less the selling fee.
    pub(crate) proceeds: Notional,
}

impl Disposal {
    pub(crate) fn gain(&self) -> Notional {
        self.proceeds - self.cost
    }
}

/// The lots of one position, the first bought first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lots {
    method: Method,
    held: VecDeque<Lot>,
}

impl Lots {
    pub(crate) fn new(method: Method) -> Self {
        Self { method, held: VecDeque::new() }
    }

    pub(crate) fn held(&self) -> impl Iterator<Item = &Lot> {
        self.held.iter()
    }

    /// Takes in the next fill; `each` is told what was sold. The last part of a sale gets what the others have left, so
    /// that rounding loses nothing.
    ///
    /// # Errors
    /// Where more is sold than is held.
    pub(crate) fn take(&mut self, fill: &Fill, mut each: impl FnMut(Disposal)) -> Result<(), PositionError> {
        match fill.side {
            Side::Buy => self.add(Lot { acquired: fill.at, quantity: fill.coins(), cost: -fill.cash_flow() }),
            Side::Sell => {
                let (mut left, mut proceeds) = (fill.coins(), fill.cash_flow());
                while !left.is_zero() {
                    let sold = self.remove(left).ok_or(PositionError::NotEnoughCoins {
                        sold: fill.coins(),
                        held: fill.coins().saturating_sub(left),
                    })?;
                    let part = if sold.quantity == left { proceeds } else { proceeds.share(sold.quantity, left) };
                    proceeds -= part;
                    left = left.saturating_sub(sold.quantity);
                    let Lot { acquired, quantity, cost } = sold;
                    each(Disposal { acquired, disposed: fill.at, quantity, cost, proceeds: part });
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, lot: Lot) {
        match self.held.back_mut().filter(|_| self.method == Method::Average) {
            Some(all) => {
                all.quantity += lot.quantity;
                all.cost += lot.cost;
            }
            None => self.held.push_back(lot),
        }
    }

    /// At most so many coins of the first lot.
    fn remove(&mut self, most: Quantity) -> Option<Lot> {
        let first = self.held.front_mut()?;
        if first.quantity <= most {
            return self.held.pop_front();
        }
        let sold = Lot { quantity: most, cost: first.cost.share(most, first.quantity), ..*first };
        first.quantity = first.quantity.saturating_sub(most);
        first.cost -= sold.cost;
        Some(sold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use trading::{
        order::ClientOrderId,
        position::{Fee, Liquidity, Position},
    };

    fn fill(side: Side, at: i64, price: i64, tenths: i64, fee: Fee) -> Fill {
        Fill {
            client_order_id: "b-1".parse::<ClientOrderId>().unwrap(),
            at: Timestamp::from_millis(at),
            side,
            price: price.to_string().parse().unwrap(),
            quantity: format!("{}.{}", tenths / 10, tenths % 10).parse().unwrap(),
            fee,
            liquidity: Liquidity::Taker,
            done: true,
        }
    }

    fn free(side: Side, at: i64, price: i64, tenths: i64) -> Fill {
        fill(side, at, price, tenths, Fee::Quote(Notional::ZERO))
    }

    fn sold(method: Method, fills: &[Fill]) -> Vec<Disposal> {
        let (mut lots, mut sold) = (Lots::new(method), vec![]);
        fills.iter().for_each(|fill| lots.take(fill, |disposal| sold.push(disposal)).unwrap());
        sold
    }

    fn told(disposals: &[Disposal]) -> Vec<(i64, String, String, String)> {
        let told = disposals
            .iter()
            .map(|it| (it.acquired.millis(), it.quantity.to_string(), it.cost.to_string(), it.gain().to_string()));
        told.collect()
    }

    fn owned(told: [(i64, &str, &str, &str); 2]) -> Vec<(i64, String, String, String)> {
        told.into_iter().map(|(at, one, two, three)| (at, one.into(), two.into(), three.into())).collect()
    }

    #[test]
    fn what_was_bought_first_is_sold_first() {
        let bought = [free(Side::Buy, 1, 100, 10), free(Side::Buy, 2, 200, 10)];
        let fills = [bought[0], bought[1], free(Side::Sell, 3, 300, 15)];
        assert_eq!(told(&sold(Method::Fifo, &fills)), owned([(1, "1", "100", "200"), (2, "0.5", "100", "50")]));
        let average = sold(Method::Average, &fills);
        assert_eq!(average.len(), 1);
        assert_eq!((average[0].acquired.millis(), average[0].gain().to_string().as_str()), (1, "225"));
    }

    #[test]
    fn what_is_not_held_is_not_sold() {
        let (mut lots, sale) = (Lots::default(), free(Side::Sell, 1, 100, 10));
        assert!(lots.take(&sale, |_| {}).is_err());
    }

    /// Fills that a position can take, with fees in either currency.
    fn life() -> impl Strategy<Value = Vec<Fill>> {
        prop::collection::vec((any::<bool>(), 1_i64..500, 1_i64..200, 0_u8..3), 1..60).prop_map(|steps| {
            let mut position = Position::with_cash("1000000000".parse().unwrap());
            let mut fills = vec![];
            for (at, (buys, price, tenths, fee)) in steps.into_iter().enumerate() {
                let side = if buys { Side::Buy } else { Side::Sell };
                let fee = match (fee, side) {
                    (0, _) => Fee::Quote(Notional::ZERO),
                    (1, Side::Buy) => Fee::Base("0.003".parse().unwrap()),
                    _ => Fee::Quote("0.07".parse().unwrap()),
                };
                let fill = fill(side, i64::try_from(at).unwrap(), price, tenths, fee);
                if position.apply(&fill).is_ok() {
                    fills.push(fill);
                }
            }
            fills
        })
    }

    proptest! {
        #[test]
        fn whatever_the_method_the_same_is_held_and_earned_in_all(fills in life()) {
            let mut position = Position::with_cash("1000000000".parse().unwrap());
            for fill in &fills {
                position.apply(fill).unwrap();
            }
            let close = |one: Notional, other: Notional| (one - other).decimal().abs() < "0.000000000000000001".parse().unwrap();
            for method in [Method::Fifo, Method::Average] {
                let (mut lots, mut gains) = (Lots::new(method), Notional::ZERO);
                for fill in &fills {
                    lots.take(fill, |disposal| gains += disposal.gain()).unwrap();
                }
                let held = lots.held().fold(Quantity::ZERO, |sum, lot| sum + lot.quantity);
                let cost: Notional = lots.held().map(|lot| lot.cost).sum();
                prop_assert_eq!(held, position.quantity());
                // gains less what the coins held have cost is what the cash has become, whoever is taken to be sold
                prop_assert!(close(gains - cost, position.realised() - position.cost()));
                if method == Method::Average {
                    prop_assert_eq!((gains, cost), (position.realised(), position.cost()));
                }
                prop_assert!(lots.held().all(|lot| !lot.quantity.is_zero()));
            }
        }
    }
}
