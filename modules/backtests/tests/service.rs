//! Back-tests as a service: what is told while they run, how much may be asked for, what is kept of them.
#![allow(clippy::unwrap_used, reason = "a test that finds nothing should end there")]

mod common;

use common::{ALL, YEAR, an_hour, app, candles, cross, done, import, only, quick};
use futures::StreamExt;
use std::time::Duration;
use testkit::{Member, PgPool, TestApp, Value, db_test, json};

/// So seldom that nothing is seen by looking.
const NEVER: Duration = Duration::from_secs(3_600);

async fn start(db: PgPool) -> (TestApp, Member) {
    let app = app(db).await;
    let ana = app.member(ALL).await;
    import(&ana, "1m", an_hour()).await;
    (app, ana)
}

fn path(id: &str) -> String {
    format!("/api/v1/backtests/{id}")
}

async fn set(app: &TestApp, name: &str, value: i64) {
    let mut tx = app.system().await;
    sqlx::query("insert into setting_versions (name, version, value, changed_at) values ($1, 1, $2, now())")
        .bind(name)
        .bind(Value::from(value))
        .execute(tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

/// The events of a stream that has ended: id, name and data.
fn events(text: &str) -> Vec<(String, String, Value)> {
    let field = |event: &str, name: &str| {
        event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned()
    };
    let parts = text.split("\n\n").filter(|part| part.contains("data:"));
    parts
        .map(|event| {
            let data = serde_json::from_str(&field(event, "data:")).unwrap();
            (field(event, "id:"), field(event, "event:"), data)
        })
        .collect()
}

#[db_test]
async fn what_becomes_of_a_back_test_is_told_while_it_happens(db: PgPool) {
    let (app, ana) = start(db).await;
    let _remembers = app.remembers().await;
    let first = ana.post("/api/v1/backtests", &quick()).await.accepted();
    let second = ana.post("/api/v1/backtests", &quick()).await.accepted();
    let place = path(second["id"].as_str().unwrap()) + "/events";
    let stream = ana.open(&place).await;
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let mut parts = stream.into_body().into_data_stream();
    // the first is told before anything happens
    let mut text = String::from_utf8(parts.next().await.unwrap().unwrap().to_vec()).unwrap();
    app.run_jobs().await;
    while let Some(part) = parts.next().await {
        text.push_str(std::str::from_utf8(&part.unwrap()).unwrap());
    }
    let told = events(&text);
    let (first_told, last) = (&told[0], told.last().unwrap());
    assert_eq!((first_told.1.as_str(), &first_told.2["place"]), ("queued", &json!(2)));
    assert_eq!(last.1, "done");
    assert_eq!(last.2, json!({ "status": "done", "done": 60, "total": 60, "percent": 100 }));
    // whoever comes back is told nothing twice
    let back = |id: &str| ana.with("last-event-id", id);
    assert_eq!(back(&last.0).get(&place).await.status, 204);
    let again = events(&back(&first_told.0).get(&place).await.text());
    assert_eq!(again, std::slice::from_ref(last));
    let gone = path(first["id"].as_str().unwrap());
    ana.delete(&gone).await.no_content();
    ana.get(&format!("{gone}/events")).await.refused(404, "BACKTEST_NOT_FOUND");
}

#[db_test]
async fn events_are_told_to_the_tenant_alone_and_to_few_at_once(db: PgPool) {
    let (app, ana) = start(db).await;
    let _remembers = app.remembers().await;
    let asked = ana.post("/api/v1/backtests", &quick()).await.accepted();
    let place = path(asked["id"].as_str().unwrap()) + "/events";
    app.member(ALL).await.get(&place).await.refused(404, "BACKTEST_NOT_FOUND");
    app.member(["backtests:execute"]).await.get(&place).await.refused(403, "FORBIDDEN");
    let mut open = vec![];
    for _ in 0..5 {
        open.push(ana.open(&place).await);
    }
    ana.get(&place).await.refused(429, "TOO_MANY_STREAMS");
    drop(open);
    app.run_jobs().await;
}

#[db_test]
async fn a_reader_that_never_reads_is_left_behind_and_holds_nobody_up(db: PgPool) {
    let (app, ana) = start(db).await;
    let _remembers = app.remembers().await;
    let asked = ana.post("/api/v1/backtests", &quick()).await.accepted();
    let place = path(asked["id"].as_str().unwrap()) + "/events";
    let mut silent = vec![];
    for _ in 0..4 {
        silent.push(ana.open(&place).await);
    }
    let mut heard = ana.open(&place).await.into_body().into_data_stream();
    ana.get(&place).await.refused(429, "TOO_MANY_STREAMS");
    // news until those who do not read have given their places up; whoever reads misses nothing meanwhile
    let mut told = 0;
    let left = loop {
        let mut tx = app.system().await;
        sqlx::query("update jobs set done = done + 1, total = 1000000").execute(tx.conn()).await.unwrap();
        tx.commit().await.unwrap();
        heard.next().await.unwrap().unwrap();
        told += 1;
        let again = ana.open(&place).await;
        if again.status().is_success() {
            break again;
        }
        assert!(told < 10_000, "they hold their places for ever");
    };
    assert!(told >= 32, "they were left behind after {told} events already");
    app.run_jobs().await;
    let mut last = String::new();
    while let Some(part) = heard.next().await {
        last = String::from_utf8(part.unwrap().to_vec()).unwrap();
    }
    assert!(last.contains("event: done"), "{last}");
    drop((silent, left));
}

#[db_test]
async fn a_sweep_that_runs_at_another_server_is_cancelled_without_its_being_looked_after(db: PgPool) {
    let app = app(db.clone()).await;
    let modules = [market_data::module(), strategies::module(), backtests::module()];
    let beside = app.beside(db, modules).await;
    let ana = app.member(ALL).await;
    import(&ana, "5m", candles(YEAR)).await;
    let periods = |from: u32| (from..from + 100).collect::<Vec<_>>();
    let sweep = json!({ "indicators.fast.period": periods(2), "indicators.slow.period": periods(110) });
    let file = json!({ "strategy": cross("5m"), "initialCash": "10000000", "sweep": sweep });
    let asked = ana.post("/api/v1/backtests", &file).await.accepted();
    let path = path(asked["id"].as_str().unwrap());
    let _worker = beside.works(2, NEVER);
    while ana.get(&path).await.ok()["status"] != "running" {}
    ana.post(&format!("{path}/cancel"), &json!({})).await.accepted();
    let ended = loop {
        let seen = ana.get(&path).await.ok();
        if seen["status"] != "running" {
            break seen;
        }
    };
    assert_eq!(ended["status"], "cancelled");
    assert!(ended["progress"]["done"].as_i64().unwrap() < 10_000, "{ended}");
}

#[db_test]
async fn every_limit_is_a_setting_and_is_told_when_it_is_reached(db: PgPool) {
    let (app, ana) = start(db).await;
    let refused = |answer: testkit::Answer, status: u16, limit: i64| {
        let body = answer.body();
        assert_eq!((answer.status.as_u16(), &body["context"]["limit"]), (status, &json!(limit)), "{body}");
        body
    };
    set(&app, "backtests.combinations", 3).await;
    let mut file = quick();
    file["sweep"] = json!({ "sizing.quantity": ["1", "2"], "protect.stopLoss.percent": ["1", "2"] });
    let body = refused(ana.post("/api/v1/backtests", &file).await, 422, 3);
    assert_eq!(body["errors"][0]["path"], "sweep");
    set(&app, "backtests.kept", 1).await;
    done(&app, &ana, &quick()).await;
    let body = refused(ana.post("/api/v1/backtests", &quick()).await, 409, 1);
    assert_eq!(body["code"], "BACKTEST_LIMIT");
    let bob = app.member(ALL).await;
    import(&bob, "1m", an_hour()).await;
    set(&app, "backtests.unfinished", 1).await;
    bob.post("/api/v1/backtests", &quick()).await.accepted();
    let body = refused(bob.post("/api/v1/backtests", &quick()).await, 409, 1);
    assert_eq!(body["code"], "TOO_MANY_BACKTESTS");
    app.run_jobs().await;
}

#[db_test]
async fn a_back_test_of_more_months_than_are_allowed_is_refused(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(ALL).await;
    import(&ana, "5m", candles(YEAR)).await;
    set(&app, "backtests.months", 6).await;
    let mut file = json!({ "strategy": cross("5m"), "initialCash": "10000000" });
    let body = ana.post("/api/v1/backtests", &file).await.body();
    assert_eq!((&body["errors"][0]["code"], &body["context"]["limit"]), (&json!("TOO_LONG"), &json!(6)), "{body}");
    file["from"] = json!("2023-06-30");
    file["to"] = json!("2023-12-30");
    ana.post("/api/v1/backtests", &file).await.accepted();
    app.run_jobs().await;
}

#[db_test]
async fn a_result_says_what_it_was_made_from_and_a_rerun_whether_it_is_the_same(db: PgPool) {
    let (app, ana) = start(db).await;
    let id = done(&app, &ana, &quick()).await;
    let first = ana.get(&path(&id)).await.ok();
    let candles = &first["made"]["candles"][0];
    assert_eq!((&candles["symbol"], &candles["count"]), (&json!("BTC/USDT"), &json!(60)));
    assert_eq!(candles["digest"].as_str().unwrap().len(), 64);
    assert_eq!((&first["rerunOf"], &first["reproduction"]), (&Value::Null, &Value::Null));
    let rerun = |id: String| {
        let (app, ana) = (&app, &ana);
        async move {
            let asked = ana.post(&format!("{}/rerun", path(&id)), &json!({})).await.accepted();
            app.run_jobs().await;
            ana.get(&path(asked["id"].as_str().unwrap())).await.ok()
        }
    };
    let again = rerun(id.clone()).await;
    assert_eq!((&again["rerunOf"], &again["digest"]), (&json!(id), &first["digest"]));
    assert_eq!(again["reproduction"], json!({ "same": true, "changed": [] }));
    // one more candle is another history
    import(&ana, "1m", an_hour() + "1700003640000,60,61,60,61,1\n").await;
    let other = rerun(id.clone()).await;
    assert_eq!(other["reproduction"], json!({ "same": false, "changed": ["candles"] }));
    ana.delete(&path(&id)).await.no_content();
    let orphan = ana.get(&path(again["id"].as_str().unwrap())).await.ok();
    assert_eq!((&orphan["rerunOf"], &orphan["reproduction"]), (&Value::Null, &Value::Null));
    let actions = ana.get("/api/v1/audit?action=backtest.rerun").await.ok();
    assert_eq!(actions.as_array().unwrap().len(), 2);
}

#[db_test]
async fn the_file_of_a_back_test_runs_without_a_server_as_it_did_with_one(db: PgPool) {
    let (app, ana) = start(db).await;
    let stored = ana.post("/api/v1/strategies", &quick()["strategy"]).await.created();
    let id = done(&app, &ana, &json!({ "strategyId": stored["id"], "initialCash": "1000" })).await;
    let file = ana.get(&format!("{}/file", path(&id))).await;
    assert!(file.header("content-disposition").contains("backtest.json"));
    let go_on = |_, _| std::ops::ControlFlow::Continue(());
    let offline = backtests::offline::run(&file.text(), only(an_hour().as_bytes()), go_on).unwrap();
    assert_eq!(serde_json::to_value(&offline).unwrap()["metrics"], ana.get(&path(&id)).await.ok()["metrics"]);
    let card = ana.get(&format!("{}/report.png", path(&id))).await;
    assert_eq!(card.header("content-type"), "image/png");
    assert_eq!(card.bytes, offline.png().unwrap(), "the same picture to the last byte");
    assert_eq!(card.bytes[16..24], [0, 0, 4, 176, 0, 0, 2, 163], "1200 by 675");
}

#[db_test]
async fn trades_and_equity_are_taken_along_as_files(db: PgPool) {
    let (app, ana) = start(db).await;
    let id = done(&app, &ana, &quick()).await;
    let csv = ana.get(&format!("{}/trades/export?format=csv", path(&id))).await;
    assert!(csv.header("content-type").starts_with("text/csv"));
    assert_eq!(
        csv.text(),
        "symbol,entryIndex,entryTime,entryPrice,exitIndex,exitTime,exitPrice,quantity,fees,pnl,reason\r\n\
         ,1,1700000100000,1,30,1700001840000,30,1,0.031,28.969,exit\r\n"
    );
    let lines = ana.with("accept", "application/x-ndjson").get(&format!("{}/trades/export", path(&id))).await.text();
    let listed = ana.get(&format!("{}/trades", path(&id))).await.ok();
    assert_eq!(serde_json::from_str::<Value>(lines.trim()).unwrap(), listed[0]);
    let equity = ana.get(&format!("{}/equity/export?format=csv", path(&id))).await.text();
    assert_eq!(equity.lines().count(), 61);
    assert_eq!(equity.lines().last().unwrap(), "1700003639999,1028.969,60000");
    ana.get(&format!("{}/equity/export?format=xml", path(&id))).await.invalid("format");
    let mut quiet = quick();
    quiet["strategy"]["entry"] = json!({ "lt": ["close", 0] });
    let id = done(&app, &ana, &quiet).await;
    let empty = ana.get(&format!("{}/trades/export?format=csv", path(&id))).await.text();
    assert!(empty.starts_with("symbol,entryIndex") && empty.lines().count() == 1);
}

#[db_test]
async fn bad_input_has_a_precise_answer_and_the_service_goes_on(db: PgPool) {
    let (app, ana) = start(db).await;
    let with = |key: &str, value: Value| {
        let mut file = quick();
        file["strategy"][key] = value;
        file
    };
    let mut million = quick();
    let hundred: Vec<i32> = (1..=100).collect();
    million["sweep"] = json!({ "a": hundred, "b": hundred, "c": hundred });
    ana.post("/api/v1/backtests", &million).await.invalid("sweep");
    let nothing = with("sizing", json!({ "kind": "fixedQuantity", "quantity": "0" }));
    ana.post("/api/v1/backtests", &nothing).await.invalid("strategy.sizing.quantity");
    let negative = with("sizing", json!({ "kind": "percentEquity", "percent": "-5" }));
    ana.post("/api/v1/backtests", &negative).await.invalid("strategy.sizing.percent");
    let mut endless = with("indicators", json!({ "slow": { "kind": "sma", "period": 100_001 } }));
    endless["strategy"]["entry"] = json!({ "gt": ["close", "slow"] });
    ana.post("/api/v1/backtests", &endless).await.invalid("strategy.indicators.slow.period");
    // more warm-up than history is no fault: nothing is traded
    let mut long = with("indicators", json!({ "slow": { "kind": "sma", "period": 500 } }));
    long["strategy"]["entry"] = json!({ "gt": ["close", "slow"] });
    let id = done(&app, &ana, &long).await;
    let shown = ana.get(&path(&id)).await.ok();
    assert_eq!(shown["metrics"]["closedTrades"], 0);
    for part in ["/report", "/report.png", "/trades", "/equity"] {
        assert!(ana.get(&format!("{}{part}", path(&id))).await.status.is_success(), "{part}");
    }
    done(&app, &ana, &quick()).await;
}

#[db_test]
async fn candles_with_gaps_and_without_volume_are_run(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(ALL).await;
    let minute = |index: i64| 1_700_000_040_000 + index * 60_000;
    let line = |index: i64| format!("{},{index},{index},{index},{index},0\n", minute(index));
    let file: String = (1..200).filter(|index| !(50..150).contains(index)).map(line).collect();
    import(&ana, "1m", format!("open_time_ms,open,high,low,close,volume\n{file}")).await;
    let mut limited = quick();
    limited["volumeShare"] = json!("0.1");
    let id = done(&app, &ana, &limited).await;
    let shown = ana.get(&path(&id)).await.ok();
    assert!(shown["warnings"].to_string().contains("100 candles are missing"), "{}", shown["warnings"]);
    assert_eq!(shown["metrics"]["closedTrades"], 0, "without volume nothing can be bought");
    let id = done(&app, &ana, &quick()).await;
    assert_eq!(ana.get(&path(&id)).await.ok()["metrics"]["closedTrades"], 1);
}
