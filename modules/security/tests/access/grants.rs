use crate::{assign, company, decide, entries, officer, place, reads_audit, role, with};
use kit::chrono::TimeDelta;
use std::io::Cursor;
use tenants::Kind;
use testkit::{Member, PgPool, Value, db_test, json};
use uuid::Uuid;

#[db_test]
async fn a_grant_gives_and_a_revocation_takes_whatever_gives_it(db: PgPool) {
    let (app, ceo) = company(db).await;
    let (bob, ana) = (with(&app, &ceo, "desk", &[]).await, app.colleague(&ceo, "manager").await);
    let wish = json!({ "permission": "audit:read", "granted": true, "reason": "  For the review.  " });
    let grant = ceo.post(&place(&bob, "/permissions"), &wish).await.ok();
    assert_eq!((&grant["granted"], &grant["reason"]), (&json!(true), &json!("For the review.")));
    assert!(reads_audit(&bob).await && reads_audit(&ana).await);
    decide(&ceo, &ana, "audit:read", false).await.ok();
    decide(&ceo, &bob, "audit:read", false).await.ok();
    assert!(!reads_audit(&ana).await && !reads_audit(&bob).await);
    ceo.delete(&place(&ana, "/permissions/audit:read")).await.no_content();
    ceo.delete(&place(&bob, "/permissions/audit:read")).await.no_content();
    assert!(reads_audit(&ana).await && !reads_audit(&bob).await, "the grant is gone with the revocation");
    ceo.delete(&place(&bob, "/permissions/audit:read")).await.refused(404, "GRANT_NOT_FOUND");
    let revoked = entries(&ceo, "permission.revoked").await;
    assert_eq!((&revoked[1]["before"]["granted"], &revoked[1]["after"]["granted"]), (&json!(true), &json!(false)));
    assert_eq!(entries(&ceo, "permission.granted").await[0]["after"]["reason"], "For the review.");
    assert_eq!(entries(&ceo, "permission.lifted").await.len(), 2);
}

#[db_test]
async fn a_grant_and_a_revocation_end_when_they_were_said_to(db: PgPool) {
    let (app, ceo) = company(db).await;
    let (bob, ana) = (with(&app, &ceo, "desk", &[]).await, app.colleague(&ceo, "manager").await);
    let until =
        |granted: bool| json!({ "permission": "audit:read", "granted": granted, "expiresAt": "2026-01-05T12:01:00Z" });
    ceo.post(&place(&bob, "/permissions"), &until(true)).await.ok();
    ceo.post(&place(&ana, "/permissions"), &until(false)).await.ok();
    assert!(reads_audit(&bob).await && !reads_audit(&ana).await);
    app.clock().advance(TimeDelta::seconds(60));
    assert!(!reads_audit(&bob).await && reads_audit(&ana).await);
    let shown = ceo.get(&place(&bob, "/permissions")).await.ok();
    assert_eq!((&shown["grants"], &shown["effective"]), (&json!([]), &json!([])));
    ceo.post(&place(&bob, "/permissions"), &until(true)).await.invalid("expiresAt");
}

#[db_test]
async fn many_are_decided_together_or_not_at_all(db: PgPool) {
    let (app, ceo) = company(db).await;
    let eve = officer(&app, &ceo, &["bots:read", "bots:write"]).await;
    let bob = with(&app, &ceo, "desk", &[]).await;
    let path = place(&bob, "/permissions/bulk");
    let wish = |permission: &str, granted: bool| json!({ "permission": permission, "granted": granted });
    let both = json!({ "changes": [wish("bots:read", true), wish("audit:read", true)] });
    let body = eve.post(&path, &both).await.refused(403, "PERMISSION_NOT_HELD");
    assert_eq!(body["context"]["permissions"], json!(["audit:read"]));
    assert_eq!(ceo.get(&place(&bob, "/permissions")).await.ok()["grants"], json!([]));
    assert!(entries(&ceo, "permission.granted").await.is_empty());
    let sound = json!({ "changes": [wish("bots:read", true), wish("bots:write", false)] });
    assert_eq!(eve.post(&path, &sound).await.ok().as_array().unwrap().len(), 2);
    let many: Vec<_> = (0..101).map(|_| wish("bots:read", true)).collect();
    for (changes, at) in [
        (json!([]), "changes"),
        (json!(many), "changes"),
        (json!([wish("bots:read", true), wish("bots:read", false)]), "changes[1].permission"),
        (json!([wish("bots:fly", true)]), "changes[0].permission"),
        (json!([{ "permission": "bots:read", "granted": "yes" }]), "changes[0].granted"),
    ] {
        ceo.post(&path, &json!({ "changes": changes })).await.invalid(at);
    }
}

#[db_test]
async fn a_faulty_grant_is_refused(db: PgPool) {
    let (app, ceo) = company(db).await;
    let bob = with(&app, &ceo, "desk", &[]).await;
    let path = place(&bob, "/permissions");
    for (body, at) in [
        (json!({ "permission": "audits:read", "granted": true }), "permission"),
        (json!({ "permission": "audit:*", "granted": true }), "permission"),
        (json!({ "permission": "", "granted": true }), "permission"),
        (json!({ "permission": "a".repeat(101), "granted": true }), "permission"),
        (json!({ "permission": "audit:read", "granted": true, "reason": "x".repeat(501) }), "reason"),
        (json!({ "permission": "audit:read", "granted": 1 }), "granted"),
        (json!({ "permission": "audit:read", "granted": true, "expiresAt": "2026-01-05T11:59:59Z" }), "expiresAt"),
    ] {
        ceo.post(&path, &body).await.invalid(at);
    }
    let foreign = json!({ "permission": "audit:read", "granted": true, "tenantId": Uuid::nil() });
    ceo.post(&path, &foreign).await.refused(422, "VALIDATION_ERROR");
    ceo.delete(&place(&bob, "/permissions/nonsense")).await.refused(404, "GRANT_NOT_FOUND");
}

#[db_test]
async fn nobody_takes_from_who_is_above_them(db: PgPool) {
    let (app, ceo) = company(db).await;
    let eve = officer(&app, &ceo, &["audit:read"]).await;
    let (admin, bob) = (app.colleague(&ceo, "admin").await, with(&app, &ceo, "desk", &["bots:read"]).await);
    for above in [&admin, &ceo, &bob] {
        decide(&eve, above, "audit:read", false).await.refused(403, "ROLE_ABOVE_YOUR_OWN");
    }
    decide(&admin, &ceo, "audit:read", false).await.refused(403, "ROLE_ABOVE_YOUR_OWN");
    decide(&ceo, &bob, "audit:read", true).await.ok();
    eve.delete(&place(&bob, "/permissions/audit:read")).await.refused(403, "ROLE_ABOVE_YOUR_OWN");
    let shorter = json!({ "permission": "audit:read", "granted": true, "expiresAt": "2026-01-05T12:00:01Z" });
    eve.post(&place(&bob, "/permissions"), &shorter).await.refused(403, "ROLE_ABOVE_YOUR_OWN");
    decide(&eve, &bob, "audit:read", true).await.ok();
}

#[db_test]
async fn an_owner_is_not_restricted_and_who_is_restricted_becomes_none(db: PgPool) {
    let (app, ceo) = company(db).await;
    let trader = app.owner(Kind::Trader).await;
    let admin = app.colleague(&ceo, "admin").await;
    decide(&ceo, &ceo, "audit:read", false).await.refused(409, "OWNER_UNRESTRICTED");
    decide(&trader, &trader, "audit:read", false).await.refused(409, "OWNER_UNRESTRICTED");
    decide(&ceo, &admin, "audit:read", false).await.ok();
    let member = format!("/api/tenant/{}/members/{}", ceo.tenant, admin.user);
    let transfer = format!("/api/tenant/{}/transfer-ownership", ceo.tenant);
    ceo.patch(&member, &json!({ "role": "ceo" })).await.refused(409, "MEMBER_RESTRICTED");
    ceo.post(&transfer, &json!({ "userId": admin.user })).await.refused(409, "MEMBER_RESTRICTED");
    ceo.delete(&place(&admin, "/permissions/audit:read")).await.no_content();
    ceo.patch(&member, &json!({ "role": "ceo" })).await.ok();
    decide(&ceo, &admin, "audit:read", false).await.refused(409, "OWNER_UNRESTRICTED");
}

#[db_test]
async fn whoever_leaves_and_comes_back_has_nothing_of_the_old_rights(db: PgPool) {
    let (app, ceo) = company(db).await;
    let bob = with(&app, &ceo, "desk", &[]).await;
    decide(&ceo, &bob, "audit:read", true).await.ok();
    ceo.delete(&format!("/api/tenant/{}/members/{}", ceo.tenant, bob.user)).await.no_content();
    decide(&ceo, &bob, "audit:read", true).await.refused(404, "MEMBER_NOT_FOUND");
    let mut tx = app.tenant(ceo.tenant).await;
    tenants::add_member(&mut tx, bob.user, "desk").await.unwrap();
    tx.commit().await.unwrap();
    assert!(!reads_audit(&bob).await);
}

#[db_test]
async fn a_key_shrinks_at_once_with_its_users_rights(db: PgPool) {
    let (app, ceo) = company(db).await;
    let ana: Member = app.colleague(&ceo, "manager").await;
    let made = ana.post("/api/auth/api-key/create", &json!({ "permissions": { "audit": ["read"] } })).await;
    let key = app.stranger().with("x-api-key", made.body()["key"].as_str().unwrap());
    let _memory = app.remembers().await;
    assert!(reads_audit(&key).await);
    decide(&ceo, &ana, "audit:read", false).await.ok();
    assert!(!reads_audit(&key).await);
    ceo.delete(&place(&ana, "/permissions/audit:read")).await.no_content();
    assert!(reads_audit(&key).await);
}

#[db_test]
async fn the_archive_of_what_is_known_of_somebody_tells_their_rights(db: PgPool) {
    let (app, ceo) = company(db).await;
    let (bob, ana) = (with(&app, &ceo, "desk", &[]).await, app.colleague(&ceo, "viewer").await);
    decide(&ceo, &ana, "bots:write", true).await.ok();
    let wish = json!({ "permission": "bots:read", "granted": false, "reason": "Lost a bet." });
    ceo.post(&place(&bob, "/permissions"), &wish).await.ok();
    role(&ceo, "reader", &["audit:read"]).await;
    assign(&ceo, &bob, "reader").await.ok();
    let asked = bob.post("/api/user/export", &json!({})).await.accepted();
    app.run_jobs().await;
    let answer = bob.get(&format!("/api/user/export/{}", asked["id"].as_str().unwrap())).await;
    let mut archive = zip::ZipArchive::new(Cursor::new(answer.bytes.to_vec())).unwrap();
    let told: Value = serde_json::from_reader(archive.by_name("rights.json").unwrap()).unwrap();
    let (grants, roles): (Vec<_>, Vec<_>) =
        told.as_array().unwrap().iter().partition(|it| it["permission"].is_string());
    assert_eq!((grants.len(), roles.len()), (1, 1), "{told}");
    assert_eq!((&grants[0]["granted"], &grants[0]["reason"]), (&json!(false), &json!("Lost a bet.")));
    assert_eq!((&roles[0]["role"], &roles[0]["tenantId"]), (&json!("reader"), &json!(ceo.tenant)));
}
