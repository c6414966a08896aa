//! What holds for every kind of the catalogue, whatever its parameters and the candles.

#![allow(clippy::unwrap_used, clippy::float_arithmetic, reason = "a test fails by a panic")]

use crate::common::market::{Market, ROWS, any_choices, any_market, indicator};
use proptest::prelude::*;
use trading::indicator::{CATALOGUE, Indicator};

/// One indicator of each kind.
fn each(choices: &[f64]) -> impl Iterator<Item = Indicator> {
    CATALOGUE.iter().filter_map(|kind| indicator(kind, choices))
}

/// Whether two columns hold the same bits, NaN being NaN.
fn same(one: &[f64], other: &[f64]) -> bool {
    let equal = |(a, b): (&f64, &f64)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
    one.len() == other.len() && one.iter().zip(other).all(equal)
}

/// The largest difference, for their size, between the values of `market` and those of the same
/// candles without the `first` ones.
fn drift(indicator: &Indicator, market: &Market, first: usize) -> f64 {
    let whole = indicator.compute(&market.inputs(indicator, 0, ROWS));
    let later = indicator.compute(&market.inputs(indicator, first, ROWS));
    let mut most = 0.0_f64;
    for (whole, later) in whole.iter().zip(&later) {
        let both = whole[first..].iter().zip(later).skip(indicator.warm_up());
        for (a, b) in both.filter(|(_, later)| later.is_finite()) {
            most = most.max(if a.is_finite() { (a - b).abs() / a.abs().max(1.0) } else { f64::INFINITY });
        }
    }
    most
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn candle_by_candle_is_the_batch_to_the_bit(market in any_market(), choices in any_choices()) {
        for indicator in each(&choices) {
            let inputs = market.inputs(&indicator, 0, ROWS);
            let batch = indicator.compute(&inputs);
            let mut stream = indicator.stream();
            for row in 0..ROWS {
                let candle: Vec<f64> = inputs.iter().map(|column| column[row]).collect();
                let expected: Vec<f64> = batch.iter().map(|column| column[row]).collect();
                prop_assert!(same(stream.update(&candle), &expected), "{indicator:?} row {row}");
                prop_assert!(same(stream.values(), &expected));
            }
        }
    }

    #[test]
    fn what_a_column_held_before_leaves_no_trace(market in any_market(), choices in any_choices()) {
        for indicator in each(&choices) {
            let inputs = market.inputs(&indicator, 0, ROWS);
            let fresh = indicator.compute(&inputs);
            let mut used: Vec<Vec<f64>> = fresh.iter().map(|column| vec![7.0; column.len()]).collect();
            indicator.compute_into(&inputs, &mut used);
            prop_assert!(fresh.iter().zip(&used).all(|(fresh, used)| same(fresh, used)), "{indicator:?}");
        }
    }

    #[test]
    fn there_is_no_value_before_the_warm_up_and_one_ever_after(market in any_market(), choices in any_choices()) {
        for indicator in each(&choices) {
            for column in indicator.compute(&market.inputs(&indicator, 0, ROWS)) {
                let (before, after) = column.split_at(indicator.warm_up().min(ROWS));
                prop_assert!(before.iter().all(|value| value.is_nan()), "{indicator:?}");
                let may_miss = indicator.kind().nothing_where.is_some();
                let told = |value: &f64| value.is_finite() || may_miss && value.is_nan();
                prop_assert!(after.iter().all(told), "{indicator:?}");
            }
        }
    }

    #[test]
    fn a_value_is_within_the_bounds_that_the_catalogue_tells(market in any_market(), choices in any_choices()) {
        for indicator in each(&choices) {
            let columns = indicator.compute(&market.inputs(&indicator, 0, ROWS));
            for (index, column) in columns.iter().enumerate() {
                let drawing = indicator.kind().drawing(index);
                let (least, most) = (drawing.minimum.unwrap_or(f64::MIN), drawing.maximum.unwrap_or(f64::MAX));
                let slack = 1e-6 * (1.0 + drawing.maximum.unwrap_or(0.0).abs());
                let within = |value: &f64| value.is_nan() || (least - slack..=most + slack).contains(value);
                prop_assert!(column.iter().all(within), "{indicator:?} output {index}");
            }
        }
    }

    #[test]
    fn a_value_knows_nothing_of_later_candles(market in any_market(), choices in any_choices(), end in 1..ROWS) {
        for indicator in each(&choices) {
            let whole = indicator.compute(&market.inputs(&indicator, 0, ROWS));
            let part = indicator.compute(&market.inputs(&indicator, 0, end));
            for (whole, part) in whole.iter().zip(&part) {
                prop_assert!(same(&whole[..end], part), "{indicator:?}");
            }
        }
    }

    #[test]
    fn a_kind_that_is_not_recursive_forgets_where_the_candles_began(
        market in any_market(), choices in any_choices(), first in 1..ROWS / 2,
    ) {
        for indicator in each(&choices).filter(|indicator| !indicator.kind().recursive) {
            prop_assert!(drift(&indicator, &market, first) < 1e-6, "{indicator:?}");
        }
    }
}

#[test]
fn a_kind_that_is_called_recursive_drifts_with_where_the_candles_begin() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let market = any_market().new_tree(&mut runner).unwrap().current();
    for indicator in each(&[0.2; 9]).filter(|indicator| indicator.kind().recursive) {
        let most = (1..40).map(|first| drift(&indicator, &market, first)).fold(0.0, f64::max);
        assert!(most > 1e-6, "{indicator:?}: {most}");
    }
}
