//! Back-tests whose orders are held to the filters of a market.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "a test")]

use std::ops::ControlFlow;

use crate::common::bot::candle;
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use trading::backtest::{Answer, BacktestFile, History, Report};
use trading::candle::Candles;
use trading::position::Trade;
use trading::time::Timeframe;

/// Buys below 200 with an order that waits, and leaves by a stop or a target.
fn strategy(sizing: Value) -> Value {
    json!({
        "name": "Filtered", "market": {"exchange": "binance", "symbol": "BTC/USDT", "timeframe": "1m"},
        "entry": {"lt": ["close", 200]}, "exit": {"gt": ["close", 1000]}, "sizing": sizing,
        "protect": {"stopLoss": {"percent": "3"}, "takeProfit": [{"percent": "7"}]}
    })
}

fn file(sizing: Value, rest: Value) -> BacktestFile {
    let mut whole = json!({"initialCash": "1000", "fees": {"maker": "0", "taker": "0"}});
    whole.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    crate::common::file(strategy(sizing), whole)
}

fn candles(prices: &[[i64; 4]]) -> Candles {
    Candles::collect(Timeframe::M1, prices.iter().enumerate().map(|(row, prices)| candle(row, *prices))).unwrap()
}

fn run(file: &BacktestFile, prices: &[[i64; 4]]) -> Report {
    let history = crate::common::history(file, &candles(prices));
    match file.execute(&history, |_, _| ControlFlow::Continue(())).unwrap() {
        Answer::Report(report) => *report,
        Answer::Sweep(_) => unreachable!("there is no sweep"),
    }
}

fn steps() -> Value {
    json!([{"symbol": "BTC/USDT", "tick": "0.5", "lot": "0.01", "minQuantity": "0.02", "minNotional": "5"}])
}

fn told(trade: &Trade) -> [String; 3] {
    [trade.entry_price.to_string(), trade.exit_price.to_string(), trade.quantity.to_string()]
}

#[test]
fn quantities_go_down_to_the_step_and_prices_to_the_tick_where_they_fill_later() {
    let mut asked = file(json!({"kind": "fixedQuote", "quote": "100"}), json!({"filters": steps()}));
    let mut strategy = serde_json::to_value(&asked.strategy).unwrap();
    strategy["orders"] = json!({"entry": {"kind": "limit", "offset": "0.33"}});
    asked.strategy = serde_json::from_value(strategy).unwrap();
    let flat = [1000; 4];
    // a limit at 99.67 is one at 99.5, which 99.6 does not reach; 1.005 coins are 1; a stop at 96.515 is one at 96.5,
    // a target at 106.465 one at 106.5
    let begin = [flat, [1000, 1000, 996, 1000], [1000, 1000, 995, 1000]];
    let stopped = run(&asked, &[begin.as_slice(), &[[1000, 1000, 950, 950]]].concat());
    assert_eq!(told(&stopped.trades[0]), ["99.5", "96.5", "1"]);
    let risen = run(&asked, &[begin.as_slice(), &[[1000, 1064, 1000, 1064], [1064, 1065, 1064, 1064]]].concat());
    assert_eq!((told(&risen.trades[0]), risen.trades[0].exit_index), (["99.5", "106.5", "1"].map(str::to_owned), 4));
    let free = file(json!({"kind": "fixedQuote", "quote": "100"}), json!({"filters": "none"}));
    let free = BacktestFile { strategy: asked.strategy, ..free };
    let risen = run(&free, &[begin.as_slice(), &[[1000, 1070, 1000, 1064]]].concat());
    assert_eq!(
        told(&risen.trades[0])[..2],
        ["99.67", "106.646900"].map(|price| price.trim_end_matches('0').to_owned())
    );
}

#[test]
fn a_market_whose_prices_are_off_the_tick_is_traded_all_the_same() {
    let asked = file(json!({"kind": "fixedQuote", "quote": "100"}), json!({"filters": steps()}));
    let report = run(&asked, &[[1003; 4], [1003; 4], [1003, 1003, 957, 957]]);
    assert_eq!((told(&report.trades[0]), report.warnings), (["100.3", "97", "0.99"].map(str::to_owned), vec![]));
    let mut leaves = serde_json::to_value(&asked.strategy).unwrap();
    (leaves["exit"], leaves["protect"]) = (json!({"gt": ["close", 110]}), json!({}));
    let leaves = BacktestFile { strategy: serde_json::from_value(leaves).unwrap(), ..asked };
    let report = run(&leaves, &[[1003; 4], [1003, 1103, 1003, 1103], [1103; 4]]);
    assert_eq!((told(&report.trades[0]), report.warnings), (["100.3", "110.3", "0.99"].map(str::to_owned), vec![]));
}

#[test]
fn an_order_below_the_smallest_is_refused_and_counted() {
    let warned = |sizing: Value| {
        let report = run(&file(sizing, json!({"filters": steps()})), &[[1000; 4]; 6]);
        assert_eq!((report.metrics.closed_trades, report.metrics.open_trades), (0, 0));
        report.warnings[1].clone()
    };
    let told = "orders broke a filter of the market and were refused; the first: the";
    let by_value = json!({"kind": "fixedQuote", "quote": "4.9"});
    assert_eq!(warned(by_value), format!("6 {told} value 4.9 is below the minimum 5"));
    let by_lot = json!({"kind": "fixedQuantity", "quantity": "0.009"});
    assert_eq!(warned(by_lot), format!("6 {told} quantity 0.009 is not a multiple of the lot 0.01"));
    let by_quantity = json!({"kind": "fixedQuantity", "quantity": "0.019"});
    assert_eq!(warned(by_quantity), format!("6 {told} quantity 0.01 is below the minimum 0.02"));
    // what passes before it is on the step is refused by the venue: 0.051 coins are 0.05, worth 4.995 at 99.9
    let mut falls = [[1000; 4]; 6];
    falls[1..].fill([999; 4]);
    let report = run(&file(json!({"kind": "fixedQuote", "quote": "5.1"}), json!({"filters": steps()})), &falls);
    assert_eq!(report.warnings[1], format!("5 {told} value 4.995 is below the minimum 5"));
}

#[test]
fn the_result_says_which_filters_were_applied_and_once_that_none_are_known() {
    let all = json!({"kind": "allIn"});
    let filters = |rest: Value| {
        let report = run(&file(all.clone(), rest), &[[1000; 4]; 3]);
        serde_json::to_value(&report).unwrap().get("filters").cloned()
    };
    assert_eq!(filters(json!({"filters": "none"})), None);
    assert_eq!(filters(json!({"filters": steps()})), Some(json!({"applied": steps(), "notes": []})));
    let unknown = "the filters of BTC/USDT at binance are not known, so that none were applied";
    let none_known = json!({"applied": [], "notes": [unknown]});
    assert_eq!(filters(json!({})), Some(none_known.clone()));
    assert_eq!(filters(json!({"filters": []})), Some(none_known));
    let sweep = file(all, json!({"filters": steps(), "sweep": {"protect.stopLoss.percent": ["1", "2"]}}));
    let history = crate::common::history(&sweep, &candles(&[[1000; 4]; 3]));
    let swept = sweep.execute(&history, |_, _| ControlFlow::Continue(())).unwrap();
    assert_eq!(serde_json::to_value(&swept).unwrap()["filters"]["applied"], steps());
}

#[test]
fn each_symbol_has_its_own_filters_and_its_own_warnings() {
    let mut two = strategy(json!({"kind": "fixedQuote", "quote": "100"}));
    two["market"] = json!({"exchange": "binance", "symbols": ["ETH/USDT", "BTC/USDT"], "timeframe": "1m"});
    let file = crate::common::file(
        two,
        json!({"initialCash": "1000", "fees": {"maker": "0", "taker": "0"},
               "filters": [{"symbol": "ETH/USDT", "minNotional": "101"}]}),
    );
    let candles = candles(&[[1000; 4], [1000, 1100, 1000, 1100], [1100; 4]]);
    let markets = ["BTC/USDT", "ETH/USDT"].map(|symbol| (symbol.parse().unwrap(), candles.clone()));
    let history = History { markets: markets.into() };
    let Answer::Report(report) = file.execute(&history, |_, _| ControlFlow::Continue(())).unwrap() else {
        unreachable!("there is no sweep")
    };
    assert_eq!(report.sections.symbols.iter().map(|it| it.symbol.as_str()).collect::<Vec<_>>(), ["BTC/USDT"]);
    let refused = "ETH/USDT: 3 orders broke a filter of the market and were refused; \
                   the first: the value 100 is below the minimum 101";
    assert_eq!(report.warnings, [refused]);
    let notes = report.sections.filters.unwrap().notes;
    assert_eq!(notes, ["the filters of BTC/USDT at binance are not known, so that none were applied"]);
}

#[test]
fn filters_that_cannot_be_are_refused_with_their_path() {
    let faults = |filters: Value| {
        let whole = json!({"strategy": strategy(json!({"kind": "allIn"})), "initialCash": "1", "filters": filters});
        BacktestFile::parse(&whole).unwrap_err().remove(0)
    };
    let cases = [
        (json!("some"), "filters", "INVALID"),
        (json!({}), "filters", "INVALID"),
        (json!([{"symbol": "BTC/USDT", "tick": "-1"}]), "filters[0].tick", "INVALID"),
        (json!([{"tick": "1"}]), "filters[0]", "INVALID"),
        (json!([{"symbol": "ETH/USDT"}]), "filters[0].symbol", "UNKNOWN_SYMBOL"),
        (json!([{"symbol": "BTC/USDT"}, {"symbol": "BTC/USDT"}]), "filters[1].symbol", "DUPLICATE"),
        (
            json!([{"symbol": "BTC/USDT", "minQuantity": "2", "maxQuantity": "1"}]),
            "filters[0].minQuantity",
            "WRONG_ORDER",
        ),
    ];
    for (filters, path, code) in cases {
        let fault = faults(filters.clone());
        assert_eq!((fault.path.as_str(), fault.code), (path, code), "{filters}: {fault}");
    }
}

fn multiple(value: Decimal, step: &str) -> bool {
    (value % step.parse::<Decimal>().unwrap()).is_zero()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn whatever_the_filters_are_nothing_is_traded_against_them_and_nothing_panics(
        moves in prop::collection::vec((-30_i64..30, 0_i64..20, 0_i64..20), 20..80),
        (tick, lot) in prop::sample::select(vec![("0.01", "0.001"), ("0.5", "0.25"), ("7", "3"), ("1000", "0.01"),
            ("0.00000000000000000001", "0.0000000000000000000000000001"), ("1000000000000", "1000000000000000")]),
        least in prop::sample::select(vec!["0", "5", "1000000"]),
    ) {
        let mut close = 1_000;
        let walk = |(step, up, down): (i64, i64, i64)| {
            let open = close;
            close = (open + step).max(200);
            [open, open.max(close) + up, open.min(close) - down, close]
        };
        let prices: Vec<[i64; 4]> = moves.into_iter().map(walk).collect();
        let filters = json!([{"symbol": "BTC/USDT", "tick": tick, "lot": lot, "minNotional": least}]);
        let report = run(&file(json!({"kind": "percentEquity", "percent": "70"}), json!({"filters": filters})), &prices);
        for trade in &report.trades {
            prop_assert!(multiple(trade.quantity.decimal(), lot));
            prop_assert!((trade.entry_price * trade.quantity).decimal() >= least.parse().unwrap());
        }
    }
}
