//! Indicators against TA-Lib's own figures, and against themselves candle by candle.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use trading::candle::Field;
use trading::indicator::{CATALOGUE, Indicator, Inputs, Kind, ParameterFault, find};

/// The columns of the golden file; NaN where TA-Lib has no value.
fn golden() -> HashMap<String, Vec<f64>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/golden/indicators_talib.csv.gz");
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    let mut lines = text.lines().skip(1);
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let mut columns: HashMap<String, Vec<f64>> = names.iter().map(|name| ((*name).to_owned(), Vec::new())).collect();
    for line in lines {
        for (name, cell) in names.iter().zip(line.split(',')) {
            columns.get_mut(*name).unwrap().push(cell.parse().unwrap_or(f64::NAN));
        }
    }
    columns
}

fn indicator(kind: &str, parameters: &[(&str, f64)]) -> Indicator {
    Indicator::new(find(kind).unwrap(), parameters, None).unwrap()
}

/// Computes over golden candles and compares with golden columns, one per output.
#[track_caller]
fn equals_talib(indicator: &Indicator, outputs: &[&str], golden: &HashMap<String, Vec<f64>>) {
    let inputs: Vec<&[f64]> = indicator.inputs().iter().map(|field| golden[field.as_str()].as_slice()).collect();
    let computed = indicator.compute(&inputs);
    assert_eq!(computed.len(), outputs.len());
    for (column, output) in computed.iter().zip(outputs) {
        let expected = &golden[*output];
        assert_eq!(column.len(), expected.len());
        assert_eq!(expected.iter().take_while(|value| value.is_nan()).count(), indicator.warm_up(), "{output}");
        for (row, (ours, theirs)) in column.iter().zip(expected).enumerate() {
            let equal = ours.is_nan() && theirs.is_nan() || (ours - theirs).abs() <= 1e-9 * theirs.abs().max(1e-9);
            assert!(equal, "{output}, row {row}: {ours}, TA-Lib has {theirs}");
        }
    }
}

#[test]
fn every_indicator_equals_talib() {
    let golden = golden();
    assert_eq!(golden["close"].len(), 2_000);
    equals_talib(&indicator("sma", &[("period", 20.0)]), &["SMA"], &golden);
    equals_talib(&indicator("ema", &[("period", 20.0)]), &["EMA"], &golden);
    equals_talib(&indicator("rsi", &[]), &["RSI"], &golden);
    equals_talib(&indicator("macd", &[]), &["MACD_macd", "MACD_signal", "MACD_hist"], &golden);
    equals_talib(&indicator("atr", &[]), &["ATR"], &golden);
    equals_talib(&indicator("bbands", &[]), &["BBANDS_upper", "BBANDS_middle", "BBANDS_lower"], &golden);
}

#[test]
fn the_whole_catalogue_keeps_its_own_rules_and_talib_accepts_every_bound() {
    for kind in CATALOGUE {
        assert_eq!(find(kind.name).unwrap().name, kind.name, "names are unique");
        assert!(!kind.outputs.is_empty() && kind.outputs.len() <= trading::indicator::MAX_OUTPUTS);
        assert!(kind.source.starts_with("https://"));
        assert!(
            matches!(kind.inputs, Inputs::Chosen) || matches!(kind.inputs, Inputs::Fixed(fields) if !fields.is_empty())
        );
        let bounds: [fn(&trading::indicator::Parameter) -> f64; 3] = [|p| p.minimum, |p| p.default, |p| p.maximum];
        for bound in bounds {
            let given: Vec<_> = kind.parameters.iter().map(|p| (p.name, bound(p))).collect();
            match Indicator::new(kind, &given, None) {
                Ok(indicator) => {
                    let rows = 3_000;
                    let column: Vec<f64> = (0..rows).map(|row| f64::from(row % 17 + 1)).collect();
                    let inputs = vec![column.as_slice(); indicator.inputs().len()];
                    assert!(indicator.warm_up() < 100_000, "{indicator:?}");
                    for output in indicator.compute(&inputs) {
                        let warm_up = indicator.warm_up().min(column.len());
                        assert!(output[..warm_up].iter().all(|value| value.is_nan()), "{indicator:?}");
                        assert!(output[warm_up..].iter().all(|value| value.is_finite()), "{indicator:?}");
                    }
                }
                Err(faults) => assert!(
                    kind.ascending.is_some()
                        && faults.iter().all(|fault| matches!(fault, ParameterFault::Order { .. })),
                    "{}: {faults:?}",
                    kind.name
                ),
            }
        }
    }
}

#[test]
fn wrong_parameters_are_all_told() {
    let macd = find("macd").unwrap();
    let faults =
        Indicator::new(macd, &[("fastPeriod", 1.5), ("slowPeriod", 20_000.0), ("speed", 1.0)], None).unwrap_err();
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "macd has no parameter `speed`; it has fastPeriod, slowPeriod, signalPeriod",
            "fastPeriod must be between 2 and 10000, not 1.5",
            "slowPeriod must be between 2 and 10000, not 20000",
        ]
    );
    let faults = Indicator::new(macd, &[("fastPeriod", 26.0), ("signalPeriod", f64::NAN)], None).unwrap_err();
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["signalPeriod must be between 1 and 10000, not NaN", "fastPeriod must be less than slowPeriod"]);
    let faults = Indicator::new(find("sma").unwrap(), &[("period", 2.5)], None).unwrap_err();
    assert_eq!(faults, [ParameterFault::NotWhole { name: "period", value: 2.5 }]);
    let faults = Indicator::new(find("atr").unwrap(), &[], Some(Field::Open)).unwrap_err();
    assert_eq!(faults[0].to_string(), "atr always reads high, low, close: `input` cannot be chosen");
}

#[test]
fn too_few_candles_give_no_value_and_no_panic() {
    for kind in CATALOGUE {
        let indicator = Indicator::new(kind, &[], None).unwrap();
        for rows in [0, 1, indicator.warm_up(), indicator.warm_up() + 1] {
            let column = vec![7.0; rows];
            let inputs = vec![column.as_slice(); indicator.inputs().len()];
            for output in indicator.compute(&inputs) {
                assert_eq!(output.len(), rows);
                assert_eq!(
                    output.iter().filter(|value| !value.is_nan()).count(),
                    rows.saturating_sub(indicator.warm_up())
                );
            }
        }
    }
}

#[test]
fn an_input_that_is_not_finite_leaves_a_stream_as_it_was() {
    let sma = indicator("sma", &[("period", 2.0)]);
    let mut stream = sma.stream();
    let values: Vec<f64> =
        [1.0, f64::NAN, 3.0, f64::INFINITY, 5.0].into_iter().map(|value| stream.update(&[value])[0]).collect();
    assert!(values[0].is_nan() && values[1].is_nan() && values[3].is_nan());
    assert_eq!((values[2], values[4]), (2.0, 4.0));
}

/// A kind with parameters short enough for the candles of a test.
fn any_indicator() -> impl Strategy<Value = Indicator> {
    let parameters = |kind: &'static Kind| {
        let value = |parameter: &trading::indicator::Parameter| {
            let highest = if parameter.integer { parameter.maximum.min(60.0) } else { parameter.maximum.min(5.0) };
            let (name, integer) = (parameter.name, parameter.integer);
            (parameter.minimum..=highest).prop_map(move |value| (name, if integer { value.round() } else { value }))
        };
        kind.parameters.iter().map(value).collect::<Vec<_>>()
    };
    let indicator = move |kind: &'static Kind| {
        parameters(kind)
            .prop_filter_map("two periods out of order", move |given| Indicator::new(kind, &given, None).ok())
    };
    (0..CATALOGUE.len()).prop_flat_map(move |index| indicator(&CATALOGUE[index]))
}

/// Numbers as markets have them: some digits, some runs of equal ones.
fn any_column(rows: usize) -> impl Strategy<Value = Vec<f64>> {
    let step = prop_oneof![1 => Just(0_i32), 4 => -500..500_i32];
    (1_000..1_000_000_i32, vec(step, rows)).prop_map(|(mut price, steps)| {
        let mut next = |step: i32| {
            price = (price + step).max(1);
            f64::from(price) / 100.0
        };
        steps.into_iter().map(&mut next).collect()
    })
}

proptest! {
    #[test]
    fn candle_by_candle_is_the_batch_to_the_bit(
        indicator in any_indicator(),
        columns in (1..300_usize).prop_flat_map(|rows| [any_column(rows), any_column(rows), any_column(rows)]),
    ) {
        let inputs: Vec<&[f64]> = columns.iter().take(indicator.inputs().len()).map(Vec::as_slice).collect();
        let batch = indicator.compute(&inputs);
        let mut stream = indicator.stream();
        for row in 0..columns[0].len() {
            let candle: Vec<f64> = inputs.iter().map(|column| column[row]).collect();
            let values = stream.update(&candle).to_vec();
            prop_assert_eq!(stream.values().len(), batch.len());
            for (value, column) in values.iter().zip(&batch) {
                prop_assert!(value.to_bits() == column[row].to_bits(), "{:?} row {}", indicator, row);
            }
        }
    }
}
