//! What operators of the platform do with tenants.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use tenants::Kind;
use testkit::{Member, PgPool, TestApp, Value, db_test, json};
use uuid::Uuid;

fn path(of: &Member, rest: &str) -> String {
    format!("/api/tenant/{}{rest}", of.tenant)
}

/// Somebody with this role on the whole platform.
async fn operator(app: &TestApp, role: &str) -> Member {
    let who = app.owner(Kind::Trader).await;
    let mut tx = app.system().await;
    let done = sqlx::query("update users set role = $2 where id = $1").bind(who.user).bind(role);
    done.execute(tx.conn()).await.unwrap();
    tx.takes_away();
    tx.commit().await.unwrap();
    who
}

#[db_test]
async fn a_suspended_tenant_refuses_its_members_with_the_reason_at_every_server(db: PgPool) {
    let app = TestApp::new(db.clone(), []).await;
    let other = app.beside(db, []).await;
    let _memories = (app.remembers().await, other.remembers().await);
    let (ceo, admin) = (app.owner(Kind::Company).await, operator(&app, "admin").await);
    let viewer = app.colleague(&ceo, "viewer").await;
    for _ in 0..2 {
        viewer.get(&path(&ceo, "/members")).await.ok();
        viewer.at(&other).get(&path(&ceo, "/members")).await.ok();
    }
    let suspension = json!({ "reason": "Unpaid invoices" });
    let suspended = admin.post(&path(&ceo, "/suspend"), &suspension).await.ok();
    assert_eq!(
        (&suspended["status"], &suspended["suspensionReason"]),
        (&json!("suspended"), &json!("Unpaid invoices"))
    );
    for client in [viewer.at(&app), viewer.at(&other), ceo.at(&app), ceo.at(&other)] {
        let refused = client.get(&path(&ceo, "/members")).await.refused(403, "TENANT_SUSPENDED");
        assert_eq!(refused["context"]["reason"], "Unpaid invoices");
        client.get("/api/v1/audit").await.refused(403, "TENANT_SUSPENDED");
        let shown = client.get(&path(&ceo, "")).await.ok();
        assert_eq!((&shown["status"], &shown["suspensionReason"]), (&json!("suspended"), &json!("Unpaid invoices")));
    }
    ceo.patch(&path(&ceo, ""), &json!({ "name": "X" })).await.refused(403, "TENANT_SUSPENDED");
    ceo.post(&path(&ceo, "/leave"), &json!({})).await.refused(403, "TENANT_SUSPENDED");
    // of their other tenants, and of themselves, they are not
    let own = ceo.post("/api/tenant", &json!({ "name": "Another" })).await.created();
    let another = ceo.with("x-tenant-id", own["id"].as_str().unwrap());
    assert_eq!(another.get("/api/tenant/current").await.ok()["status"], "active");
    another.get("/api/v1/audit").await.ok();
    assert_eq!(ceo.get("/api/tenant").await.ok().as_array().unwrap().len(), 2);
    ceo.get("/api/user/profile").await.ok();

    let lifted = admin.post(&path(&ceo, "/unsuspend"), &json!({})).await.ok();
    assert_eq!((&lifted["status"], &lifted["suspensionReason"]), (&json!("active"), &Value::Null));
    for client in [viewer.at(&app), viewer.at(&other)] {
        client.get(&path(&ceo, "/members")).await.ok();
    }
    let trail = ceo.get("/api/v1/audit?limit=100").await.ok();
    for action in ["tenant.suspended", "tenant.unsuspended"] {
        let entry = trail.as_array().unwrap().iter().find(|entry| entry["action"] == action).unwrap();
        assert_eq!(entry["actorId"], json!(admin.user), "{action}");
    }
}

#[db_test]
async fn only_an_operator_in_their_own_name_suspends_a_tenant(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (ceo, eve) = (app.owner(Kind::Company).await, app.owner(Kind::Company).await);
    let reason = json!({ "reason": "Because" });
    for who in [&ceo, &eve, &operator(&app, "viewer").await, &operator(&app, "manager").await] {
        who.post(&path(&ceo, "/suspend"), &reason).await.refused(403, "FORBIDDEN");
        who.post(&path(&ceo, "/unsuspend"), &json!({})).await.refused(403, "FORBIDDEN");
    }
    app.stranger().post(&path(&ceo, "/suspend"), &reason).await.refused(401, "UNAUTHORIZED");
    let admin = operator(&app, "super_admin").await;
    for bad in [json!({}), json!({ "reason": "" }), json!({ "reason": "x".repeat(501) }), json!({ "reason": 1 })] {
        admin.post(&path(&ceo, "/suspend"), &bad).await.refused(422, "VALIDATION_ERROR");
    }
    admin.post(&path(&ceo, "/suspend"), &json!({ "reason": "x", "until": 1 })).await.refused(422, "VALIDATION_ERROR");
    let nobodys = format!("/api/tenant/{}", Uuid::nil());
    admin.post(&format!("{nobodys}/suspend"), &reason).await.refused(404, "TENANT_NOT_FOUND");
    admin.post(&format!("{nobodys}/unsuspend"), &json!({})).await.refused(404, "TENANT_NOT_FOUND");
    admin.post(&path(&ceo, "/unsuspend"), &json!({})).await.refused(409, "TENANT_NOT_SUSPENDED");
    admin.post(&path(&ceo, "/suspend"), &reason).await.ok();
    admin.post(&path(&ceo, "/suspend"), &reason).await.refused(409, "TENANT_SUSPENDED_ALREADY");
    // an owner cannot lift it, also not past the routes
    ceo.post(&path(&ceo, "/unsuspend"), &json!({})).await.refused(403, "FORBIDDEN");
    let mut tx = app.tenant(ceo.tenant).await;
    let lift = "update tenants set suspended_at = null, suspension_reason = null where id = current_tenant()";
    let refused = sqlx::query(lift).execute(tx.conn()).await.unwrap_err();
    assert!(refused.to_string().contains("permission denied"), "{refused}");
    drop(tx);
    let mut tx = app.tenant(ceo.tenant).await;
    let gone = sqlx::query("delete from tenants where id = current_tenant()").execute(tx.conn()).await.unwrap_err();
    assert!(gone.to_string().contains("permission denied"), "{gone}");
}

#[db_test]
async fn operators_list_all_tenants_and_nobody_else_does(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ceo = app.owner(Kind::Company).await;
    app.colleague(&ceo, "viewer").await;
    ceo.patch(&path(&ceo, ""), &json!({ "name": "Acme_1", "slug": "acme-1" })).await.ok();
    let trader = app.owner(Kind::Trader).await;
    let viewer = operator(&app, "viewer").await;
    let admin = operator(&app, "admin").await;
    for who in [&ceo, &trader] {
        who.get("/api/tenant/all").await.refused(403, "FORBIDDEN");
    }
    admin.post(&path(&trader, "/suspend"), &json!({ "reason": "Because" })).await.ok();
    let found = async |query: &str| -> Vec<String> {
        let list = viewer.get(&format!("/api/tenant/all{query}")).await.ok();
        list.as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
    };
    let (acme, suspended) = (ceo.tenant.to_string(), trader.tenant.to_string());
    assert_eq!(found("").await.len(), 4);
    assert_eq!(found("?type=company").await, [&*acme]);
    assert_eq!(found("?status=suspended").await, [&*suspended]);
    assert_eq!(found("?status=active&type=trader").await.len(), 2);
    assert_eq!(found("?status=closed").await.len(), 0);
    for query in ["?q=acme_", "?q=ME-1", "?sort=-members&limit=1"] {
        assert_eq!(found(query).await, [&*acme], "{query}");
    }
    assert_eq!(found("?q=%25").await.len(), 0);
    assert_eq!(found("?sort=slug").await[0], acme);
    let list = viewer.get("/api/tenant/all?type=company").await.body();
    assert_eq!((&list["meta"]["total"], &list["data"][0]["members"]), (&json!(1), &json!(2)));
    assert_eq!((&list["data"][0]["slug"], &list["data"][0]["status"]), (&json!("acme-1"), &json!("active")));
    for bad in ["?sort=password", "?sort=kind;--", "?type=boss", "?status=x", "?q=%00"] {
        viewer.get(&format!("/api/tenant/all{bad}")).await.refused(422, "VALIDATION_ERROR");
    }
}
