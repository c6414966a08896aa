use crate::support::{all_events, kinds, operator};
use chrono::TimeDelta;
use kit::Ids;
use security::{Security, SecuritySettings};
use testkit::{PgPool, TestApp, db_test, json};
use users::Role;

async fn wary(db: PgPool, most_guesses: usize) -> TestApp {
    let settings = SecuritySettings { most_guesses, ..SecuritySettings::default() };
    TestApp::with(db, [api_keys::module()], |parts| parts.provide(Security::new(settings))).await
}

/// Guesses so many different keys from an address.
async fn guess(app: &TestApp, ip: &str, times: usize) {
    for _ in 0..times {
        let key = app.stranger().from(ip).with("x-api-key", Ids::Random.token(64));
        assert_eq!(key.get("/api/v1/audit").await.status, 401);
    }
}

#[db_test]
async fn whoever_guesses_keys_is_blocked_for_a_quarter_of_an_hour_and_then_twice_as_long(db: PgPool) {
    let app = wary(db, 3).await;
    let admin = operator(&app, Role::Admin).await;
    let stranger = app.stranger().from("203.0.113.7");
    for minutes in [15, 30, 60] {
        guess(&app, "203.0.113.7", 3).await;
        stranger.get("/api/auth/ok").await.refused(403, "BLOCKED");
        app.clock().advance(TimeDelta::minutes(minutes) - TimeDelta::seconds(1));
        stranger.get("/api/auth/ok").await.refused(403, "BLOCKED");
        app.clock().advance(TimeDelta::seconds(1));
        assert_eq!(stranger.get("/api/auth/ok").await.status, 200);
    }
    let events = all_events(&admin, "kind=block-made").await;
    assert_eq!(events.as_array().unwrap().len(), 3);
    let after = &events[0]["detail"]["after"];
    assert_eq!((&after["target"], &after["automatic"]), (&json!("203.0.113.7/32"), &json!(true)));
    assert_eq!((&events[0]["actorId"], &events[0]["ip"]), (&json!(null), &json!("203.0.113.7")));
    // a day later it is forgotten
    app.clock().advance(TimeDelta::days(1) + TimeDelta::minutes(1));
    security::keep(app.app()).await.unwrap();
    guess(&app, "203.0.113.7", 3).await;
    app.clock().advance(TimeDelta::minutes(15));
    assert_eq!(stranger.get("/api/auth/ok").await.status, 200);
}

#[db_test]
async fn tokens_of_sessions_count_too_and_the_same_one_counts_once(db: PgPool) {
    let app = wary(db, 3).await;
    let admin = operator(&app, Role::Admin).await;
    let with = |token: &str| app.stranger().from("203.0.113.7").with("authorization", format!("Bearer {token}"));
    let old = Ids::Random.token(32);
    for _ in 0..10 {
        with(&old).get("/api/user/profile").await.refused(401, "UNAUTHORIZED");
    }
    for _ in 0..2 {
        with(&Ids::Random.token(32)).get("/api/user/profile").await.refused(401, "UNAUTHORIZED");
    }
    with(&old).get("/api/user/profile").await.refused(403, "BLOCKED");
    // an operator lifts it
    let blocks = admin.get("/api/v1/security/platform/blocks").await.ok();
    let id = blocks[0]["id"].as_str().unwrap();
    admin.delete(&format!("/api/v1/security/platform/blocks/{id}")).await.no_content();
    with(&old).get("/api/user/profile").await.refused(401, "UNAUTHORIZED");
}

#[db_test]
async fn an_address_of_the_own_network_and_one_that_guesses_slowly_are_not_blocked(db: PgPool) {
    let app = wary(db, 3).await;
    let admin = operator(&app, Role::Admin).await;
    for ip in ["127.0.0.1", "10.1.2.3", "::1", "fd00::1", "::ffff:192.168.0.1"] {
        guess(&app, ip, 5).await;
    }
    for _ in 0..4 {
        guess(&app, "203.0.113.7", 2).await;
        app.clock().advance(TimeDelta::hours(1));
    }
    assert!(!kinds(&all_events(&admin, "").await).contains(&"block-made".to_owned()));
}

#[db_test]
async fn an_operator_may_switch_it_off(db: PgPool) {
    let app = wary(db, 0).await;
    guess(&app, "203.0.113.7", 10).await;
}
