use crate::support::{PASSWORD, actions, is_in, session, sign_in, signed_up, success, user};
use axum::body::Body;
use chrono::TimeDelta;
use tenants::Kind;
use testkit::{Answer, Client, PgPool, TestApp, Value, db_test, json};

const ANA: &str = "ana@example.com";
const PATH: &str = "/api/user/account";

async fn delete(client: &Client, form: &Value) -> Answer {
    client.send("DELETE", PATH, Body::from(form.to_string()), Some("application/json")).await
}

async fn users_called(app: &TestApp, email: &str) -> i64 {
    let mut tx = app.system().await;
    let count = sqlx::query_scalar("select count(*) from users where email = $1").bind(email);
    count.fetch_one(tx.conn()).await.expect("a count")
}

#[db_test]
async fn a_user_is_forgotten_when_the_time_of_grace_is_over(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (client, _) = signed_up(&app, ANA).await;
    let (other, _) = session(&app, ANA).await;
    user(&app, "bob@example.com").await;
    let answer = delete(&client, &json!({ "password": PASSWORD })).await;
    assert_eq!(success(&answer)["eraseAt"], "2026-01-19T12:00:00.000Z");
    assert!(!is_in(&client).await && !is_in(&other).await);
    app.run_jobs().await;
    assert_eq!(app.outbox().newest_to(ANA).subject, "Your account will be deleted");
    app.clock().advance(TimeDelta::days(14) - TimeDelta::milliseconds(1));
    app.run_jobs().await;
    assert_eq!(users_called(&app, ANA).await, 1);
    app.clock().advance(TimeDelta::milliseconds(1));
    app.run_jobs().await;
    assert_eq!((users_called(&app, ANA).await, users_called(&app, "bob@example.com").await), (0, 1));
    assert_eq!(app.outbox().newest_to(ANA).subject, "Your account was deleted");
    assert_eq!((sign_in(&app, ANA, PASSWORD).await, sign_in(&app, "bob@example.com", PASSWORD).await), (401, 200));
    let trail = actions(&app).await;
    assert!(
        ["user.erasure-planned", "tenant.deleted", "user.erased"].iter().all(|it| trail.contains(&(*it).to_owned()))
    );
}

#[db_test]
async fn signing_in_takes_the_wish_back(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (client, _) = signed_up(&app, ANA).await;
    success(&delete(&client, &json!({})).await);
    app.clock().advance(TimeDelta::days(13));
    let (again, _) = session(&app, ANA).await;
    app.clock().advance(TimeDelta::days(2));
    app.run_jobs().await;
    assert!(is_in(&again).await);
    assert!(actions(&app).await.contains(&"user.erasure-withdrawn".to_owned()));
}

#[db_test]
async fn an_older_wish_that_was_taken_back_does_not_hasten_a_newer_one(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (client, _) = signed_up(&app, ANA).await;
    success(&delete(&client, &json!({})).await);
    app.clock().advance(TimeDelta::days(7));
    let (again, _) = session(&app, ANA).await;
    success(&delete(&again, &json!({})).await);
    app.clock().advance(TimeDelta::days(8));
    app.run_jobs().await;
    assert_eq!(users_called(&app, ANA).await, 1);
    app.clock().advance(TimeDelta::days(7));
    app.run_jobs().await;
    assert_eq!(users_called(&app, ANA).await, 0);
}

#[db_test]
async fn the_wish_needs_the_password_or_a_young_session(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (client, _) = signed_up(&app, ANA).await;
    delete(&client, &json!({ "password": "wrong horse battery" })).await.refused(400, "INVALID_PASSWORD");
    app.clock().advance(TimeDelta::days(2));
    delete(&client, &json!({})).await.refused(403, "SESSION_NOT_FRESH");
    delete(&app.stranger(), &json!({})).await.refused(401, "UNAUTHORIZED");
    assert!(is_in(&client).await);
    app.run_jobs().await;
}

#[db_test]
async fn the_only_owner_of_a_company_hands_it_over_first(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ana = app.owner(Kind::Company).await;
    let bob = app.colleague(&ana, "manager").await;
    delete(&ana, &json!({})).await.refused(409, "SOLE_OWNER");
    success(&delete(&bob, &json!({})).await);
    app.clock().advance(TimeDelta::days(14));
    app.run_jobs().await;
    ana.get("/api/auth/me").await.refused(401, "UNAUTHORIZED");
    let mut tx = app.system().await;
    let left: i64 = sqlx::query_scalar("select count(*) from tenant_members where tenant_id = $1")
        .bind(ana.tenant)
        .fetch_one(tx.conn())
        .await
        .expect("a count");
    assert_eq!(left, 1, "the company goes on");
}
