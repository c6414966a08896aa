use crate::support::operator;
use kit::LimitSettings;
use tenants::Kind;
use testkit::{PgPool, TestApp, Value, db_test, json};
use users::Role;

/// What the platform knows of who called what, the oldest first.
async fn written(app: &TestApp, admin: &testkit::Member, filter: &str) -> Vec<Value> {
    security::write_access_log(app.app()).await.unwrap();
    let log = admin.get(&format!("/api/v1/security/platform/access-log?limit=100&{filter}")).await.ok();
    let mut log = log.as_array().unwrap().clone();
    log.reverse();
    log
}

#[db_test]
async fn a_request_is_known_by_who_sent_it_and_by_the_path_of_the_document(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (owner, admin) = (app.owner(Kind::Company).await, operator(&app, Role::Admin).await);
    let call = owner.from("::ffff:192.0.2.7").with("x-correlation-id", "a-correlation-id");
    call.get(&format!("/api/tenant/{}?token=secret-token&q=x", owner.tenant)).await.ok();
    let log = written(&app, &admin, &format!("userId={}", owner.user)).await;
    assert_eq!(log.len(), 1, "{log:?}");
    let mut entry = log[0].clone();
    assert!(entry["durationUs"].as_i64().unwrap() > 0 && entry["id"].is_string());
    entry.as_object_mut().unwrap().retain(|key, _| key != "durationUs" && key != "id");
    let expected = json!({
        "at": "2026-01-05T12:00:00.000Z", "tenantId": owner.tenant, "userId": owner.user, "keyId": null,
        "ip": "192.0.2.7", "method": "GET", "route": "/api/tenant/{id}", "status": 200,
        "correlationId": "a-correlation-id",
    });
    assert_eq!(entry, expected);
}

#[db_test]
async fn the_log_holds_no_secret_of_a_path_or_a_query(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let admin = operator(&app, Role::Admin).await;
    let secret = "s3cr3t-s3cr3t-s3cr3t-s3cr3t";
    let stranger = app.stranger();
    stranger.get(&format!("/api/user/profile?token={secret}")).await.refused(401, "UNAUTHORIZED");
    admin.get(&format!("/api/auth/reset-password/{secret}?callbackURL=/")).await;
    admin.get(&format!("/api/user/profile?token={secret}")).await.ok();
    security::write_access_log(app.app()).await.unwrap();
    let mut tx = app.system().await;
    let rows: Value =
        sqlx::query_scalar("select jsonb_agg(to_jsonb(l)) from access_log l").fetch_one(tx.conn()).await.unwrap();
    assert!(rows.as_array().unwrap().len() >= 2 && !rows.to_string().contains("s3cr3t"), "{rows}");
}

#[db_test]
async fn a_refused_stranger_is_known_by_the_address_and_an_admitted_one_is_not(db: PgPool) {
    let app = TestApp::limited(db, [], LimitSettings { per_minute: 10, auth_per_minute: 2 }).await;
    let admin = operator(&app, Role::Admin).await;
    let stranger = app.stranger().from("192.0.2.7");
    stranger.get("/api/auth/ok").await;
    stranger.get("/api/user/profile").await.refused(401, "UNAUTHORIZED");
    for _ in 0..8 {
        stranger.get("/api/auth/ok").await;
    }
    stranger.get("/api/auth/ok").await.refused(429, "RATE_LIMITED");
    let log = written(&app, &admin, "ip=192.0.2.7").await;
    let statuses: Vec<_> = log.iter().map(|entry| entry["status"].as_i64().unwrap()).collect();
    assert_eq!(statuses, [401, 429], "{log:?}");
    assert!(log.iter().all(|entry| entry["userId"].is_null()));
    // a user who calls too often is known
    for _ in 0..10 {
        admin.get("/api/user/profile").await;
    }
    admin.get("/api/user/profile").await.refused(429, "RATE_LIMITED");
    app.clock().advance(chrono::TimeDelta::hours(1));
    assert_eq!(written(&app, &admin, &format!("status=429&userId={}", admin.user)).await.len(), 2);
}

#[db_test]
async fn a_tenant_sees_what_was_called_in_it_and_nothing_else_of_its_members(db: PgPool) {
    let app = TestApp::new(db, [api_keys::module()]).await;
    let (acme, other) = (app.owner(Kind::Company).await, app.owner(Kind::Company).await);
    let bob = app.colleague(&acme, "viewer").await;
    let mut tx = app.tenant(other.tenant).await;
    tenants::add_member(&mut tx, bob.user, "viewer").await.unwrap();
    tx.commit().await.unwrap();
    bob.get("/api/v1/audit").await.ok();
    bob.with("x-tenant-id", other.tenant).get("/api/v1/security/events").await.ok();
    // what is a user's own is in no tenant's log
    bob.get("/api/user/profile").await.ok();
    bob.get("/api/v1/security/platform/blocks").await.refused(403, "FORBIDDEN");
    bob.post("/api/v1/security/blocks", &json!({})).await.refused(403, "FORBIDDEN");
    security::write_access_log(app.app()).await.unwrap();
    let seen = async |owner: &testkit::Member| {
        let log = owner.get(&format!("/api/v1/security/access-log?userId={}", bob.user)).await.ok();
        let calls = log.as_array().unwrap().iter().map(|it| (it["route"].clone(), it["status"].clone()));
        calls.collect::<Vec<_>>()
    };
    let call = |route: &str, status: i64| (json!(route), json!(status));
    assert_eq!(seen(&acme).await, [call("/api/v1/security/blocks", 403), call("/api/v1/audit", 200)]);
    assert_eq!(seen(&other).await, [call("/api/v1/security/events", 200)]);
    app.member([]).await.get("/api/v1/security/access-log").await.refused(403, "FORBIDDEN");
    acme.get("/api/v1/security/platform/access-log").await.refused(403, "FORBIDDEN");
    for bad in ["status=7", "ip=x", "before=x", "route=".to_owned().as_str()] {
        let status = acme.get(&format!("/api/v1/security/access-log?{bad}")).await.status.as_u16();
        assert_eq!(status, if bad == "route=" { 200 } else { 422 }, "{bad}");
    }
}

#[db_test]
async fn a_key_is_known_by_its_id(db: PgPool) {
    let app = TestApp::new(db, [api_keys::module()]).await;
    let (owner, admin) = (app.owner(Kind::Company).await, operator(&app, Role::Admin).await);
    let made = owner.post("/api/auth/api-key/create", &json!({ "permissions": { "audit": ["read"] } })).await.body();
    let key = app.stranger().with("x-api-key", made["key"].as_str().unwrap());
    key.get("/api/v1/audit").await.ok();
    let log = written(&app, &admin, &format!("keyId={}", made["id"].as_str().unwrap())).await;
    assert_eq!((log.len(), &log[0]["userId"], &log[0]["route"]), (1, &json!(owner.user), &json!("/api/v1/audit")));
    assert!(!json!(log).to_string().contains(made["key"].as_str().unwrap()));
}
