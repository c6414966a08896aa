use crate::{ROLES, assign, company, decide, entries, officer, place, reads_audit, role, with};
use tenants::Kind;
use testkit::{PgPool, TestApp, Value, db_test, json};

fn names(roles: &Value) -> Vec<&str> {
    roles.as_array().unwrap().iter().map(|role| role["name"].as_str().unwrap()).collect()
}

#[db_test]
async fn the_catalogue_tells_what_each_permission_opens(db: PgPool) {
    let (_, ceo) = company(db).await;
    let all = ceo.get("/api/v1/security/permissions").await.ok();
    let find = |resource: &str, name: &str| {
        let resource = all.as_array().unwrap().iter().find(|it| it["resource"] == resource).unwrap();
        resource["permissions"].as_array().unwrap().iter().find(|it| it["name"] == name).unwrap().clone()
    };
    let opens = find("audit", "audit:read")["opens"].clone();
    assert!(
        opens.as_array().unwrap().contains(&json!("Lists the tenant's audit entries, the newest first.")),
        "{opens}"
    );
    assert_eq!(find("ai", "ai:approve"), json!({ "name": "ai:approve", "action": "approve", "opens": [] }));
    let resources: Vec<_> = all.as_array().unwrap().iter().map(|it| it["resource"].as_str().unwrap()).collect();
    let mut once = resources.clone();
    once.dedup();
    assert_eq!(resources, once);
}

#[db_test]
async fn a_tenant_has_the_roles_of_its_kind_and_makes_its_own(db: PgPool) {
    let (app, ceo) = company(db).await;
    let new = json!({ "name": "night shift", "description": "Looks after bots.",
                      "permissions": ["bots:read", "bots:execute", "bots:read"] });
    let made = ceo.post(ROLES, &new).await.created();
    assert_eq!((&made["name"], &made["system"]), (&json!("night shift"), &json!(false)));
    assert_eq!(made["permissions"], json!(["bots:execute", "bots:read"]), "each once");
    assert_eq!(ceo.get(&format!("{ROLES}/night%20shift")).await.ok(), made);
    let all = ceo.get(ROLES).await.ok();
    assert_eq!(names(&all), ["ceo", "admin", "manager", "funcionario", "viewer", "night shift"]);
    assert_eq!((&all[0]["system"], &all[0]["createdAt"]), (&json!(true), &Value::Null));
    let gives = |role: &Value, name: &str| role["permissions"].as_array().unwrap().contains(&json!(name));
    assert!(gives(&all[0], "ai:approve") && gives(&all[4], "ai:read") && !gives(&all[4], "ai:write"));
    let page = ceo.get(&format!("{ROLES}?page=2&limit=4")).await;
    assert_eq!(page.body()["meta"]["total"], 6);
    assert_eq!(names(&page.ok()), ["viewer", "night shift"]);
    let trader = app.owner(Kind::Trader).await;
    assert_eq!(names(&trader.get(ROLES).await.ok()), ["trader", "viewer"]);
    trader.get(&format!("{ROLES}/night%20shift")).await.refused(404, "ROLE_NOT_FOUND");
    assert_eq!(entries(&ceo, "role.created").await[0]["after"]["description"], "Looks after bots.");
}

#[db_test]
async fn what_a_role_gives_changes_for_everybody_who_has_it(db: PgPool) {
    let (app, ceo) = company(db).await;
    let bob = with(&app, &ceo, "desk", &["bots:read"]).await;
    let permissions = format!("{ROLES}/desk/permissions");
    assert!(!reads_audit(&bob).await);
    let role = ceo.post(&format!("{permissions}/audit:read"), &json!({})).await.ok();
    assert_eq!(role["permissions"], json!(["audit:read", "bots:read"]));
    assert!(reads_audit(&bob).await);
    ceo.delete(&format!("{permissions}/audit:read")).await.ok();
    assert!(!reads_audit(&bob).await);
    ceo.put(&permissions, &json!({ "permissions": ["audit:read"] })).await.ok();
    assert_eq!(ceo.get(&permissions).await.ok(), json!(["audit:read"]));
    assert!(reads_audit(&bob).await);
    let patched = ceo.patch(&format!("{ROLES}/desk"), &json!({ "description": "The desk." })).await.ok();
    assert_eq!((&patched["description"], &patched["permissions"]), (&json!("The desk."), &json!(["audit:read"])));
    ceo.delete(&format!("{permissions}/bots:read")).await.refused(404, "PERMISSION_NOT_FOUND");
    let changes = entries(&ceo, "role.changed").await;
    assert_eq!(changes.len(), 4);
    assert_eq!(changes[0]["before"]["permissions"], json!(["bots:read"]));
}

#[db_test]
async fn roles_of_the_system_stay_as_they_are(db: PgPool) {
    let (_, ceo) = company(db).await;
    for name in ["ceo", "admin", "viewer"] {
        let path = format!("{ROLES}/{name}");
        ceo.patch(&path, &json!({ "description": "x" })).await.refused(409, "SYSTEM_ROLE");
        ceo.delete(&path).await.refused(409, "SYSTEM_ROLE");
        ceo.put(&format!("{path}/permissions"), &json!({ "permissions": [] })).await.refused(409, "SYSTEM_ROLE");
        ceo.post(&format!("{path}/permissions/bots:read"), &json!({})).await.refused(409, "SYSTEM_ROLE");
        ceo.delete(&format!("{path}/permissions/bots:read")).await.refused(409, "SYSTEM_ROLE");
    }
    ceo.patch(&format!("{ROLES}/nobody"), &json!({})).await.refused(404, "ROLE_NOT_FOUND");
    assert!(entries(&ceo, "role.changed").await.is_empty());
}

#[db_test]
async fn a_role_cannot_pass_for_another(db: PgPool) {
    let (_, ceo) = company(db).await;
    for name in ["admin", " admin ", "ad min", "ad-min", "super_admin", "super-admin", "trader", "owner", "c_e_o"] {
        ceo.post(ROLES, &json!({ "name": name })).await.refused(409, "ROLE_NAME_TAKEN");
    }
    role(&ceo, "night shift", &[]).await;
    for name in ["night shift", "night-shift", "nightshift", "night  shift"] {
        ceo.post(ROLES, &json!({ "name": name })).await.refused(409, "ROLE_NAME_TAKEN");
    }
    for name in ["", "a", "Admin", "аdmin", "admin\u{200b}", "a,b", "a/b", "1st", &"a".repeat(41)] {
        ceo.post(ROLES, &json!({ "name": name })).await.invalid("name");
    }
}

#[db_test]
async fn a_faulty_role_is_refused(db: PgPool) {
    let (_, ceo) = company(db).await;
    let answer = ceo.post(ROLES, &json!({ "name": "desk", "permissions": ["bots:read", "bots:exekute"] })).await;
    let body = answer.invalid("permissions[1]");
    assert_eq!(body["errors"][0]["code"], "UNKNOWN_PERMISSION");
    assert!(body["message"].as_str().unwrap().contains("bots:execute"), "{body}");
    let many: Vec<_> = (0..201).map(|_| "bots:read").collect();
    ceo.post(ROLES, &json!({ "name": "desk", "permissions": many })).await.invalid("permissions");
    ceo.post(ROLES, &json!({ "name": "desk", "permissions": "all" })).await.invalid("permissions");
    ceo.post(ROLES, &json!({ "name": "desk", "description": "x".repeat(501) })).await.invalid("description");
    ceo.post(ROLES, &json!({ "name": "desk", "system": true })).await.refused(422, "VALIDATION_ERROR");
    role(&ceo, "desk", &[]).await;
    ceo.post(&format!("{ROLES}/desk/permissions/bots:fly"), &json!({})).await.invalid("permission");
    ceo.put(&format!("{ROLES}/desk/permissions"), &json!({ "permissions": ["*"] })).await.invalid("permissions[0]");
}

#[db_test]
async fn a_tenant_has_a_hundred_roles_at_most(db: PgPool) {
    let (app, ceo) = company(db).await;
    let mut tx = app.tenant(ceo.tenant).await;
    for number in 0..99 {
        tenants::define_role(&mut tx, &format!("desk{number}"), &[]).await.unwrap();
    }
    tx.commit().await.unwrap();
    role(&ceo, "the last one", &[]).await;
    ceo.post(ROLES, &json!({ "name": "one more" })).await.refused(403, "TOO_MANY_ROLES");
}

#[db_test]
async fn a_role_that_somebody_has_first_is_removed_only_for_another(db: PgPool) {
    let (app, ceo) = company(db).await;
    let bob = with(&app, &ceo, "desk", &["bots:read"]).await;
    let path = format!("{ROLES}/desk");
    let body = ceo.delete(&path).await.refused(409, "ROLE_IN_USE");
    assert_eq!(body["context"]["members"], 1);
    ceo.delete(&format!("{path}?moveTo=nobody")).await.invalid("role");
    ceo.delete(&format!("{path}?moveTo=desk")).await.invalid("moveTo");
    assert!(!reads_audit(&bob).await);
    ceo.delete(&format!("{path}?moveTo=viewer")).await.no_content();
    assert!(reads_audit(&bob).await, "a viewer reads everything");
    ceo.get(&path).await.refused(404, "ROLE_NOT_FOUND");
    assert_eq!(entries(&ceo, "member.role-changed").await[0]["after"], json!({ "role": "viewer" }));
    assert_eq!(entries(&ceo, "role.deleted").await[0]["before"]["permissions"], json!(["bots:read"]));
}

#[db_test]
async fn a_removed_role_falls_away_where_it_was_a_further_one(db: PgPool) {
    let (app, ceo) = company(db).await;
    let bob = with(&app, &ceo, "desk", &[]).await;
    role(&ceo, "reader", &["audit:read"]).await;
    assign(&ceo, &bob, "reader").await.ok();
    assert!(reads_audit(&bob).await);
    ceo.delete(&format!("{ROLES}/reader")).await.no_content();
    assert!(!reads_audit(&bob).await);
    assert_eq!(ceo.get(&place(&bob, "/roles")).await.ok().as_array().unwrap().len(), 1);
}

#[db_test]
async fn nobody_moves_members_up_to_a_role_above_their_own(db: PgPool) {
    let (app, ceo) = company(db).await;
    let eve = officer(&app, &ceo, &["members:manage", "bots:read"]).await;
    let bob = with(&app, &ceo, "desk", &["bots:read"]).await;
    for above in ["admin", "ceo", "manager"] {
        let path = format!("{ROLES}/desk?moveTo={above}");
        eve.delete(&path).await.refused(403, "ROLE_ABOVE_YOUR_OWN");
    }
    decide(&ceo, &bob, "orders:write", true).await.ok();
    role(&ceo, "floor", &["bots:read"]).await;
    eve.delete(&format!("{ROLES}/desk?moveTo=floor")).await.refused(403, "ROLE_ABOVE_YOUR_OWN");
    decide(&ceo, &bob, "orders:write", false).await.ok();
    let ana = with(&app, &ceo, "keeper", &["security:manage", "bots:read"]).await;
    ana.delete(&format!("{ROLES}/desk?moveTo=floor")).await.refused(403, "FORBIDDEN");
    eve.delete(&format!("{ROLES}/desk?moveTo=floor")).await.no_content();
}

#[db_test]
async fn roles_need_their_permissions(db: PgPool) {
    let app = TestApp::new(db, [security::module()]).await;
    let nobody = app.member(["bots:read"]).await;
    let reader = app.member(["security:read"]).await;
    nobody.get(ROLES).await.refused(403, "FORBIDDEN");
    nobody.get("/api/v1/security/permissions").await.refused(403, "FORBIDDEN");
    reader.get(ROLES).await.ok();
    reader.post(ROLES, &json!({ "name": "desk" })).await.refused(403, "FORBIDDEN");
    app.stranger().get(ROLES).await.refused(401, "UNAUTHORIZED");
}
