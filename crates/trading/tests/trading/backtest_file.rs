//! The back-test file and its answer, as `botcriptofy backtest` and the API give it.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "a test")]

#[path = "../../benches/synthetic/mod.rs"]
mod synthetic;

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::common::{candles, file, history, sma_cross};
use serde_json::{Value, json};
use trading::backtest::{Answer, BacktestError, BacktestFile, MAX_POINTS, Report};
use trading::candle::Candles;
use trading::time::Timeframe;

const HOURS: &str = "binance_BTCUSDT_1h_20170817_20211231.csv.gz";

fn strategy() -> Value {
    sma_cross("BTC/USDT", "1h", 10, 50, &json!({"kind": "allIn"}))
}

fn whole() -> Value {
    json!({
        "strategy": strategy(),
        "initialCash": "10000",
        "fees": {"maker": "0.001", "taker": "0.001", "paidIn": "quote"},
        "fill": "nextOpen",
        "slippageBps": "0"
    })
}

fn on(_: usize, _: usize) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn report(rest: Value, candles: &Candles) -> Report {
    let file = file(strategy(), rest);
    match file.execute(&history(&file, candles), on).unwrap() {
        Answer::Report(report) => *report,
        Answer::Sweep(_) => unreachable!("there is no sweep"),
    }
}

fn faults(pointer: &str, value: Value) -> Vec<(String, &'static str)> {
    let mut file = whole();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    file.pointer_mut(parent).unwrap()[key] = value;
    BacktestFile::parse(&file).unwrap_err().into_iter().map(|fault| (fault.path, fault.code)).collect()
}

#[test]
fn a_file_that_leaves_out_what_it_may_reads_like_one_that_says_the_usual() {
    let short = json!({"strategy": strategy(), "initialCash": "10000"});
    assert_eq!(BacktestFile::parse(&short).unwrap(), BacktestFile::parse(&whole()).unwrap());
}

#[test]
fn every_wrong_part_is_refused_with_its_path() {
    let cases = [
        ("/surprise", json!(1), "surprise"),
        ("/initialCash", json!(10_000), "initialCash"),
        ("/initialCash", json!("0"), "initialCash"),
        ("/fees", json!({"maker": "1"}), "fees.maker"),
        ("/fees", json!({"tip": "1"}), "fees.tip"),
        ("/fill", json!("yesterday"), "fill"),
        ("/slippageBps", json!("5001"), "slippageBps"),
        ("/volumeShare", json!("0"), "volumeShare"),
        ("/from", json!("soon"), "from"),
        ("/sweep", json!({"indicators.fast.period": []}), "sweep.indicators.fast.period"),
        ("/sweep", json!({"indicators.fast.period": 5}), "sweep.indicators.fast.period"),
        ("/strategy/entry", json!({"gt": ["close", "nothing"]}), "strategy.entry.gt[1]"),
    ];
    for (pointer, value, path) in cases {
        let found = faults(pointer, value.clone());
        assert_eq!(found.len(), 1, "{pointer} {value}: {found:?}");
        assert_eq!(found[0].0, path, "{pointer} {value}");
    }
}

#[test]
fn a_sweep_of_too_many_combinations_is_refused() {
    let many: Vec<u32> = (2..103).collect();
    let sweep = json!({"indicators.fast.period": many, "indicators.slow.period": many});
    assert_eq!(faults("/sweep", sweep), [("sweep".to_owned(), "TOO_LARGE")]);
}

#[test]
fn text_that_is_too_long_or_no_json_is_refused() {
    let code = |text: &str| BacktestFile::read(text).unwrap_err()[0].code;
    assert_eq!(code(&" ".repeat(262_145)), "TOO_LARGE");
    assert_eq!(code("{"), "BAD_JSON");
    assert!(BacktestFile::read(&whole().to_string()).is_ok());
}

#[test]
fn the_answer_has_the_published_shape() {
    let candles = candles(HOURS);
    let answer = serde_json::to_value(report(json!({"initialCash": "10000"}), &candles)).unwrap();
    let metrics = [
        "finalEquity",
        "closedTrades",
        "openTrades",
        "wins",
        "totalFees",
        "return",
        "cagr",
        "sharpe",
        "sortino",
        "calmar",
        "maxDrawdown",
        "profitFactor",
        "expectancy",
        "exposure",
        "winRate",
        "buyAndHold",
    ];
    for key in metrics {
        assert!(!answer["metrics"][key].is_null(), "{key}");
    }
    assert!(answer["metrics"]["finalEquity"].is_string() && answer["metrics"]["sharpe"].is_f64());
    let trade = &answer["trades"][0];
    let expected = json!({
        "entryIndex": 79, "entryTime": 1_503_226_800_000_i64, "entryPrice": "4104.68",
        "exitIndex": 100, "exitTime": 1_503_302_400_000_i64, "exitPrice": "4043.63",
        "quantity": trade["quantity"], "fees": trade["fees"], "pnl": trade["pnl"], "reason": "exit"
    });
    assert_eq!(*trade, expected);
    assert_eq!(answer["warnings"], json!(["127 candles are missing in the history"]));
}

#[test]
fn the_equity_curve_is_short_and_has_both_ends() {
    let candles = candles(HOURS);
    let report = report(json!({"initialCash": "10000"}), &candles);
    assert!((MAX_POINTS / 2..=MAX_POINTS).contains(&report.equity.len()));
    let close_of = |row| candles.timeframe().close_of(candles.open_time(row));
    assert_eq!(report.equity[0], (close_of(0), "10000".parse().unwrap()));
    let (at, equity) = *report.equity.last().unwrap();
    assert_eq!((at, equity), (close_of(candles.len() - 1), report.metrics.final_equity.rounded(8)));
    assert!(report.equity.is_sorted_by(|one, next| one.0 < next.0));
}

#[test]
fn candles_before_the_period_only_warm_up() {
    let candles = candles(HOURS);
    let part = report(json!({"initialCash": "10000", "from": "2020-01-01", "to": "2020-07-01T00:00:00Z"}), &candles);
    let rows = candles.rows(Some("2020-01-01".parse().unwrap()), Some("2020-07-01".parse().unwrap()));
    assert!(part.trades.len() > 20);
    for trade in &part.trades {
        assert!(rows.contains(&usize::try_from(trade.entry_index).unwrap()));
    }
    // The averages are those of the whole history: the first entry is one of the whole's too.
    let whole = report(json!({"initialCash": "10000"}), &candles);
    let entries: Vec<u64> = whole.trades.iter().map(|trade| trade.entry_index).collect();
    assert!(part.trades.iter().all(|trade| entries.contains(&trade.entry_index)));
    let nothing = file(strategy(), json!({"initialCash": "1", "from": "2030-01-01"}));
    let nothing = nothing.execute(&history(&nothing, &candles), on);
    assert_eq!(nothing.unwrap_err(), BacktestError::NoCandles);
}

#[test]
fn what_comes_later_never_changes_what_was_done() {
    let all = candles(HOURS);
    let whole = report(json!({"initialCash": "10000"}), &all);
    for length in [400, 5_000, 20_001] {
        let part = Candles::collect(Timeframe::H1, all.iter().take(length)).unwrap();
        let trades = report(json!({"initialCash": "10000"}), &part).trades;
        assert_eq!(trades[..], whole.trades[..trades.len()]);
        let ended = whole.trades.iter().filter(|trade| trade.exit_index < length as u64).count();
        assert_eq!(trades.len(), ended);
    }
}

#[test]
fn progress_is_told_and_can_end_the_run() {
    let candles = candles(HOURS);
    let file = file(strategy(), json!({"initialCash": "10000"}));
    let told = AtomicUsize::new(0);
    let answer = file.execute(&history(&file, &candles), |done, total| {
        assert!(done <= total && done > told.swap(done, Ordering::Relaxed));
        ControlFlow::Continue(())
    });
    assert!(answer.is_ok());
    assert_eq!(told.into_inner(), candles.len());
    let stopped = file.execute(&history(&file, &candles), |_, _| ControlFlow::Break(()));
    assert_eq!(stopped.unwrap_err(), BacktestError::Cancelled);
}

#[test]
fn a_sweep_gives_every_combination_the_figures_of_a_run_of_its_own() {
    let candles = candles(HOURS);
    let sweep = json!({"indicators.fast.period": [5, 10], "sizing.percent": ["50", "100"]});
    let strategy =
        |fast, percent| sma_cross("BTC/USDT", "1h", fast, 50, &json!({"kind": "percentEquity", "percent": percent}));
    let swept = file(strategy(5, "1"), json!({"initialCash": "10000", "sweep": sweep}));
    let Answer::Sweep(answer) = swept.execute(&history(&swept, &candles), on).unwrap() else {
        unreachable!("there is a sweep")
    };
    let mut order = Vec::new();
    for combination in &answer.combinations {
        let fast = combination.parameters["indicators.fast.period"].as_u64().unwrap();
        let percent = combination.parameters["sizing.percent"].as_str().unwrap();
        order.push((fast, percent.to_owned()));
        let alone = file(strategy(u32::try_from(fast).unwrap(), percent), json!({"initialCash": "10000"}));
        let Answer::Report(alone) = alone.execute(&history(&alone, &candles), on).unwrap() else {
            unreachable!("there is no sweep")
        };
        assert_eq!(combination.metrics, alone.metrics);
    }
    let expected = [(5, "50"), (5, "100"), (10, "50"), (10, "100")];
    assert_eq!(order, expected.map(|(fast, percent)| (fast, percent.to_owned())));
    let cancelled = swept.execute(&history(&swept, &candles), |_, _| ControlFlow::Break(()));
    assert_eq!(cancelled.unwrap_err(), BacktestError::Cancelled);
    let wrong = file(strategy(5, "1"), json!({"initialCash": "1", "sweep": {"indicators.fast.period": [0]}}));
    assert!(matches!(wrong.execute(&history(&wrong, &candles), on), Err(BacktestError::Faults(_))));
}

#[test]
fn candles_of_another_time_frame_are_refused() {
    let five = candles("binance_ETHUSDT_5m_20230101_20230630.csv.gz");
    let refused = file(strategy(), json!({"initialCash": "1"}));
    let refused = refused.execute(&history(&refused, &five), on).unwrap_err();
    assert_eq!(refused.to_string(), "the strategy decides on 1h candles, but these are 5m");
}

#[test]
fn the_published_schema_names_every_key_and_allows_no_other() {
    let schema = schemars::schema_for!(BacktestFile).to_value();
    let mut keys: Vec<&str> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    let expected = [
        "checks",
        "fees",
        "fill",
        "filters",
        "from",
        "funding",
        "initialCash",
        "intrabar",
        "latencyMs",
        "limitFill",
        "monteCarlo",
        "objective",
        "search",
        "signals",
        "slippageBps",
        "slippageOfRange",
        "strategy",
        "sweep",
        "to",
        "volumeShare",
        "walkForward",
    ];
    assert_eq!(keys, expected);
    assert_eq!(schema["required"], json!(["strategy", "initialCash"]));
    assert_eq!(schema["additionalProperties"], json!(false));
}

#[test]
fn what_is_measured_trades() {
    let history = synthetic::history();
    for file in [synthetic::file(false), synthetic::full(), synthetic::script()] {
        let Answer::Report(report) = synthetic::execute(&file, &history) else { unreachable!("there is no sweep") };
        assert!(report.trades.len() > 1_000, "{}: {} trades", file.strategy.name(), report.trades.len());
    }
}
