//! Back-tests of several symbols, of the kinds that follow no conditions, of scripts, and with finer candles.
#![allow(clippy::unwrap_used, reason = "a test that finds nothing should end there")]

mod common;

use common::{ALL, an_hour, app, done, import, import_of, quick};
use market_data::{CandleOrigin, Market};
use std::io::Cursor;
use testkit::{Member, PgPool, TestApp, Value, db_test, json};

/// Five hours of minutes that go from 100 to 140 and back, ten a minute.
fn waves() -> String {
    let height = |minute: i64| 100 + 10 * (4 - (minute.rem_euclid(8) - 4).abs());
    let line = |minute: i64| {
        let (open, close) = (height(minute - 1), height(minute));
        let (high, low) = (open.max(close), open.min(close));
        format!("{},{open},{high},{low},{close},1000\n", 1_700_000_100_000 + minute * 60_000)
    };
    format!("open_time_ms,open,high,low,close,volume\n{}", (0..300).map(line).collect::<String>())
}

/// Candles of which every tenant reads.
async fn import_for_all(app: &TestApp, symbol: &str, file: String) {
    let market = json!({ "exchange": "binance", "symbol": symbol, "timeframe": "1m" });
    let market: Market = serde_json::from_value(market).unwrap();
    let candles = market_data::parse(&market, Cursor::new(file.into_bytes()), app.clock().now()).await.unwrap();
    market_data::import(app.system().await, &market, CandleOrigin::File, candles).await.unwrap();
}

/// A part of a back-test, or all that is shown of it.
async fn part(member: &Member, id: &str, part: &str) -> Value {
    member.get(&format!("/api/v1/backtests/{id}{part}")).await.ok()
}

/// What is shown of a back-test of this strategy on minutes.
async fn shown(app: &TestApp, member: &Member, kind: Value) -> Value {
    let mut strategy = json!({
        "name": "Kind", "market": { "exchange": "binance", "symbol": "BTC/USDT", "timeframe": "1m" }
    });
    strategy.as_object_mut().unwrap().extend(kind.as_object().unwrap().clone());
    let id = done(app, member, &json!({ "strategy": strategy, "initialCash": "10000" })).await;
    assert!(member.get(&format!("/api/v1/backtests/{id}/report")).await.status.is_success());
    member.get(&format!("/api/v1/backtests/{id}")).await.ok()
}

#[db_test]
async fn two_symbols_one_of_them_the_platforms_share_an_account(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(ALL).await;
    import(&ana, "1m", an_hour()).await;
    let mut file = quick();
    file["strategy"]["market"] =
        json!({ "exchange": "binance", "symbols": ["BTC/USDT", "ETH/USDT"], "timeframe": "1m" });
    let refused = ana.post("/api/v1/backtests", &file).await;
    assert!(refused.body()["message"].as_str().unwrap().contains("ETH/USDT"), "{}", refused.text());
    refused.refused(404, "MARKET_NOT_FOUND");
    import_for_all(&app, "ETH/USDT", an_hour()).await;
    let id = done(&app, &ana, &file).await;
    let shown = ana.get(&format!("/api/v1/backtests/{id}")).await.ok();
    let each = |symbol: &str| json!({ "symbol": symbol, "trades": 1, "pnl": "28.969", "fees": "0.031" });
    assert_eq!(shown["symbols"], json!([each("BTC/USDT"), each("ETH/USDT")]));
    assert_eq!(shown["metrics"]["finalEquity"], "1057.938");
    assert_eq!(shown["made"]["candles"].as_array().unwrap().len(), 2);
    let csv = ana.get(&format!("/api/v1/backtests/{id}/trades/export?format=csv")).await.text();
    assert!(csv.contains("\r\nBTC/USDT,1,") && csv.contains("\r\nETH/USDT,1,"), "{csv}");
    let page = ana.get(&format!("/api/v1/backtests/{id}/report")).await.text();
    assert!(page.contains("What each symbol contributed") && page.contains("<td class=\"word\">ETH/USDT</td>"));
    file["checks"] = json!({ "lookAhead": true, "recursive": true });
    let checked = part(&ana, &done(&app, &ana, &file).await, "").await;
    assert_eq!(checked["checks"]["lookAhead"], json!({ "cuts": 4, "decisions": 4, "differences": [] }));
}

#[db_test]
async fn a_run_that_has_no_answer_says_why_to_programs_too(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(ALL).await;
    import(&ana, "1m", an_hour()).await;
    let walk = |train: &str, values: i32| {
        let values: Vec<String> = (1..=values).map(|value| value.to_string()).collect();
        json!({ "walkForward": { "train": train, "test": "1m", "sweep": { "sizing.quantity": values } } })
    };
    let losing = json!({ "monteCarlo": { "runs": 10_000 } });
    let mut failing = quick()["strategy"].clone();
    failing.as_object_mut().unwrap().retain(|key, _| !["entry", "exit"].contains(&key.as_str()));
    failing["script"] = json!({ "source": "loop { }" });
    for (rest, code, says) in [
        (walk("1d", 1), "TOO_SHORT", "walkForward: the period is too short"),
        (walk("1m", 200), "TOO_MUCH", "walkForward: 59 windows need 11800 runs"),
        (json!({ "strategy": failing }), "SCRIPT_FAILED", "strategy.script: the script failed at the candle of"),
        (losing, "", ""),
    ] {
        let mut file = quick();
        file.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        let asked = ana.post("/api/v1/backtests", &file).await.accepted();
        app.run_jobs().await;
        let shown = part(&ana, asked["id"].as_str().unwrap(), "").await;
        if code.is_empty() {
            assert_eq!((&shown["status"], &shown["error"]), (&json!("done"), &Value::Null));
            continue;
        }
        assert_eq!((&shown["status"], &shown["error"]["code"]), (&json!("failed"), &json!(code)), "{shown}");
        assert!(shown["error"]["message"].as_str().unwrap().starts_with(says), "{}", shown["error"]);
        let events = ana.get(&format!("/api/v1/backtests/{}/events", asked["id"].as_str().unwrap())).await.text();
        assert!(events.contains(&format!("\"code\":\"{code}\"")), "{events}");
    }
}

#[db_test]
async fn a_grid_and_cost_averaging_are_tried(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(ALL).await;
    import(&ana, "1m", waves()).await;
    let grid = json!({ "grid": { "lower": "95", "upper": "135", "levels": 5, "quote": "1000" } });
    let grid = shown(&app, &ana, grid).await;
    let dca = json!({ "dca": { "dipPercent": "5", "quote": "100", "maxOrders": 3, "takeProfit": { "percent": "5" } } });
    let dca = shown(&app, &ana, dca).await;
    for tried in [grid, dca] {
        let metrics = &tried["metrics"];
        assert!(metrics["closedTrades"].as_u64().unwrap() > 10, "{metrics}");
        assert_eq!((&metrics["wins"], &tried["symbols"]), (&metrics["closedTrades"], &Value::Null));
    }
}

#[db_test]
async fn weights_that_are_kept_are_tried(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(ALL).await;
    import(&ana, "1m", waves()).await;
    import_of(&ana, "ETH/USDT", "1m", an_hour()).await;
    let market = json!({ "exchange": "binance", "symbols": ["BTC/USDT", "ETH/USDT"], "timeframe": "1m" });
    let weights = json!({ "BTC/USDT": "50", "ETH/USDT": "30" });
    let kept = shown(
        &app,
        &ana,
        json!({ "market": market, "rebalance": { "weights": weights, "threshold": "1", "every": "5m" } }),
    )
    .await;
    assert!(kept["metrics"]["closedTrades"].as_u64().unwrap() > 1, "{}", kept["metrics"]);
    let symbols = kept["symbols"].as_array().unwrap();
    assert_eq!(symbols.iter().map(|it| &it["symbol"]).collect::<Vec<_>>(), ["BTC/USDT", "ETH/USDT"]);
}

#[db_test]
async fn a_script_that_fails_ends_its_back_test_at_once_and_says_where(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(ALL).await;
    import(&ana, "1m", an_hour()).await;
    let file = |source: &str| {
        let mut file = quick();
        let strategy = file["strategy"].as_object_mut().unwrap();
        strategy.retain(|key, _| !["entry", "exit"].contains(&key.as_str()));
        strategy.insert("script".to_owned(), json!({ "source": source }));
        file
    };
    ana.post("/api/v1/backtests", &file("if unknown { enter(); }")).await.invalid("strategy.script.source");
    let asked = ana.post("/api/v1/backtests", &file("if close > 5.0 { throw \"enough\"; }")).await.accepted();
    assert_eq!(app.run_jobs().await, 1);
    let failed = ana.get(&format!("/api/v1/backtests/{}", asked["id"].as_str().unwrap())).await.ok();
    let error = &failed["error"];
    assert_eq!(error["code"], "SCRIPT_FAILED", "{error}");
    assert!(error["message"].as_str().unwrap().contains("line 1, column 18: enough"), "{error}");
    assert_eq!((&failed["status"], &failed["metrics"]), (&json!("failed"), &Value::Null));
    let id = done(&app, &ana, &file("if close < 20.0 { enter(); } if close >= 30.0 { exit(); }")).await;
    let ruled = done(&app, &ana, &quick()).await;
    let [scripted, ruled] = [part(&ana, &id, "").await, part(&ana, &ruled, "").await];
    assert_eq!(scripted["metrics"], ruled["metrics"], "as conditions decide");
}

#[db_test]
async fn finer_candles_tell_what_came_first_where_they_are_stored(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(ALL).await;
    let head = "open_time_ms,open,high,low,close,volume\n";
    let minute = |index: i64| 1_700_000_100_000 + index * 60_000;
    // bought at 100; then 103 is reached before 97, within the same five minutes
    let path = [[100, 100, 100, 100]; 10].into_iter().chain([
        [100, 103, 100, 103],
        [103, 103, 97, 97],
        [97, 100, 97, 100],
        [100, 100, 100, 100],
        [100, 100, 100, 100],
    ]);
    let line = |(index, [open, high, low, close]): (i64, [i64; 4])| {
        format!("{},{open},{high},{low},{close},10\n", minute(index))
    };
    let fine: String = (0..).zip(path).map(line).collect();
    let coarse: String = [(0, [100, 100, 100, 100]), (5, [100, 100, 100, 100]), (10, [100, 103, 97, 100])]
        .into_iter()
        .map(|(index, [open, high, low, close])| format!("{},{open},{high},{low},{close},50\n", minute(index)))
        .collect();
    import(&ana, "5m", format!("{head}{coarse}")).await;
    let mut file = quick();
    let strategy = &mut file["strategy"];
    strategy["market"]["timeframe"] = json!("5m");
    (strategy["entry"], strategy["exit"]) = (json!({ "gt": ["close", 50] }), json!({ "lt": ["close", 0] }));
    strategy["protect"] = json!({ "stopLoss": { "percent": "2" }, "takeProfit": [{ "percent": "2" }] });
    let plain = done(&app, &ana, &file).await;
    let trades = part(&ana, &plain, "/trades").await;
    assert_eq!(trades[0]["reason"], "stopLoss", "the worse came first where nothing tells");
    file["intrabar"] = json!("1m");
    let refused = ana.post("/api/v1/backtests", &file).await;
    assert!(refused.body()["message"].as_str().unwrap().contains("1m"), "{}", refused.text());
    refused.refused(404, "MARKET_NOT_FOUND");
    import(&ana, "1m", format!("{head}{fine}")).await;
    let id = done(&app, &ana, &file).await;
    let made = &ana.get(&format!("/api/v1/backtests/{id}")).await.ok()["made"]["candles"];
    assert_eq!(made.as_array().unwrap().iter().map(|it| &it["timeframe"]).collect::<Vec<_>>(), ["5m", "1m"]);
    assert_eq!(part(&ana, &id, "/trades").await[0]["reason"], "takeProfit");
    file["intrabar"] = json!("2m");
    ana.post("/api/v1/backtests", &file).await.invalid("intrabar");
}

#[db_test]
async fn a_check_that_had_nothing_to_cut_does_not_read_as_passed(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(ALL).await;
    import(&ana, "1m", waves()).await;
    let mut strategy = quick()["strategy"].clone();
    strategy.as_object_mut().unwrap().retain(|key, _| ["name", "market"].contains(&key.as_str()));
    // the price never comes to its range
    strategy["grid"] = json!({ "lower": "500", "upper": "600", "levels": 5, "quote": "1000" });
    let mut file = json!({ "strategy": strategy, "initialCash": "10000", "checks": { "lookAhead": true } });
    let id = done(&app, &ana, &file).await;
    let page = ana.get(&format!("/api/v1/backtests/{id}/report")).await.text();
    assert!(page.contains("Not checked") && !page.contains("nothing looks ahead"));
    // a grid within the range trades, and is checked by its orders
    file["strategy"]["grid"] = json!({ "lower": "95", "upper": "135", "levels": 5, "quote": "1000" });
    let id = done(&app, &ana, &file).await;
    let page = ana.get(&format!("/api/v1/backtests/{id}/report")).await.text();
    assert!(!page.contains("Not checked") && page.contains("nothing looks ahead"));
}
