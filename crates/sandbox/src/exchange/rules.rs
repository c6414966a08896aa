//! What is traded and within which filters.

use super::{figures::is_multiple, refusal::Refusal, words::Kind};
use rust_decimal::Decimal;

/// A symbol's filters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The protocol's name, `BTCUSDT`.
    pub name: String,
    /// The coin.
    pub base: String,
    /// What pays.
    pub quote: String,
    /// `PRICE_FILTER`: steps, and the highest price.
    pub tick: Decimal,
    /// The highest price.
    pub max_price: Decimal,
    /// `LOT_SIZE`: steps, and the largest quantity; the smallest is one step.
    pub lot: Decimal,
    /// The largest quantity.
    pub max_quantity: Decimal,
    /// `MARKET_LOT_SIZE`: the largest quantity of a market order.
    pub max_market_quantity: Decimal,
    /// `NOTIONAL`: the smallest value.
    pub min_notional: Decimal,
    /// `ICEBERG_PARTS`: in how many parts an order may come to be seen.
    pub iceberg_parts: u32,
    /// Over how many minutes prices are averaged for filters.
    pub average_minutes: i64,
    /// `PERCENT_PRICE_BY_SIDE`: how many times the average a price may be, at most and at least.
    pub percent_price: (Decimal, Decimal),
    /// `MAX_NUM_ORDERS` of an account.
    pub max_orders: usize,
    /// `MAX_NUM_ALGO_ORDERS` of an account: those that wait for a price.
    pub max_algo_orders: usize,
    /// `TRAILING_DELTA`: from and to, in basis points.
    pub trailing: (u32, u32),
}

impl Rules {
    /// The usual filters around a tick and a lot, whose product has eight digits at most, so that every value is exact.
    #[must_use]
    pub fn usual(base: &str, quote: &str, tick: Decimal, lot: Decimal) -> Option<Self> {
        let sound = |step: Decimal| step > Decimal::ZERO && step <= Decimal::ONE_THOUSAND;
        let named = |text: &str| (1..=10).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_alphanumeric());
        let (tick, lot) = (tick.normalize(), lot.normalize());
        let exact = tick.scale() + lot.scale() <= 8;
        (sound(tick) && sound(lot) && exact && named(base) && named(quote) && base != quote).then(|| Self {
            name: format!("{base}{quote}"),
            base: base.to_owned(),
            quote: quote.to_owned(),
            tick,
            max_price: tick * Decimal::from(100_000_000),
            lot,
            max_quantity: lot * Decimal::from(900_000_000),
            max_market_quantity: lot * Decimal::from(10_000_000),
            min_notional: if quote == "BTC" { Decimal::new(1, 4) } else { Decimal::from(5) },
            iceberg_parts: 10,
            average_minutes: 5,
            percent_price: (Decimal::from(5), Decimal::new(2, 1)),
            max_orders: 200,
            max_algo_orders: 5,
            trailing: (10, 2_000),
        })
    }

    pub(super) fn check_price(&self, price: Decimal) -> Result<(), Refusal> {
        let sound = price >= self.tick && price <= self.max_price && is_multiple(price, self.tick);
        if sound { Ok(()) } else { Err(Refusal::filter("PRICE_FILTER")) }
    }

    pub(super) fn check_quantity(&self, quantity: Decimal, kind: Kind) -> Result<(), Refusal> {
        if quantity < self.lot || quantity > self.max_quantity || !is_multiple(quantity, self.lot) {
            return Err(Refusal::filter("LOT_SIZE"));
        }
        if kind == Kind::Market && quantity > self.max_market_quantity {
            return Err(Refusal::filter("MARKET_LOT_SIZE"));
        }
        Ok(())
    }

    /// Whether a part of so many coins may be seen of an order.
    pub(super) fn check_iceberg(&self, part: Decimal, quantity: Decimal) -> Result<(), Refusal> {
        if part < self.lot || !is_multiple(part, self.lot) {
            return Err(Refusal::filter("LOT_SIZE"));
        }
        let fits = quantity <= part * Decimal::from(self.iceberg_parts);
        if fits { Ok(()) } else { Err(Refusal::filter("ICEBERG_PARTS")) }
    }

    pub(super) fn check_value(&self, value: Decimal) -> Result<(), Refusal> {
        if value < self.min_notional { Err(Refusal::filter("NOTIONAL")) } else { Ok(()) }
    }

    /// Whether a price is too far from the average; there may be none yet.
    pub(super) fn check_distance(&self, price: Decimal, average: Option<Decimal>) -> Result<(), Refusal> {
        let (up, down) = self.percent_price;
        match average {
            Some(average) if price > average * up || price < average * down => {
                Err(Refusal::filter("PERCENT_PRICE_BY_SIDE"))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn check_trailing(&self, delta: u32) -> Result<(), Refusal> {
        let (least, most) = self.trailing;
        if (least..=most).contains(&delta) { Ok(()) } else { Err(Refusal::filter("TRAILING_DELTA")) }
    }
}
