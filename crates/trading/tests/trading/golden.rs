//! The golden figures of the SMA cross, from the real engine.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use crate::common::average::{Cross, average, ever_equal};
use crate::common::{candles, data, file, history, market_of, sma_cross};
use rust_decimal::prelude::ToPrimitive;
use serde::Deserialize;
use serde_json::{Value, json};
use trading::backtest::{Answer, BacktestFile, Report, Setup, measure, run};
use trading::candle::Candles;
use trading::metrics::Metrics;
use trading::money::Notional;
use trading::position::Trade;

#[derive(Deserialize)]
struct Golden {
    files: BTreeMap<String, Figures>,
}

#[derive(Deserialize)]
struct Figures {
    candles: usize,
    sma10_50: BTreeMap<String, Run>,
    #[serde(rename = "sweep next_open/one_unit [finalEquity, closed, open]")]
    sweep: BTreeMap<String, (f64, u64, u64)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    final_equity: f64,
    closed_trades: u64,
    open_trades: u64,
    wins: u64,
    total_fees: f64,
    first_trades: Vec<Round>,
    last_trade: Round,
}

/// Entry index and price, exit index and price.
#[derive(Deserialize)]
struct Round(u64, f64, u64, f64);

fn golden() -> BTreeMap<String, Figures> {
    let text = std::fs::read_to_string(data("golden/backtest_sma_cross.json")).unwrap();
    serde_json::from_str::<Golden>(&text).unwrap().files
}

fn near(what: &str, ours: f64, theirs: f64) {
    assert!((ours - theirs).abs() <= 1e-9 * theirs.abs(), "{what}: {ours} is not {theirs}");
}

fn float(amount: Notional) -> f64 {
    amount.decimal().to_f64().unwrap()
}

/// The periods of a sweep's key, `5/30`.
fn periods(key: &str) -> (u32, u32) {
    let (fast, slow) = key.split_once('/').unwrap();
    (fast.parse().unwrap(), slow.parse().unwrap())
}

/// The convention's name in the golden file as a back-test file.
fn convention(name: &str, market: (&str, &str)) -> BacktestFile {
    let fill = if name.starts_with("close") { "close" } else { "nextOpen" };
    let paid_in = if name.ends_with("feeInBase") { "received" } else { "quote" };
    let (sizing, cash) = if name.contains("all_in") {
        (json!({"kind": "allIn"}), "10000")
    } else {
        (json!({"kind": "fixedQuantity", "quantity": "1"}), "10000000")
    };
    let fees = json!({"maker": "0.001", "taker": "0.001", "paidIn": paid_in});
    let rest = json!({"initialCash": cash, "fees": fees, "fill": fill, "slippageBps": "0"});
    file(sma_cross(market.0, market.1, 10, 50, &sizing), rest)
}

fn same_trade(what: &str, ours: &Trade, theirs: &Round) {
    assert_eq!((ours.entry_index, ours.exit_index), (theirs.0, theirs.2), "{what}");
    near(what, ours.entry_price.decimal().to_f64().unwrap(), theirs.1);
    near(what, ours.exit_price.decimal().to_f64().unwrap(), theirs.3);
}

fn same_run(what: &str, ours: &Report, theirs: &Run) {
    let metrics = &ours.metrics;
    near(what, float(metrics.final_equity), theirs.final_equity);
    near(what, float(metrics.total_fees), theirs.total_fees);
    let counts = (metrics.closed_trades, metrics.open_trades, metrics.wins);
    assert_eq!(counts, (theirs.closed_trades, theirs.open_trades, theirs.wins), "{what}");
    assert_eq!(ours.trades.len() as u64, theirs.closed_trades, "{what}");
    assert!(!theirs.first_trades.is_empty());
    for (ours, theirs) in ours.trades.iter().zip(&theirs.first_trades) {
        same_trade(what, ours, theirs);
    }
    same_trade(what, ours.trades.last().unwrap(), &theirs.last_trade);
}

fn same_combination(what: &str, ours: &Metrics, theirs: &(f64, u64, u64)) {
    near(what, float(ours.final_equity), theirs.0);
    assert_eq!((ours.closed_trades, ours.open_trades), (theirs.1, theirs.2), "{what}");
}

#[test]
fn every_convention_on_every_history_gives_the_golden_figures() {
    let mut compared = 0;
    for (name, figures) in golden() {
        let candles = candles(&name);
        assert_eq!(candles.len(), figures.candles);
        let (fast, slow) = (average(&candles, 10), average(&candles, 50));
        for (convention_name, theirs) in &figures.sma10_50 {
            let file = convention(convention_name, market_of(&name));
            let setup = Setup::of(&file.strategy, file.config.clone());
            let cross = Cross { fast: &fast, slow: &slow, row: 0 };
            let ours = run(&candles, cross, &setup, |_| ControlFlow::Continue(())).unwrap();
            same_run(&format!("{name} {convention_name}"), &ours, theirs);
            compared += 1;
        }
    }
    assert_eq!(compared, 24);
}

#[test]
fn every_combination_of_the_sweep_gives_the_golden_figures() {
    let mut compared = 0;
    for (name, figures) in golden() {
        let candles = candles(&name);
        let file = convention("next_open/one_unit", market_of(&name));
        let setup = Setup::of(&file.strategy, file.config.clone());
        let used: BTreeSet<u32> = figures.sweep.keys().flat_map(|key| <[u32; 2]>::from(periods(key))).collect();
        let averages: BTreeMap<u32, Vec<f64>> =
            used.into_iter().map(|period| (period, average(&candles, period))).collect();
        for (key, theirs) in &figures.sweep {
            let (fast, slow) = periods(key);
            let cross = Cross { fast: &averages[&fast], slow: &averages[&slow], row: 0 };
            let ours = measure(&candles, cross, &setup, |_| ControlFlow::Continue(())).unwrap();
            same_combination(&format!("{name} {key}"), &ours, theirs);
            compared += 1;
        }
    }
    assert_eq!(compared, 300);
}

fn sweep_of(
    file: &BacktestFile,
    candles: &Candles,
    keys: impl Iterator<Item = (u32, u32)> + Clone,
) -> Vec<(String, Metrics)> {
    let mut file = file.clone();
    let fast: BTreeSet<u32> = keys.clone().map(|key| key.0).collect();
    let slow: BTreeSet<u32> = keys.map(|key| key.1).collect();
    for (id, periods) in [("fast", fast), ("slow", slow)] {
        file.sweep.insert(format!("indicators.{id}.period"), periods.into_iter().map(Value::from).collect());
    }
    let Answer::Sweep(sweep) = file.execute(&history(&file, candles), |_, _| ControlFlow::Continue(())).unwrap() else {
        panic!("a sweep gives combinations")
    };
    let key = |parameters: &BTreeMap<String, Value>| {
        format!("{}/{}", parameters["indicators.fast.period"], parameters["indicators.slow.period"])
    };
    sweep.combinations.into_iter().map(|one| (key(&one.parameters), one.metrics)).collect()
}

/// Where two averages are exactly equal, a cross is a matter of the averages' last bit; there the
/// documents' averages, which are TA-Lib's, may differ from those of the golden figures.
#[test]
fn strategy_documents_give_the_golden_figures_wherever_the_averages_are_never_equal() {
    let (mut compared, mut left_out) = (0, 0);
    for (name, figures) in golden() {
        let candles = candles(&name);
        let file = convention("next_open/one_unit", market_of(&name));
        let ours = sweep_of(&file, &candles, figures.sweep.keys().map(|key| periods(key)));
        assert_eq!((ours.len(), figures.sweep.len()), (100, 100));
        for (key, metrics) in ours {
            let (fast, slow) = periods(&key);
            if ever_equal(&candles, fast, slow) {
                left_out += 1;
            } else {
                same_combination(&format!("{name} {key}"), &metrics, &figures.sweep[&key]);
                compared += 1;
            }
        }
    }
    assert_eq!((compared, left_out), (258, 42));
}
