//! Decimals as the exchange writes and rounds them: eight digits after the point.

use rust_decimal::{Decimal, RoundingStrategy};

/// Digits after the point of every amount.
pub const DIGITS: u32 = 8;

/// As the protocol writes amounts, `0.00100000`.
#[must_use]
pub fn text(value: Decimal) -> String {
    let mut value = value.round_dp_with_strategy(DIGITS, RoundingStrategy::ToZero);
    value.rescale(DIGITS);
    value.to_string()
}

/// Cut to eight digits.
#[must_use]
pub fn floor(value: Decimal) -> Decimal {
    value.round_dp_with_strategy(DIGITS, RoundingStrategy::ToZero)
}

/// Whether `value` is a whole number of steps; any is, of no step.
#[must_use]
pub fn is_multiple(value: Decimal, step: Decimal) -> bool {
    step.is_zero() || value.checked_rem(step).is_some_and(|rest| rest.is_zero())
}

/// The largest whole number of steps at or below `value`.
#[must_use]
pub fn down_to(value: Decimal, step: Decimal) -> Decimal {
    value.checked_rem(step).map_or(value, |rest| value - rest)
}

/// The smallest whole number of steps at or above `value`.
#[must_use]
pub fn up_to(value: Decimal, step: Decimal) -> Decimal {
    let down = down_to(value, step);
    if down < value { down + step } else { down }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_with_eight_digits_and_never_rounded_up() {
        assert_eq!(text(Decimal::new(1, 3)), "0.00100000");
        assert_eq!(text(Decimal::new(1_999_999_999, 9)), "1.99999999");
        assert_eq!(text(Decimal::ZERO), "0.00000000");
        assert_eq!(text(Decimal::new(-15, 1)), "-1.50000000");
    }

    #[test]
    fn steps_go_down_and_up() {
        let (value, step) = (Decimal::new(1_234, 3), Decimal::new(5, 2));
        assert_eq!(down_to(value, step), Decimal::new(120, 2));
        assert_eq!(up_to(value, step), Decimal::new(125, 2));
        assert_eq!(up_to(Decimal::new(125, 2), step), Decimal::new(125, 2));
        assert!(is_multiple(Decimal::new(125, 2), step) && !is_multiple(value, step));
    }
}
