//! Signals against golden back-tests, and the two ways of computing them against each other.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use trading::candle::{Candles, csv};
use trading::engine::{Signal, Strategy};
use trading::money::Notional;
use trading::position::Position;
use trading::strategy::{ColumnRules, Columns, Document, Program, Signals, StreamRules};

fn data(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples").join(path)
}

fn candles(file: &str) -> Candles {
    csv::read(File::open(data("candles").join(file)).unwrap(), &csv::Options::default()).unwrap()
}

fn sma_cross() -> Document {
    Document::parse_text(include_str!("fixtures/sma_cross.json")).unwrap()
}

/// The document's rules, compiled.
fn program(document: &Document) -> Program {
    Program::compile(document.rules().unwrap(), document.market().timeframe)
}

/// Closed and open trades where each signal is filled at the next candle's open.
fn trades(signals: &Signals) -> (usize, usize) {
    let (mut closed, mut from) = (0, 0);
    while let Some(entry) = signals.next_entry(from).filter(|entry| entry + 1 < signals.len()) {
        match signals.next_exit(entry + 1).filter(|exit| exit + 1 < signals.len()) {
            Some(exit) => (closed, from) = (closed + 1, exit + 1),
            None => return (closed, 1),
        }
    }
    (closed, 0)
}

/// How often two simple averages of the closes are equal, in exact numbers.
fn ties(candles: &Candles, fast: usize, slow: usize) -> usize {
    let mut sums = vec![0_i128];
    for candle in candles.iter() {
        let mut close = candle.close.decimal();
        close.rescale(8);
        sums.push(sums[sums.len() - 1] + close.mantissa());
    }
    let sum = |row: usize, period: usize| sums[row + 1] - sums[row + 1 - period];
    let tied = |row: &usize| sum(*row, fast) * slow as i128 == sum(*row, slow) * fast as i128;
    (slow - 1..candles.len()).filter(tied).count()
}

/// Where two averages are exactly equal, the last bit of a floating sum decides whether they
/// cross. The golden figures come from prefix sums of 80 bits, TA-Lib keeps a running sum of 64:
/// only there may they differ, by at most one trade for each such candle.
#[test]
fn every_combination_of_the_golden_sweeps_has_its_trades() {
    let golden: Value = serde_json::from_reader(File::open(data("golden/backtest_sma_cross.json")).unwrap()).unwrap();
    let document = sma_cross();
    let (mut equal, mut decided_by_ties) = (0, 0);
    for (file, expected) in golden["files"].as_object().unwrap() {
        let candles = candles(file);
        assert_eq!(expected["candles"], candles.len());
        let columns = Columns::new(&candles);
        let sweep = expected["sweep next_open/one_unit [finalEquity, closed, open]"].as_object().unwrap();
        for (pair, figures) in sweep {
            let (fast, slow) = pair.split_once('/').unwrap();
            let [fast, slow]: [usize; 2] = [fast, slow].map(|period| period.parse().unwrap());
            let periods = [("indicators.fast.period", &json!(fast)), ("indicators.slow.period", &json!(slow))];
            let signals = program(&document.apply_all(periods).unwrap()).signals(&columns);
            let (closed, open) = trades(&signals);
            let [golden_closed, golden_open] = [1, 2].map(|i| usize::try_from(figures[i].as_u64().unwrap()).unwrap());
            if (closed, open) == (golden_closed, golden_open) {
                equal += 1;
                continue;
            }
            assert!(closed.abs_diff(golden_closed) <= ties(&candles, fast, slow), "{file} {pair}: {closed}");
            decided_by_ties += 1;
        }
    }
    assert_eq!((equal, decided_by_ties), (297, 3));
}

#[test]
fn the_first_and_last_golden_trades_stand_at_their_candles() {
    let golden: Value = serde_json::from_reader(File::open(data("golden/backtest_sma_cross.json")).unwrap()).unwrap();
    for (file, expected) in golden["files"].as_object().unwrap() {
        let candles = candles(file);
        let signals = program(&sma_cross()).signals(&Columns::new(&candles));
        let figures = &expected["sma10_50"]["close/one_unit"];
        let mut from = 0;
        for trade in figures["firstTrades"].as_array().unwrap() {
            let entry = signals.next_entry(from).unwrap();
            let exit = signals.next_exit(entry).unwrap();
            assert_eq!((json!(entry), json!(exit)), (trade[0].clone(), trade[2].clone()), "{file}");
            from = exit;
        }
        let last = &figures["lastTrade"];
        assert!(signals.entry(usize::try_from(last[0].as_u64().unwrap()).unwrap()), "{file}");
    }
}

/// Every kind of look back, over many more candles than are run at once.
fn busy() -> Document {
    let document = json!({
        "name": "Busy",
        "market": {"exchange": "binance", "symbol": "BTC/USDT", "timeframe": "1h"},
        "indicators": {
            "fast": {"kind": "ema", "period": 12},
            "bands": {"kind": "bbands", "input": "typical"},
            "swing": {"kind": "macd", "timeframe": "4h"},
            "strength": {"kind": "rsi", "timeframe": "1d"},
            "range": {"kind": "atr"}
        },
        "entry": {"any": [
            {"all": [{"crossesAbove": ["close", "bands.lower"]}, {"gt": ["swing.hist", {"of": "swing.hist", "shift": 9}]}]},
            {"rising": {"of": "fast", "over": 7}},
            {"not": {"between": ["close", {"sub": ["fast", {"mul": [4, "range"]}]}, {"add": ["fast", {"mul": [4, "range"]}]}]}}
        ]},
        "exit": {"atLeast": {"count": 2, "of": [
            {"falling": {"of": "close", "over": 2}},
            {"lt": ["strength", 40]},
            {"lte": ["close", {"min": [{"of": "low", "shift": 1000}, "bands.middle"]}]}
        ]}},
        "sizing": {"kind": "allIn"}
    });
    Document::parse(&document).unwrap()
}

#[test]
fn the_stream_gives_the_signals_of_the_columns_on_real_candles() {
    let candles = candles("binance_BTCUSDT_1h_20170817_20211231.csv.gz");
    let columns = Columns::new(&candles);
    for document in [sma_cross(), busy()] {
        let program = Arc::new(program(&document));
        let signals = program.signals(&columns);
        let mut stream = StreamRules::new(program);
        for (row, candle) in candles.iter().enumerate() {
            assert_eq!(stream.observe(&candle), (signals.entry(row), signals.exit(row)), "row {row}");
        }
        let (entries, exits) = (0..candles.len()).fold((0, 0), |(entries, exits), row| {
            (entries + usize::from(signals.entry(row)), exits + usize::from(signals.exit(row)))
        });
        assert!(entries > 500 && exits > 500, "{entries} {exits}");
    }
}

#[test]
fn rules_enter_only_when_flat_and_leave_only_when_open() {
    let candles = candles("binance_BTCUSDT_1h_20170817_20211231.csv.gz");
    let signals = Arc::new(program(&sma_cross()).signals(&Columns::new(&candles)));
    let flat = Position::with_cash(Notional::ZERO);
    let mut rules = ColumnRules::new(signals.clone(), 0);
    for (row, candle) in candles.iter().enumerate() {
        let expected = signals.entry(row).then_some(Signal::Enter);
        assert_eq!(rules.on_candle(&candle, &flat), expected, "row {row}");
    }
    assert_eq!(rules.on_candle(&candles.get(0), &flat), None, "nothing is asked for beyond the last candle");
}
