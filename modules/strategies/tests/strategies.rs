//! Strategies as a client of the API sees them.
#![allow(clippy::unwrap_used, reason = "a test that finds nothing should end there")]

mod common;

use common::{ALL, PATH, cross, start, stored};
use testkit::{PgPool, Value, db_test, json};

#[db_test]
async fn a_strategy_is_stored_listed_shown_and_deleted(db: PgPool) {
    let (_app, ana) = start(db).await;
    let strategy = ana.post("/api/v1/strategies", &cross("Majors", 10)).await.created();
    assert_eq!((&strategy["name"], &strategy["version"]), (&json!("Majors"), &json!(1)));
    assert_eq!(strategy["document"]["indicators"]["fast"]["period"], 10);
    let path = format!("/api/v1/strategies/{}", strategy["id"].as_str().unwrap());
    assert_eq!(ana.get(&path).await.ok(), strategy);
    let list = ana.get("/api/v1/strategies?q=major").await.body();
    assert_eq!(list["meta"]["total"], 1);
    assert_eq!(list["data"][0]["market"]["symbol"], "BTC/USDT");
    assert_eq!(list["data"][0].get("document"), None);
    ana.delete(&path).await.no_content();
    ana.get(&path).await.refused(404, "STRATEGY_NOT_FOUND");
    ana.get(&format!("{path}/versions")).await.refused(404, "STRATEGY_NOT_FOUND");
    ana.delete(&path).await.refused(404, "STRATEGY_NOT_FOUND");
    assert_eq!(ana.get("/api/v1/strategies").await.ok(), json!([]));
}

#[db_test]
async fn a_change_is_a_new_version_and_the_old_one_stays(db: PgPool) {
    let (_app, ana) = start(db).await;
    let path = stored(&ana, &cross("Majors", 10)).await;
    let second = ana.put(&path, &cross("Majors, faster", 5)).await.ok();
    assert_eq!((&second["version"], &second["name"]), (&json!(2), &json!("Majors, faster")));
    let again = ana.put(&path, &cross("Majors, faster", 5)).await.ok();
    assert_eq!(again["version"], 2, "the same document is no new version");
    let first = ana.get(&format!("{path}/versions/1")).await.ok();
    assert_eq!((&first["name"], &first["document"]["indicators"]["fast"]["period"]), (&json!("Majors"), &json!(10)));
    let versions = ana.get(&format!("{path}/versions?limit=1")).await.body();
    assert_eq!((&versions["meta"]["total"], &versions["data"][0]["version"]), (&json!(2), &json!(2)));
    assert_eq!(versions["data"][0]["createdBy"], ana.user.to_string());
    ana.get(&format!("{path}/versions/3")).await.refused(404, "STRATEGY_VERSION_NOT_FOUND");
    ana.get(&format!("{path}/versions/0")).await.refused(404, "STRATEGY_VERSION_NOT_FOUND");
    ana.get(&format!("{path}/versions/x")).await.refused(400, "BAD_PATH");
}

#[db_test]
async fn names_are_taken_once_in_a_tenant(db: PgPool) {
    let (app, ana) = start(db).await;
    stored(&ana, &cross("Majors", 10)).await;
    let other = stored(&ana, &cross("Minors", 10)).await;
    ana.post("/api/v1/strategies", &cross("Majors", 5)).await.refused(409, "STRATEGY_NAME_TAKEN");
    let renamed = cross("Majors", 7);
    ana.put(&other, &renamed).await.refused(409, "STRATEGY_NAME_TAKEN");
    assert_eq!(ana.get(&other).await.ok()["version"], 1);
    let bob = app.member(ALL).await;
    bob.post("/api/v1/strategies", &cross("Majors", 10)).await.created();
}

#[db_test]
async fn a_tenant_never_sees_or_changes_anothers_strategies(db: PgPool) {
    let (app, ana) = start(db).await;
    let path = stored(&ana, &cross("Majors", 10)).await;
    let bob = app.member(ALL).await;
    assert_eq!(bob.get("/api/v1/strategies").await.ok(), json!([]));
    bob.get(&path).await.refused(404, "STRATEGY_NOT_FOUND");
    bob.get(&format!("{path}/versions")).await.refused(404, "STRATEGY_NOT_FOUND");
    bob.get(&format!("{path}/versions/1")).await.refused(404, "STRATEGY_VERSION_NOT_FOUND");
    bob.put(&path, &cross("Mine", 5)).await.refused(404, "STRATEGY_NOT_FOUND");
    bob.delete(&path).await.refused(404, "STRATEGY_NOT_FOUND");
    assert_eq!(ana.get(&path).await.ok()["version"], 1);
}

#[db_test]
async fn every_operation_asks_for_its_permission(db: PgPool) {
    let (app, ana) = start(db).await;
    let (one, none) = (stored(&ana, &cross("Majors", 10)).await, app.member([]).await);
    let all = ["", "/schema", "/templates"].map(|path| format!("{PATH}{path}"));
    for path in all.into_iter().chain(["", "/versions", "/versions/1"].map(|path| format!("{one}{path}"))) {
        none.get(&path).await.refused(403, "FORBIDDEN");
        app.stranger().get(&path).await.refused(401, "UNAUTHORIZED");
    }
    let reader = app.member(["strategies:read"]).await;
    reader.post("/api/v1/strategies", &cross("X", 10)).await.refused(403, "FORBIDDEN");
    reader.put(&one, &cross("X", 10)).await.refused(403, "FORBIDDEN");
    reader.delete(&one).await.refused(403, "FORBIDDEN");
    none.post("/api/v1/strategies/validate", &cross("X", 10)).await.refused(403, "FORBIDDEN");
}

#[db_test]
async fn a_document_that_breaks_rules_is_refused_with_every_fault_by_its_path(db: PgPool) {
    let (_app, ana) = start(db).await;
    let mut wrong = cross("Majors", 0);
    wrong["surprise"] = json!(1);
    wrong["entry"] = json!({ "crossesAbove": ["fsat", "slow"] });
    wrong["sizing"] = json!({ "kind": "percentEquity", "percent": "-5" });
    let faults = ana.post("/api/v1/strategies", &wrong).await.invalid("entry.crossesAbove[0]");
    let paths: Vec<_> = faults["errors"].as_array().unwrap().iter().map(|fault| fault["path"].clone()).collect();
    for path in ["surprise", "indicators.fast.period", "sizing.percent"] {
        assert!(paths.contains(&json!(path)), "{path} is not among {paths:?}");
    }
    let verdict = ana.post("/api/v1/strategies/validate", &wrong).await.ok();
    assert_eq!((&verdict["valid"], &verdict["errors"]), (&json!(false), &faults["errors"]));
    let verdict = ana.post("/api/v1/strategies/validate", &cross("Majors", 10)).await.ok();
    assert_eq!((&verdict["valid"], &verdict["errors"]), (&json!(true), &json!([])));
    assert_eq!(verdict["warnings"][0]["code"], "NO_STOP");
    assert_eq!(ana.get("/api/v1/strategies").await.ok(), json!([]), "nothing was stored");
}

#[db_test]
async fn bodies_that_are_no_document_are_refused(db: PgPool) {
    let (_app, ana) = start(db).await;
    for body in [json!(null), json!([]), json!("x"), json!(5), json!({})] {
        ana.post("/api/v1/strategies", &body).await.refused(422, "VALIDATION_ERROR");
    }
    ana.post("/api/v1/strategies", &cross(&"x".repeat(101), 10)).await.invalid("name");
    ana.post("/api/v1/strategies", &cross("x", u32::MAX)).await.invalid("indicators.fast.period");
    let json = Some("application/json");
    ana.send("POST", "/api/v1/strategies", "{".into(), json).await.refused(400, "INVALID_JSON");
    let huge = format!("\"{}\"", "x".repeat(2 << 20));
    ana.send("POST", "/api/v1/strategies", huge.into(), json).await.refused(413, "BODY_TOO_LARGE");
    ana.send("POST", "/api/v1/strategies", "{}".into(), Some("text/plain"))
        .await
        .refused(415, "UNSUPPORTED_MEDIA_TYPE");
    ana.get("/api/v1/strategies?sort=secret").await.invalid("sort");
    ana.get("/api/v1/strategies/nonsense").await.refused(400, "BAD_PATH");
}

#[db_test]
async fn templates_can_be_stored_as_they_are_and_the_schema_describes_them(db: PgPool) {
    let (_app, ana) = start(db).await;
    let templates = ana.get("/api/v1/strategies/templates").await.ok();
    let templates = templates.as_array().unwrap();
    assert!(templates.len() >= 10);
    for template in templates {
        ana.post("/api/v1/strategies", &template["document"]).await.created();
    }
    let schema = ana.get("/api/v1/strategies/schema").await.ok();
    let kinds = schema["oneOf"].as_array().unwrap();
    for template in templates {
        let keys = || template["document"].as_object().unwrap().keys();
        let fits = |kind: &&Value| keys().all(|key| kind["properties"].get(key).is_some());
        assert_eq!(kinds.iter().filter(fits).count(), 1, "{}", template["id"]);
    }
}

#[db_test]
async fn changes_are_in_the_audit_trail(db: PgPool) {
    let (_app, ana) = start(db).await;
    let path = stored(&ana, &cross("Majors", 10)).await;
    ana.put(&path, &cross("Majors", 5)).await.ok();
    ana.delete(&path).await.no_content();
    let trail = ana.get("/api/v1/audit?resource=strategy").await.ok();
    let actions: Vec<_> = trail.as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["strategy.deleted", "strategy.updated", "strategy.created"]);
    assert_eq!(trail[1]["before"]["version"], 1);
    assert_eq!(trail[1]["after"]["version"], 2);
}

#[db_test]
async fn a_tenant_has_as_many_strategies_as_the_platform_says(db: PgPool) {
    let (app, ana) = start(db).await;
    stored(&ana, &cross("One", 10)).await;
    let mut tx = app.system().await;
    let most =
        "insert into setting_versions (name, version, value, changed_at) values ('strategies.most', 1, '1', now())";
    sqlx::query(most).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    let refused = ana.post("/api/v1/strategies", &cross("Two", 10)).await.refused(409, "STRATEGY_LIMIT");
    assert_eq!(refused["context"]["limit"], 1);
}
