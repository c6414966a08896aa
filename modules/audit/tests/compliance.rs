//! The report on what touched the personal data of a tenant's members.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use audit::Change;
use kit::chrono::TimeDelta;
use tenants::Kind;
use testkit::{Client, Member, PgPool, TestApp, Value, db_test, json};

const PATH: &str = "/api/v1/audit/compliance";

async fn agree(user: &Client, granted: bool) {
    let consent = json!({ "kind": "terms", "version": "1", "granted": granted });
    user.post("/api/user/consents", &consent).await.created();
}

async fn join(app: &TestApp, owner: &Member, user: &Member) {
    let mut tx = app.tenant(owner.tenant).await;
    tenants::add_member(&mut tx, user.user, "viewer").await.unwrap();
    tx.commit().await.unwrap();
    app.clock().advance(TimeDelta::seconds(1));
}

async fn leave(app: &TestApp, owner: &Member, user: &Member) {
    user.post(&format!("/api/tenant/{}/leave", owner.tenant), &json!({})).await.no_content();
    app.clock().advance(TimeDelta::seconds(1));
}

fn actions(report: &Value) -> Vec<&str> {
    report["events"].as_array().unwrap().iter().map(|it| it["action"].as_str().unwrap()).collect()
}

#[db_test]
async fn the_report_tells_of_exports_erasures_and_consents_of_members_while_they_were_members(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let owner = app.owner(Kind::Company).await;
    let bob = app.owner(Kind::Company).await;
    agree(&bob, true).await;
    app.clock().advance(TimeDelta::seconds(1));
    join(&app, &owner, &bob).await;
    agree(&bob, false).await;
    owner.post("/api/user/export", &json!({})).await.accepted();
    app.run_jobs().await;
    app.clock().advance(TimeDelta::seconds(1));
    leave(&app, &owner, &bob).await;
    let mut tx = app.tenant(owner.tenant).await;
    audit::record(&mut tx, Change::new("user", owner.user, "user.erasure-planned")).await.unwrap();
    tx.commit().await.unwrap();
    agree(&bob, true).await;
    let report = owner.get(PATH).await.ok();
    assert_eq!(actions(&report), ["consent.withdrawn", "export.asked", "user.erasure-planned"]);
    assert_eq!((&report["consents"], &report["accesses"], &report["erasures"]), (&1.into(), &1.into(), &1.into()));
    let first = &report["events"][0];
    assert_eq!(report["events"][2]["userId"], owner.user.to_string());
    assert_eq!((&first["userId"], &first["details"]["kind"]), (&bob.user.to_string().into(), &"terms".into()));
    assert_eq!(actions(&bob.get(PATH).await.ok()).len(), 3);
}

#[db_test]
async fn the_report_is_of_a_period_and_comes_as_csv_too(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let owner = app.owner(Kind::Trader).await;
    agree(&owner, true).await;
    app.clock().advance(TimeDelta::days(1));
    agree(&owner, false).await;
    let later = owner.get(&format!("{PATH}?from=2026-01-06T00:00:00Z")).await.ok();
    assert_eq!(actions(&later), ["consent.withdrawn"]);
    let sooner = owner.get(&format!("{PATH}?to=2026-01-06T00:00:00Z")).await.ok();
    assert_eq!(actions(&sooner), ["consent.granted"]);
    let csv = owner.get(&format!("{PATH}?format=csv")).await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    let rows: Vec<String> = csv.text().split_terminator("\r\n").map(str::to_owned).collect();
    assert_eq!((rows.len(), rows[0].as_str()), (3, "id,at,userId,action,details"));
    assert!(rows[1].ends_with(r#",consent.granted,"{""kind"":""terms"",""version"":""1""}""#), "{}", rows[1]);
    let made = owner.get("/api/v1/audit?action=audit.reported").await.ok();
    assert_eq!(made.as_array().unwrap().len(), 3);
    app.member(["audit:read"]).await.get(PATH).await.refused(403, "FORBIDDEN");
}
