//! Exact prices, quantities and amounts, and the instrument that rounds them.
//!
//! Each type holds a decimal within bounds of its own, chosen so that no product or sum of them
//! can overflow: an operator never panics. A product keeps 28 significant digits.

use std::borrow::Cow;
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, Neg, Sub, SubAssign};
use std::str::FromStr;

use rust_decimal::{Decimal, RoundingStrategy};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

mod decimal;
mod instrument;

use decimal::{decimal_type, parse};

pub use decimal::MoneyError;
pub use instrument::{Instrument, InstrumentError, Symbol, SymbolError};

/// Decimal digits after the point of a quantity that no instrument rounds.
pub const QUANTITY_DIGITS: u32 = 16;

#[allow(clippy::cast_possible_truncation, reason = "the three words of a number below 2^96")]
const fn whole(number: u128) -> Decimal {
    Decimal::from_parts(number as u32, (number >> 32) as u32, (number >> 64) as u32, false, 0)
}

/// `mantissa / 10^scale`, by the shortest way for the hot loop of a back-test.
#[inline]
#[allow(clippy::cast_possible_truncation, reason = "the two words of a number below 2^64")]
const fn fraction(mantissa: u64, scale: u32) -> Decimal {
    Decimal::from_parts(mantissa as u32, (mantissa >> 32) as u32, 0, false, scale)
}

const PRICE_LIMIT: Decimal = whole(10_u128.pow(12));
const QUANTITY_LIMIT: Decimal = whole(10_u128.pow(15));
const NOTIONAL_LIMIT: Decimal = whole(10_u128.pow(27));
const PERCENT_LIMIT: Decimal = whole(10_u128.pow(6));
const BASIS_POINTS_LIMIT: Decimal = whole(5_000);
const BASIS_POINTS_OF_ONE: Decimal = whole(10_000);
const HUNDRED: Decimal = Decimal::ONE_HUNDRED;

decimal_type!(
    /// Quote currency per coin: above 0, at most 10^12. `Price::default()` is nought, the price of nothing yet.
    Price, "price", "above 0 and at most 10^12", r"^\d{1,13}(\.\d{1,28})?$",
    |value| value > Decimal::ZERO && value <= PRICE_LIMIT
);

decimal_type!(
    /// Coins: 0 to 10^15.
    Quantity, "quantity", "from 0 to 10^15", r"^\d{1,16}(\.\d{1,28})?$",
    |value| (Decimal::ZERO..=QUANTITY_LIMIT).contains(&value)
);

decimal_type!(
    /// An amount of quote currency, which may be negative: −10^27 to 10^27.
    Notional, "amount", "between -10^27 and 10^27", r"^-?\d{1,28}(\.\d{1,28})?$",
    |value| value.abs() <= NOTIONAL_LIMIT
);

decimal_type!(
    /// A percentage: `25` is a quarter; 0 to 1,000,000.
    Percent, "percentage", "from 0 to 1000000", r"^\d{1,7}(\.\d{1,28})?$",
    |value| (Decimal::ZERO..=PERCENT_LIMIT).contains(&value)
);

decimal_type!(
    /// A fraction of an amount, such as a fee: `0.001` is one thousandth; from 0 to below 1.
    Rate, "rate", "from 0 to below 1", r"^0(\.\d{1,28})?$",
    |value| value >= Decimal::ZERO && value < Decimal::ONE
);

decimal_type!(
    /// A plain multiple, such as "two average true ranges": 0 to 1,000.
    Factor, "factor", "from 0 to 1000", r"^\d{1,4}(\.\d{1,28})?$",
    |value| (Decimal::ZERO..=Decimal::ONE_THOUSAND).contains(&value)
);

decimal_type!(
    /// Hundredths of a percentage point: `5` is 0.05 %; 0 to 5,000.
    BasisPoints, "number of basis points", "from 0 to 5000", r"^\d{1,4}(\.\d{1,24})?$",
    |value| value >= Decimal::ZERO && value <= BASIS_POINTS_LIMIT
);

decimal_type!(
    /// A part of a whole: above 0, at most 1.
    Share, "share", "above 0 and at most 1", r"^[01](\.\d{1,28})?$",
    |value| value > Decimal::ZERO && value <= Decimal::ONE
);

decimal_type!(
    /// A fraction of a position's value, negative where holding it earns: above −1, below 1.
    FundingRate, "funding rate", "above -1 and below 1", r"^-?0(\.\d{1,28})?$",
    |value| value.abs() < Decimal::ONE
);

impl Price {
    /// `mantissa / 10^scale`, for columns that have checked both.
    #[inline]
    pub(crate) const fn from_mantissa(mantissa: i64, scale: u32) -> Self {
        Self(fraction(mantissa.unsigned_abs(), scale))
    }

    /// This price moved by a fraction (`-0.03` is 3 % lower), kept within the type's bounds.
    pub(crate) fn moved_by(self, fraction: Decimal) -> Self {
        let moved = self.0 * (Decimal::ONE + fraction).clamp(Decimal::ZERO, PERCENT_LIMIT);
        Self(moved.round_dp(20).clamp(SMALLEST_PRICE, PRICE_LIMIT))
    }

    /// This price with `distance` added, kept within the type's bounds.
    pub(crate) fn plus(self, distance: Notional) -> Self {
        Self((self.0 + distance.0).round_dp(20).clamp(SMALLEST_PRICE, PRICE_LIMIT))
    }

    /// A price on the way to another one, of which it has gone `part` (from 0 to 1).
    pub(crate) fn towards(self, other: Self, part: Decimal) -> Self {
        Self((self.0 + (other.0 - self.0) * part).round_dp(12).clamp(SMALLEST_PRICE, PRICE_LIMIT))
    }

    /// How much higher this price is than another one, for one coin.
    pub(crate) fn above(self, other: Self) -> Notional {
        Notional(self.0 - other.0)
    }

    /// The price `distance` of quote currency lower, or `None` where that is not above nought.
    #[must_use]
    pub fn minus(self, distance: Notional) -> Option<Self> {
        Self::new(self.0 - distance.0).ok()
    }
}

/// One unit of the last of [`QUANTITY_DIGITS`].
const SMALLEST_QUANTITY: Quantity = Quantity(Decimal::from_parts(1, 0, 0, false, QUANTITY_DIGITS));

/// The smallest price a computed trigger can have.
const SMALLEST_PRICE: Decimal = Decimal::from_parts(1, 0, 0, false, 20);

impl Quantity {
    /// Nothing.
    pub const ZERO: Self = Self(Decimal::ZERO);
    /// One coin.
    pub const ONE: Self = Self(Decimal::ONE);

    /// `mantissa / 10^scale`, for columns that have checked both.
    #[inline]
    pub(crate) const fn from_mantissa(mantissa: i64, scale: u32) -> Self {
        Self(fraction(mantissa.unsigned_abs(), scale))
    }

    /// The difference, or `None` where it would be negative.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        (other.0 <= self.0).then(|| Self(self.0 - other.0))
    }

    /// The difference, or nothing where it would be negative.
    #[must_use]
    pub fn saturating_sub(self, other: Self) -> Self {
        self.checked_sub(other).unwrap_or(Self::ZERO)
    }

    /// A part of this quantity, cut to [`QUANTITY_DIGITS`].
    #[must_use]
    pub fn part(self, percent: Percent) -> Self {
        cut(self.0 * (percent.0 / HUNDRED))
    }

    /// What a fee of `rate` takes from these coins, rounded up to [`QUANTITY_DIGITS`].
    #[must_use]
    pub fn fee(self, rate: Rate) -> Self {
        let fee = self.0 * rate.0;
        Self(fee.round_dp_with_strategy(QUANTITY_DIGITS, RoundingStrategy::AwayFromZero))
    }

    /// A share of these coins, cut to [`QUANTITY_DIGITS`].
    #[must_use]
    pub fn share(self, share: Share) -> Self {
        cut(self.0 * share.0)
    }
}

/// Cuts to [`QUANTITY_DIGITS`] and to the bounds of a quantity.
fn cut(coins: Decimal) -> Quantity {
    let cut = coins.clamp(Decimal::ZERO, QUANTITY_LIMIT);
    Quantity(cut.round_dp_with_strategy(QUANTITY_DIGITS, RoundingStrategy::ToZero))
}

impl Notional {
    /// `mantissa / 10^scale` of at least 0, for files that have checked both.
    #[inline]
    pub(crate) const fn from_mantissa(mantissa: i64, scale: u32) -> Self {
        Self(fraction(mantissa.unsigned_abs(), scale))
    }

    /// Nothing.
    pub const ZERO: Self = Self(Decimal::ZERO);
    /// The largest amount; sums stop there and at its negative.
    pub const MAX: Self = Self(NOTIONAL_LIMIT);

    /// Within the limits. A decimal has 96 bits, so that one with two digits after the point lies
    /// below 10^27 whatever they are: a comparison that is seldom needed.
    fn bounded(value: Decimal) -> Self {
        if value.scale() >= 2 { Self(value) } else { Self(value.clamp(-NOTIONAL_LIMIT, NOTIONAL_LIMIT)) }
    }

    /// How many coins this amount buys at `price`, cut to [`QUANTITY_DIGITS`]; nothing for a
    /// negative amount.
    #[must_use]
    pub fn buys(self, price: Price) -> Quantity {
        if self.0 <= Decimal::ZERO || price.is_zero() {
            return Quantity::ZERO;
        }
        cut(self.0.checked_div(price.0).unwrap_or(QUANTITY_LIMIT))
    }

    /// How many coins this amount buys at `price` when a fee of `rate` is paid on top: with that
    /// fee they never cost more than it.
    #[must_use]
    pub fn buys_with_fee(self, price: Price, rate: Rate) -> Quantity {
        let coins = self.buys(Price(price.0 * (Decimal::ONE + rate.0)));
        let value = price * coins;
        if value + value.fee(rate) > self { coins.saturating_sub(SMALLEST_QUANTITY) } else { coins }
    }

    /// The price at which `quantity` coins are worth this amount, or `None` where there is none.
    #[must_use]
    pub fn per(self, quantity: Quantity) -> Option<Price> {
        self.0.checked_div(quantity.0).and_then(|price| Price::new(price).ok())
    }

    /// A part of this amount.
    #[must_use]
    pub fn part(self, percent: Percent) -> Self {
        let limit = if self.is_negative() { -NOTIONAL_LIMIT } else { NOTIONAL_LIMIT };
        Self::bounded(self.0.checked_mul(percent.0 / HUNDRED).unwrap_or(limit))
    }

    /// A share of this amount.
    #[must_use]
    pub fn share_of(self, share: Share) -> Self {
        Self(self.0 * share.0)
    }

    /// What holding so much costs at a funding rate, a number of times.
    #[must_use]
    pub fn funding(self, rate: FundingRate, times: i64) -> Self {
        let limit = if self.is_negative() == rate.0.is_sign_negative() { NOTIONAL_LIMIT } else { -NOTIONAL_LIMIT };
        Self::bounded((self.0 * rate.0).checked_mul(Decimal::from(times)).unwrap_or(limit))
    }

    /// The fee of `rate` on this amount.
    #[must_use]
    pub fn fee(self, rate: Rate) -> Self {
        Self(self.0 * rate.0)
    }

    /// The share of this amount that falls on `part` of `whole` coins; all of it for no coins.
    #[must_use]
    pub fn share(self, part: Quantity, whole: Quantity) -> Self {
        self.0.checked_div(whole.0).map_or(self, |each| Self::bounded((each * part.0).min(self.0)))
    }

    /// This amount times `numerator / denominator`, within bounds; `None` for no denominator.
    #[must_use]
    pub fn scaled(self, numerator: Self, denominator: Self) -> Option<Self> {
        if denominator.is_zero() {
            return None;
        }
        let limit = if self.is_negative() { -NOTIONAL_LIMIT } else { NOTIONAL_LIMIT };
        let ratio = numerator.0.checked_div(denominator.0);
        Some(Self::bounded(ratio.and_then(|ratio| self.0.checked_mul(ratio)).unwrap_or(limit)))
    }

    /// This amount a number of times, within bounds.
    #[must_use]
    pub fn times(self, factor: Factor) -> Self {
        self.part(Percent(factor.0 * HUNDRED))
    }

    /// This amount divided by a positive number of shares; the whole amount for none.
    #[must_use]
    pub fn shared_by(self, shares: u64) -> Self {
        Self(self.0 / Decimal::from(shares.max(1)))
    }

    /// The amount with at most so many digits after the point.
    #[must_use]
    pub fn rounded(self, digits: u32) -> Self {
        Self(self.0.round_dp(digits))
    }

    /// Whether it is below nought.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.0.is_sign_negative() && !self.0.is_zero()
    }

    /// Whether it is above nought.
    #[must_use]
    pub fn is_positive(self) -> bool {
        self.0.is_sign_positive() && !self.0.is_zero()
    }
}

impl Percent {
    /// A hundred per cent.
    pub const HUNDRED: Self = Self(HUNDRED);

    /// The sum; it stops at the bound of the type.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self((self.0 + other.0).min(PERCENT_LIMIT))
    }

    /// As a fraction: 25 gives 0.25.
    #[must_use]
    pub fn fraction(self) -> Decimal {
        self.0 / HUNDRED
    }
}

impl Factor {
    /// Once.
    pub const ONE: Self = Self(Decimal::ONE);
}

impl Rate {
    /// One thousandth, the fee of many a venue.
    pub const THOUSANDTH: Self = Self(Decimal::from_parts(1, 0, 0, false, 3));
}

impl BasisPoints {
    /// As a fraction: 5 gives 0.0005.
    #[must_use]
    pub fn fraction(self) -> Decimal {
        self.0 / BASIS_POINTS_OF_ONE
    }
}

impl Mul<Quantity> for Price {
    type Output = Notional;

    fn mul(self, quantity: Quantity) -> Notional {
        Notional(self.0 * quantity.0)
    }
}

impl Add for Quantity {
    type Output = Self;

    /// The sum; it stops at the bound of the type.
    fn add(self, other: Self) -> Self {
        Self((self.0 + other.0).min(QUANTITY_LIMIT))
    }
}

impl AddAssign for Quantity {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Add for Notional {
    type Output = Self;

    /// The sum; it stops at [`Notional::MAX`] and its negative.
    fn add(self, other: Self) -> Self {
        Self::bounded(self.0 + other.0)
    }
}

impl Sub for Notional {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self::bounded(self.0 - other.0)
    }
}

impl Neg for Notional {
    type Output = Self;

    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl AddAssign for Notional {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Notional {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Sum for Notional {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(text: &str) -> Price {
        text.parse().unwrap()
    }

    #[test]
    fn the_largest_numbers_multiply_and_add_without_a_panic() {
        let (price, quantity) = (Price(PRICE_LIMIT), Quantity(QUANTITY_LIMIT));
        assert_eq!(price * quantity, Notional::MAX);
        assert_eq!(Notional::MAX + Notional::MAX, Notional::MAX);
        assert_eq!(-Notional::MAX - Notional::MAX, -Notional::MAX);
        assert_eq!(quantity + quantity, quantity);
        assert_eq!(Notional::MAX.part(Percent(PERCENT_LIMIT)), Notional::MAX);
        assert_eq!(Notional::MAX.buys(Price(SMALLEST_PRICE)), quantity);
        assert_eq!(price.moved_by(PERCENT_LIMIT), price);
        assert_eq!(price.moved_by(-PERCENT_LIMIT), Price(SMALLEST_PRICE));
    }

    #[test]
    fn numbers_outside_the_bounds_of_their_type_are_refused() {
        for wrong in
            ["0", "-1", "1000000000000.1", "1e3", "+1", "1_000", "", " 1", "NaN", "0.00000000000000000000000000001"]
        {
            assert!(wrong.parse::<Price>().is_err(), "{wrong}");
        }
        assert!("-0.1".parse::<Quantity>().is_err());
        assert!("1".parse::<Rate>().is_err());
        let error = "-1".parse::<Quantity>().unwrap_err().to_string();
        assert_eq!(error, "a quantity must be from 0 to 10^15, not -1");
    }

    #[test]
    fn money_is_written_as_a_plain_decimal_string_and_never_read_from_a_number() {
        assert_eq!(serde_json::to_string(&price("12.500")).unwrap(), "\"12.5\"");
        assert!(serde_json::from_str::<Price>("12.5").is_err());
    }

    #[test]
    fn a_budget_never_buys_more_than_it_can_pay() {
        let (budget, rate) = ("10000".parse::<Notional>().unwrap(), "0.001".parse::<Rate>().unwrap());
        let at = price("4142.41");
        let value = at * budget.buys_with_fee(at, rate);
        assert!(value + value.fee(rate) <= budget);
        assert_eq!((-budget).buys(at), Quantity::ZERO);
    }
}
