use crate::support::{PASSWORD, all_events, operator, with_password};
use chrono::TimeDelta;
use tenants::Kind;
use testkit::{Member, PgPool, TestApp, Value, db_test, json};
use users::Role;

const BLOCKS: &str = "/api/v1/security/platform/blocks";

async fn block(by: &Member, kind: &str, target: impl ToString) -> Value {
    by.post(BLOCKS, &json!({ "kind": kind, "target": target.to_string(), "reason": "abuse" })).await.created()
}

#[db_test]
async fn a_blocked_address_is_refused_before_anything_else_until_it_is_lifted(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (admin, ana) = (operator(&app, Role::Admin).await, app.member([]).await);
    let made = block(&admin, "network", "192.0.2.7").await;
    assert_eq!(
        (&made["target"], &made["automatic"], &made["createdBy"]),
        (&json!("192.0.2.7/32"), &json!(false), &json!(admin.user))
    );
    for ip in ["192.0.2.7", "::ffff:192.0.2.7"] {
        ana.from(ip).get("/api/user/profile").await.refused(403, "BLOCKED");
        app.stranger().from(ip).get("/no-such-page").await.refused(403, "BLOCKED");
        let sign_in = json!({ "email": ana.email, "password": PASSWORD });
        app.stranger().from(ip).post("/api/auth/sign-in/email", &sign_in).await.refused(403, "BLOCKED");
    }
    ana.from("192.0.2.8").get("/api/user/profile").await.ok();
    // told once, not for every call
    let told = all_events(&admin, "kind=blocked-caller").await;
    assert_eq!((told.as_array().unwrap().len(), &told[0]["ip"]), (1, &json!("192.0.2.7")));
    let path = format!("{BLOCKS}/{}", made["id"].as_str().unwrap());
    admin.delete(&path).await.no_content();
    ana.from("192.0.2.7").get("/api/user/profile").await.ok();
    admin.delete(&path).await.refused(404, "BLOCK_NOT_FOUND");
    let trail = all_events(&admin, "").await;
    let kinds = crate::support::kinds(&trail);
    assert_eq!(
        kinds.iter().filter(|kind| kind.starts_with("block-")).collect::<Vec<_>>(),
        ["block-made", "block-lifted"]
    );
}

#[db_test]
async fn networks_of_both_families_are_blocked_and_end_by_themselves(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (admin, ana) = (operator(&app, Role::Admin).await, app.member([]).await);
    let new = |target: &str| json!({ "kind": "network", "target": target, "reason": "abuse", "expiresAt": "2026-01-05T13:00:00.000Z" });
    for target in ["198.51.100.0/24", "2001:db8:1::7"] {
        admin.post(BLOCKS, &new(target)).await.created();
    }
    let blocked = ["198.51.100.200", "2001:db8:1::1", "2001:db8:1:0:ffff::1"];
    for ip in blocked {
        ana.from(ip).get("/api/user/profile").await.refused(403, "BLOCKED");
    }
    for ip in ["198.51.101.1", "2001:db8:1:1::1"] {
        ana.from(ip).get("/api/user/profile").await.ok();
    }
    admin.post(BLOCKS, &new("198.51.100.9/24")).await.refused(409, "ALREADY_BLOCKED");
    app.clock().advance(TimeDelta::hours(1));
    for ip in blocked {
        ana.from(ip).get("/api/user/profile").await.ok();
    }
    assert_eq!(admin.get(BLOCKS).await.ok(), json!([]));
    admin.post(BLOCKS, &new("198.51.100.0/24")).await.invalid("expiresAt");
    // what has ended gives way
    let again = json!({ "kind": "network", "target": "198.51.100.0/24", "reason": "abuse" });
    admin.post(BLOCKS, &again).await.created();
}

#[db_test]
async fn a_block_holds_at_the_other_server_at_once_and_so_does_its_end(db: PgPool) {
    let app = TestApp::new(db.clone(), []).await;
    let other = app.beside(db, []).await;
    let (_one, _other) = (app.remembers().await, other.remembers().await);
    let (admin, ana) = (operator(&app, Role::Admin).await, app.member([]).await);
    let there = ana.at(&other).from("192.0.2.7");
    there.get("/api/user/profile").await.ok();
    for _ in 0..5 {
        let made = block(&admin, "network", "192.0.2.7").await;
        there.get("/api/user/profile").await.refused(403, "BLOCKED");
        admin.delete(&format!("{BLOCKS}/{}", made["id"].as_str().unwrap())).await.no_content();
        there.get("/api/user/profile").await.ok();
    }
    block(&admin, "user", ana.user).await;
    there.get("/api/user/profile").await.refused(403, "BLOCKED");
}

#[db_test]
async fn a_blocked_user_neither_calls_nor_signs_in(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (admin, ana) = (operator(&app, Role::Admin).await, app.member([]).await);
    with_password(&app, &ana).await;
    let ana = app.colleague(&ana, "viewer").await;
    with_password(&app, &ana).await;
    let client = crate::support::sign_in(&app, &ana.email, "192.0.2.1").await;
    client.get("/api/user/profile").await.ok();
    block(&admin, "user", ana.user).await;
    client.get("/api/user/profile").await.refused(403, "BLOCKED");
    assert_eq!(client.get("/api/auth/get-session").await.status, 403);
    let credentials = json!({ "email": ana.email, "password": PASSWORD });
    app.stranger().post("/api/auth/sign-in/email", &credentials).await.refused(403, "BLOCKED");
    let events = all_events(&admin, &format!("kind=block-made&userId={}", ana.user)).await;
    assert_eq!(events.as_array().unwrap().len(), 1, "{events}");
}

#[db_test]
async fn a_blocked_key_is_refused_and_its_user_is_not(db: PgPool) {
    let app = TestApp::new(db, [api_keys::module()]).await;
    let (admin, owner) = (operator(&app, Role::Admin).await, app.owner(Kind::Company).await);
    let made = owner.post("/api/auth/api-key/create", &json!({ "permissions": { "audit": ["read"] } })).await.body();
    let key = app.stranger().with("x-api-key", made["key"].as_str().unwrap());
    key.get("/api/v1/audit").await.ok();
    block(&admin, "key", made["id"].as_str().unwrap()).await;
    key.get("/api/v1/audit").await.refused(403, "BLOCKED");
    owner.get("/api/v1/audit").await.ok();
}

#[db_test]
async fn nobody_blocks_themselves_or_who_runs_the_platform(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (admin, root) = (operator(&app, Role::Admin).await, operator(&app, Role::SuperAdmin).await);
    let other = operator(&app, Role::Admin).await;
    let wish = |kind: &str, target: String| json!({ "kind": kind, "target": target, "reason": "abuse" });
    let here = admin.from("192.0.2.7");
    for target in ["192.0.2.7", "192.0.2.0/24", "0.0.0.0/0", "::ffff:192.0.2.7"] {
        here.post(BLOCKS, &wish("network", target.to_owned())).await.refused(409, "WOULD_BLOCK_YOURSELF");
    }
    here.post(BLOCKS, &wish("user", admin.user.to_string())).await.refused(409, "WOULD_BLOCK_YOURSELF");
    for user in [root.user, other.user] {
        here.post(BLOCKS, &wish("user", user.to_string())).await.refused(409, "CANNOT_BLOCK_ADMINISTRATOR");
    }
    root.post(BLOCKS, &wish("user", other.user.to_string())).await.created();
    let nobody = "00000000-0000-7000-8000-000000000000".to_owned();
    here.post(BLOCKS, &wish("user", nobody)).await.refused(404, "USER_NOT_FOUND");
}

#[db_test]
async fn a_tenant_blocks_addresses_for_itself_alone(db: PgPool) {
    let app = TestApp::new(db, [api_keys::module()]).await;
    let (acme, other) = (app.owner(Kind::Company).await, app.owner(Kind::Company).await);
    let new = json!({ "target": "192.0.2.0/24", "reason": "not our office" });
    let made = acme.post("/api/v1/security/blocks", &new).await.created();
    let away = acme.from("192.0.2.7");
    away.get("/api/v1/audit").await.refused(403, "BLOCKED");
    away.get(&format!("/api/tenant/{}", acme.tenant)).await.refused(403, "BLOCKED");
    let key = acme.post("/api/auth/api-key/create", &json!({ "permissions": { "audit": ["read"] } })).await.body();
    let key = app.stranger().with("x-api-key", key["key"].as_str().unwrap());
    key.from("192.0.2.9").get("/api/v1/audit").await.refused(403, "BLOCKED");
    key.from("198.51.100.1").get("/api/v1/audit").await.ok();
    other.from("192.0.2.7").get("/api/v1/audit").await.ok();
    app.stranger().from("192.0.2.7").get("/api/auth/ok").await;
    // and it is the tenant's own
    assert_eq!(other.get("/api/v1/security/blocks").await.ok(), json!([]));
    let path = format!("/api/v1/security/blocks/{}", made["id"].as_str().unwrap());
    other.delete(&path).await.refused(404, "BLOCK_NOT_FOUND");
    let admin = operator(&app, Role::Admin).await;
    assert_eq!(admin.get(BLOCKS).await.ok(), json!([]));
    admin.delete(&format!("{BLOCKS}/{}", made["id"].as_str().unwrap())).await.refused(404, "BLOCK_NOT_FOUND");
    away.post("/api/v1/security/blocks", &new).await.refused(403, "BLOCKED");
    acme.from("198.51.100.1")
        .post("/api/v1/security/blocks", &json!({ "target": "198.51.100.1", "reason": "x" }))
        .await
        .refused(409, "WOULD_BLOCK_YOURSELF");
    let viewer = app.colleague(&acme, "viewer").await;
    viewer.get("/api/v1/security/blocks").await.ok();
    viewer.post("/api/v1/security/blocks", &new).await.refused(403, "FORBIDDEN");
    viewer.delete(&path).await.refused(403, "FORBIDDEN");
    acme.post(BLOCKS, &new).await.refused(403, "FORBIDDEN");
    acme.delete(&path).await.no_content();
    away.get("/api/v1/audit").await.ok();
    let trail = acme.get("/api/v1/audit?resource=block").await.ok();
    let actions: Vec<_> = trail.as_array().unwrap().iter().map(|entry| entry["action"].clone()).collect();
    assert_eq!(actions, ["block.lifted", "block.made"]);
}

#[db_test]
async fn what_is_no_block_is_refused(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (owner, admin) = (app.owner(Kind::Company).await, operator(&app, Role::Admin).await);
    for target in ["", "localhost", "10.0.0.0/33", "::ffff:10.0.0.0/64", "1.2.3.4, 5.6.7.8"] {
        owner.post("/api/v1/security/blocks", &json!({ "target": target, "reason": "x" })).await.invalid("target");
    }
    let long = "x".repeat(501);
    owner.post("/api/v1/security/blocks", &json!({ "target": "1.2.3.4", "reason": long })).await.invalid("reason");
    owner.post("/api/v1/security/blocks", &json!({ "target": "1.2.3.4", "reason": "" })).await.invalid("reason");
    let unknown = json!({ "target": "1.2.3.4", "reason": "x", "tenantId": owner.tenant });
    assert_eq!(owner.post("/api/v1/security/blocks", &unknown).await.status, 422);
    for (kind, target) in [("user", "1.2.3.4"), ("key", "7"), ("network", "0199b7d4-0000-7000-8000-000000000001")] {
        let new = json!({ "kind": kind, "target": target, "reason": "x" });
        admin.post(BLOCKS, &new).await.invalid("target");
    }
    let unknown = json!({ "kind": "tenant", "target": "1.2.3.4", "reason": "x" });
    assert_eq!(admin.post(BLOCKS, &unknown).await.status, 422);
}
