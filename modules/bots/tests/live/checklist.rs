//! What must be so before money is ventured.

use crate::floor::Floor;
use testkit::{PgPool, db_test, json};

#[db_test]
async fn a_live_bot_starts_by_its_name_and_a_passing_checklist(db: PgPool) {
    let floor = Floor::new(db, 1).await;
    let bot = crate::common::text(&floor.ana.post("/api/v1/bots", &floor.wish("Mine")).await.created()["id"]);
    let checks = floor.ana.get(&format!("/api/v1/bots/{bot}/checklist")).await.ok();
    let checks = checks.as_array().unwrap();
    let codes: Vec<_> = checks.iter().map(|it| it["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["CONNECTION", "KEY_TRADES", "EXCHANGE", "FILTERS", "ORDERS", "HALTS", "FUNDS"]);
    assert!(checks.iter().all(|it| it["passed"] == true), "{checks:?}");
    for wrong in ["", "?confirm=mine", "?confirm=Other"] {
        let start = format!("/api/v1/bots/{bot}/start{wrong}");
        floor.ana.post(&start, &json!({})).await.refused(409, "NOT_CONFIRMED");
    }
    floor.ana.post(&format!("/api/v1/bots/{bot}/start?confirm=Mine"), &json!({})).await.ok();
    floor
        .ana
        .delete(&format!("/api/v1/exchange-connections/{}", floor.connection))
        .await
        .refused(409, "CONNECTION_IN_USE");
}

#[db_test]
async fn what_fails_is_said_and_nothing_starts(db: PgPool) {
    let mut strategy = crate::floor::crossing();
    strategy["protect"]["takeProfit"] = json!([{ "percent": "1", "sell": "100" }]);
    let floor = Floor::with(db, 1, &strategy).await;
    let mut wish = floor.wish("Greedy");
    wish["initialCash"] = json!("10000.01");
    let bot = crate::common::text(&floor.ana.post("/api/v1/bots", &wish).await.created()["id"]);
    let failed = async || {
        let start = format!("/api/v1/bots/{bot}/start?confirm=Greedy");
        let refusal = floor.ana.post(&start, &json!({})).await.refused(409, "CHECKLIST_FAILED");
        let checks = refusal["context"]["checks"].as_array().unwrap().clone();
        checks.iter().map(|it| crate::common::text(&it["code"])).collect::<Vec<_>>()
    };
    assert_eq!(failed().await, ["ORDERS"]);
    strategy["orders"] = json!({ "pair": "oco" });
    strategy["name"] = json!("Paired");
    wish["strategyId"] = floor.ana.post("/api/v1/strategies", &strategy).await.created()["id"].clone();
    wish["name"] = json!("Greedier");
    let bot = crate::common::text(&floor.ana.post("/api/v1/bots", &wish).await.created()["id"]);
    let start = format!("/api/v1/bots/{bot}/start?confirm=Greedier");
    let refusal = floor.ana.post(&start, &json!({})).await.refused(409, "CHECKLIST_FAILED");
    assert_eq!(refusal["context"]["checks"][0]["code"], "FUNDS");
    assert_eq!(crate::common::status(&floor.ana, &bot).await, "created");
}

#[db_test]
async fn a_live_bot_needs_an_account_of_its_tenants_at_its_exchange(db: PgPool) {
    let floor = Floor::new(db, 1).await;
    let cases = [
        ("connectionId", json!(null), "connectionId"),
        ("mode", json!("paper"), "connectionId"),
        ("mode", json!("real"), "mode"),
        ("feed", json!({ "kind": "replay", "speed": "max" }), "feed"),
        ("feed", json!({ "kind": "live", "speed": "max" }), "feed.speed"),
        ("feed", json!({ "kind": "live", "from": "2026-01-01T00:00:00.000Z" }), "feed"),
        ("limits", json!({ "maxDailyLoss": 5 }), "limits.maxDailyLoss"),
        ("limits", json!({ "leverage": "5" }), "limits.leverage"),
    ];
    for (key, value, path) in cases {
        let mut wish = floor.wish("Wrong");
        wish[key] = value;
        floor.ana.post("/api/v1/bots", &wish).await.invalid(path);
    }
    let permissions: Vec<_> = crate::common::PERMISSIONS.into_iter().collect();
    let bob = floor.app.member_with(&permissions).await;
    let strategy = bob.post("/api/v1/strategies", &crate::floor::crossing()).await.created();
    let mut wish = floor.wish("His");
    wish["strategyId"] = strategy["id"].clone();
    bob.post("/api/v1/bots", &wish).await.refused(404, "CONNECTION_NOT_FOUND");
}

#[db_test]
async fn a_bot_that_proved_itself_on_paper_is_copied_to_accounts(db: PgPool) {
    let floor = Floor::new(db, 1).await;
    let mut wish = floor.wish("Proved");
    (wish["mode"], wish["connectionId"]) = (json!("paper"), json!(null));
    let paper = crate::common::text(&floor.ana.post("/api/v1/bots", &wish).await.created()["id"]);
    let (mirror, connection) = (format!("/api/v1/bots/{paper}/mirror"), &floor.connection);
    let twice = json!({ "accounts": [{ "connectionId": connection }, { "connectionId": connection }] });
    floor.ana.post(&mirror, &twice).await.refused(409, "BOT_NAME_TAKEN");
    let unknown = json!({ "accounts": [{ "connectionId": connection }, { "connectionId": paper }] });
    floor.ana.post(&mirror, &unknown).await.refused(404, "CONNECTION_NOT_FOUND");
    let copies = format!("/api/v1/bots?copiedFrom={paper}");
    assert_eq!(floor.ana.get(&copies).await.ok(), json!([]), "all or none");

    let accounts = json!({ "accounts": [
        { "connectionId": connection, "name": "One" },
        { "connectionId": connection, "name": "Two", "initialCash": "250" },
    ] });
    let made = floor.ana.post(&mirror, &accounts).await.created();
    let told: Vec<_> =
        made.as_array().unwrap().iter().map(|it| (&it["name"], &it["mode"], &it["initialCash"])).collect();
    let live = json!("live");
    let cash = &wish["initialCash"];
    assert_eq!(told, [(&json!("One"), &live, cash), (&json!("Two"), &live, &json!("250"))]);
    assert!(made.as_array().unwrap().iter().all(|it| it["filters"].is_array() && it["copiedFrom"] == paper));
    let copy = json!({ "name": "Three", "mode": "live", "connectionId": connection });
    assert_eq!(floor.ana.post(&mirror.replace("/mirror", "/copy"), &copy).await.created()["feed"]["kind"], "live");
}

#[db_test]
async fn a_schedule_starts_a_live_bot_that_was_confirmed_and_passes_its_checklist(db: PgPool) {
    let floor = Floor::new(db, 1).await;
    let at = |minutes: i64| json!(floor.app.clock().now() + chrono::TimeDelta::minutes(minutes));
    let bot = crate::common::text(&floor.ana.post("/api/v1/bots", &floor.wish("Timed")).await.created()["id"]);
    let path = format!("/api/v1/bots/{bot}");
    let wish = |confirm: &str| json!({ "schedule": { "startAt": at(1) }, "confirm": confirm });
    floor.ana.patch(&path, &wish("Tamed")).await.refused(409, "NOT_CONFIRMED");
    floor.ana.patch(&path, &wish("Timed")).await.ok();
    floor.ana.post("/api/v1/risk/halts", &json!({ "reason": "Not now." })).await.created();
    floor.pass(60_000).await;
    floor.app.run_jobs().await;
    assert_eq!(crate::common::status(&floor.ana, &bot).await, "created");
    let (kind, message) = floor.events(&bot).await.pop().unwrap();
    assert_eq!(kind, "schedule.missed");
    assert!(message.contains("Entries are halted"), "{message}");
}
