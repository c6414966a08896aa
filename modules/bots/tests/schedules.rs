//! Bots that start and stop by themselves.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

mod common;

use bots::Runner;
use chrono::TimeDelta;
use common::*;
use testkit::{Member, PgPool, TestApp, Value, db_test, json};
use uuid::Uuid;

/// In so many minutes, in the words of the API.
fn ahead(app: &TestApp, minutes: i64) -> Value {
    json!(app.clock().now() + TimeDelta::minutes(minutes))
}

async fn pass(app: &TestApp, minutes: i64) {
    app.clock().advance(TimeDelta::minutes(minutes));
    app.run_jobs().await;
}

async fn created(member: &Member, strategy: &str, schedule: Value) -> String {
    let mut wish = new_bot("Timed", strategy, json!({ "kind": "replay", "speed": 1 }));
    wish["schedule"] = schedule;
    text(&member.post("/api/v1/bots", &wish).await.created()["id"])
}

async fn schedule(member: &Member, bot: &str) -> Value {
    member.get(&format!("/api/v1/bots/{bot}")).await.ok()["schedule"].clone()
}

async fn kinds(member: &Member, bot: &str) -> Vec<String> {
    let events = whole_feed(member, &format!("/api/v1/bots/{bot}/events")).await;
    events.iter().map(|event| text(&event["kind"])).collect()
}

#[db_test]
async fn a_bot_starts_and_stops_at_its_moments_each_once(db: PgPool) {
    let app = app(db).await;
    let (ana, strategy) = trader(&app, &candles(300)).await;
    let (start, stop) = (ahead(&app, 10), ahead(&app, 60));
    let wish = json!({ "startAt": start, "stopAt": stop, "coins": "keep" });
    let bot = created(&ana, &strategy, wish.clone()).await;
    assert_eq!(schedule(&ana, &bot).await, wish);
    pass(&app, 9).await;
    assert_eq!(status(&ana, &bot).await, "created");
    pass(&app, 1).await;
    assert_eq!(status(&ana, &bot).await, "running");
    assert_eq!(schedule(&ana, &bot).await, json!({ "stopAt": stop, "coins": "keep" }));
    let runner = Runner::new(app.app());
    runner.tick().await.unwrap();
    runner.tick().await.unwrap();
    app.run_jobs().await;
    pass(&app, 50).await;
    assert_eq!((status(&ana, &bot).await.as_str(), schedule(&ana, &bot).await), ("stopping", Value::Null));
    run_out(&runner).await;
    assert_eq!(status(&ana, &bot).await, "stopped");
    let kinds = kinds(&ana, &bot).await;
    for kind in ["bot.started", "bot.stopping", "bot.stopped"] {
        assert_eq!(kinds.iter().filter(|it| *it == kind).count(), 1, "{kinds:?}");
    }
    // as if whoever has set it had done it by hand
    let mut tx = app.system().await;
    let trail = "select actor_id from audit_entries where action in ('bot.started', 'bot.stopping')";
    let actors: Vec<Option<Uuid>> = sqlx::query_scalar(trail).fetch_all(tx.conn()).await.unwrap();
    assert_eq!(actors, [Some(ana.user), Some(ana.user)]);
}

#[db_test]
async fn another_schedule_takes_the_place_of_the_first_and_null_takes_it_away(db: PgPool) {
    let app = app(db).await;
    let (ana, strategy) = trader(&app, &candles(50)).await;
    let bot = created(&ana, &strategy, json!({ "startAt": ahead(&app, 10) })).await;
    let path = format!("/api/v1/bots/{bot}");
    let later = json!({ "startAt": ahead(&app, 20), "coins": "sell" });
    assert_eq!(ana.patch(&path, &json!({ "schedule": later })).await.ok()["schedule"], later);
    // another change leaves it
    assert_eq!(ana.patch(&path, &json!({ "name": "Renamed" })).await.ok()["schedule"], later);
    pass(&app, 15).await;
    assert_eq!(status(&ana, &bot).await, "created");
    assert_eq!(ana.patch(&path, &json!({ "schedule": null })).await.ok()["schedule"], Value::Null);
    pass(&app, 15).await;
    assert_eq!(status(&ana, &bot).await, "created");
    // a copy begins without one
    ana.patch(&path, &json!({ "schedule": { "startAt": ahead(&app, 5) } })).await.ok();
    let copy = ana.post(&format!("{path}/copy"), &json!({ "name": "Like it" })).await.created();
    assert_eq!(copy["schedule"], Value::Null);
    ana.delete(&path).await.no_content();
    pass(&app, 10).await;
    assert_eq!(status(&ana, &text(&copy["id"])).await, "created");
}

#[db_test]
async fn what_cannot_be_done_when_it_is_due_is_told(db: PgPool) {
    let app = app(db).await;
    let (ana, strategy) = trader(&app, &candles(50)).await;
    let bot = created(&ana, &strategy, json!({ "startAt": ahead(&app, 10) })).await;
    let path = format!("/api/v1/bots/{bot}");
    ana.post(&format!("{path}/start"), &json!({})).await.ok();
    pass(&app, 10).await;
    assert_eq!((status(&ana, &bot).await.as_str(), schedule(&ana, &bot).await), ("running", Value::Null));
    let events = ana.get(&format!("{path}/events?limit=1")).await.ok();
    assert_eq!(events[0]["kind"], "schedule.missed");
    assert!(text(&events[0]["message"]).contains("cannot be started"), "{events}");
    // whoever stops a bot for good has it start no more
    ana.patch(&path, &json!({ "schedule": { "stopAt": ahead(&app, 10) } })).await.ok();
    let stopping = ana.post(&format!("{path}/stop"), &json!({})).await.ok();
    assert_eq!(stopping["schedule"], Value::Null);
    // a server that was away over both moments starts nothing
    let late =
        created_as(&ana, &strategy, "Late", json!({ "startAt": ahead(&app, 1), "stopAt": ahead(&app, 2) })).await;
    pass(&app, 10).await;
    assert!(!kinds(&ana, &late).await.contains(&"bot.started".to_owned()));
}

async fn created_as(member: &Member, strategy: &str, name: &str, schedule: Value) -> String {
    let mut wish = new_bot(name, strategy, json!({ "kind": "replay", "speed": 1 }));
    wish["schedule"] = schedule;
    text(&member.post("/api/v1/bots", &wish).await.created()["id"])
}

#[db_test]
async fn moments_that_make_no_sense_are_refused(db: PgPool) {
    let app = app(db).await;
    let (ana, strategy) = trader(&app, &candles(50)).await;
    let bot = started(&ana, "Busy", &strategy, json!({ "kind": "replay", "speed": 1 })).await;
    let idle = text(
        &ana.post("/api/v1/bots", &new_bot("Idle", &strategy, json!({ "kind": "replay", "speed": 1 }))).await.created()
            ["id"],
    );
    let path = format!("/api/v1/bots/{idle}");
    for (wish, at) in [
        (json!({}), "schedule"),
        (json!({ "startAt": ahead(&app, 0) }), "schedule.startAt"),
        (json!({ "stopAt": ahead(&app, -5) }), "schedule.stopAt"),
        (json!({ "stopAt": ahead(&app, 60 * 24 * 400) }), "schedule.stopAt"),
        (json!({ "startAt": ahead(&app, 5), "stopAt": ahead(&app, 5) }), "schedule.stopAt"),
    ] {
        ana.patch(&path, &json!({ "schedule": wish })).await.invalid(at);
    }
    ana.patch(&path, &json!({ "schedule": { "startsAt": ahead(&app, 5) } })).await.refused(422, "VALIDATION_ERROR");
    assert_eq!(schedule(&ana, &idle).await, Value::Null);
    let busy = format!("/api/v1/bots/{bot}");
    ana.patch(&busy, &json!({ "schedule": { "startAt": ahead(&app, 5) } })).await.refused(409, "BOT_STATE");
    ana.patch(&busy, &json!({ "schedule": { "stopAt": ahead(&app, 5) } })).await.ok();
    run_to_stop(&ana, &app, &bot).await;
    ana.patch(&busy, &json!({ "schedule": { "stopAt": ahead(&app, 5) } })).await.refused(409, "BOT_STATE");
    // what was to be done is over
    pass(&app, 5).await;
    assert_eq!(status(&ana, &bot).await, "stopped");
}

async fn run_to_stop(ana: &Member, app: &TestApp, bot: &str) {
    ana.post(&format!("/api/v1/bots/{bot}/stop"), &json!({})).await.ok();
    run_out(&Runner::new(app.app())).await;
    assert_eq!(status(ana, bot).await, "stopped");
}

#[db_test]
async fn whoever_may_not_start_bots_sets_no_schedule(db: PgPool) {
    let app = app(db).await;
    let writer = app.member(["bots:read", "bots:write", "strategies:read", "strategies:write"]).await;
    let strategy = text(&writer.post("/api/v1/strategies", &strategy("Often")).await.created()["id"]);
    let mut wish = new_bot("Timed", &strategy, json!({ "kind": "replay", "speed": 1 }));
    let bot = text(&writer.post("/api/v1/bots", &wish).await.created()["id"]);
    let change = json!({ "schedule": { "startAt": ahead(&app, 5) } });
    writer.patch(&format!("/api/v1/bots/{bot}"), &change).await.refused(403, "FORBIDDEN");
    (wish["name"], wish["schedule"]) = (json!("Other"), change["schedule"].clone());
    writer.post("/api/v1/bots", &wish).await.refused(403, "FORBIDDEN");
}
