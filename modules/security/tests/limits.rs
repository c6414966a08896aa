//! How often somebody has called, as administrators of the platform see it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use kit::LimitSettings;
use testkit::{Member, PgPool, TestApp, Value, db_test, json};
use users::Role;

async fn app(db: PgPool) -> TestApp {
    TestApp::limited(db, [security::module()], LimitSettings { per_minute: 10, auth_per_minute: 2 }).await
}

async fn administrator(app: &TestApp, role: Role) -> Member {
    let member = app.member([]).await;
    let mut tx = app.system().await;
    let user = users::find(&mut tx, member.user).await.unwrap().unwrap();
    users::promote(&mut tx, &user, role).await.unwrap();
    tx.commit().await.unwrap();
    member
}

async fn shown(admin: &Member, subject: &str) -> Value {
    admin.get(&format!("/api/v1/security/limits?subject={subject}")).await.ok()
}

/// Uses somebody's limit up, with one request too many.
async fn exhaust(app: &TestApp, address: &str) {
    let stranger = app.stranger().from(address);
    for _ in 0..10 {
        assert_ne!(stranger.get("/api/auth/ok").await.status, 429);
    }
    stranger.get("/api/auth/ok").await.refused(429, "RATE_LIMITED");
}

#[db_test]
async fn an_administrator_sees_how_somebody_stands(db: PgPool) {
    let app = app(db).await;
    let admin = administrator(&app, Role::Admin).await;
    let nothing = json!({ "subject": "address:192.0.2.1", "limits": [] });
    assert_eq!(shown(&admin, "address:192.0.2.1").await, nothing);
    exhaust(&app, "192.0.2.1").await;
    let sign_in = json!({ "email": "nobody@example.com", "password": "a wrong password" });
    let stranger = app.stranger().from("192.0.2.2");
    stranger.post("/api/auth/sign-in/email", &sign_in).await.refused(401, "INVALID_EMAIL_OR_PASSWORD");
    let standing = |operation: Value, usual: u32, limit: u32, remaining: u32, reset: u32, retry: u32| {
        json!({ "operation": operation, "usual": usual, "limit": limit, "remaining": remaining,
                "resetSeconds": reset, "retrySeconds": retry })
    };
    assert_eq!(shown(&admin, "address:192.0.2.1").await["limits"], json!([standing(Value::Null, 10, 5, 0, 60, 12)]));
    assert_eq!(
        shown(&admin, "address:192.0.2.2").await["limits"],
        json!([standing(Value::Null, 10, 10, 9, 6, 0), standing(json!("/api/auth/sign-in/email"), 2, 2, 1, 30, 0)])
    );
    let own = shown(&admin, &format!("user:{}", admin.user)).await;
    assert_eq!(own["limits"][0]["remaining"], 6, "their own four requests");
}

#[db_test]
async fn an_administrator_lets_somebody_begin_anew(db: PgPool) {
    let app = app(db).await;
    let admin = administrator(&app, Role::SuperAdmin).await;
    exhaust(&app, "2001:db8::1").await;
    admin.delete("/api/v1/security/limits/address:2001:db8::ff").await.no_content();
    let answer = app.stranger().from("2001:db8::1").get("/api/auth/ok").await;
    assert_eq!((answer.header("ratelimit-limit"), answer.header("ratelimit-remaining")), ("10", "9"));
    let (action, resource_id, actor, before): (String, String, uuid::Uuid, Value) =
        sqlx::query_as("select action, resource_id, actor_id, before from audit_entries where resource = 'rate-limit'")
            .fetch_one(app.system().await.conn())
            .await
            .unwrap();
    assert_eq!((action.as_str(), resource_id.as_str()), ("rate-limit.lifted", "address:2001:db8::"));
    assert_eq!((actor, &before["limits"][0]["limit"]), (admin.user, &json!(5)));
}

#[db_test]
async fn nobody_else_sees_or_lifts_limits(db: PgPool) {
    let app = app(db).await;
    let owner = app.owner(tenants::Kind::Company).await;
    let path = "/api/v1/security/limits";
    let subject = format!("user:{}", owner.user);
    app.stranger().get(&format!("{path}?subject={subject}")).await.refused(401, "UNAUTHORIZED");
    app.stranger().delete(&format!("{path}/{subject}")).await.refused(401, "UNAUTHORIZED");
    owner.get(&format!("{path}?subject={subject}")).await.refused(403, "FORBIDDEN");
    owner.delete(&format!("{path}/{subject}")).await.refused(403, "FORBIDDEN");
}

#[db_test]
async fn a_subject_is_a_user_or_an_address(db: PgPool) {
    let app = app(db).await;
    let admin = administrator(&app, Role::Admin).await;
    for bad in ["", "nonsense", "user:7", "address:example.com"] {
        let answer = admin.get(&format!("/api/v1/security/limits?subject={bad}")).await;
        answer.invalid("subject");
    }
    admin.get("/api/v1/security/limits").await.refused(422, "VALIDATION_ERROR");
    admin.delete("/api/v1/security/limits/nonsense").await.invalid("subject");
    let long = "x".repeat(10_000);
    admin.get(&format!("/api/v1/security/limits?subject={long}")).await.invalid("subject");
}
