//! The prices of a grid's levels.

use rust_decimal::Decimal;

use crate::money::{Instrument, Price};
use crate::strategy::{Grid, Spacing};

/// Significant digits of a level between the first and the last.
const DIGITS: u32 = 12;
/// Halvings that leave nothing of 28 digits.
const HALVINGS: u32 = 96;

/// The levels, ascending, each on the tick; levels that fall together are one.
pub(super) fn levels(grid: &Grid, instrument: &Instrument) -> Vec<Price> {
    let (lower, upper) = (grid.lower.decimal(), grid.upper.decimal());
    let steps = u32::from(grid.levels.max(2)) - 1;
    let ratio = root(upper / lower, steps);
    let between = |step: u32| match grid.spacing {
        Spacing::Arithmetic => Some(lower + (upper - lower) * Decimal::from(step) / Decimal::from(steps)),
        Spacing::Geometric => power(ratio, step).and_then(|factor| lower.checked_mul(factor)),
    };
    let level = |step: u32| match step {
        0 => Some(grid.lower),
        _ if step == steps => Some(grid.upper),
        _ => between(step).and_then(|price| price.round_sf(DIGITS)).and_then(|price| Price::new(price).ok()),
    };
    let mut levels: Vec<Price> = (0..=steps).filter_map(level).map(|price| instrument.price_down(price)).collect();
    levels.dedup();
    levels
}

/// The `degree`th root of a number above 1, by halving the interval in which it lies: exact to the
/// last digits of a decimal, and the same on any machine.
fn root(number: Decimal, degree: u32) -> Decimal {
    let (mut low, mut high) = (Decimal::ONE, number);
    for _ in 0..HALVINGS {
        let middle = (low + high) / Decimal::TWO;
        match power(middle, degree) {
            Some(power) if power <= number => low = middle,
            _ => high = middle,
        }
    }
    low
}

/// A power by squaring; `None` where it is too large.
fn power(base: Decimal, exponent: u32) -> Option<Decimal> {
    let (mut result, mut square, mut rest) = (Decimal::ONE, base, exponent);
    loop {
        if rest & 1 == 1 {
            result = result.checked_mul(square)?;
        }
        rest >>= 1;
        if rest == 0 {
            return Some(result);
        }
        square = square.checked_mul(square)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spaced(spacing: Spacing, lower: &str, upper: &str, levels: u16) -> Vec<String> {
        let [lower, upper] = [lower, upper].map(|price| price.parse().unwrap());
        let quote = "10".parse().unwrap();
        let grid = Grid { lower, upper, levels, spacing, quote, stop_loss: None, take_profit: None };
        let instrument = Instrument::unfiltered("BTC/USDT".parse().unwrap());
        super::levels(&grid, &instrument).iter().map(Price::to_string).collect()
    }

    #[test]
    fn levels_lie_at_equal_distances_or_in_equal_ratios() {
        assert_eq!(spaced(Spacing::Arithmetic, "100", "130", 4), ["100", "110", "120", "130"]);
        assert_eq!(spaced(Spacing::Geometric, "100", "800", 4), ["100", "200", "400", "800"]);
        assert_eq!(spaced(Spacing::Geometric, "100", "121", 3), ["100", "110", "121"]);
        assert_eq!(spaced(Spacing::Geometric, "0.00001", "0.00004", 3), ["0.00001", "0.00002", "0.00004"]);
        let many = spaced(Spacing::Geometric, "1", "1000000", 200);
        assert_eq!((many.len(), many[100].as_str()), (200, "1035.3218433"));
    }
}
