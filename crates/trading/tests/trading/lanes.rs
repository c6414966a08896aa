//! Several symbols on one account, and signals from outside, as a back-test runs them.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "a test")]

use std::ops::ControlFlow;

use crate::common::{candles, file};
use serde_json::{Value, json};
use trading::backtest::{Answer, BacktestError, BacktestFile, History, Report};
use trading::candle::Candles;
use trading::engine::Signal;
use trading::money::{Notional, Symbol};

fn hours() -> Candles {
    let all = candles("binance_BTCUSDT_1h_20170817_20211231.csv.gz");
    Candles::collect(all.timeframe(), all.iter().take(6_000)).unwrap()
}

/// Another market: the same candles later, so that both move otherwise at each moment.
fn shifted(candles: &Candles, by: usize) -> Candles {
    let moved = (0..candles.len() - by).map(|row| {
        let open_time = candles.open_time(row);
        trading::candle::Candle { open_time, ..candles.get(row + by) }
    });
    Candles::collect(candles.timeframe(), moved).unwrap()
}

fn history(markets: &[(&str, &Candles)]) -> History {
    let market = |(symbol, candles): &(&str, &Candles)| (symbol.parse::<Symbol>().unwrap(), (*candles).clone());
    History { markets: markets.iter().map(market).collect() }
}

fn cross(symbols: Value, sizing: Value, guards: Value) -> BacktestFile {
    let mut strategy = crate::common::sma_cross("BTC/USDT", "1h", 10, 50, &sizing);
    let market = strategy["market"].as_object_mut().unwrap();
    market.remove("symbol");
    market.insert("symbols".to_owned(), symbols);
    strategy["guards"] = guards;
    file(strategy, json!({"initialCash": "10000"}))
}

fn run(file: &BacktestFile, history: &History) -> Report {
    match file.execute(history, |_, _| ControlFlow::Continue(())).unwrap() {
        Answer::Report(report) => *report,
        Answer::Sweep(_) => unreachable!("there is no sweep"),
    }
}

#[test]
fn a_lane_that_never_trades_changes_nothing_for_the_other() {
    let hours = hours();
    let flat = {
        let first = hours.get(0);
        let still = |row| trading::candle::Candle {
            open_time: hours.open_time(row),
            high: first.open,
            low: first.open,
            close: first.open,
            ..first
        };
        Candles::collect(hours.timeframe(), (0..hours.len()).map(still)).unwrap()
    };
    let sizing = || json!({"kind": "percentEquity", "percent": "50"});
    let both = run(
        &cross(json!(["BTC/USDT", "ETH/USDT"]), sizing(), json!({})),
        &history(&[("BTC/USDT", &hours), ("ETH/USDT", &flat)]),
    );
    let alone = run(&cross(json!(["BTC/USDT"]), sizing(), json!({})), &history(&[("BTC/USDT", &hours)]));
    assert!(alone.trades.len() > 50);
    let unnamed: Vec<_> = both.trades.iter().map(|trade| trading::position::Trade { symbol: None, ..*trade }).collect();
    assert_eq!(unnamed, alone.trades);
    assert_eq!(both.metrics.final_equity, alone.metrics.final_equity);
    assert!((both.metrics.max_drawdown - alone.metrics.max_drawdown).abs() < 1e-12);
}

#[test]
fn two_lanes_never_spend_the_same_cash_and_the_first_symbol_goes_first() {
    let hours = hours();
    let markets = history(&[("ETH/USDT", &hours), ("BTC/USDT", &hours)]);
    let report = run(&cross(json!(["ETH/USDT", "BTC/USDT"]), json!({"kind": "allIn"}), json!({})), &markets);
    let symbols: std::collections::BTreeSet<&str> =
        report.trades.iter().map(|trade| trade.symbol.as_ref().unwrap().as_str()).collect();
    assert_eq!(symbols.into_iter().collect::<Vec<_>>(), ["BTC/USDT"], "by symbol, whatever the document's order");
    let half = run(
        &cross(json!(["ETH/USDT", "BTC/USDT"]), json!({"kind": "percentEquity", "percent": "50"}), json!({})),
        &markets,
    );
    assert_eq!(half.sections.symbols.len(), 2, "each may have a half");
}

#[test]
fn the_account_is_the_sum_of_its_lanes() {
    let hours = hours();
    let other = shifted(&hours, 777);
    let markets = history(&[("BTC/USDT", &hours), ("ETH/USDT", &other)]);
    let report = run(
        &cross(json!(["BTC/USDT", "ETH/USDT"]), json!({"kind": "percentEquity", "percent": "40"}), json!({})),
        &markets,
    );
    let of = |symbol: &str| report.sections.symbols.iter().find(|sum| sum.symbol.as_str() == symbol).unwrap();
    assert!(of("BTC/USDT").trades > 20 && of("ETH/USDT").trades > 20);
    assert_eq!(report.sections.symbols.iter().map(|sum| sum.trades).sum::<u64>(), report.metrics.closed_trades);
    if report.metrics.open_trades == 0 {
        let pnl: Notional = report.sections.symbols.iter().map(|sum| sum.pnl).sum();
        assert_eq!(report.metrics.final_equity.rounded(8), ("10000".parse::<Notional>().unwrap() + pnl).rounded(8));
    }
    let order: Vec<_> = report.trades.iter().map(|trade| trade.exit_time).collect();
    assert!(order.is_sorted(), "events go in the order of time");
}

#[test]
fn guards_bind_the_whole_account() {
    let hours = hours();
    let markets = history(&[("BTC/USDT", &hours), ("ETH/USDT", &shifted(&hours, 777))]);
    let sizing = || json!({"kind": "percentEquity", "percent": "30"});
    let symbols = || json!(["BTC/USDT", "ETH/USDT"]);
    let one = run(&cross(symbols(), sizing(), json!({"maxOpenPositions": 1})), &markets);
    let mut spans: Vec<_> = one.trades.iter().map(|trade| (trade.entry_time, trade.exit_time)).collect();
    spans.sort_unstable();
    assert!(spans.windows(2).all(|pair| pair[1].0 >= pair[0].1), "never two at once");
    let daily = run(&cross(symbols(), sizing(), json!({"maxTradesPerDay": 1})), &markets);
    // An entry is counted on the day of its decision, a millisecond before its fill.
    let day = |trade: &trading::position::Trade| (trade.entry_time.millis() - 1).div_euclid(86_400_000);
    let days: std::collections::BTreeSet<i64> = daily.trades.iter().map(day).collect();
    assert_eq!(days.len(), daily.trades.len());
    let fallen = run(&cross(symbols(), sizing(), json!({"maxDrawdown": {"percent": "3"}})), &markets);
    assert!(fallen.warnings.iter().any(|warning| warning.contains("largest drawdown")), "{:?}", fallen.warnings);
    assert!(fallen.trades.len() < one.trades.len());
}

#[test]
fn candles_of_lanes_need_not_align() {
    let hours = hours();
    let gapped = Candles::collect(
        hours.timeframe(),
        hours.iter().enumerate().filter(|(row, _)| row % 5 != 2).map(|(_, candle)| candle),
    )
    .unwrap();
    let markets = history(&[("BTC/USDT", &hours), ("ETH/USDT", &gapped)]);
    let report = run(
        &cross(json!(["BTC/USDT", "ETH/USDT"]), json!({"kind": "percentEquity", "percent": "40"}), json!({})),
        &markets,
    );
    assert_eq!(report.sections.symbols.len(), 2);
    let missing = |warning: &String| warning.starts_with("ETH/USDT: ") && warning.ends_with("missing in the history");
    assert!(report.warnings.iter().any(missing), "{:?}", report.warnings);
}

#[test]
fn what_is_missing_or_for_one_symbol_only_is_said() {
    let hours = hours();
    let file = cross(json!(["BTC/USDT", "ETH/USDT"]), json!({"kind": "allIn"}), json!({}));
    let refused =
        |file: &BacktestFile, history: &History| file.execute(history, |_, _| ControlFlow::Continue(())).unwrap_err();
    let missing = refused(&file, &history(&[("BTC/USDT", &hours)]));
    assert_eq!(missing.to_string(), "there are no candles of ETH/USDT");
    let mut finer = file;
    finer.config.intrabar = Some(trading::time::Timeframe::M5);
    let both = history(&[("BTC/USDT", &hours), ("ETH/USDT", &hours)]);
    assert_eq!(refused(&finer, &both), BacktestError::NoIntrabar(trading::time::Timeframe::M5));
}

fn asking(mut file: BacktestFile, key: &str, what: Value) -> BacktestFile {
    let mut whole = serde_json::to_value(&file).unwrap();
    whole[key] = what;
    file = BacktestFile::parse(&whole).unwrap_or_else(|faults| panic!("{faults:?}"));
    file
}

#[test]
fn checks_look_at_every_symbol() {
    let hours = hours();
    let late = Candles::collect(hours.timeframe(), shifted(&hours, 777).iter().skip(500)).unwrap();
    let markets = history(&[("BTC/USDT", &hours), ("ETH/USDT", &late)]);
    let sizing = json!({"kind": "percentEquity", "percent": "40"});
    let file = cross(json!(["BTC/USDT", "ETH/USDT"]), sizing, json!({"maxOpenPositions": 1}));
    let report = run(&asking(file, "checks", json!({"lookAhead": true, "recursive": true})), &markets);
    let checks = report.sections.checks.unwrap();
    let found = checks.look_ahead.unwrap();
    assert_eq!((found.cuts, found.differences), (20, vec![]));
    let drifts = checks.recursive.unwrap();
    let outputs: Vec<_> = drifts.iter().map(|it| (it.symbol.unwrap().to_string(), it.output.as_str())).collect();
    let of = |symbol: &str, output| (symbol.to_owned(), output);
    let expected = [of("BTC/USDT", "fast"), of("BTC/USDT", "slow"), of("ETH/USDT", "fast"), of("ETH/USDT", "slow")];
    assert_eq!(outputs, expected);
}

#[test]
fn a_walk_forward_of_several_symbols_trades_what_it_chose_on_one_account() {
    let hours = hours();
    let markets = history(&[("BTC/USDT", &hours), ("ETH/USDT", &shifted(&hours, 777))]);
    let sizing = || json!({"kind": "percentEquity", "percent": "40"});
    let symbols = || json!(["BTC/USDT", "ETH/USDT"]);
    let walk = json!({
        "train": "60d", "test": "20d", "objective": "sharpe", "sweep": {"indicators.fast.period": [5, 10, 20]}
    });
    let report = run(&asking(cross(symbols(), sizing(), json!({})), "walkForward", walk), &markets);
    let windows = &report.sections.walk_forward.as_ref().unwrap().windows;
    assert!(windows.len() > 5, "{}", windows.len());
    let (mut cash, mut trades) = ("10000".to_owned(), Vec::new());
    let mut fees = Notional::ZERO;
    for window in windows {
        let mut alone = serde_json::to_value(cross(symbols(), sizing(), json!({}))).unwrap();
        alone["strategy"]["indicators"]["fast"]["period"] = window.parameters["indicators.fast.period"].clone();
        (alone["initialCash"], alone["from"], alone["to"]) =
            (json!(cash), json!(window.test_from), json!(window.test_to));
        let alone = run(&BacktestFile::parse(&alone).unwrap(), &markets);
        assert_eq!(alone.metrics, window.out_of_sample);
        cash = alone.metrics.final_equity.to_string();
        fees += alone.metrics.total_fees;
        trades.extend(alone.trades);
    }
    assert_eq!((report.metrics.final_equity.to_string(), report.metrics.total_fees), (cash, fees));
    assert_eq!(report.trades, trades);
    assert_eq!(report.sections.symbols.len(), 2);
    assert!(report.equity.is_sorted_by(|one, next| one.0 < next.0));
}

#[test]
fn warnings_name_their_symbol_where_there_are_several() {
    let hours = hours();
    let gapped = Candles::collect(hours.timeframe(), hours.iter().step_by(2).take(40)).unwrap();
    let markets = history(&[("BTC/USDT", &hours), ("ETH/USDT", &gapped)]);
    let file = cross(json!(["BTC/USDT", "ETH/USDT"]), json!({"kind": "percentEquity", "percent": "40"}), json!({}));
    let warnings = run(&file, &markets).warnings;
    for expected in [
        "ETH/USDT: the indicators need 50 candles before they have a value, and there are only 40",
        "ETH/USDT: 39 candles are missing in the history",
    ] {
        assert!(warnings.iter().any(|warning| warning == expected), "{warnings:?}");
    }
}

#[test]
fn signals_of_a_file_come_at_their_time_and_to_their_symbol() {
    let hours = hours();
    let at = |row: usize| json!(hours.open_time(row).millis() - 1);
    let rest = json!({
        "initialCash": "10000",
        "signals": [
            {"at": at(10), "do": "enter", "symbol": "ETH/USDT"}, {"at": at(20), "do": "enter"},
            {"at": at(30), "do": "exit"}
        ]
    });
    let strategy = json!({
        "name": "Told", "market": {"exchange": "binance", "symbols": ["BTC/USDT", "ETH/USDT"], "timeframe": "1h"},
        "signal": {}, "sizing": {"kind": "percentEquity", "percent": "20"}
    });
    let file = file(strategy.clone(), rest.clone());
    let report = run(&file, &history(&[("BTC/USDT", &hours), ("ETH/USDT", &hours)]));
    let told: Vec<_> = report
        .trades
        .iter()
        .map(|trade| (trade.symbol.unwrap().to_string(), trade.entry_index, trade.exit_index))
        .collect();
    assert_eq!(told, [("BTC/USDT".to_owned(), 20, 30), ("ETH/USDT".to_owned(), 10, 30)]);
    assert_eq!(file.config.signals[2].signal, Signal::Exit);

    let faults = |change: &dyn Fn(&mut Value)| {
        let mut value = rest.clone();
        value["strategy"] = strategy.clone();
        change(&mut value);
        let faults = BacktestFile::parse(&value).unwrap_err();
        format!("{} {}", faults[0].path, faults[0].code)
    };
    assert_eq!(faults(&|file| file["signals"][1]["at"] = at(5)), "signals[1].at WRONG_ORDER");
    assert_eq!(faults(&|file| file["signals"][0]["symbol"] = json!("XRP/USDT")), "signals[0].symbol UNKNOWN_SYMBOL");
    let rules = crate::common::sma_cross("BTC/USDT", "1h", 10, 50, &json!({"kind": "allIn"}));
    assert_eq!(faults(&|file| file["strategy"] = rules.clone()), "signals NOT_SUPPORTED");
}

#[test]
fn a_sweep_of_a_grid_and_of_several_symbols_gives_each_combination_its_own_run() {
    let hours = hours();
    let grid = json!({
        "name": "Grid", "market": {"exchange": "binance", "symbol": "BTC/USDT", "timeframe": "1h"},
        "grid": {"lower": "3000", "upper": "6000", "levels": 10, "quote": "500"}
    });
    let swept = file(grid.clone(), json!({"initialCash": "10000", "sweep": {"grid.levels": [5, 10]}}));
    let markets = history(&[("BTC/USDT", &hours)]);
    let Answer::Sweep(sweep) = swept.execute(&markets, |_, _| ControlFlow::Continue(())).unwrap() else {
        unreachable!()
    };
    let alone = run(&file(grid, json!({"initialCash": "10000"})), &markets);
    assert!(alone.trades.len() > 10, "{}", alone.trades.len());
    assert_eq!(sweep.combinations[1].metrics.closed_trades, alone.metrics.closed_trades);
    let mut several =
        cross(json!(["BTC/USDT", "ETH/USDT"]), json!({"kind": "percentEquity", "percent": "40"}), json!({}));
    let markets = history(&[("BTC/USDT", &hours), ("ETH/USDT", &shifted(&hours, 100))]);
    let alone = run(&several, &markets);
    several.sweep.insert("indicators.fast.period".to_owned(), vec![json!(5), json!(10)]);
    let Answer::Sweep(sweep) = several.execute(&markets, |_, _| ControlFlow::Continue(())).unwrap() else {
        unreachable!()
    };
    assert_eq!(sweep.combinations[1].metrics.final_equity, alone.metrics.final_equity);
}

fn weights(threshold: &str) -> BacktestFile {
    let strategy = json!({
        "name": "Half and a third", "market": {"exchange": "binance", "symbols": ["BTC/USDT", "ETH/USDT"], "timeframe": "1h"},
        "rebalance": {"weights": {"BTC/USDT": "50", "ETH/USDT": "30"}, "threshold": threshold, "every": "1d"}
    });
    file(strategy, json!({"initialCash": "10000", "fees": {"maker": "0", "taker": "0"}, "fill": "close"}))
}

#[test]
fn rebalancing_sells_what_is_too_much_before_it_buys_what_is_missing() {
    let hours = hours();
    let markets = history(&[("BTC/USDT", &hours), ("ETH/USDT", &shifted(&hours, 777))]);
    let often = run(&weights("1"), &markets);
    let seldom = run(&weights("10"), &markets);
    assert!(often.trades.len() > 2 * seldom.trades.len() && !seldom.trades.is_empty());
    assert!(often.trades.iter().all(|trade| trade.symbol.is_some()));
    assert!(often.warnings.iter().all(|warning| !warning.contains("refused")), "{:?}", often.warnings);
    let faults = |weights: Value| {
        let mut value = json!({
            "name": "x", "market": {"exchange": "binance", "symbols": ["BTC/USDT", "ETH/USDT"], "timeframe": "1h"},
            "rebalance": {"weights": {}, "threshold": "5", "every": "1d"}
        });
        value["rebalance"]["weights"] = weights;
        trading::strategy::Document::parse(&value).unwrap_err()[0].to_string()
    };
    assert_eq!(faults(json!({"BTC/USDT": "50"})), "rebalance.weights.ETH/USDT: `ETH/USDT` is missing");
    assert_eq!(
        faults(json!({"BTC/USDT": "60", "ETH/USDT": "50"})),
        "rebalance.weights: the weights sum to 110, which is above 100"
    );
}
