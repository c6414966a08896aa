//! Indicators against TA-Lib's own figures, and the catalogue against its own rules.

#![allow(clippy::unwrap_used, clippy::float_arithmetic, reason = "a test fails by a panic")]

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use trading::candle::Field;
use trading::indicator::{CATALOGUE, Group, Indicator, Inputs, ParameterFault, find, reference};

/// A golden file: candles, and columns of figures; NaN where there is none.
struct Golden(HashMap<String, Vec<f64>>);

impl Golden {
    fn read(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/golden").join(name);
        let mut text = String::new();
        flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
        let mut lines = text.lines().skip(1);
        let names: Vec<&str> = lines.next().unwrap().split(',').collect();
        let mut columns: HashMap<String, Vec<f64>> = names.iter().map(|name| ((*name).to_owned(), vec![])).collect();
        for line in lines {
            for (name, cell) in names.iter().zip(line.split(',')) {
                columns.get_mut(*name).unwrap().push(cell.parse().unwrap_or(f64::NAN));
            }
        }
        let [high, low, close] = ["high", "low", "close"].map(|field| columns[field].clone());
        let rows = 0..close.len();
        columns.insert("typical".into(), rows.map(|row| (high[row] + low[row] + close[row]) / 3.0).collect());
        columns.insert("openTime".into(), columns["timestamp"].clone());
        Self(columns)
    }

    fn compute(&self, indicator: &Indicator) -> Vec<Vec<f64>> {
        let inputs: Vec<&[f64]> = indicator.inputs().iter().map(|field| self.0[field.as_str()].as_slice()).collect();
        indicator.compute(&inputs)
    }

    /// Computes over the candles and compares with columns, one for each output; a name that is
    /// empty is not compared. Where a column begins before the warm-up, which counts for all
    /// outputs, only the rest is compared.
    #[track_caller]
    fn equals(&self, indicator: &Indicator, columns: &[&str]) {
        let computed = self.compute(indicator);
        assert_eq!(computed.len(), columns.len());
        for (ours, name) in computed.iter().zip(columns).filter(|(_, name)| !name.is_empty()) {
            let theirs = &self.0[*name];
            assert_eq!(ours.len(), theirs.len());
            let begins = theirs.iter().take_while(|value| value.is_nan()).count();
            assert!(begins <= indicator.warm_up(), "{name}");
            for (row, (ours, theirs)) in ours.iter().zip(theirs).enumerate().skip(indicator.warm_up()) {
                let near = (ours - theirs).abs() <= 1e-9 * theirs.abs().max(1e-3);
                assert!(near || ours.is_nan() && theirs.is_nan(), "{name}, row {row}: {ours}, TA-Lib has {theirs}");
            }
        }
    }
}

fn indicator(kind: &str, parameters: &[(&str, f64)]) -> Indicator {
    Indicator::new(find(kind).unwrap(), parameters, None).unwrap()
}

#[test]
fn every_golden_column_is_equalled() {
    let golden = Golden::read("indicators_talib.csv.gz");
    let twenty = [("period", 20.0)];
    let fourteen = [("period", 14.0)];
    let ten = [("period", 10.0)];
    for (kind, parameters, columns) in [
        ("sma", &twenty[..], &["SMA"][..]),
        ("ema", &twenty, &["EMA"]),
        ("wma", &twenty, &["WMA"]),
        ("dema", &twenty, &["DEMA"]),
        ("tema", &twenty, &["TEMA"]),
        ("rsi", &fourteen, &["RSI"]),
        ("macd", &[], &["MACD_macd", "MACD_signal", "MACD_hist"]),
        ("bbands", &[], &["BBANDS_upper", "BBANDS_middle", "BBANDS_lower"]),
        ("atr", &[], &["ATR"]),
        ("adx", &fourteen, &["ADX"]),
        ("plusDi", &fourteen, &["PLUS_DI"]),
        ("minusDi", &fourteen, &["MINUS_DI"]),
        ("stoch", &[("fastKPeriod", 14.0)], &["STOCH_slowk", "STOCH_slowd"]),
        ("stochRsi", &[], &["STOCHRSI_fastk", "STOCHRSI_fastd"]),
        ("cci", &twenty, &["CCI"]),
        ("mfi", &fourteen, &["MFI"]),
        ("obv", &[], &["OBV"]),
        ("willr", &fourteen, &["WILLR"]),
        ("roc", &ten, &["ROC"]),
        ("mom", &ten, &["MOM"]),
        ("sar", &[], &["SAR"]),
        ("kama", &ten, &["KAMA"]),
        ("aroon", &fourteen, &["AROON_down", "AROON_up"]),
        ("trix", &[("period", 15.0)], &["TRIX"]),
        ("natr", &fourteen, &["NATR"]),
        ("ad", &[], &["AD"]),
        ("adosc", &[], &["ADOSC"]),
        ("stddev", &twenty, &["STDDEV"]),
        ("linearReg", &fourteen, &["LINEARREG"]),
        ("trange", &[], &["TRANGE"]),
        ("vwap", &[], &["VWAP_session"]),
        ("rollingVwap", &twenty, &["VWAP_20"]),
        (
            "ichimoku",
            &[],
            &["ICHI_tenkan", "ICHI_kijun", "ICHI_senkou_a_raw", "ICHI_senkou_b_raw", "ICHI_senkou_a", "ICHI_senkou_b"],
        ),
        ("supertrend", &[], &["SUPERTREND", "SUPERTREND_dir"]),
        ("donchian", &[], &["DONCHIAN_upper", "DONCHIAN_mid", "DONCHIAN_lower"]),
    ] {
        golden.equals(&indicator(kind, parameters), columns);
    }
}

/// TA-Lib's C, by its package for Python, on real hours of BTC/USDT: see `e2e/peers/talib_peer.py`.
#[test]
fn every_kind_that_talib_has_equals_its_c_library() {
    let golden = Golden::read("indicators_talib_c.csv.gz");
    let mut compared = 0;
    for kind in CATALOGUE.iter().filter(|kind| kind.source.starts_with("https://ta-lib.org/")) {
        let columns: Vec<String> = kind.outputs.iter().map(|output| format!("{}.{output}", kind.name)).collect();
        let known = |name: &String| if golden.0.contains_key(name) { name.clone() } else { String::new() };
        let columns: Vec<String> = columns.iter().map(known).collect();
        compared += columns.iter().filter(|name| !name.is_empty()).count();
        golden
            .equals(&Indicator::new(kind, &[], None).unwrap(), &columns.iter().map(String::as_str).collect::<Vec<_>>());
    }
    assert_eq!(compared, golden.0.len() - 8, "every column was compared");
}

#[test]
fn the_patterns_of_real_candles_are_found() {
    let golden = Golden::read("indicators_talib_c.csv.gz");
    let patterns = CATALOGUE.iter().filter(|kind| kind.group == Group::Pattern);
    let found = patterns.filter(|kind| golden.0[&format!("{}.value", kind.name)].iter().any(|value| *value != 0.0));
    assert!(found.count() > 30);
}

#[test]
fn a_chandelier_hangs_below_the_highest_high_and_stands_above_the_lowest_low() {
    let golden = Golden::read("indicators_talib.csv.gz");
    let stops = golden.compute(&indicator("chandelierExit", &[]));
    let column = |kind, period, input| {
        let inputs = golden.0[input].as_slice();
        indicator(kind, &[("period", period)]).compute(&[inputs]).remove(0)
    };
    let (highest, lowest) = (column("max", 22.0, "high"), column("min", 22.0, "low"));
    let atr = golden.compute(&indicator("atr", &[("period", 22.0)])).remove(0);
    for row in 22..2_000 {
        let expected = [highest[row] - 3.0 * atr[row], lowest[row] + 3.0 * atr[row]];
        for (stop, expected) in stops.iter().zip(expected) {
            assert!((stop[row] - expected).abs() <= 1e-9 * expected, "row {row}");
        }
    }
}

#[test]
fn pivots_are_the_levels_of_the_last_whole_period_from_its_end_on() {
    const DAY: f64 = 86_400_000.0;
    // From Sunday noon, 4 January 1970, every six hours.
    let times: Vec<f64> = (0..40).map(|row| 3.5 * DAY + f64::from(row) * DAY / 4.0).collect();
    let close: Vec<f64> = (0..40).map(|row| 100.0 + f64::from(row)).collect();
    let (high, low) =
        (close.iter().map(|c| c + 2.0).collect::<Vec<_>>(), close.iter().map(|c| c - 4.0).collect::<Vec<_>>());
    let inputs = [times.as_slice(), &high, &low, &close];
    let classic = indicator("pivots", &[]).compute(&inputs);
    // Half of Sunday was seen, so that Tuesday (row 6) is the first day with levels: Monday's,
    // of rows 2 to 5, with high 107, low 98 and close 105.
    let pivot = (107.0 + 98.0 + 105.0) / 3.0;
    assert!(classic.iter().all(|level| level[..6].iter().all(|value| value.is_nan())));
    let levels: Vec<f64> = classic.iter().map(|level| level[9]).collect();
    let expected =
        [pivot, 2.0 * pivot - 98.0, pivot + 9.0, 107.0 + 2.0 * (pivot - 98.0), 2.0 * pivot - 107.0, pivot - 9.0];
    assert_eq!(levels[..6], expected);
    assert_eq!(levels[6], 98.0 - 2.0 * (107.0 - pivot));
    let fibonacci = indicator("fibonacciPivots", &[]).compute(&inputs);
    assert_eq!(fibonacci[1][6], pivot + 0.382 * 9.0);
    let camarilla = indicator("camarillaPivots", &[]).compute(&inputs);
    assert_eq!([camarilla[4][6], camarilla[8][6]], [105.0 + 1.1 * 9.0 / 2.0, 105.0 - 1.1 * 9.0 / 2.0]);
    // A week begins on Monday: rows 2 to 29 are one, and its levels hold from row 30 on.
    let weekly = indicator("pivots", &[("days", 7.0)]).compute(&inputs);
    assert!(weekly[0][..30].iter().all(|value| value.is_nan()));
    assert_eq!(weekly[0][30], (131.0 + 98.0 + 129.0) / 3.0);
}

#[test]
fn the_reference_is_the_catalogue() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/indicators.md");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    let renew = "cargo run -p trading --example indicators -- reference > docs/indicators.md";
    assert!(committed == reference(), "renew it: {renew}");
}

#[test]
fn the_whole_catalogue_keeps_its_own_rules_and_talib_accepts_every_bound() {
    for kind in CATALOGUE {
        assert_eq!(find(kind.name).unwrap().name, kind.name, "names are unique");
        assert!(!kind.outputs.is_empty() && kind.outputs.len() <= trading::indicator::MAX_OUTPUTS);
        assert!(kind.source.starts_with("https://") && !kind.formula.is_empty(), "{}", kind.name);
        let words: Vec<_> = kind.name.bytes().chain(kind.outputs.iter().flat_map(|output| output.bytes())).collect();
        assert!(words.iter().all(u8::is_ascii_alphanumeric), "{}", kind.name);
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
                    let said = kind.nothing_where.is_some();
                    let inputs = vec![column.as_slice(); indicator.inputs().len()];
                    assert!(indicator.warm_up() < 100_000, "{indicator:?}");
                    for output in indicator.compute(&inputs) {
                        let warm_up = indicator.warm_up().min(column.len());
                        assert!(output[..warm_up].iter().all(|value| value.is_nan()), "{indicator:?}");
                        assert!(output[warm_up..].iter().all(|value| said || value.is_finite()), "{indicator:?}");
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
                let values = output.iter().filter(|value| !value.is_nan()).count();
                let expected = rows.saturating_sub(indicator.warm_up());
                assert!(values == expected || kind.nothing_where.is_some(), "{indicator:?}");
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
