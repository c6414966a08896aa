use crate::support::{ana, app, entries, key, sql, update};
use kit::chrono::TimeDelta;
use tenants::Kind;
use testkit::{PgPool, db_test, json};

#[db_test]
async fn a_bot_calls_by_its_key_and_does_what_the_key_was_given(db: PgPool) {
    let app = app(db).await;
    let ana = ana(&app).await;
    let reader = key(&app, &ana, json!({})).await;
    assert_eq!(reader.bot.get("/things").await.ok(), json!({ "user": ana.user, "tenant": ana.tenant }));
    reader.bot.post("/things", &json!({})).await.refused(403, "FORBIDDEN");
    let writer = key(&app, &ana, json!({ "permissions": { "things": ["write"] } })).await;
    writer.bot.get("/things").await.refused(403, "FORBIDDEN");
    writer.bot.post("/things", &json!({})).await.ok();
    let touched = &entries(&ana, "thing.touched").await[0];
    assert_eq!((&touched["actorId"], &touched["apiKeyId"]), (&json!(ana.user), &json!(writer.id)));
    ana.post("/things", &json!({})).await.ok();
    assert_eq!(entries(&ana, "thing.touched").await[0]["apiKeyId"], json!(null));
}

#[db_test]
async fn a_key_without_permissions_may_do_nothing(db: PgPool) {
    let app = app(db).await;
    let boss = app.owner(Kind::Company).await;
    for nothing in [json!(null), json!({}), json!({ "things": [] })] {
        let key = key(&app, &boss, json!({ "permissions": nothing })).await;
        assert_eq!(key.made["permissions"], json!(null));
        key.bot.get("/things").await.refused(403, "FORBIDDEN");
    }
}

#[db_test]
async fn a_key_never_does_for_what_is_the_users_own(db: PgPool) {
    let app = app(db).await;
    let boss = app.owner(Kind::Company).await;
    let key = key(&app, &boss, json!({ "permissions": { "things": ["read"], "tenants": ["read", "manage"] } })).await;
    for path in [
        "/mine",
        "/api/tenant",
        "/api/user/profile",
        "/api/auth/me",
        "/api/auth/get-session",
        "/api/auth/list-sessions",
        "/api/auth/session",
        "/api/auth/api-key/list",
    ] {
        key.bot.get(path).await.refused(403, "SESSION_REQUIRED");
    }
    let forms = json!({ "keyId": key.id, "email": "eve@test.example", "password": "correct horse", "name": "Eve" });
    for path in ["create", "update", "delete", "rotate"]
        .map(|verb| format!("api-key/{verb}"))
        .iter()
        .map(String::as_str)
        .chain(["sign-in/email", "sign-up/email", "sign-out", "revoke-sessions", "revoke-other-sessions"])
    {
        key.bot.post(&format!("/api/auth/{path}"), &forms).await.refused(403, "SESSION_REQUIRED");
    }
    // a session beside the key does not make it more
    let both = boss.with("x-api-key", &key.secret);
    both.get("/mine").await.refused(403, "SESSION_REQUIRED");
    both.post("/api/auth/api-key/create", &json!({})).await.refused(403, "SESSION_REQUIRED");
    both.post("/things", &json!({})).await.refused(403, "FORBIDDEN");
    key.bot.get(&format!("/api/tenant/{}", boss.tenant)).await.ok();
}

#[db_test]
async fn a_wrong_key_is_refused_and_locks_nothing(db: PgPool) {
    let app = app(db).await;
    let ana = ana(&app).await;
    let key = key(&app, &ana, json!({})).await;
    let by = |key: &str| app.stranger().with("x-api-key", key);
    for malformed in ["", "x", &key.secret[1..], &"x".repeat(63), &"x".repeat(4_000)] {
        by(malformed).get("/things").await.refused(403, "INVALID_API_KEY");
    }
    let flipped = format!("{}{}", &key.secret[..63], if key.secret.ends_with('a') { 'b' } else { 'a' });
    for wrong in [flipped, "x".repeat(64), format!("{}x", key.secret), key.secret.to_lowercase(), key.id.repeat(2)] {
        for _ in 0..20 {
            by(&wrong).get("/things").await.refused(401, "INVALID_API_KEY");
        }
    }
    // a wrong key is not made good by a session
    ana.with("x-api-key", "x".repeat(64)).get("/things").await.refused(401, "INVALID_API_KEY");
    key.bot.get("/things").await.ok();
}

#[db_test]
async fn a_key_that_was_disabled_or_deleted_or_has_expired_is_refused(db: PgPool) {
    let app = app(db).await;
    let ana = ana(&app).await;
    let one = key(&app, &ana, json!({ "expiresIn": 86_400 })).await;
    update(&ana, &one, json!({ "enabled": false })).await;
    one.bot.get("/things").await.refused(401, "KEY_DISABLED");
    update(&ana, &one, json!({ "enabled": true })).await;
    app.clock().advance(TimeDelta::days(1) - TimeDelta::milliseconds(1));
    one.bot.get("/things").await.ok();
    app.clock().advance(TimeDelta::milliseconds(1));
    one.bot.get("/things").await.refused(401, "KEY_EXPIRED");
    let later = app.member(["things:read"]).await;
    let other = key(&app, &later, json!({})).await;
    other.bot.get("/things").await.ok();
    assert_eq!(later.post("/api/auth/api-key/delete", &json!({ "keyId": other.id })).await.body()["success"], true);
    other.bot.get("/things").await.refused(401, "INVALID_API_KEY");
}

#[db_test]
async fn a_demoted_members_key_shrinks_at_once_and_grows_back(db: PgPool) {
    let app = app(db).await;
    let boss = app.owner(Kind::Company).await;
    let ana = app.colleague(&boss, "manager").await;
    let key = key(&app, &ana, json!({ "permissions": { "things": ["read", "write"] } })).await;
    key.bot.post("/things", &json!({})).await.ok();
    let role = async |role| {
        let mut tx = app.tenant(boss.tenant).await;
        tenants::set_role(&mut tx, ana.user, role).await.unwrap();
        tx.commit().await.unwrap();
    };
    role("viewer").await;
    key.bot.post("/things", &json!({})).await.refused(403, "FORBIDDEN");
    key.bot.get("/things").await.ok();
    role("admin").await;
    key.bot.post("/things", &json!({})).await.ok();
    // and never beyond what it was given
    key.bot.get("/api/v1/audit").await.refused(403, "FORBIDDEN");
}

#[db_test]
async fn whoever_leaves_a_tenant_leaves_their_keys_for_good(db: PgPool) {
    let app = app(db.clone()).await;
    let boss = app.owner(Kind::Company).await;
    let ana = app.colleague(&boss, "manager").await;
    let key = key(&app, &ana, json!({})).await;
    key.bot.get("/things").await.ok();
    sql(&db, format!("delete from tenant_members where user_id = '{}'", ana.user)).await;
    key.bot.get("/things").await.refused(401, "INVALID_API_KEY");
    let mut tx = app.tenant(boss.tenant).await;
    tenants::add_member(&mut tx, ana.user, "manager").await.unwrap();
    tx.commit().await.unwrap();
    key.bot.get("/things").await.refused(401, "INVALID_API_KEY");
}

#[db_test]
async fn a_banned_users_keys_are_refused_until_the_ban_ends(db: PgPool) {
    let app = app(db.clone()).await;
    let ana = ana(&app).await;
    let key = key(&app, &ana, json!({})).await;
    sql(&db, "update users set banned = true".to_owned()).await;
    key.bot.get("/things").await.refused(403, "BANNED_USER");
    sql(&db, "update users set ban_expires = '2026-01-05T12:00:01Z'".to_owned()).await;
    key.bot.get("/things").await.refused(403, "BANNED_USER");
    app.clock().advance(TimeDelta::seconds(1));
    key.bot.get("/things").await.ok();
}

#[db_test]
async fn a_key_acts_in_its_own_tenant_alone(db: PgPool) {
    let app = app(db).await;
    let (ana, boss) = (app.owner(Kind::Trader).await, app.owner(Kind::Company).await);
    let mut tx = app.tenant(boss.tenant).await;
    tenants::add_member(&mut tx, ana.user, "admin").await.unwrap();
    tx.commit().await.unwrap();
    let key = key(&app, &ana, json!({ "permissions": { "things": ["read"], "tenants": ["read"] } })).await;
    key.bot.with("x-tenant-id", ana.tenant).get("/things").await.ok();
    for other in [boss.tenant.to_string(), "00000000-0000-7000-8000-000000000000".to_owned(), "acme".to_owned()] {
        key.bot.with("x-tenant-id", &other).get("/things").await.refused(404, "TENANT_NOT_FOUND");
    }
    key.bot.get(&format!("/things?tenant_id={}", boss.tenant)).await.refused(404, "TENANT_NOT_FOUND");
    key.bot.get(&format!("/api/tenant/{}", boss.tenant)).await.refused(404, "TENANT_NOT_FOUND");
    key.bot.get(&format!("/api/tenant/{}", ana.tenant)).await.ok();
    let slug = |slug: &str| key.bot.with("host", format!("{slug}.127.0.0.1:3000"));
    slug("nobody").get("/things").await.refused(404, "TENANT_NOT_FOUND");
    let own = ana.get("/api/tenant/current").await.ok()["slug"].as_str().unwrap().to_owned();
    slug(&own).get("/things").await.ok();
}

#[db_test]
async fn the_document_says_where_a_key_will_do(db: PgPool) {
    let app = app(db).await;
    let document = app.document();
    let scheme = &document["components"]["securitySchemes"]["apiKey"];
    assert_eq!(*scheme, json!({ "type": "apiKey", "in": "header", "name": "X-API-Key" }));
    let of = |path: &str, method: &str| document["paths"][path][method]["security"].to_string();
    assert!(of("/things", "get").contains(r#"{"apiKey":["things:read"]}"#));
    assert!(!of("/mine", "get").contains("apiKey") && !of("/api/auth/api-key/create", "post").contains("apiKey"));
}
