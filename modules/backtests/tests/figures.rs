//! Back-tests give the right figures, and the same ones wherever they run.
#![allow(clippy::unwrap_used, reason = "a test that finds nothing should end there")]

mod common;

use backtests::offline::{self, Failure};
use common::{ALL, YEAR, app, candles, cross, data, done, import, only};
use std::ops::ControlFlow;
use testkit::{Member, PgPool, Value, db_test, json};
use trading::backtest::BacktestError;

fn near(got: &Value, want: &Value) -> bool {
    let number = |value: &Value| value.as_f64().or_else(|| value.as_str()?.parse().ok()).unwrap();
    let (got, want) = (number(got), number(want));
    (got - want).abs() <= 1e-9 * want.abs()
}

/// A convention of the golden figures, such as `close/all_in/feeInBase`, as a back-test file.
fn file(convention: &str) -> Value {
    let has = |word: &str| convention.split('/').any(|part| part == word);
    let mut strategy = cross("5m");
    if has("all_in") {
        strategy["sizing"] = json!({ "kind": "allIn" });
    }
    json!({
        "strategy": strategy,
        "initialCash": if has("all_in") { "10000" } else { "10000000" },
        "fees": { "maker": "0.001", "taker": "0.001", "paidIn": if has("feeInBase") { "received" } else { "quote" } },
        "fill": if has("close") { "close" } else { "nextOpen" },
        // whoever reckoned them knew of none
        "filters": "none"
    })
}

fn same_trade(trade: &Value, golden: &Value) -> bool {
    trade["entryIndex"] == golden[0]
        && near(&trade["entryPrice"], &golden[1])
        && trade["exitIndex"] == golden[2]
        && near(&trade["exitPrice"], &golden[3])
}

/// Every trade, page by page.
async fn trades(member: &Member, id: &str) -> Vec<Value> {
    let mut all = vec![];
    for page in 1.. {
        let part = member.get(&format!("/api/v1/backtests/{id}/trades?limit=100&page={page}")).await.body();
        all.extend(part["data"].as_array().unwrap().clone());
        if all.len() as u64 == part["meta"]["total"] {
            break;
        }
        assert_eq!(all.len(), 100 * page, "a page is full while others follow");
    }
    all
}

#[db_test]
async fn an_sma_cross_gives_the_golden_figures_under_every_convention(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(ALL).await;
    import(&ana, "5m", candles(YEAR)).await;
    let golden: Value =
        serde_json::from_slice(&std::fs::read(data("golden/backtest_sma_cross.json")).unwrap()).unwrap();
    let conventions = golden["files"][YEAR]["sma10_50"].as_object().unwrap();
    assert_eq!(conventions.len(), 8);
    for (convention, want) in conventions {
        let id = done(&app, &ana, &file(convention)).await;
        let backtest = ana.get(&format!("/api/v1/backtests/{id}")).await.ok();
        let metrics = &backtest["metrics"];
        for figure in ["finalEquity", "closedTrades", "openTrades", "wins", "totalFees"] {
            let (got, want) = (&metrics[figure], &want[figure]);
            assert!(near(got, want), "{convention}: {figure} is {got}, not {want}");
        }
        let trades = trades(&ana, &id).await;
        let first = want["firstTrades"].as_array().unwrap();
        assert!(trades.iter().zip(first).all(|(trade, golden)| same_trade(trade, golden)), "{convention}");
        assert!(same_trade(trades.last().unwrap(), &want["lastTrade"]), "{convention}");
    }
}

#[db_test]
async fn the_api_and_the_command_line_give_the_same_answer(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(ALL).await;
    import(&ana, "5m", candles(YEAR)).await;
    let mut file = file("next_open/all_in");
    file["from"] = json!("2023-02-01");
    file["to"] = json!("2023-10-01T00:00:00Z");
    file["slippageBps"] = json!("2.5");
    file["strategy"]["indicators"]["trend"] = json!({ "kind": "ema", "period": 50, "timeframe": "1h" });
    file["strategy"]["entry"] = json!({ "all": [{ "crossesAbove": ["fast", "slow"] }, { "gt": ["close", "trend"] }] });
    let id = done(&app, &ana, &file).await;
    let backtest = ana.get(&format!("/api/v1/backtests/{id}")).await.ok();
    let equity = ana.get(&format!("/api/v1/backtests/{id}/equity")).await.ok();
    let online = json!({
        "metrics": backtest["metrics"], "trades": trades(&ana, &id).await, "equity": equity["equity"],
        "warnings": backtest["warnings"], "returns": backtest["returns"]
    });
    let go_on = |_, _| ControlFlow::Continue(());
    let offline = offline::run(&file.to_string(), only(&candles(YEAR)), go_on).unwrap();
    assert_eq!(serde_json::to_value(&offline).unwrap(), online);
    let page = ana.get(&format!("/api/v1/backtests/{id}/report")).await;
    assert_eq!(offline.html(), page.text());
    assert!(online["metrics"]["closedTrades"].as_u64().unwrap() > 100, "the comparison is of something");
}

#[db_test]
async fn a_sweep_answers_every_combination_as_the_command_line_does(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(ALL).await;
    import(&ana, "5m", candles(YEAR)).await;
    let mut file = file("next_open/one_unit");
    file["sweep"] = json!({ "indicators.fast.period": [5, 10], "indicators.slow.period": [30, 50] });
    let id = done(&app, &ana, &file).await;
    let backtest = ana.get(&format!("/api/v1/backtests/{id}")).await.ok();
    assert_eq!(backtest["metrics"], Value::Null);
    assert_eq!(backtest["progress"], json!({ "done": 4, "total": 4, "percent": 100 }));
    let go_on = |_, _| ControlFlow::Continue(());
    let offline = offline::run(&file.to_string(), only(&candles(YEAR)), go_on).unwrap();
    assert_eq!(serde_json::to_value(&offline).unwrap()["combinations"], backtest["combinations"]);
    let golden = backtest["combinations"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["parameters"] == json!({ "indicators.fast.period": 10, "indicators.slow.period": 50 }));
    assert!(near(&golden.unwrap()["metrics"]["finalEquity"], &json!(9927360.246830015)));
    let page = ana.get(&format!("/api/v1/backtests/{id}/report")).await.text();
    assert!(page.contains("Parameter sweep") && page.contains("indicators.fast.period"));
}

#[db_test]
async fn missing_candles_are_a_warning_and_no_failure(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(ALL).await;
    let with_a_hole: String = common::an_hour()
        .lines()
        .enumerate()
        .filter(|(row, _)| !(30..33).contains(row))
        .map(|(_, line)| format!("{line}\n"))
        .collect();
    import(&ana, "1m", with_a_hole).await;
    let id = done(&app, &ana, &common::quick()).await;
    let backtest = ana.get(&format!("/api/v1/backtests/{id}")).await.ok();
    assert_eq!(backtest["warnings"], json!(["3 candles are missing in the history"]));
}

#[test]
fn candles_of_another_time_frame_are_refused_on_the_command_line() {
    let hours = candles("binance_BTCUSDT_1h_20170817_20211231.csv.gz");
    let refused = offline::run(&file("close/one_unit").to_string(), only(&hours), |_, _| ControlFlow::Continue(()));
    let failure = refused.unwrap_err();
    assert!(matches!(failure, Failure::Run(BacktestError::Timeframe { .. })), "{failure}");
}

#[test]
fn a_run_on_the_command_line_ends_when_it_is_told_to() {
    let ended = offline::run(&file("close/one_unit").to_string(), only(&candles(YEAR)), |_, _| ControlFlow::Break(()));
    assert!(matches!(ended.unwrap_err(), Failure::Run(BacktestError::Cancelled)));
}

#[test]
fn the_terminal_shows_the_figures_and_the_best_of_a_sweep() {
    let go_on = |_, _| ControlFlow::Continue(());
    let mut file = file("next_open/one_unit");
    let one = offline::run(&file.to_string(), only(&candles(YEAR)), go_on).unwrap().text();
    for part in ["Cross · BTC/USDT 5m of binance", "9,927,360.25", "1,548", "16 candles are missing", "▁"] {
        assert!(one.contains(part), "{part} is missing in\n{one}");
    }
    file["sweep"] = json!({ "indicators.slow.period": (50..75).collect::<Vec<_>>() });
    let many = offline::run(&file.to_string(), only(&candles(YEAR)), go_on).unwrap().text();
    assert!(many.contains("the best 20 of 25 combinations") && many.lines().count() == 25, "{many}");
}
