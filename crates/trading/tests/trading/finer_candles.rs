//! Back-tests that are given finer candles of the same market.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "a test")]

use std::ops::ControlFlow;

use crate::common::bot::{Case, candle, script};
use crate::common::sma_cross;
use serde_json::json;
use trading::backtest::{Answer, BacktestError, BacktestFile, History, Report, run};
use trading::candle::{Candle, Candles};
use trading::order::Purpose;
use trading::time::Timeframe;

const FLAT: [i64; 4] = [1000, 1000, 1000, 1000];

/// Five minutes each: one to enter at, one that rises to 103 before it falls to 97, a quiet one.
fn minutes() -> Vec<Candle> {
    let moves = [[1000, 1030, 1000, 1030], [1030, 1030, 970, 980], [980, 1000, 980, 1000]];
    let rows = [[FLAT; 5].as_slice(), &moves, &[FLAT; 2], &[FLAT; 5]].concat();
    rows.into_iter().enumerate().map(|(row, prices)| candle(row, prices)).collect()
}

/// What the minutes add up to.
fn history(minutes: &[Candle]) -> Candles {
    let sum = |parts: &[Candle]| Candle {
        high: parts.iter().map(|part| part.high).max().unwrap(),
        low: parts.iter().map(|part| part.low).min().unwrap(),
        close: parts.last().unwrap().close,
        volume: "500".parse().unwrap(),
        ..parts[0]
    };
    Candles::collect(Timeframe::M5, minutes.chunks(5).map(sum)).unwrap()
}

fn test(candles: &Candles, intrabar: bool) -> Result<Report, BacktestError> {
    let protect = json!({"stopLoss": {"percent": "2"}, "takeProfit": [{"percent": "2"}]});
    let plan = json!({"sizing": {"kind": "fixedQuantity", "quantity": "1"}, "protect": protect});
    let mut case = Case { plan, ..Case::default() };
    if intrabar {
        case.config["intrabar"] = json!("1m");
    }
    run(candles, script("e"), &case.setup(), |_| ControlFlow::Continue(()))
}

fn reason(report: &Report) -> Purpose {
    report.trades[0].reason
}

#[test]
fn finer_candles_decide_what_came_first() {
    let minutes = minutes();
    let finer = Candles::collect(Timeframe::M1, minutes.clone()).unwrap();
    let plain = history(&minutes);
    let both = plain.clone().with_finer(finer).unwrap();
    assert_eq!(reason(&test(&plain, false).unwrap()), Purpose::StopLoss);
    assert_eq!(reason(&test(&both, false).unwrap()), Purpose::StopLoss, "they are used where the file asks for them");
    let report = test(&both, true).unwrap();
    assert_eq!((reason(&report), report.trades[0].exit_price.to_string()), (Purpose::TakeProfit, "102".to_owned()));
    assert_eq!(report.trades[0].exit_time.millis(), 6 * 60_000 - 1, "in the minute that rose");
    assert_eq!((report.trades[0].exit_index, report.warnings.len()), (1, 0));
}

/// Both symbols in the same minutes, the second one perhaps with others; each buys one coin at once.
fn two(first: &[Candle], second: &[Candle], coarse: &Candles) -> Report {
    let strategy = json!({
        "name": "Two", "market": {"exchange": "binance", "symbols": ["BTC/USDT", "ETH/USDT"], "timeframe": "5m"},
        "entry": {"gt": ["close", 50]}, "exit": {"lt": ["close", 0]},
        "sizing": {"kind": "fixedQuantity", "quantity": "1"},
        "protect": {"stopLoss": {"percent": "2"}, "takeProfit": [{"percent": "2"}]}
    });
    let fees = json!({"maker": "0", "taker": "0"});
    let file = crate::common::file(strategy, json!({"initialCash": "1000", "fees": fees, "intrabar": "1m"}));
    let with = |minutes: &[Candle]| {
        let finer = Candles::collect(Timeframe::M1, minutes.iter().copied()).unwrap();
        coarse.clone().with_finer(finer).unwrap()
    };
    let markets = [("BTC/USDT", first), ("ETH/USDT", second)];
    let history = History { markets: markets.map(|(symbol, minutes)| (symbol.parse().unwrap(), with(minutes))).into() };
    match file.execute(&history, |_, _| ControlFlow::Continue(())).unwrap() {
        Answer::Report(report) => *report,
        Answer::Sweep(_) => unreachable!("there is no sweep"),
    }
}

#[test]
fn finer_candles_decide_for_each_of_several_symbols() {
    let minutes = minutes();
    let coarse = history(&minutes);
    let told = |report: &Report| -> Vec<(String, Purpose, i64)> {
        let of = |trade: &trading::position::Trade| {
            (trade.symbol.unwrap().to_string(), trade.reason, trade.exit_time.millis() / 60_000)
        };
        report.trades.iter().map(of).collect()
    };
    let of = |symbol: &str, reason, minute| (symbol.to_owned(), reason, minute);
    let both = two(&minutes, &minutes, &coarse);
    assert_eq!(told(&both), [of("BTC/USDT", Purpose::TakeProfit, 5), of("ETH/USDT", Purpose::TakeProfit, 5)]);
    assert!(!both.warnings.iter().any(|warning| warning.contains("finer")), "{:?}", both.warnings);
    // where nothing sound is known of one symbol, the worse is assumed for it alone, and told after what is known
    let mut unlike = minutes.clone();
    unlike[6].volume = "99".parse().unwrap();
    let one = two(&minutes, &unlike, &coarse);
    assert_eq!(told(&one), [of("BTC/USDT", Purpose::TakeProfit, 5), of("ETH/USDT", Purpose::StopLoss, 9)]);
    let warning = "ETH/USDT: 1 candles are not what their finer ones add up to, and were taken as they are; \
                   the first: 1970-01-01T00:05:00.000Z";
    assert!(one.warnings.iter().any(|told| told == warning), "{:?}", one.warnings);
    assert!(one.trades.is_sorted_by_key(|trade| trade.exit_time));
}

#[test]
fn finer_candles_that_do_not_add_up_are_told_and_passed_over() {
    let mut minutes = minutes();
    let plain = history(&minutes);
    minutes[6].volume = "99".parse().unwrap();
    let both = plain.with_finer(Candles::collect(Timeframe::M1, minutes).unwrap()).unwrap();
    let report = test(&both, true).unwrap();
    assert_eq!(reason(&report), Purpose::StopLoss);
    let warning = "1 candles are not what their finer ones add up to, and were taken as they are; \
                   the first: 1970-01-01T00:05:00.000Z";
    assert_eq!(report.warnings, [warning]);
}

#[test]
fn finer_candles_that_are_asked_for_must_be_there_and_be_finer() {
    let plain = history(&minutes());
    assert_eq!(test(&plain, true).unwrap_err(), BacktestError::NoIntrabar(Timeframe::M1));
    let strategy = sma_cross("BTC/USDT", "5m", 10, 50, &json!({"kind": "allIn"}));
    let refused = |intrabar: &str| {
        let file = json!({"strategy": strategy, "initialCash": "1", "intrabar": intrabar});
        BacktestFile::parse(&file).err().map(|faults| faults[0].path.clone())
    };
    assert_eq!(
        ["1m", "3m", "5m", "2m"].map(refused),
        [None, Some("intrabar"), Some("intrabar"), Some("intrabar")].map(|it| it.map(str::to_owned))
    );
}

#[test]
fn what_a_venue_cannot_be_is_refused_with_its_path() {
    let strategy = sma_cross("BTC/USDT", "5m", 10, 50, &json!({"kind": "allIn"}));
    let cases = [
        (json!({"latencyMs": 600_001}), "latencyMs"),
        (json!({"latencyMs": 1, "fill": "close"}), "latencyMs"),
        (json!({"latencyMs": -1}), "latencyMs"),
        (json!({"limitFill": "sometimes"}), "limitFill"),
        (json!({"slippageOfRange": "1.1"}), "slippageOfRange"),
        (json!({"funding": {"rate": "1", "every": "8h"}}), "funding.rate"),
        (json!({"funding": {"rate": "-0.0001", "every": "59m"}}), "funding.every"),
        (json!({"funding": {"rate": "-0.0001"}}), "funding"),
    ];
    for (mut file, path) in cases {
        file["strategy"] = strategy.clone();
        file["initialCash"] = json!("1");
        let faults = BacktestFile::parse(&file).unwrap_err();
        assert_eq!((faults.len(), faults[0].path.as_str()), (1, path), "{file}");
    }
}
