//! What is traded, and the sizes in which its venue trades it.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use arrayvec::ArrayString;
use rust_decimal::Decimal;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Notional, Price, Quantity};

/// A unified symbol: base and quote currency, `BTC/USDT`.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol {
    /// Two currencies of 20 characters and the slash.
    text: ArrayString<41>,
    slash: usize,
}

/// Text that is no symbol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a symbol; expected BASE/QUOTE in capital letters and digits, such as BTC/USDT")]
pub struct SymbolError(String);

impl Symbol {
    /// The currency that is bought and sold.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.text[..self.slash]
    }

    /// The currency that pays.
    #[must_use]
    pub fn quote(&self) -> &str {
        &self.text[self.slash + 1..]
    }

    /// The whole text, `BTC/USDT`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for Symbol {
    type Err = SymbolError;

    fn from_str(text: &str) -> Result<Self, SymbolError> {
        let currency = |part: &str| {
            (1..=20).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        };
        let refused = || SymbolError(text.chars().take(40).collect());
        match text.split_once('/') {
            Some((base, quote)) if currency(base) && currency(quote) => {
                ArrayString::from(text).map(|text| Self { slash: base.len(), text }).map_err(|_| refused())
            }
            _ => Err(refused()),
        }
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Symbol {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Symbol {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Symbol {
    fn schema_name() -> Cow<'static, str> {
        "Symbol".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A unified symbol: base and quote currency.",
            "type": "string", "pattern": "^[A-Z0-9]{1,20}/[A-Z0-9]{1,20}$", "examples": ["BTC/USDT"]
        })
    }
}

/// A symbol with its venue's filters. A filter that is absent lets everything pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Instrument {
    /// What is traded.
    pub symbol: Symbol,
    /// Prices are multiples of this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tick: Option<Price>,
    /// Quantities are multiples of this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<Quantity>,
    /// The smallest quantity of an order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_quantity: Option<Quantity>,
    /// The largest quantity of an order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_quantity: Option<Quantity>,
    /// The smallest value of an order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_notional: Option<Notional>,
    /// Quantities of market orders are multiples of this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub market_lot: Option<Quantity>,
    /// The largest quantity of a market order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_market_quantity: Option<Quantity>,
}

/// Why a venue would not take a price or a quantity.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "code")]
#[allow(missing_docs, reason = "the messages say it")]
pub enum InstrumentError {
    #[error("the price {price} is not a multiple of the tick {tick}")]
    OffTick { price: Price, tick: Price },
    #[error("the quantity {quantity} is not a multiple of the lot {lot}")]
    OffLot { quantity: Quantity, lot: Quantity },
    #[error("the quantity {quantity} is below the minimum {minimum}")]
    TooSmall { quantity: Quantity, minimum: Quantity },
    #[error("the quantity {quantity} is above the maximum {maximum}")]
    TooLarge { quantity: Quantity, maximum: Quantity },
    #[error("the value {value} is below the minimum {minimum}")]
    TooCheap { value: Notional, minimum: Notional },
    #[error("the quantity {quantity} is not a multiple of the lot {lot} of market orders")]
    OffMarketLot { quantity: Quantity, lot: Quantity },
    #[error("the quantity {quantity} is above the maximum {maximum} of market orders")]
    TooLargeForMarket { quantity: Quantity, maximum: Quantity },
}

impl Instrument {
    /// An instrument without filters.
    #[must_use]
    pub const fn unfiltered(symbol: Symbol) -> Self {
        Self {
            symbol,
            tick: None,
            lot: None,
            min_quantity: None,
            max_quantity: None,
            min_notional: None,
            market_lot: None,
            max_market_quantity: None,
        }
    }

    /// The highest price on the tick at or below `price`, but at least one tick.
    #[must_use]
    pub fn price_down(&self, price: Price) -> Price {
        self.on_tick(price, |ticks| ticks.floor())
    }

    /// The lowest price on the tick at or above `price`.
    #[must_use]
    pub fn price_up(&self, price: Price) -> Price {
        self.on_tick(price, |ticks| ticks.ceil())
    }

    fn on_tick(&self, price: Price, whole: impl Fn(Decimal) -> Decimal) -> Price {
        let Some(tick) = self.tick.filter(|tick| !tick.is_zero()) else { return price };
        let ticks = price.0.checked_div(tick.0).map_or(Decimal::ONE, whole);
        let rounded = ticks.max(Decimal::ONE).checked_mul(tick.0);
        rounded.and_then(|rounded| Price::new(rounded).ok()).unwrap_or(price)
    }

    /// The largest quantity at or below `quantity` that the lot and the maximum allow.
    #[must_use]
    pub fn quantity_down(&self, quantity: Quantity) -> Quantity {
        on_lot(self.max_quantity.unwrap_or(quantity).min(quantity), self.lot)
    }

    /// The largest quantity at or below `quantity` that a market order can have.
    #[must_use]
    pub fn market_quantity_down(&self, quantity: Quantity) -> Quantity {
        let largest = self.max_market_quantity.unwrap_or(quantity).min(quantity);
        self.quantity_down(on_lot(largest, self.market_lot))
    }

    /// Whether the venue would take `quantity` coins at the market, beyond [`Instrument::check_size`].
    ///
    /// # Errors
    /// The first filter that refuses.
    pub fn check_market(&self, quantity: Quantity) -> Result<(), InstrumentError> {
        match (self.market_lot, self.max_market_quantity) {
            (Some(lot), _) if !multiple(quantity.0, lot.0) => Err(InstrumentError::OffMarketLot { quantity, lot }),
            (_, Some(maximum)) if quantity > maximum => Err(InstrumentError::TooLargeForMarket { quantity, maximum }),
            _ => Ok(()),
        }
    }

    /// The filter by which nothing is left of `quantity` on the lot.
    pub(crate) fn too_small(&self, quantity: Quantity, at_market: bool) -> Option<InstrumentError> {
        let lot = if at_market { self.lot.max(self.market_lot) } else { self.lot };
        let minimum = self.min_quantity.max(lot)?;
        Some(InstrumentError::TooSmall { quantity, minimum })
    }

    /// Whether the venue would take `quantity` coins that are worth `price` each. That may be a price
    /// of the market, which needs not stand on the tick: ticks change, and candles of before do not.
    ///
    /// # Errors
    /// The first filter that refuses.
    pub fn check_size(&self, price: Price, quantity: Quantity) -> Result<(), InstrumentError> {
        self.check_quantity(quantity)?;
        let value = price * quantity;
        match self.min_notional {
            Some(minimum) if value < minimum => Err(InstrumentError::TooCheap { value, minimum }),
            _ => Ok(()),
        }
    }

    /// Whether `price` stands on the tick.
    ///
    /// # Errors
    /// [`InstrumentError::OffTick`].
    pub fn check_price(&self, price: Price) -> Result<(), InstrumentError> {
        match self.tick {
            Some(tick) if !multiple(price.0, tick.0) => Err(InstrumentError::OffTick { price, tick }),
            _ => Ok(()),
        }
    }

    /// Whether `quantity` is a multiple of the lot within the smallest and the largest.
    ///
    /// # Errors
    /// The first filter that refuses.
    pub fn check_quantity(&self, quantity: Quantity) -> Result<(), InstrumentError> {
        match (self.lot, self.min_quantity, self.max_quantity) {
            (Some(lot), ..) if !multiple(quantity.0, lot.0) => Err(InstrumentError::OffLot { quantity, lot }),
            (_, Some(minimum), _) if quantity < minimum => Err(InstrumentError::TooSmall { quantity, minimum }),
            (.., Some(maximum)) if quantity > maximum => Err(InstrumentError::TooLarge { quantity, maximum }),
            _ => Ok(()),
        }
    }
}

fn on_lot(quantity: Quantity, lot: Option<Quantity>) -> Quantity {
    match lot.filter(|lot| !lot.is_zero()) {
        None => quantity,
        Some(lot) => Quantity(quantity.0 - quantity.0.checked_rem(lot.0).unwrap_or_default()),
    }
}

fn multiple(value: Decimal, step: Decimal) -> bool {
    step.is_zero() || value.checked_rem(step).is_some_and(|rest| rest.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instrument() -> Instrument {
        serde_json::from_str(
            r#"{"symbol":"BTC/USDT","tick":"0.05","lot":"0.001","minQuantity":"0.002","maxQuantity":"9","minNotional":"5"}"#,
        )
        .unwrap()
    }

    #[test]
    fn prices_move_to_the_tick_and_quantities_down_to_the_lot() {
        let it = instrument();
        let price: Price = "100.07".parse().unwrap();
        assert_eq!(it.price_down(price).to_string(), "100.05");
        assert_eq!(it.price_up(price).to_string(), "100.1");
        assert_eq!(it.price_down("0.01".parse().unwrap()).to_string(), "0.05");
        assert_eq!(it.quantity_down("1.23456".parse().unwrap()).to_string(), "1.234");
        assert_eq!(it.quantity_down("12".parse().unwrap()).to_string(), "9");
    }

    fn check(it: &Instrument, price: &str, quantity: &str) -> Result<(), InstrumentError> {
        let price = price.parse().unwrap();
        it.check_price(price)?;
        it.check_size(price, quantity.parse().unwrap())
    }

    #[test]
    fn each_filter_refuses_in_its_own_words() {
        let it = instrument();
        let check = |price: &str, quantity: &str| check(&it, price, quantity);
        assert_eq!(check("100", "1"), Ok(()));
        let refusals = [("100.01", "1"), ("100", "1.0001"), ("100", "0.001"), ("100", "10"), ("100", "0.002")];
        let words = refusals.map(|(price, quantity)| check(price, quantity).unwrap_err().to_string());
        assert_eq!(words[0], "the price 100.01 is not a multiple of the tick 0.05");
        assert_eq!(words[1], "the quantity 1.0001 is not a multiple of the lot 0.001");
        assert_eq!(words[2], "the quantity 0.001 is below the minimum 0.002");
        assert_eq!(words[3], "the quantity 10 is above the maximum 9");
        assert_eq!(words[4], "the value 0.2 is below the minimum 5");
    }

    #[test]
    fn without_filters_everything_passes() {
        let it = Instrument::unfiltered("BTC/USDT".parse().unwrap());
        assert_eq!(check(&it, "0.00000001", "0.000000001"), Ok(()));
        assert_eq!(it.price_down("1.23456".parse().unwrap()).to_string(), "1.23456");
    }

    #[test]
    fn a_symbol_is_two_currencies_in_capitals() {
        let symbol: Symbol = "1000SATS/USDT".parse().unwrap();
        assert_eq!((symbol.base(), symbol.quote()), ("1000SATS", "USDT"));
        for wrong in ["BTCUSDT", "btc/usdt", "BTC/", "/USDT", "BTC/USDT/X", "B C/USDT"] {
            assert!(wrong.parse::<Symbol>().is_err(), "{wrong}");
        }
    }
}
