//! The trail as an auditor sees it.

#![allow(clippy::unwrap_used, reason = "a test that cannot be prepared has failed")]

use kit::Tx;
use serde_json::Value;
use testkit::{PgPool, TestApp, db_test, json};

async fn rename<K>(tx: &mut Tx<K>, name: &str) {
    let change = audit::Change::new("bot", "b1", "bot.renamed");
    let change = change.before(json!({ "name": "old", "apiKey": "k" })).after(json!({ "name": name }));
    audit::record(tx, change).await.unwrap();
}

#[expect(clippy::disallowed_methods, reason = "a test acts for a tenant")]
async fn renamed(app: &TestApp, member: &testkit::Member, name: &str) {
    let scope = kit::Scope::new(member.tenant, Some(member.user));
    let mut tx = app.system().await.enter(scope).await.unwrap();
    rename(&mut tx, name).await;
    tx.commit().await.unwrap();
}

fn names(entries: &Value) -> Vec<&str> {
    entries.as_array().unwrap().iter().map(|entry| entry["after"]["name"].as_str().unwrap()).collect()
}

#[db_test]
async fn an_entry_tells_who_did_what_and_hides_secrets(db: PgPool) {
    let app = TestApp::new(db, [audit::module()]).await;
    let ana = app.member(["audit:read"]).await;
    renamed(&app, &ana, "new").await;
    let entries = ana.get("/api/v1/audit?resource=bot").await.ok();
    let entry = &entries[0];
    assert_eq!(entry["action"], "bot.renamed");
    assert_eq!(entry["actorId"], ana.user.to_string());
    assert_eq!(entry["before"], json!({ "name": "old", "apiKey": "***" }));
    assert_eq!(entry["at"], "2026-01-05T12:00:00.000Z");
}

#[db_test]
async fn a_tenant_never_sees_anothers_trail(db: PgPool) {
    let app = TestApp::new(db, [audit::module()]).await;
    let (ana, bob) = (app.member(["audit:read"]).await, app.member(["audit:read"]).await);
    renamed(&app, &ana, "ana's").await;
    assert_eq!(names(&ana.get("/api/v1/audit?action=bot.renamed").await.ok()), ["ana's"]);
    assert_eq!(bob.get("/api/v1/audit?action=bot.renamed").await.ok(), json!([]));
    let carl = app.member(["bots:read"]).await;
    carl.get("/api/v1/audit").await.refused(403, "FORBIDDEN");
}

#[db_test]
async fn the_trail_is_read_part_by_part(db: PgPool) {
    let app = TestApp::new(db, [audit::module()]).await;
    let ana = app.member(["audit:read"]).await;
    for name in ["one", "two", "three"] {
        renamed(&app, &ana, name).await;
        app.clock().advance(kit::chrono::TimeDelta::milliseconds(1));
    }
    let first = ana.get("/api/v1/audit?resource=bot&limit=2").await.body();
    assert_eq!(names(&first["data"]), ["three", "two"]);
    let next = first["meta"]["next"].as_str().unwrap();
    let second = ana.get(&format!("/api/v1/audit?resource=bot&limit=2&before={next}")).await.body();
    assert_eq!(names(&second["data"]), ["one"]);
    assert_eq!(second["meta"]["next"], Value::Null);
    ana.get("/api/v1/audit?before=nowhere").await.invalid("before");
}

#[db_test]
async fn no_role_changes_or_removes_an_entry(db: PgPool) {
    let app = TestApp::new(db.clone(), [audit::module()]).await;
    let ana = app.member(["audit:read"]).await;
    renamed(&app, &ana, "kept").await;
    let mut owner = db.acquire().await.unwrap();
    for role in ["botcriptofy_app", "botcriptofy_system", "none"] {
        for change in ["update audit_entries set action = 'x'", "delete from audit_entries", "truncate audit_entries"] {
            let statement = sqlx::AssertSqlSafe(format!("set role {role}; {change}"));
            let refused = sqlx::raw_sql(statement).execute(&mut *owner).await.unwrap_err();
            let code = refused.as_database_error().and_then(|error| error.code().map(|code| code.into_owned()));
            assert_eq!(code.as_deref(), Some("42501"), "{role}: {change}: {refused}");
        }
    }
}

/// Three renamings, a day apart.
async fn three_days(app: &TestApp) -> testkit::Member {
    let ana = app.member(["audit:read"]).await;
    for name in ["one", "two", "three"] {
        renamed(app, &ana, name).await;
        app.clock().advance(kit::chrono::TimeDelta::days(1));
    }
    ana
}

#[db_test]
async fn the_trail_is_searched_by_time_and_by_how_actions_begin(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ana = three_days(&app).await;
    for (query, found) in [
        ("q=bot.", vec!["three", "two", "one"]),
        ("q=bot.renamed&from=2026-01-06T12:00:00Z", vec!["three", "two"]),
        ("resource=bot&to=2026-01-06T12:00:00Z", vec!["one"]),
        ("resource=bot&from=2026-01-06T00:00:00Z&to=2026-01-07T00:00:00Z", vec!["two"]),
        ("q=ot.", vec![]),
        ("q=%25", vec![]),
        ("resource=bot&from=0000-01-01T00:00:00Z&to=9999-01-01T00:00:00Z", vec!["three", "two", "one"]),
    ] {
        assert_eq!(names(&ana.get(&format!("/api/v1/audit?{query}")).await.ok()), found, "{query}");
    }
    ana.get("/api/v1/audit?from=yesterday").await.refused(422, "VALIDATION_ERROR");
    ana.get(&format!("/api/v1/audit?q={}", "x".repeat(65))).await.invalid("q");
}

#[db_test]
async fn an_entry_is_shown_to_its_tenant_alone(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (ana, bob) = (three_days(&app).await, app.member(["audit:read"]).await);
    let entry = ana.get("/api/v1/audit?resource=bot&limit=1").await.ok()[0].clone();
    let path = format!("/api/v1/audit/{}", entry["id"].as_str().unwrap());
    assert_eq!(ana.get(&path).await.ok(), entry);
    bob.get(&path).await.refused(404, "ENTRY_NOT_FOUND");
    ana.get("/api/v1/audit/nothing").await.refused(400, "BAD_PATH");
}

#[db_test]
async fn the_trail_is_exported_line_by_line_and_that_is_recorded(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (ana, bob) = (three_days(&app).await, app.member(["audit:read"]).await);
    let answer = ana.get("/api/v1/audit/export?resource=bot").await;
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"audit.ndjson\"");
    let lines: Vec<Value> = answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(Value::from(lines), ana.get("/api/v1/audit?resource=bot").await.ok());
    let note = &ana.get("/api/v1/audit?action=audit.exported").await.ok()[0];
    assert_eq!((&note["actorId"], &note["after"]["filter"]["resource"]), (&ana.user.to_string().into(), &"bot".into()));
    assert_eq!(bob.get("/api/v1/audit/export?resource=bot").await.text(), "");
    app.member(["bots:read"]).await.get("/api/v1/audit/export").await.refused(403, "FORBIDDEN");
}

#[db_test]
async fn an_export_as_csv_has_no_formula(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ana = app.member(["audit:read"]).await.with("user-agent", "=cmd|'/C calc'!A0");
    ana.get("/api/v1/audit/export?format=csv&q=audit.").await.text();
    let csv = ana.with("accept", "text/csv").get("/api/v1/audit/export?q=audit.").await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    let text = csv.text();
    let rows: Vec<&str> = text.split_terminator("\r\n").collect();
    assert_eq!(rows.len(), 3, "{text}");
    assert!(rows[0].starts_with("id,at,actorId,") && rows[1].contains(",'=cmd|'/C calc'!A0,"), "{text}");
    ana.get("/api/v1/audit/export?format=xml").await.invalid("format");
}

#[db_test]
async fn an_export_of_many_entries_is_whole(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ana = app.member(["audit:read"]).await;
    let mut tx = app.tenant(ana.tenant).await;
    let changes = vec![audit::Change::new("bot", "many", "bot.renamed"); 1_500];
    audit::record_all(&mut tx, &changes).await.unwrap();
    tx.commit().await.unwrap();
    let text = ana.get("/api/v1/audit/export?resource=bot").await.text();
    let mut ids: Vec<_> = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].clone()).collect();
    ids.dedup();
    assert_eq!(ids.len(), 1_500);
}

async fn operator(app: &TestApp) -> testkit::Member {
    let operator = app.member([]).await;
    let mut tx = app.system().await;
    let user = users::find(&mut tx, operator.user).await.unwrap().unwrap();
    users::promote(&mut tx, &user, users::Role::Viewer).await.unwrap();
    tx.commit().await.unwrap();
    operator
}

#[db_test]
async fn the_platforms_trail_is_for_its_operators(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (ana, operator) = (three_days(&app).await, operator(&app).await);
    let seen = operator.get("/api/v1/audit/platform?resource=user").await.ok();
    assert_eq!(seen[0]["resourceId"], operator.user.to_string());
    assert_eq!(operator.get("/api/v1/audit/platform?resource=bot").await.ok(), json!([]));
    audit::seal(app.app()).await.unwrap();
    let verdict = operator.get("/api/v1/audit/platform/verify").await.ok();
    assert_eq!((&verdict["intact"], &verdict["seals"]), (&true.into(), &1.into()));
    let known = format!("/api/v1/audit/platform/verify?head={}", verdict["head"]["hash"].as_str().unwrap());
    assert_eq!(operator.get(&known).await.ok()["knowsHead"], true);
    for path in ["/api/v1/audit/platform", "/api/v1/audit/platform/verify"] {
        ana.get(path).await.refused(403, "FORBIDDEN");
        app.stranger().get(path).await.refused(401, "UNAUTHORIZED");
    }
}
