//! What members of a tenant may do to one another, and how a tenant begins.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use tenants::Kind;
use testkit::{Answer, Member, PgPool, TestApp, db_test, json};
use uuid::Uuid;

fn path(of: &Member, rest: &str) -> String {
    format!("/api/tenant/{}{rest}", of.tenant)
}

fn place(of: &Member, who: &Member) -> String {
    path(of, &format!("/members/{}", who.user))
}

async fn set_role(by: &Member, of: &Member, role: &str) -> Answer {
    by.patch(&place(by, of), &json!({ "role": role })).await
}

async fn actions(of: &Member) -> Vec<String> {
    let trail = of.get("/api/v1/audit?limit=100").await.ok();
    trail.as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap().to_owned()).collect()
}

#[db_test]
async fn a_user_founds_companies_and_keeps_the_default_tenant(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ana = app.owner(Kind::Trader).await;
    let made = ana.post("/api/tenant", &json!({ "name": "São João & Cia." })).await.created();
    assert_eq!(
        (&made["type"], &made["role"], &made["slug"]),
        (&json!("company"), &json!("ceo"), &json!("sao-joao-cia"))
    );
    assert_eq!(made["isDefault"], false);
    let body = json!({ "name": "Other", "slug": "other", "type": "company" });
    ana.post("/api/tenant", &body).await.created();
    ana.post("/api/tenant", &body).await.refused(409, "TENANT_SLUG_TAKEN");
    let admin = ana.post("/api/tenant", &json!({ "name": "Admin" })).await.created();
    assert!(admin["slug"].as_str().unwrap().starts_with("admin-"), "no name of ours: {admin}");
    ana.post("/api/tenant", &json!({ "name": "A", "slug": "www" })).await.refused(409, "TENANT_SLUG_TAKEN");
    assert_eq!(ana.get("/api/tenant").await.ok().as_array().unwrap().len(), 4);
    for (body, at) in [
        (json!({ "name": "" }), "name"),
        (json!({ "name": "A", "slug": "Ä" }), "slug"),
        (json!({ "name": "A", "slug": "xn--80ak6aa92e" }), "slug"),
        (json!({ "name": "A", "type": "trader" }), "type"),
    ] {
        ana.post("/api/tenant", &body).await.refused(422, "VALIDATION_ERROR")["errors"]
            .as_array()
            .unwrap()
            .iter()
            .for_each(|fault| assert!(fault["path"] == at || fault["path"] == "kind", "{fault}"));
    }
    app.stranger().post("/api/tenant", &json!({ "name": "A" })).await.refused(401, "UNAUTHORIZED");
}

#[db_test]
async fn a_tenant_keeps_a_logo_and_what_applications_note(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ceo = app.owner(Kind::Company).await;
    let change = json!({ "logo": "https://example.com/a.png", "metadata": { "a": [1] } });
    let changed = ceo.patch(&path(&ceo, ""), &change).await.ok();
    assert_eq!((&changed["logo"], &changed["metadata"]), (&json!("https://example.com/a.png"), &json!({ "a": [1] })));
    let changed = ceo.patch(&path(&ceo, ""), &json!({ "logo": null })).await.ok();
    assert_eq!((changed["logo"].is_null(), &changed["metadata"]), (true, &json!({ "a": [1] })));
    ceo.patch(&path(&ceo, ""), &json!({ "logo": "javascript:x" })).await.invalid("logo");
    ceo.patch(&path(&ceo, ""), &json!({ "metadata": { "a": "x".repeat(17_000) } })).await.invalid("metadata");
    ceo.patch(&path(&ceo, ""), &json!({ "metadata": { "a\u{0}": 1 } })).await.invalid("metadata");
    ceo.patch(&path(&ceo, ""), &json!({ "slug": "admin" })).await.refused(409, "TENANT_SLUG_TAKEN");
}

#[db_test]
async fn roles_are_given_by_those_who_stand_at_least_as_high(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ceo = app.owner(Kind::Company).await;
    let (admin, bob) = (app.colleague(&ceo, "admin").await, app.colleague(&ceo, "viewer").await);
    let changed = set_role(&admin, &bob, "manager").await.ok();
    assert_eq!((&changed["role"], &changed["userId"]), (&json!("manager"), &json!(bob.user)));
    set_role(&admin, &bob, "manager").await.ok();
    for (by, whom, role) in [(&admin, &bob, "ceo"), (&admin, &admin, "ceo"), (&admin, &ceo, "viewer")] {
        set_role(by, whom, role).await.refused(403, "ROLE_ABOVE_YOUR_OWN");
    }
    set_role(&bob, &bob, "admin").await.refused(403, "FORBIDDEN");
    set_role(&ceo, &bob, "boss").await.invalid("role");
    set_role(&ceo, &bob, "").await.invalid("role");
    set_role(&ceo, &ceo, "admin").await.refused(409, "LAST_OWNER");
    let nobody = path(&ceo, &format!("/members/{}", Uuid::nil()));
    ceo.patch(&nobody, &json!({ "role": "viewer" })).await.refused(404, "MEMBER_NOT_FOUND");
    let eve = app.owner(Kind::Company).await;
    eve.patch(&place(&ceo, &bob), &json!({ "role": "admin" })).await.refused(404, "TENANT_NOT_FOUND");
    eve.patch(&place(&eve, &bob), &json!({ "role": "admin" })).await.refused(404, "MEMBER_NOT_FOUND");
    assert_eq!(actions(&ceo).await.iter().filter(|action| *action == "member.role-changed").count(), 1);
    let entry = ceo.get("/api/v1/audit?action=member.role-changed").await.ok();
    assert_eq!(
        (&entry[0]["before"], &entry[0]["after"]),
        (&json!({ "role": "viewer" }), &json!({ "role": "manager" }))
    );
}

#[db_test]
async fn members_are_removed_and_leave(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ceo = app.owner(Kind::Company).await;
    let (admin, bob) = (app.colleague(&ceo, "admin").await, app.colleague(&ceo, "manager").await);
    bob.delete(&place(&ceo, &admin)).await.refused(403, "FORBIDDEN");
    admin.delete(&place(&ceo, &ceo)).await.refused(403, "ROLE_ABOVE_YOUR_OWN");
    ceo.delete(&place(&ceo, &ceo)).await.refused(409, "LAST_OWNER");
    ceo.post(&path(&ceo, "/leave"), &json!({})).await.refused(409, "LAST_OWNER");
    bob.post(&path(&ceo, "/leave"), &json!({})).await.no_content();
    bob.post(&path(&ceo, "/leave"), &json!({})).await.refused(404, "TENANT_NOT_FOUND");
    admin.delete(&place(&ceo, &bob)).await.refused(404, "MEMBER_NOT_FOUND");
    ceo.delete(&place(&ceo, &admin)).await.no_content();
    admin.get(&path(&ceo, "")).await.refused(404, "TENANT_NOT_FOUND");
    admin.get("/api/tenant/current").await.refused(404, "TENANT_NOT_FOUND");
    let trail = actions(&ceo).await;
    for action in ["member.left", "member.removed"] {
        assert_eq!(trail.iter().filter(|it| *it == action).count(), 1, "{action}");
    }
    let watch = app.member([]).await;
    watch.post(&path(&watch, "/leave"), &json!({})).await.no_content();
}

#[db_test]
async fn whoever_leaves_the_default_tenant_gets_another_of_theirs(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (ceo, bob) = (app.owner(Kind::Company).await, app.owner(Kind::Trader).await);
    #[expect(clippy::disallowed_methods, reason = "a test puts a user into a tenant")]
    let scope = kit::Scope::new(ceo.tenant, None);
    let mut tx = app.system().await.enter(scope).await.unwrap();
    tenants::add_member(&mut tx, bob.user, "viewer").await.unwrap();
    tx.commit().await.unwrap();
    bob.put("/api/tenant/default", &json!({ "tenantId": ceo.tenant })).await.ok();
    ceo.delete(&place(&ceo, &bob)).await.no_content();
    assert_eq!(bob.get("/api/tenant/current").await.ok()["id"], json!(bob.tenant));
    let mut tx = app.system().await;
    tenants::delete(&mut tx, bob.tenant, bob.user).await.unwrap();
    tx.commit().await.unwrap();
    bob.get("/api/tenant/current").await.refused(403, "NO_TENANT");
    let made = bob.post("/api/tenant", &json!({ "name": "Anew" })).await.created();
    assert_eq!((&made["isDefault"], &bob.get("/api/tenant/current").await.ok()["id"]), (&json!(true), &made["id"]));
}

#[db_test]
async fn an_owner_hands_a_company_over(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ceo = app.owner(Kind::Company).await;
    let (admin, bob) = (app.colleague(&ceo, "admin").await, app.colleague(&ceo, "viewer").await);
    let to = |who: &Member| json!({ "userId": who.user });
    let at = path(&ceo, "/transfer-ownership");
    admin.post(&at, &to(&admin)).await.refused(403, "OWNER_ONLY");
    bob.post(&at, &to(&bob)).await.refused(403, "FORBIDDEN");
    ceo.post(&at, &to(&ceo)).await.refused(409, "ALREADY_AN_OWNER");
    let eve = app.owner(Kind::Company).await;
    ceo.post(&at, &to(&eve)).await.refused(404, "MEMBER_NOT_FOUND");
    eve.post(&at, &to(&eve)).await.refused(404, "TENANT_NOT_FOUND");
    assert_eq!(ceo.post(&at, &to(&bob)).await.ok()["role"], "ceo");
    assert_eq!(ceo.get(&path(&ceo, "")).await.ok()["role"], "admin");
    ceo.post(&at, &to(&ceo)).await.refused(403, "OWNER_ONLY");
    assert!(actions(&bob).await.contains(&"tenant.ownership-transferred".to_owned()));
}

#[db_test]
async fn of_two_last_owners_who_go_at_the_same_moment_one_stays(db: PgPool) {
    let app = TestApp::new(db, []).await;
    for _ in 0..5 {
        let ceo = app.owner(Kind::Company).await;
        let other = app.colleague(&ceo, "ceo").await;
        let (nothing, leave) = (json!({}), path(&ceo, "/leave"));
        let (one, two) = futures::join!(ceo.post(&leave, &nothing), other.post(&leave, &nothing));
        let statuses = [one.status.as_u16(), two.status.as_u16()];
        assert!(statuses == [204, 409] || statuses == [409, 204], "{statuses:?}");

        let ceo = app.owner(Kind::Company).await;
        let other = app.colleague(&ceo, "ceo").await;
        let (viewer, ceos, others) = (json!({ "role": "viewer" }), place(&ceo, &ceo), place(&ceo, &other));
        let (one, two) = futures::join!(ceo.patch(&others, &viewer), other.delete(&ceos));
        let owners = ceo.get(&path(&ceo, "/members?role=ceo")).await;
        let owners = if owners.status == 200 { owners } else { other.get(&path(&ceo, "/members?role=ceo")).await };
        assert_eq!(owners.ok().as_array().unwrap().len(), 1, "{} {}", one.text(), two.text());
    }
}
