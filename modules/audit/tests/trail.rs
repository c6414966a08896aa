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
