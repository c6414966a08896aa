//! Back-tests as a client of the API sees them.
#![allow(clippy::unwrap_used, reason = "a test that finds nothing should end there")]

mod common;

use common::{ALL, an_hour, app, cross, done, import, quick};
use testkit::{Member, PgPool, TestApp, Value, db_test, json};

async fn start(db: PgPool) -> (TestApp, Member) {
    let app = app(db).await;
    let ana = app.member(ALL).await;
    import(&ana, "1m", an_hour()).await;
    (app, ana)
}

fn path(id: &str) -> String {
    format!("/api/v1/backtests/{id}")
}

#[db_test]
async fn a_back_test_is_asked_for_run_shown_listed_and_deleted(db: PgPool) {
    let (app, ana) = start(db).await;
    let asked = ana.post("/api/v1/backtests", &quick()).await.accepted();
    assert_eq!((&asked["status"], &asked["name"]), (&json!("queued"), &json!("Cross")));
    assert_eq!(asked["progress"], json!({ "done": 0, "total": 0, "percent": 0 }));
    let path = path(asked["id"].as_str().unwrap());
    for result in ["/trades", "/equity", "/report"] {
        ana.get(&format!("{path}{result}")).await.refused(409, "BACKTEST_NOT_DONE");
    }
    app.run_jobs().await;
    let shown = ana.get(&path).await.ok();
    assert_eq!((&shown["status"], &shown["metrics"]["closedTrades"]), (&json!("done"), &json!(1)));
    assert_eq!(shown["progress"], json!({ "done": 60, "total": 60, "percent": 100 }));
    assert_eq!(shown["file"]["initialCash"], "1000");
    let list = ana.get("/api/v1/backtests?status=done&sort=-return").await.body();
    assert_eq!((&list["meta"]["total"], &list["data"][0]["id"]), (&json!(1), &asked["id"]));
    assert!(list["data"][0].get("file").is_none() && list["data"][0]["metrics"].is_object());
    assert_eq!(ana.get("/api/v1/backtests?status=failed").await.ok(), json!([]));
    ana.delete(&path).await.no_content();
    for result in ["", "/trades", "/equity", "/report"] {
        ana.get(&format!("{path}{result}")).await.refused(404, "BACKTEST_NOT_FOUND");
    }
}

#[db_test]
async fn a_trade_is_told_exactly(db: PgPool) {
    let (app, ana) = start(db).await;
    let id = done(&app, &ana, &quick()).await;
    let trades = ana.get(&format!("{}/trades", path(&id))).await.body();
    assert_eq!(trades["meta"]["total"], 1);
    // the first close below 20 fills at the next open, 1; the first close of 30 at the next, 30
    assert_eq!(
        trades["data"][0],
        json!({
            "entryIndex": 1, "entryTime": 1_700_000_100_000_i64, "entryPrice": "1",
            "exitIndex": 30, "exitTime": 1_700_001_840_000_i64, "exitPrice": "30",
            "quantity": "1", "fees": "0.031", "pnl": "28.969", "reason": "exit"
        })
    );
    let equity = ana.get(&format!("{}/equity", path(&id))).await.ok();
    assert_eq!(equity["equity"].as_array().unwrap().len(), 60);
    assert_eq!(equity["equity"][59][1], "1028.969");
    assert_eq!(equity["buyAndHold"][59], json!([1_700_003_639_999_i64, "60000"]));
    assert_eq!(ana.get(&format!("{}/trades?page=2", path(&id))).await.ok(), json!([]));
}

#[db_test]
async fn a_stored_strategy_is_tried_at_the_version_that_is_named(db: PgPool) {
    let (app, ana) = start(db).await;
    let mut strategy = quick()["strategy"].clone();
    let stored = ana.post("/api/v1/strategies", &strategy).await.created();
    let id = stored["id"].as_str().unwrap();
    strategy["name"] = json!("Second");
    ana.put(&format!("/api/v1/strategies/{id}"), &strategy).await.ok();
    let first = json!({ "strategyId": id, "strategyVersion": 1, "initialCash": "1000" });
    let latest = json!({ "strategyId": id, "initialCash": "1000" });
    done(&app, &ana, &first).await;
    let tried = done(&app, &ana, &latest).await;
    let list = ana.get(&format!("/api/v1/backtests?strategyId={id}&sort=createdAt")).await.ok();
    let seen: Vec<_> = list.as_array().unwrap().iter().map(|it| (&it["name"], &it["strategyVersion"])).collect();
    assert!(seen.contains(&(&json!("Cross"), &json!(1))) && seen.contains(&(&json!("Second"), &json!(2))), "{seen:?}");
    ana.delete(&format!("/api/v1/strategies/{id}")).await.no_content();
    let orphan = ana.get(&path(&tried)).await.ok();
    assert_eq!((&orphan["strategyId"], &orphan["file"]["strategy"]["name"]), (&Value::Null, &json!("Second")));
}

#[db_test]
async fn the_report_is_a_page_that_can_do_nothing(db: PgPool) {
    let (app, ana) = start(db).await;
    let mut file = quick();
    file["strategy"]["name"] = json!("<script>alert(1)</script>");
    let id = done(&app, &ana, &file).await;
    let page = ana.get(&format!("{}/report", path(&id))).await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'") && policy.contains("sandbox") && !policy.contains("script"),
        "{policy}"
    );
    assert_eq!(page.header("cache-control"), "no-store");
    let html = page.text();
    assert!(html.starts_with("<!doctype html>") && html.contains("<svg") && html.contains("&lt;script&gt;"));
    for forbidden in ["<script", "javascript:", "http://", "https://", " onload", "NaN"] {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
}

#[db_test]
async fn a_back_test_that_waits_is_cancelled_at_once(db: PgPool) {
    let (app, ana) = start(db).await;
    let asked = ana.post("/api/v1/backtests", &quick()).await.accepted();
    let path = path(asked["id"].as_str().unwrap());
    let cancelled = ana.post(&format!("{path}/cancel"), &json!({})).await.accepted();
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(app.run_jobs().await, 0);
    ana.post(&format!("{path}/cancel"), &json!({})).await.refused(409, "BACKTEST_ENDED");
    ana.get(&format!("{path}/report")).await.refused(409, "BACKTEST_NOT_DONE");
}

#[db_test]
async fn a_back_test_that_runs_tells_its_progress_and_can_be_cancelled(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(ALL).await;
    import(&ana, "5m", common::candles(common::YEAR)).await;
    let periods = |from: u32| (from..from + 100).collect::<Vec<_>>();
    let sweep = json!({ "indicators.fast.period": periods(2), "indicators.slow.period": periods(110) });
    let file = json!({ "strategy": cross("5m"), "initialCash": "10000000", "sweep": sweep });
    let asked = ana.post("/api/v1/backtests", &file).await.accepted();
    let path = path(asked["id"].as_str().unwrap());
    let watch = async {
        loop {
            let seen = ana.get(&path).await.ok();
            let done = seen["progress"]["done"].as_i64().unwrap();
            assert!(["queued", "running"].contains(&seen["status"].as_str().unwrap()), "it ended unseen: {seen}");
            if done > 0 {
                assert_eq!((&seen["status"], &seen["progress"]["total"]), (&json!("running"), &json!(10_000)));
                return ana.post(&format!("{path}/cancel"), &json!({})).await.accepted();
            }
        }
    };
    let (_, cancelled) = tokio::join!(app.run_jobs(), watch);
    assert_eq!(cancelled["status"], "running", "it ends as soon as it looks");
    let ended = ana.get(&path).await.ok();
    let done = ended["progress"]["done"].as_i64().unwrap();
    assert_eq!(ended["status"], "cancelled");
    assert!(0 < done && done < 10_000, "{done}");
    ana.get(&format!("{path}/equity")).await.refused(409, "BACKTEST_NOT_DONE");
}

#[db_test]
async fn a_back_test_that_was_deleted_before_it_ran_leaves_nothing(db: PgPool) {
    let (app, ana) = start(db).await;
    let asked = ana.post("/api/v1/backtests", &quick()).await.accepted();
    ana.delete(&path(asked["id"].as_str().unwrap())).await.no_content();
    assert_eq!(app.run_jobs().await, 0);
    assert_eq!(ana.get("/api/v1/backtests").await.ok(), json!([]));
}

#[db_test]
async fn a_back_test_whose_candles_went_away_fails_and_says_why(db: PgPool) {
    let (app, ana) = start(db).await;
    let asked = ana.post("/api/v1/backtests", &quick()).await.accepted();
    let mut tx = app.system().await;
    sqlx::query("delete from candle_series").execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    app.run_jobs().await;
    let failed = ana.get(&path(asked["id"].as_str().unwrap())).await.ok();
    assert_eq!(failed["status"], "failed", "{failed}");
    assert_eq!(failed["error"]["code"], "MARKET_NOT_FOUND", "{failed}");
    assert!(failed["error"]["message"].as_str().unwrap().contains("BTC/USDT"), "{failed}");
}

#[db_test]
async fn only_so_many_back_tests_of_a_tenant_wait_at_once(db: PgPool) {
    let (app, ana) = start(db).await;
    for _ in 0..20 {
        ana.post("/api/v1/backtests", &quick()).await.accepted();
    }
    ana.post("/api/v1/backtests", &quick()).await.refused(409, "TOO_MANY_BACKTESTS");
    let bob = app.member(ALL).await;
    import(&bob, "1m", an_hour()).await;
    bob.post("/api/v1/backtests", &quick()).await.accepted();
    assert_eq!(app.run_jobs().await, 21);
    ana.post("/api/v1/backtests", &quick()).await.accepted();
    app.run_jobs().await;
}

#[db_test]
async fn a_tenant_never_sees_or_touches_anothers_back_tests(db: PgPool) {
    let (app, ana) = start(db).await;
    let id = done(&app, &ana, &quick()).await;
    let stored = ana.post("/api/v1/strategies", &quick()["strategy"]).await.created();
    let bob = app.member(ALL).await;
    assert_eq!(bob.get("/api/v1/backtests").await.ok(), json!([]));
    for result in ["", "/trades", "/equity", "/report"] {
        bob.get(&format!("{}{result}", path(&id))).await.refused(404, "BACKTEST_NOT_FOUND");
    }
    bob.post(&format!("{}/cancel", path(&id)), &json!({})).await.refused(404, "BACKTEST_NOT_FOUND");
    bob.delete(&path(&id)).await.refused(404, "BACKTEST_NOT_FOUND");
    // neither another's strategy nor another's candles
    let theirs = json!({ "strategyId": stored["id"], "initialCash": "1000" });
    bob.post("/api/v1/backtests", &theirs).await.refused(404, "STRATEGY_NOT_FOUND");
    bob.post("/api/v1/backtests", &quick()).await.refused(404, "MARKET_NOT_FOUND");
    assert_eq!(ana.get(&path(&id)).await.ok()["status"], "done");
}

#[db_test]
async fn every_operation_asks_for_its_permission(db: PgPool) {
    let (app, ana) = start(db).await;
    let id = done(&app, &ana, &quick()).await;
    let (none, stranger) = (app.member([]).await, app.stranger());
    for place in [
        "/api/v1/backtests",
        &path(&id),
        &format!("{}/trades", path(&id)),
        &format!("{}/equity", path(&id)),
        &format!("{}/report", path(&id)),
    ] {
        none.get(place).await.refused(403, "FORBIDDEN");
        stranger.get(place).await.refused(401, "UNAUTHORIZED");
    }
    let reader = app.member(["backtests:read"]).await;
    reader.post("/api/v1/backtests", &quick()).await.refused(403, "FORBIDDEN");
    reader.post(&format!("{}/cancel", path(&id)), &json!({})).await.refused(403, "FORBIDDEN");
    reader.delete(&path(&id)).await.refused(403, "FORBIDDEN");
    let runner = app.member(["backtests:execute", "backtests:read"]).await;
    runner.delete(&path(&id)).await.refused(403, "FORBIDDEN");
}

#[db_test]
async fn what_was_done_is_in_the_audit_trail(db: PgPool) {
    let (app, ana) = start(db).await;
    let asked = ana.post("/api/v1/backtests", &quick()).await.accepted();
    let path = path(asked["id"].as_str().unwrap());
    ana.post(&format!("{path}/cancel"), &json!({})).await.accepted();
    ana.delete(&path).await.no_content();
    app.run_jobs().await;
    let trail = ana.get("/api/v1/audit?resource=backtest").await.ok();
    let actions: Vec<_> = trail.as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["backtest.deleted", "backtest.cancelled", "backtest.created"]);
}

#[db_test]
async fn files_that_break_rules_are_refused_by_the_path_of_the_fault(db: PgPool) {
    let (_app, ana) = start(db).await;
    let cases = [
        ("initialCash", json!("-1"), "initialCash"),
        ("initialCash", json!("0"), "initialCash"),
        ("initialCash", json!(1000), "initialCash"),
        ("initialCash", json!("NaN"), "initialCash"),
        ("initialCash", json!("1e9"), "initialCash"),
        ("initialCash", json!("9".repeat(40)), "initialCash"),
        ("from", json!("yesterday"), "from"),
        ("to", json!("2001-01-01"), "to"),
        ("from", json!("2099-01-01"), "from"),
        ("fees", json!({ "maker": "1" }), "fees.maker"),
        ("fees", json!({ "takerr": "0" }), "fees.takerr"),
        ("fill", json!("never"), "fill"),
        ("slippageBps", json!("-5"), "slippageBps"),
        ("volumeShare", json!("2"), "volumeShare"),
        ("filters", json!("some"), "filters"),
        ("filters", json!([{ "symbol": "ETH/USDT" }]), "filters[0].symbol"),
        ("filters", json!([{ "symbol": "BTC/USDT" }, { "symbol": "BTC/USDT" }]), "filters[1].symbol"),
        ("filters", json!([{ "symbol": "BTC/USDT", "tick": "0" }]), "filters[0].tick"),
        ("filters", json!([{ "symbol": "BTC/USDT", "ticks": "1" }]), "filters[0].ticks"),
        ("surprise", json!(1), "surprise"),
        ("sweep", json!({ "indicators.fast.period": [] }), "sweep.indicators.fast.period"),
        ("sweep", json!({ "market.symbol": ["ETH/USDT"] }), "sweep.market.symbol"),
        ("sweep", json!({ "sizing.quantity": ["0"] }), "sweep.sizing.quantity"),
        ("sweep", json!({ "a": vec![1; 101], "b": vec![1; 100] }), "sweep"),
        ("strategyId", json!("018f0000-0000-7000-8000-000000000000"), "strategyId"),
        ("strategyVersion", json!(1), "strategyVersion"),
        ("strategy", json!({}), "strategy.name"),
        ("strategy", json!([]), "strategy"),
    ];
    for (key, value, fault) in cases {
        let mut file = quick();
        file[key] = value;
        ana.post("/api/v1/backtests", &file).await.invalid(fault);
    }
    let mut file = quick();
    (file["from"], file["to"]) = (json!("2023-11-15"), json!("2023-11-14"));
    ana.post("/api/v1/backtests", &file).await.invalid("to");
    let mut file = quick();
    file.as_object_mut().unwrap().remove("initialCash");
    ana.post("/api/v1/backtests", &file).await.refused(422, "VALIDATION_ERROR");
    let stored = |id: Value| json!({ "strategyId": id, "initialCash": "1000" });
    ana.post("/api/v1/backtests", &stored(json!("x"))).await.invalid("strategyId");
    let unknown = stored(json!("018f0000-0000-7000-8000-000000000000"));
    ana.post("/api/v1/backtests", &unknown).await.refused(404, "STRATEGY_NOT_FOUND");
    assert_eq!(ana.get("/api/v1/backtests").await.ok(), json!([]), "nothing was set going");
}

#[db_test]
async fn bodies_that_are_no_file_are_refused(db: PgPool) {
    let (_app, ana) = start(db).await;
    for body in [json!(null), json!([]), json!("x"), json!(7), json!({})] {
        ana.post("/api/v1/backtests", &body).await.refused(422, "VALIDATION_ERROR");
    }
    let json = Some("application/json");
    ana.send("POST", "/api/v1/backtests", "{\"a\": NaN}".into(), json).await.refused(400, "INVALID_JSON");
    let huge = format!("\"{}\"", "x".repeat(2 << 20));
    ana.send("POST", "/api/v1/backtests", huge.into(), json).await.refused(413, "BODY_TOO_LARGE");
    ana.get("/api/v1/backtests?sort=secret").await.invalid("sort");
    ana.get("/api/v1/backtests?status=lost").await.refused(422, "VALIDATION_ERROR");
    ana.get("/api/v1/backtests/nonsense").await.refused(400, "BAD_PATH");
}
