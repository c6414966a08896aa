//! Strategies among colleagues: whose they are, who sees them, copies, files and comparisons.
#![allow(clippy::unwrap_used, reason = "a test that finds nothing should end there")]

mod common;

use common::{ALL, PATH, cross, start, stored};
use tenants::Kind;
use testkit::{Client, PgPool, TestApp, db_test, json};

async fn names(client: &Client, query: &str) -> Vec<String> {
    let list = client.get(&format!("{PATH}?sort=name{query}")).await.ok();
    list.as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect()
}

#[db_test]
async fn a_private_strategy_exists_for_its_owner_those_it_is_shared_with_and_managers(db: PgPool) {
    let app = TestApp::new(db, [strategies::module()]).await;
    let eve = app.owner(Kind::Company).await;
    let (ana, bob) = (app.colleague(&eve, "manager").await, app.colleague(&eve, "manager").await);
    let path = stored(&ana, &cross("Secret", 10)).await;
    assert_eq!(bob.get(&path).await.ok()["visibility"], "tenant");
    let private = json!({ "visibility": "private" });
    ana.put(&format!("{path}/sharing"), &private).await.ok();
    for below in ["", "/versions", "/diff", "/export", "/sharing"] {
        bob.get(&format!("{path}{below}")).await.refused(404, "STRATEGY_NOT_FOUND");
    }
    bob.put(&path, &cross("Mine", 5)).await.refused(404, "STRATEGY_NOT_FOUND");
    bob.delete(&path).await.refused(404, "STRATEGY_NOT_FOUND");
    bob.post(&format!("{path}/clone"), &json!({})).await.refused(404, "STRATEGY_NOT_FOUND");
    assert!(names(&bob, "").await.is_empty());
    assert_eq!(names(&ana, "").await, ["Secret"]);
    assert_eq!(names(&eve, "").await, ["Secret"]);

    let shared = json!({ "visibility": "private", "members": [bob.user] });
    ana.put(&format!("{path}/sharing"), &shared).await.ok();
    assert_eq!(bob.get(&path).await.ok()["ownerId"], ana.user.to_string());
    bob.put(&path, &cross("Mine", 5)).await.refused(403, "STRATEGY_OF_ANOTHER");
    bob.delete(&path).await.refused(403, "STRATEGY_OF_ANOTHER");
    bob.put(&format!("{path}/sharing"), &json!({ "visibility": "tenant" })).await.refused(403, "STRATEGY_OF_ANOTHER");
    let all = json!({ "visibility": "private", "roles": ["manager"] });
    eve.put(&format!("{path}/sharing"), &all).await.ok();
    assert_eq!(names(&bob, "").await, ["Secret"]);
    let copy = bob.post(&format!("{path}/clone"), &json!({ "name": "Bob's" })).await.created();
    assert_eq!((&copy["ownerId"], &copy["version"]), (&json!(bob.user.to_string()), &json!(1)));
}

#[db_test]
async fn a_strategy_is_shared_with_members_of_the_tenant_only(db: PgPool) {
    let (app, ana) = start(db).await;
    let stranger = app.member(ALL).await;
    let path = format!("{}/sharing", stored(&ana, &cross("Secret", 10)).await);
    let shared = json!({ "visibility": "private", "members": [stranger.user] });
    ana.put(&path, &shared).await.invalid("members");
    assert_eq!(ana.get(&path).await.ok(), json!({ "visibility": "tenant", "members": [], "roles": [] }));
    ana.put(&path, &json!({ "visibility": "secret" })).await.invalid("visibility");
}

#[db_test]
async fn versions_are_compared_path_by_path(db: PgPool) {
    let (_app, ana) = start(db).await;
    let path = stored(&ana, &cross("Majors", 10)).await;
    let mut next = cross("Majors", 12);
    next["protect"] = json!({ "stopLoss": { "percent": "3" } });
    ana.put(&path, &next).await.ok();
    let diff = ana.get(&format!("{path}/diff")).await.ok();
    assert_eq!((&diff["from"], &diff["to"]), (&json!(1), &json!(2)));
    let changes = diff["changes"].as_array().unwrap();
    let period = changes.iter().find(|change| change["path"] == "indicators.fast.period").unwrap();
    assert_eq!((&period["before"], &period["after"]), (&json!(10), &json!(12)));
    assert_eq!(period["text"], "indicators.fast.period: 10 → 12");
    assert!(changes.iter().any(|change| change["path"].as_str().unwrap().starts_with("protect.stopLoss")));
    assert_eq!(ana.get(&format!("{path}/diff?from=2&to=2")).await.ok()["changes"], json!([]));
    ana.get(&format!("{path}/diff?from=3")).await.refused(404, "STRATEGY_VERSION_NOT_FOUND");
}

#[db_test]
async fn what_is_exported_is_taken_in_again(db: PgPool) {
    let (app, ana) = start(db).await;
    for name in ["One", "Two"] {
        stored(&ana, &cross(name, 10)).await;
    }
    let file = ana.get(&format!("{PATH}/export")).await.text();
    assert_eq!(file.lines().count(), 2);
    let bob = app.member(ALL).await;
    let import = format!("{PATH}/import");
    let imported = bob.upload(&import, "application/x-ndjson", file.clone()).await.created();
    assert_eq!(imported["strategies"].as_array().unwrap().len(), 2);
    assert_eq!(names(&bob, "").await, ["One", "Two"]);
    bob.upload(&import, "application/x-ndjson", file.clone()).await.invalid("[0].name");
    let renamed = bob.upload(&format!("{import}?onConflict=rename"), "application/x-ndjson", file).await.created();
    assert_eq!(renamed["strategies"][1]["name"], "Two 2");
    let list = json!([cross("One", 20), cross("Three", 20)]).to_string();
    let versions = bob.upload(&format!("{import}?onConflict=version"), "application/json", list).await.created();
    assert_eq!(versions["strategies"][0]["version"], 2);
}

#[db_test]
async fn a_file_with_a_fault_changes_nothing(db: PgPool) {
    let (_app, ana) = start(db).await;
    let import = format!("{PATH}/import");
    let file = json!([cross("Good", 10), cross("Bad", 0)]).to_string();
    ana.upload(&import, "application/json", file).await.invalid("[1].indicators.fast.period");
    let twice = json!([cross("Good", 10), cross("Good", 12)]).to_string();
    ana.upload(&import, "application/json", twice).await.invalid("[1].name");
    for (file, code) in [("{", "INVALID_JSON"), ("{}\n{", "INVALID_JSON")] {
        ana.upload(&import, "application/json", file).await.refused(400, code);
    }
    ana.upload(&import, "application/json", "[]").await.refused(422, "VALIDATION_ERROR");
    assert!(names(&ana, "").await.is_empty());
}

#[db_test]
async fn a_template_becomes_a_strategy_on_a_market_of_choice(db: PgPool) {
    let (_app, ana) = start(db).await;
    let template = format!("{PATH}/templates/donchian-turtle");
    let market = json!({ "exchange": "binance", "symbol": "ETH/USDT", "timeframe": "4h" });
    let made = ana.post(&template, &json!({ "name": "My turtle", "market": market })).await.created();
    assert_eq!((&made["name"], &made["document"]["market"]), (&json!("My turtle"), &market));
    let first = ana.post(&template, &json!({})).await.created();
    let second = ana.post(&template, &json!({})).await.created();
    assert_eq!(second["name"], format!("{} 2", first["name"].as_str().unwrap()));
    ana.post(&format!("{PATH}/templates/none"), &json!({})).await.refused(404, "STRATEGY_TEMPLATE_NOT_FOUND");
    let wrong = json!({ "market": { "exchange": "binance", "symbol": "ETH/USDT", "timeframe": "7m" } });
    ana.post(&template, &wrong).await.invalid("market.timeframe");
}

#[db_test]
async fn an_archived_strategy_stays_and_is_not_listed(db: PgPool) {
    let (_app, ana) = start(db).await;
    let path = stored(&ana, &cross("Old", 10)).await;
    assert!(ana.post(&format!("{path}/archive"), &json!({})).await.ok()["archivedAt"].is_string());
    assert!(names(&ana, "").await.is_empty());
    assert_eq!(names(&ana, "&archived=true").await, ["Old"]);
    assert_eq!(ana.get(&path).await.ok()["name"], "Old");
    assert!(ana.post(&format!("{path}/restore"), &json!({})).await.ok()["archivedAt"].is_null());
    assert_eq!(names(&ana, "").await, ["Old"]);
}

#[db_test]
async fn the_schema_is_sent_once_to_whoever_keeps_it(db: PgPool) {
    let (_app, ana) = start(db).await;
    let tag = ana.get(&format!("{PATH}/schema")).await.header("etag").to_owned();
    assert!(tag.len() > 10);
    let again = ana.with("if-none-match", &tag).get(&format!("{PATH}/schema")).await;
    assert_eq!(again.status.as_u16(), 304);
}
