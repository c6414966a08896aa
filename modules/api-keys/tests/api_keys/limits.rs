use crate::support::{Key, THINGS, ana, app, body, key, read, update};
use api_keys::{Limit, NewKey};
use futures::future::join_all;
use kit::{LimitSettings, Scope, chrono::TimeDelta};
use tenants::Kind;
use testkit::{Answer, Member, PgPool, TestApp, db_test, json};

/// A key with so many uses, which only the server can make.
async fn counted(app: &TestApp, of: &Member, remaining: i64) -> Key {
    #[expect(clippy::disallowed_methods, reason = "a test makes a key as the server does")]
    let mut tx = app.system().await.enter(Scope::new(of.tenant, Some(of.user))).await.unwrap();
    let new = NewKey {
        name: Some("counted".to_owned()),
        prefix: None,
        permissions: vec!["things:read".to_owned()],
        ip_allowlist: None,
        limit: Limit::DEFAULT,
        remaining: Some(remaining),
        expires_at: None,
    };
    let secret = api_keys::issue_key(app.app(), &mut tx, &new).await.unwrap();
    tx.commit().await.unwrap();
    let list = body(&of.get("/api/auth/api-key/list?sortBy=name").await);
    let keys = list["apiKeys"].as_array().unwrap();
    let mut made = keys.iter().find(|key| key["name"] == "counted").unwrap().clone();
    made["key"] = json!(secret);
    read(app, made)
}

fn passed(answers: &[Answer]) -> usize {
    answers.iter().filter(|answer| answer.status == 200).count()
}

#[db_test]
async fn of_a_hundred_calls_at_once_just_as_many_pass_as_uses_remain(db: PgPool) {
    let app = app(db).await;
    let ana = ana(&app).await;
    let key = counted(&app, &ana, 10).await;
    let answers = join_all((0..100).map(|_| key.bot.get("/things"))).await;
    assert_eq!(passed(&answers), 10);
    for answer in answers.into_iter().filter(|answer| answer.status != 200) {
        answer.refused(429, "USAGE_EXCEEDED");
    }
    let shown = body(&ana.get(&format!("/api/auth/api-key/get?id={}", key.id)).await);
    assert_eq!(shown["remaining"], 0);
}

#[db_test]
async fn what_is_refused_uses_nothing_up(db: PgPool) {
    let app = app(db.clone()).await;
    let ana = ana(&app).await;
    let key = counted(&app, &ana, 2).await;
    key.bot.with("x-tenant-id", "nobody").get("/things").await.refused(404, "TENANT_NOT_FOUND");
    update(&ana, &key, json!({ "enabled": false })).await;
    key.bot.get("/things").await.refused(401, "KEY_DISABLED");
    update(&ana, &key, json!({ "enabled": true, "ipAllowlist": ["10.0.0.1"] })).await;
    key.bot.from("10.0.0.2").get("/things").await.refused(403, "IP_NOT_ALLOWED");
    let allowed = key.bot.from("10.0.0.1");
    let answers = [allowed.get("/things").await, allowed.get("/things").await, allowed.get("/things").await];
    assert_eq!(passed(&answers), 2);
}

#[db_test]
async fn uses_go_over_to_the_key_that_takes_its_place(db: PgPool) {
    let app = app(db).await;
    let ana = ana(&app).await;
    let old = counted(&app, &ana, 3).await;
    old.bot.get("/things").await.ok();
    let new = read(&app, body(&ana.post("/api/auth/api-key/rotate", &json!({ "keyId": old.id })).await));
    assert_eq!((&new.made["remaining"], &new.made["previous"]["remaining"]), (&json!(2), &json!(0)));
    old.bot.get("/things").await.refused(429, "USAGE_EXCEEDED");
    assert_eq!(passed(&join_all((0..5).map(|_| new.bot.get("/things"))).await), 2);
}

#[db_test]
async fn a_key_may_be_used_so_often_in_its_window(db: PgPool) {
    let app = app(db).await;
    let ana = ana(&app).await;
    let (key, other) = (key(&app, &ana, json!({ "rateLimitMax": 6 })).await, key(&app, &ana, json!({})).await);
    assert_eq!(passed(&join_all((0..100).map(|_| key.bot.get("/things"))).await), 6);
    let refused = key.bot.get("/things").await;
    assert_eq!((refused.header("retry-after"), refused.header("x-retry-after")), ("10", "10"));
    refused.refused(429, "RATE_LIMITED");
    other.bot.get("/things").await.ok();
    app.clock().advance(TimeDelta::seconds(10));
    key.bot.get("/things").await.ok();
    key.bot.get("/things").await.refused(429, "RATE_LIMITED");
    // a wider limit holds at once: the next call is due in a second now, not in ten
    body(&update(&ana, &key, json!({ "rateLimitMax": 60 })).await);
    app.clock().advance(TimeDelta::seconds(1));
    key.bot.get("/things").await.ok();
}

#[db_test]
async fn a_bot_has_twelve_hundred_calls_a_minute_unless_told_otherwise(db: PgPool) {
    let app = app(db).await;
    let ana = ana(&app).await;
    let key = key(&app, &ana, json!({})).await;
    for _ in 0..12 {
        assert_eq!(passed(&join_all((0..100).map(|_| key.bot.get("/things"))).await), 100);
    }
    key.bot.get("/things").await.refused(429, "RATE_LIMITED");
}

#[db_test]
async fn what_a_key_was_used_for_is_written_down_later_and_once(db: PgPool) {
    let app = app(db.clone()).await;
    let ana = ana(&app).await;
    let (key, idle) = (key(&app, &ana, json!({})).await, key(&app, &ana, json!({})).await);
    let shown = async |id: &str| {
        let key = body(&ana.get(&format!("/api/auth/api-key/get?id={id}")).await);
        (key["requestCount"].clone(), key["lastRequest"].clone())
    };
    for _ in 0..3 {
        key.bot.get("/things").await.ok();
    }
    app.clock().advance(TimeDelta::seconds(1));
    key.bot.post("/things", &json!({})).await.refused(403, "FORBIDDEN");
    assert_eq!(shown(&key.id).await, (json!(0), json!(null)));
    for _ in 0..2 {
        api_keys::write_usage(app.app()).await.unwrap();
        assert_eq!(shown(&key.id).await, (json!(4), json!("2026-01-05T12:00:01.000Z")));
    }
    assert_eq!(shown(&idle.id).await, (json!(0), json!(null)));
    // what cannot be written is written the next time
    key.bot.get("/things").await.ok();
    sqlx::raw_sql("alter table api_keys rename to hidden_keys").execute(&db).await.unwrap();
    assert!(api_keys::write_usage(app.app()).await.is_err());
    sqlx::raw_sql("alter table hidden_keys rename to api_keys").execute(&db).await.unwrap();
    api_keys::write_usage(app.app()).await.unwrap();
    assert_eq!(shown(&key.id).await.0, json!(5));
}

#[db_test]
async fn a_call_uses_a_key_once_whoever_else_asks_who_calls(db: PgPool) {
    let app = TestApp::limited(db, [api_keys::module(), THINGS], LimitSettings::default()).await;
    let ana = app.owner(Kind::Trader).await;
    let key = counted(&app, &ana, 3).await;
    let paths = ["/things".to_owned(), format!("/api/tenant/{}", ana.tenant)];
    for path in &paths {
        key.bot.get(path).await;
    }
    key.bot.get("/api/tenant/00000000-0000-7000-8000-000000000000").await.refused(404, "TENANT_NOT_FOUND");
    let left = body(&ana.get(&format!("/api/auth/api-key/get?id={}", key.id)).await)["remaining"].clone();
    assert_eq!(left, 0, "each of the three was recognised once");
}
