//! Roles, grants and revocations, over HTTP: who may give what, what follows from it, and what is tried against it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod attacks;
mod check;
mod grants;
mod memory;
mod platform;
mod races;
mod roles;
mod users;

use testkit::{Answer, Client, Member, PgPool, TestApp, Value, json};

pub(crate) const ROLES: &str = "/api/v1/security/roles";

/// The application, and the owner of a company.
pub(crate) async fn company(db: PgPool) -> (TestApp, Member) {
    let app = TestApp::new(db, [security::module(), api_keys::module()]).await;
    let ceo = app.owner(tenants::Kind::Company).await;
    (app, ceo)
}

/// Makes a role of the owner's company.
pub(crate) async fn role(ceo: &Member, name: &str, permissions: &[&str]) {
    ceo.post(ROLES, &json!({ "name": name, "permissions": permissions })).await.created();
}

/// Somebody of the owner's company who holds just these permissions, by a role of this name.
pub(crate) async fn with(app: &TestApp, ceo: &Member, name: &str, permissions: &[&str]) -> Member {
    role(ceo, name, permissions).await;
    app.colleague(ceo, name).await
}

/// Somebody who manages rights and holds these besides.
pub(crate) async fn officer(app: &TestApp, ceo: &Member, permissions: &[&str]) -> Member {
    with(app, ceo, "officer", &[&["security:read", "security:manage"], permissions].concat()).await
}

pub(crate) fn place(of: &Member, rest: &str) -> String {
    format!("/api/v1/security/users/{}{rest}", of.user)
}

/// Grants or revokes.
pub(crate) async fn decide(by: &Client, of: &Member, permission: &str, granted: bool) -> Answer {
    by.post(&place(of, "/permissions"), &json!({ "permission": permission, "granted": granted })).await
}

pub(crate) async fn assign(by: &Client, to: &Member, role: &str) -> Answer {
    by.post(&place(to, "/roles"), &json!({ "role": role })).await
}

/// Whether they may read the audit trail, which `audit:read` opens.
pub(crate) async fn reads_audit(client: &Client) -> bool {
    let answer = client.get("/api/v1/audit").await;
    match answer.status.as_u16() {
        200 => true,
        403 => false,
        other => panic!("{other}: {}", answer.text()),
    }
}

/// The entries of the company's trail with this action, the oldest first.
pub(crate) async fn entries(ceo: &Member, action: &str) -> Vec<Value> {
    let trail = ceo.get(&format!("/api/v1/audit?limit=100&action={action}")).await.ok();
    trail.as_array().unwrap().iter().rev().cloned().collect()
}
