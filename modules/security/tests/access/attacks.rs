//! What somebody tries who wants more than they were given. Nothing of it gives them anything.

use crate::{ROLES, assign, company, decide, officer, place, reads_audit, role, with};
use kit::chrono::TimeDelta;
use tenants::Kind;
use testkit::{Client, Member, PgPool, TestApp, Value, db_test, json};

/// Who manages rights in a company, and holds little besides.
async fn setting(db: PgPool) -> (TestApp, Member, Member) {
    let (app, ceo) = company(db).await;
    let eve = officer(&app, &ceo, &["bots:read", "members:manage", "members:read"]).await;
    (app, ceo, eve)
}

/// All that somebody holds.
async fn held(ceo: &Member, of: &Member) -> Value {
    ceo.get(&place(of, "/permissions")).await.ok()["effective"].clone()
}

#[db_test]
async fn nobody_gives_what_they_lack_by_any_way(db: PgPool) {
    let (app, ceo, eve) = setting(db).await;
    let mallory = with(&app, &ceo, "desk", &[]).await;
    role(&ceo, "strong", &["audit:read"]).await;
    let before = (held(&ceo, &eve).await, held(&ceo, &mallory).await);
    let lacked = "audit:read";
    decide(&eve, &mallory, lacked, true).await.refused(403, "PERMISSION_NOT_HELD");
    assign(&eve, &mallory, "strong").await.refused(403, "PERMISSION_NOT_HELD");
    eve.post(ROLES, &json!({ "name": "mine", "permissions": [lacked] })).await.refused(403, "PERMISSION_NOT_HELD");
    eve.post(&format!("{ROLES}/desk/permissions/{lacked}"), &json!({})).await.refused(403, "PERMISSION_NOT_HELD");
    eve.put(&format!("{ROLES}/desk/permissions"), &json!({ "permissions": [lacked] }))
        .await
        .refused(403, "PERMISSION_NOT_HELD");
    eve.patch(&format!("{ROLES}/desk"), &json!({ "permissions": [lacked] })).await.refused(403, "PERMISSION_NOT_HELD");
    let bulk = json!({ "changes": [{ "permission": lacked, "granted": true }] });
    eve.post(&place(&mallory, "/permissions/bulk"), &bulk).await.refused(403, "PERMISSION_NOT_HELD");
    let member = format!("/api/tenant/{}/members/{}", ceo.tenant, mallory.user);
    for above in ["strong", "admin", "viewer"] {
        eve.patch(&member, &json!({ "role": above })).await.refused(403, "ROLE_ABOVE_YOUR_OWN");
    }
    assert_eq!((held(&ceo, &eve).await, held(&ceo, &mallory).await), before);
    assert!(!reads_audit(&eve).await && !reads_audit(&mallory).await);
}

#[db_test]
async fn nobody_gives_themselves_anything(db: PgPool) {
    let (_, ceo, eve) = setting(db).await;
    role(&ceo, "same", &["bots:read"]).await;
    let before = held(&ceo, &eve).await;
    decide(&eve, &eve, "audit:read", true).await.refused(403, "OWN_RIGHTS");
    decide(&eve, &eve, "bots:read", true).await.refused(403, "OWN_RIGHTS");
    assign(&eve, &eve, "same").await.refused(403, "OWN_RIGHTS");
    let path = format!("{ROLES}/officer/permissions");
    eve.post(&format!("{path}/audit:read"), &json!({})).await.refused(403, "PERMISSION_NOT_HELD");
    decide(&ceo, &eve, "bots:read", false).await.ok();
    eve.delete(&place(&eve, "/permissions/bots:read")).await.refused(403, "OWN_RIGHTS");
    decide(&eve, &eve, "bots:read", true).await.refused(403, "OWN_RIGHTS");
    let shorter = json!({ "permission": "bots:read", "granted": false, "expiresAt": "2026-01-05T12:00:01Z" });
    eve.post(&place(&eve, "/permissions"), &shorter).await.refused(403, "OWN_RIGHTS");
    ceo.delete(&place(&eve, "/permissions/bots:read")).await.no_content();
    assert_eq!(held(&ceo, &eve).await, before);
    decide(&eve, &eve, "bots:read", false).await.ok();
    ceo.delete(&place(&eve, "/permissions/bots:read")).await.no_content();
}

#[db_test]
async fn what_is_held_for_a_while_is_not_made_ones_own_for_ever(db: PgPool) {
    let (app, ceo, eve) = setting(db).await;
    let mallory = with(&app, &ceo, "desk", &[]).await;
    let soon = json!({ "permission": "audit:read", "granted": true, "expiresAt": "2026-01-05T12:01:00Z" });
    ceo.post(&place(&eve, "/permissions"), &soon).await.ok();
    decide(&eve, &eve, "audit:read", true).await.refused(403, "OWN_RIGHTS");
    eve.post(&format!("{ROLES}/officer/permissions/audit:read"), &json!({})).await.refused(403, "OWN_RIGHTS");
    role(&ceo, "strong", &["audit:read", "bots:read"]).await;
    let own = format!("/api/tenant/{}/members/{}", ceo.tenant, eve.user);
    eve.patch(&own, &json!({ "role": "strong" })).await.refused(403, "ROLE_ABOVE_YOUR_OWN");
    eve.delete(&format!("{ROLES}/officer?moveTo=strong")).await.refused(403, "ROLE_ABOVE_YOUR_OWN");
    app.clock().advance(TimeDelta::seconds(60));
    decide(&eve, &mallory, "audit:read", true).await.refused(403, "PERMISSION_NOT_HELD");
    assert!(!reads_audit(&eve).await);
}

#[db_test]
async fn who_is_restricted_is_not_freed_by_a_role_or_by_who_lacks_it_too(db: PgPool) {
    let (app, ceo, eve) = setting(db).await;
    let ana = app.colleague(&ceo, "manager").await;
    decide(&ceo, &ana, "audit:read", false).await.ok();
    role(&ceo, "reader", &["audit:read"]).await;
    assign(&ceo, &ana, "reader").await.ok();
    assert!(!reads_audit(&ana).await);
    eve.delete(&place(&ana, "/permissions/audit:read")).await.refused(403, "PERMISSION_NOT_HELD");
    decide(&eve, &ana, "audit:read", true).await.refused(403, "PERMISSION_NOT_HELD");
    assert!(!reads_audit(&ana).await);
}

#[db_test]
async fn a_role_above_ones_own_is_neither_edited_nor_removed(db: PgPool) {
    let (_, ceo, eve) = setting(db).await;
    role(&ceo, "strong", &["audit:read", "bots:read"]).await;
    let path = format!("{ROLES}/strong");
    eve.patch(&path, &json!({ "description": "weak" })).await.refused(403, "PERMISSION_NOT_HELD");
    eve.put(&format!("{path}/permissions"), &json!({ "permissions": [] })).await.refused(403, "PERMISSION_NOT_HELD");
    eve.delete(&format!("{path}/permissions/bots:read")).await.refused(403, "PERMISSION_NOT_HELD");
    eve.delete(&path).await.refused(403, "PERMISSION_NOT_HELD");
    assert_eq!(ceo.get(&path).await.ok()["permissions"], json!(["audit:read", "bots:read"]));
}

/// Every change of rights, each with a body that could be meant.
fn changes(target: &Member) -> Vec<(&'static str, String, Value)> {
    let grant = json!({ "permission": "bots:read", "granted": true });
    vec![
        ("POST", ROLES.to_owned(), json!({ "name": "mine" })),
        ("PATCH", format!("{ROLES}/desk"), json!({ "description": "x" })),
        ("DELETE", format!("{ROLES}/desk"), json!({})),
        ("PUT", format!("{ROLES}/desk/permissions"), json!({ "permissions": [] })),
        ("POST", format!("{ROLES}/desk/permissions/bots:read"), json!({})),
        ("DELETE", format!("{ROLES}/desk/permissions/bots:read"), json!({})),
        ("POST", place(target, "/roles"), json!({ "role": "desk" })),
        ("DELETE", place(target, "/roles/desk"), json!({})),
        ("POST", place(target, "/permissions"), grant.clone()),
        ("POST", place(target, "/permissions/bulk"), json!({ "changes": [grant] })),
        ("DELETE", place(target, "/permissions/bots:read"), json!({})),
    ]
}

async fn call(client: &Client, (method, path, body): &(&str, String, Value)) -> testkit::Answer {
    client.send(method, path, body.to_string().into(), Some("application/json")).await
}

#[db_test]
async fn a_key_changes_no_rights_even_the_owners(db: PgPool) {
    let (app, ceo, _) = setting(db).await;
    let bob = with(&app, &ceo, "desk", &[]).await;
    let wish = json!({ "permissions": { "security": ["read", "manage"], "bots": ["read"] } });
    let made = ceo.post("/api/auth/api-key/create", &wish).await;
    let key = app.stranger().with("x-api-key", made.body()["key"].as_str().unwrap());
    key.get(ROLES).await.ok();
    for change in changes(&bob) {
        call(&key, &change).await.refused(403, "SESSION_REQUIRED");
    }
}

#[db_test]
async fn who_only_reads_changes_nothing(db: PgPool) {
    let (app, ceo) = company(db).await;
    let bob = with(&app, &ceo, "desk", &[]).await;
    let reader = with(&app, &ceo, "reader", &["security:read", "bots:read"]).await;
    for change in changes(&bob) {
        call(&reader, &change).await.refused(403, "FORBIDDEN");
        call(&app.stranger(), &change).await.refused(401, "UNAUTHORIZED");
    }
}

#[db_test]
async fn another_tenants_people_and_roles_do_not_exist(db: PgPool) {
    let (app, ceo) = company(db).await;
    let bob = with(&app, &ceo, "desk", &["bots:read"]).await;
    decide(&ceo, &bob, "bots:write", true).await.ok();
    let eve = app.owner(Kind::Company).await;
    let before = held(&ceo, &bob).await;
    for change in changes(&bob) {
        let answer = call(&eve, &change).await;
        let own = change.1 == ROLES;
        assert_eq!(answer.status.as_u16(), if own { 201 } else { 404 }, "{} {}: {}", change.0, change.1, answer.text());
    }
    for rest in ["/roles", "/permissions"] {
        eve.get(&place(&bob, rest)).await.refused(404, "MEMBER_NOT_FOUND");
        eve.with("x-tenant-id", ceo.tenant).get(&place(&bob, rest)).await.refused(404, "TENANT_NOT_FOUND");
    }
    assign(&eve, &eve, "desk").await.invalid("role");
    eve.get(&format!("{ROLES}/desk")).await.refused(404, "ROLE_NOT_FOUND");
    role(&eve, "floor", &[]).await;
    eve.delete(&format!("{ROLES}/floor?moveTo=desk")).await.invalid("role");
    assert_eq!(held(&ceo, &bob).await, before);
    let elsewhere = json!({ "permission": "bots:read", "granted": true, "tenantId": ceo.tenant });
    eve.post(&place(&bob, "/permissions"), &elsewhere).await.refused(422, "VALIDATION_ERROR");
}

#[db_test]
async fn rights_in_one_tenant_give_none_in_another(db: PgPool) {
    let (app, ceo) = company(db).await;
    let bob = with(&app, &ceo, "desk", &[]).await;
    let other = app.owner(Kind::Company).await;
    let mut tx = app.tenant(other.tenant).await;
    tenants::define_role(&mut tx, "desk", &[]).await.unwrap();
    tenants::add_member(&mut tx, bob.user, "desk").await.unwrap();
    tx.commit().await.unwrap();
    role(&ceo, "reader", &["audit:read"]).await;
    assign(&ceo, &bob, "reader").await.ok();
    decide(&ceo, &bob, "bots:read", true).await.ok();
    assert!(reads_audit(&bob).await);
    assert!(!reads_audit(&bob.with("x-tenant-id", other.tenant)).await);
    let there = other.get(&place(&bob, "/permissions")).await.ok();
    assert_eq!((&there["effective"], &there["grants"]), (&json!([]), &json!([])));
    assert_eq!(other.get(&place(&bob, "/roles")).await.ok().as_array().unwrap().len(), 1);
    decide(&other, &bob, "audit:read", false).await.ok();
    assert!(reads_audit(&bob).await, "what another tenant revokes is nobody else's");
}

#[db_test]
async fn nobody_changes_rights_in_anothers_name(db: PgPool) {
    let (app, ceo) = company(db).await;
    let bob = with(&app, &ceo, "desk", &[]).await;
    let admin = app.owner(Kind::Trader).await;
    let mut tx = app.system().await;
    sqlx::query("update sessions set impersonated_by = $1 where user_id = $2")
        .bind(admin.user)
        .bind(ceo.user)
        .execute(tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    decide(&ceo, &bob, "bots:read", true).await.refused(403, "IMPERSONATED");
    ceo.post(ROLES, &json!({ "name": "mine" })).await.refused(403, "IMPERSONATED");
    ceo.get(ROLES).await.ok();
}
