//! Bots that are made like others, their hours, and what a back-test would have done.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

mod common;

use bots::Runner;
use common::*;
use testkit::{Member, PgPool, TestApp, Value, db_test, json};
use trading::engine::Input;

fn replay() -> Value {
    json!({ "kind": "replay", "speed": "max" })
}

/// A bot that has gone through all candles.
async fn finished(app: &TestApp, ana: &Member, bot: Value) -> String {
    let id = text(&ana.post("/api/v1/bots", &bot).await.created()["id"]);
    ana.post(&format!("/api/v1/bots/{id}/start"), &json!({})).await.ok();
    let runner = Runner::new(app.app());
    while ana.get(&format!("/api/v1/bots/{id}")).await.ok()["status"] == "running" {
        runner.tick().await.unwrap();
    }
    id
}

#[db_test]
async fn a_copy_is_like_its_original_but_for_what_is_said(db: PgPool) {
    let app = app(db).await;
    let (ana, strategy) = trader(&app, &candles(50)).await;
    let mut new = new_bot("First", &strategy, replay());
    new["limits"] = json!({ "maxOrdersPerDay": 7 });
    new["hours"] = json!({ "days": ["mon"], "from": "09:00", "to": "17:00", "timezone": "Europe/Lisbon" });
    let first = ana.post("/api/v1/bots", &new).await.created();
    let path = format!("/api/v1/bots/{}/copy", text(&first["id"]));
    let copy = ana.post(&path, &json!({ "name": "Second", "initialCash": "500" })).await.created();
    for key in [
        "mode",
        "strategyId",
        "strategyVersion",
        "fees",
        "fill",
        "slippageBps",
        "volumeShare",
        "limits",
        "hours",
        "feed",
    ] {
        assert_eq!(copy[key], first[key], "{key}");
    }
    assert_eq!(
        (&copy["name"], &copy["initialCash"], &copy["status"]),
        (&json!("Second"), &json!("500"), &json!("created"))
    );
    assert_eq!(copy["copiedFrom"], first["id"]);
    let list = ana.get(&format!("/api/v1/bots?copiedFrom={}", text(&first["id"]))).await.ok();
    assert_eq!(list.as_array().unwrap().len(), 1);

    ana.post(&path, &json!({ "name": "Second" })).await.refused(409, "BOT_NAME_TAKEN");
    ana.post(&path, &json!({ "name": "" })).await.invalid("name");
    ana.post(&path, &json!({ "name": "Third", "mode": "live" })).await.invalid("connectionId");
    ana.post(&path, &json!({ "name": "Third", "initialCash": "0" })).await.invalid("initialCash");
    let bob = app.member(PERMISSIONS).await;
    bob.post(&path, &json!({ "name": "Mine" })).await.refused(404, "BOT_NOT_FOUND");
    let mirror = path.replace("/copy", "/mirror");
    ana.post(&mirror, &json!({ "accounts": [] })).await.invalid("accounts");
    assert_eq!(ana.get("/api/v1/bots").await.ok().as_array().unwrap().len(), 2);
}

#[db_test]
async fn a_bot_opens_positions_in_its_hours_alone(db: PgPool) {
    let app = app(db).await;
    let (ana, strategy) = trader(&app, &candles(2_000)).await;
    let hours = json!({ "from": "08:00", "to": "12:00" });
    let mut new = new_bot("Mornings", &strategy, replay());
    new["hours"] = hours.clone();
    let id = finished(&app, &ana, new).await;
    let entries: Vec<_> = journal(&app, &id)
        .await
        .into_iter()
        .filter_map(|(at, input)| match input {
            Input::Filled(fill) if fill.side == trading::order::Side::Buy => Some(at),
            _ => None,
        })
        .collect();
    assert!(entries.len() > 5, "it trades");
    let minute = |at: &i64| at / 60_000 % 1_440;
    // what was decided at a close fills at the next open or waits in the book
    assert!(entries.iter().all(|at| (480..735).contains(&minute(at))), "{entries:?}");

    let path = format!("/api/v1/bots/{id}");
    assert_eq!(ana.get(&path).await.ok()["hours"]["from"], "08:00");
    assert_eq!(ana.patch(&path, &json!({ "name": "Any time", "hours": null })).await.ok()["hours"], Value::Null);
    ana.patch(&path, &json!({ "hours": { "from": "25:00", "to": "12:00" } })).await.invalid("hours.from");
}

#[db_test]
async fn a_back_test_would_have_done_what_a_paper_bot_does(db: PgPool) {
    let app = app(db).await;
    let (ana, strategy) = trader(&app, &candles(600)).await;
    let id = finished(&app, &ana, new_bot("Same", &strategy, replay())).await;
    let same = ana.get(&format!("/api/v1/bots/{id}/difference")).await.ok();
    assert_eq!((&same["same"], &same["trades"]), (&json!(true), &json!([])));
    assert_eq!((&same["candles"], &same["bot"]), (&json!(600), &same["backtest"]));
    assert!(same["bot"]["trades"].as_u64().unwrap() > 3);

    let mut new = new_bot("Nights", &strategy, replay());
    new["hours"] = json!({ "from": "20:00", "to": "04:00" });
    let id = finished(&app, &ana, new).await;
    let other = ana.get(&format!("/api/v1/bots/{id}/difference")).await.ok();
    assert_eq!((&other["same"], &other["backtest"]), (&json!(false), &same["backtest"]));
    let missed = other["trades"].as_array().unwrap().iter().filter(|it| it["bot"].is_null());
    let earned: f64 = missed.map(|it| it["pnl"].as_str().unwrap().parse::<f64>().unwrap()).sum();
    assert!(earned != 0.0, "what it missed is counted");
    let bob = app.member(PERMISSIONS).await;
    bob.get(&format!("/api/v1/bots/{id}/difference")).await.refused(404, "BOT_NOT_FOUND");
}
