//! The same on the whole platform, for those who run it.

use crate::{company, place, reads_audit};
use futures::future::join;
use kit::chrono::TimeDelta;
use testkit::{Answer, Client, Member, PgPool, TestApp, Value, db_test, json};
use users::Role;
use uuid::Uuid;

const ROLES: &str = "/api/v1/security/platform/roles";

/// Somebody with a tenant of their own and this role on the platform.
async fn operator(app: &TestApp, role: Role) -> Member {
    let member = app.member([]).await;
    let mut tx = app.system().await;
    let user = users::find(&mut tx, member.user).await.unwrap().unwrap();
    users::promote(&mut tx, &user, role).await.unwrap();
    tx.commit().await.unwrap();
    member
}

fn on_platform(of: &Member, rest: &str) -> String {
    place(of, rest).replace("/security/", "/security/platform/")
}

async fn decide(by: &Client, of: &Member, permission: &str, granted: bool) -> Answer {
    by.post(&on_platform(of, "/permissions"), &json!({ "permission": permission, "granted": granted })).await
}

async fn assign(by: &Client, to: &Member, role: &str) -> Answer {
    by.post(&on_platform(to, "/roles"), &json!({ "role": role })).await
}

/// Whether they may see the limits of others, which `security:read` on the platform opens.
async fn sees_limits(client: &Client) -> bool {
    let answer = client.get("/api/v1/security/limits?subject=address:192.0.2.1").await;
    match answer.status.as_u16() {
        200 => true,
        403 => false,
        other => panic!("{other}: {}", answer.text()),
    }
}

/// The actions that the platform's own trail holds of a thing.
async fn trail(app: &TestApp, resource: &str) -> Vec<String> {
    let actions =
        sqlx::query_scalar("select action from audit_entries where tenant_id is null and resource = $1 order by id");
    actions.bind(resource).fetch_all(app.system().await.conn()).await.unwrap()
}

#[db_test]
async fn the_platform_has_five_roles_and_those_of_its_operators_making(db: PgPool) {
    let (app, _) = company(db).await;
    let root = operator(&app, Role::SuperAdmin).await;
    let wish = json!({ "name": "auditors", "permissions": ["audit:read", "security:read"] });
    let made = root.post(ROLES, &wish).await.created();
    let all = root.get(ROLES).await.ok();
    let names: Vec<_> = all.as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["user", "viewer", "manager", "admin", "super_admin", "auditors"]);
    assert_eq!(root.get(&format!("{ROLES}/auditors")).await.ok(), made);
    root.patch(&format!("{ROLES}/auditors"), &json!({ "description": "Look on." })).await.ok();
    let path = format!("{ROLES}/auditors/permissions");
    root.post(&format!("{path}/bots:read"), &json!({})).await.ok();
    root.delete(&format!("{path}/audit:read")).await.ok();
    assert_eq!(root.get(&path).await.ok(), json!(["bots:read", "security:read"]));
    root.put(&path, &json!({ "permissions": [] })).await.ok();
    root.patch(&format!("{ROLES}/admin"), &json!({ "description": "x" })).await.refused(409, "SYSTEM_ROLE");
    root.delete(&format!("{ROLES}/auditors")).await.no_content();
    root.delete(&format!("{ROLES}/auditors")).await.refused(404, "ROLE_NOT_FOUND");
    let told = trail(&app, "role").await;
    assert_eq!(told.first().unwrap(), "role.created");
    assert_eq!((told.len(), told.last().unwrap().as_str()), (6, "role.deleted"));
}

#[db_test]
async fn a_role_of_the_platform_gives_on_it_and_in_ones_tenants(db: PgPool) {
    let (app, ceo) = company(db).await;
    let root = operator(&app, Role::SuperAdmin).await;
    let bob = app.member([]).await;
    root.post(ROLES, &json!({ "name": "auditors", "permissions": ["audit:read", "security:read"] })).await.created();
    assert!(!sees_limits(&bob).await && !reads_audit(&bob).await);
    assign(&root, &bob, "auditors").await.ok();
    assert!(sees_limits(&bob).await && reads_audit(&bob).await);
    let verdict = bob.post("/api/v1/security/check-permission", &json!({ "permission": "audit:read" })).await.ok();
    assert_eq!((&verdict["tier"], &verdict["source"]), (&json!("global-role"), &json!("role:auditors")));
    bob.with("x-tenant-id", ceo.tenant).get("/api/v1/audit").await.refused(404, "TENANT_NOT_FOUND");
    root.put(&format!("{ROLES}/auditors/permissions"), &json!({ "permissions": ["audit:read"] })).await.ok();
    assert!(!sees_limits(&bob).await && reads_audit(&bob).await);
    root.delete(&on_platform(&bob, "/roles/auditors")).await.no_content();
    assert!(!reads_audit(&bob).await);
    assert_eq!(trail(&app, "user-role").await, ["role.assigned", "role.unassigned"]);
}

#[db_test]
async fn grants_and_revocations_on_the_platform_hold_in_every_tenant(db: PgPool) {
    let (app, ceo) = company(db).await;
    let root = operator(&app, Role::SuperAdmin).await;
    let soon = json!({ "permission": "security:read", "granted": true, "expiresAt": "2026-01-05T13:00:00Z" });
    let bob = app.member([]).await;
    root.post(&on_platform(&bob, "/permissions"), &soon).await.ok();
    assert!(sees_limits(&bob).await);
    app.clock().advance(TimeDelta::hours(1));
    assert!(!sees_limits(&bob).await);
    let ana = app.colleague(&ceo, "manager").await;
    assert!(reads_audit(&ana).await);
    decide(&root, &ana, "audit:read", false).await.ok();
    assert!(!reads_audit(&ana).await);
    ceo.delete(&place(&ana, "/permissions/audit:read")).await.refused(404, "GRANT_NOT_FOUND");
    ceo.post(&place(&ana, "/permissions"), &json!({ "permission": "audit:read", "granted": true })).await.ok();
    assert!(!reads_audit(&ana).await, "a tenant does not give back what the platform took");
    let shown = root.get(&on_platform(&ana, "/permissions")).await.ok();
    assert_eq!((&shown["revocations"][0]["permission"], &shown["grants"]), (&json!("audit:read"), &json!([])));
    root.delete(&on_platform(&ana, "/permissions/audit:read")).await.no_content();
    assert!(reads_audit(&ana).await);
}

#[db_test]
async fn nobody_gives_what_they_do_not_hold_on_the_platform(db: PgPool) {
    let (app, ceo) = company(db).await;
    let (root, admin) = (operator(&app, Role::SuperAdmin).await, operator(&app, Role::Admin).await);
    let bob = app.member([]).await;
    root.post(ROLES, &json!({ "name": "approvers", "permissions": ["ai:approve"] })).await.created();
    decide(&admin, &bob, "ai:approve", true).await.refused(403, "PERMISSION_NOT_HELD");
    assign(&admin, &bob, "approvers").await.refused(403, "PERMISSION_NOT_HELD");
    let bulk = json!({ "changes": [{ "permission": "ai:read", "granted": true },
                                   { "permission": "ai:approve", "granted": true }] });
    admin.post(&on_platform(&bob, "/permissions/bulk"), &bulk).await.refused(403, "PERMISSION_NOT_HELD");
    let wish = json!({ "name": "mine", "permissions": ["ai:approve"] });
    admin.post(ROLES, &wish).await.refused(403, "PERMISSION_NOT_HELD");
    admin.delete(&format!("{ROLES}/approvers")).await.refused(403, "PERMISSION_NOT_HELD");
    decide(&admin, &admin, "ai:read", true).await.refused(403, "OWN_RIGHTS");
    decide(&admin, &bob, "ai:read", true).await.ok();
    for name in ["admin", "super_admin", "user"] {
        assign(&root, &bob, name).await.refused(409, "SYSTEM_ROLE");
    }
    let nobody = format!("/api/v1/security/platform/users/{}/roles", Uuid::nil());
    root.get(&nobody).await.refused(404, "USER_NOT_FOUND");
    // what somebody holds in a tenant is nothing on the platform
    ceo.get(ROLES).await.refused(403, "FORBIDDEN");
    decide(&ceo, &bob, "ai:read", true).await.refused(403, "FORBIDDEN");
    let viewer = operator(&app, Role::Viewer).await;
    decide(&viewer, &bob, "ai:read", true).await.refused(403, "FORBIDDEN");
}

#[db_test]
async fn nobody_below_touches_a_super_administrator_and_nothing_is_revoked_from_one(db: PgPool) {
    let (app, _) = company(db).await;
    let (root, admin) = (operator(&app, Role::SuperAdmin).await, operator(&app, Role::Admin).await);
    decide(&admin, &root, "security:manage", false).await.refused(403, "ROLE_ABOVE_YOUR_OWN");
    decide(&root, &root, "security:manage", false).await.refused(409, "OWNER_UNRESTRICTED");
    let other = operator(&app, Role::SuperAdmin).await;
    decide(&other, &root, "users:manage", false).await.refused(409, "OWNER_UNRESTRICTED");
    assert!(sees_limits(&root).await);
    decide(&root, &admin, "security:manage", false).await.ok();
    decide(&admin, &admin, "security:manage", true).await.refused(403, "FORBIDDEN");
    admin.delete("/api/v1/security/limits/address:192.0.2.1").await.refused(403, "FORBIDDEN");
}

#[db_test]
async fn of_two_administrators_who_disarm_each_other_one_does(db: PgPool) {
    let (app, _) = company(db).await;
    let root = operator(&app, Role::SuperAdmin).await;
    let (ana, bob) = (operator(&app, Role::Admin).await, operator(&app, Role::Admin).await);
    for _ in 0..5 {
        let both = join(decide(&ana, &bob, "security:manage", false), decide(&bob, &ana, "security:manage", false));
        let (one, other) = both.await;
        let mut statuses = [one.status.as_u16(), other.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 403]);
        for who in [&ana, &bob] {
            root.delete(&on_platform(who, "/permissions/security:manage")).await;
        }
    }
}

#[db_test]
async fn a_tenants_role_and_the_platforms_of_one_name_are_two(db: PgPool) {
    let (app, ceo) = company(db).await;
    let root = operator(&app, Role::SuperAdmin).await;
    let bob = app.colleague(&ceo, "viewer").await;
    ceo.post("/api/v1/security/roles", &json!({ "name": "desk", "permissions": ["bots:write"] })).await.created();
    root.post(ROLES, &json!({ "name": "desk", "permissions": ["security:read"] })).await.created();
    ceo.post(&place(&bob, "/roles"), &json!({ "role": "desk" })).await.ok();
    assert!(!sees_limits(&bob).await);
    let effective = |shown: Value| shown["effective"].as_array().unwrap().len();
    assert_eq!(effective(root.get(&on_platform(&bob, "/permissions")).await.ok()), 0);
    root.delete(&on_platform(&bob, "/roles/desk")).await.refused(404, "USER_ROLE_NOT_FOUND");
    root.delete(&format!("{ROLES}/desk")).await.no_content();
    let roles = ceo.get(&place(&bob, "/roles")).await.ok();
    assert_eq!(roles[1]["role"], "desk");
}
