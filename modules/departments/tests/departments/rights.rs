//! What a department permits, and that nobody gives what they do not hold.

use crate::support::*;
use testkit::{Client, Member, PgPool, TestApp, Value, db_test, json};

const MANAGER: [&str; 4] = ["departments:read", "departments:write", "departments:delete", "departments:manage"];

async fn by_key(app: &TestApp, user: &Member, permissions: Value) -> Client {
    let wish = json!({ "permissions": permissions });
    let made = user.post("/api/auth/api-key/create", &wish).await;
    assert_eq!(made.status.as_u16(), 200, "{}", made.text());
    app.stranger().with("x-api-key", made.body()["key"].as_str().unwrap())
}

fn permit(permissions: &[&str]) -> Value {
    json!({ "permissions": permissions })
}

#[db_test]
async fn whoever_works_in_a_department_may_do_what_it_permits_until_they_leave_it(db: PgPool) {
    let (app, ceo) = company(db).await;
    let _remembering = app.remembers().await;
    let bob = app.colleague(&ceo, "viewer").await;
    let id = make(&ceo, "Planning", permit(&["departments:write"])).await;
    let plan = |name: &str| json!({ "name": name });
    bob.post(DEPARTMENTS, &plan("1")).await.refused(403, "FORBIDDEN");
    join(&ceo, &id, &bob).await;
    bob.post(DEPARTMENTS, &plan("1")).await.created();
    bob.delete(&at(&id, "")).await.refused(403, "FORBIDDEN");
    ceo.delete(&place(&id, &bob)).await.no_content();
    bob.post(DEPARTMENTS, &plan("2")).await.refused(403, "FORBIDDEN");
    // by each way out and in
    let other = make(&ceo, "Other", json!({})).await;
    join(&ceo, &other, &bob).await;
    let to = |id: &str| json!({ "to": id });
    ceo.post(&at(&other, &format!("/members/{}/move", bob.user)), &to(&id)).await.ok();
    bob.post(DEPARTMENTS, &plan("2")).await.created();
    ceo.post(&at(&id, &format!("/members/{}/move", bob.user)), &to(&other)).await.ok();
    bob.post(DEPARTMENTS, &plan("3")).await.refused(403, "FORBIDDEN");
    ceo.patch(&at(&other, ""), &permit(&["departments:write"])).await.ok();
    bob.post(DEPARTMENTS, &plan("3")).await.created();
    ceo.patch(&at(&other, ""), &permit(&[])).await.ok();
    bob.post(DEPARTMENTS, &plan("4")).await.refused(403, "FORBIDDEN");
    ceo.delete(&at(&other, &format!("?moveTo={id}"))).await.no_content();
    bob.post(DEPARTMENTS, &plan("4")).await.created();
    ceo.delete(&at(&id, &format!("?moveTo={}", first(&ceo, "sales").await))).await.no_content();
    bob.post(DEPARTMENTS, &plan("5")).await.refused(403, "FORBIDDEN");
}

#[db_test]
async fn what_is_taken_away_at_one_server_is_refused_at_the_next_request_by_another(db: PgPool) {
    let (app, ceo) = company(db.clone()).await;
    let other = app.beside(db, [departments::module(), api_keys::module()]).await;
    let _remembering = (app.remembers().await, other.remembers().await);
    let bob = app.colleague(&ceo, "viewer").await;
    let id = make(&ceo, "Planning", permit(&["departments:write"])).await;
    let there = bob.at(&other);
    for round in 0..3 {
        join(&ceo, &id, &bob).await;
        there.post(DEPARTMENTS, &json!({ "name": format!("{round}") })).await.created();
        ceo.delete(&place(&id, &bob)).await.no_content();
        there.post(DEPARTMENTS, &json!({ "name": "No more" })).await.refused(403, "FORBIDDEN");
    }
}

#[db_test]
async fn a_department_gives_nothing_in_another_company_or_to_those_above_and_below(db: PgPool) {
    let (app, ceo) = company(db).await;
    let (above, below) = (app.colleague(&ceo, "viewer").await, app.colleague(&ceo, "viewer").await);
    let top = make(&ceo, "Top", json!({ "headId": above.user })).await;
    let middle = make(&ceo, "Middle", json!({ "parentId": top, "permissions": ["departments:write"] })).await;
    let bottom = make_under(&ceo, "Bottom", &middle).await;
    join(&ceo, &bottom, &below).await;
    for viewer in [&above, &below] {
        viewer.post(DEPARTMENTS, &json!({ "name": "A" })).await.refused(403, "FORBIDDEN");
    }
    join(&ceo, &middle, &below).await;
    let own = below.post("/api/tenant", &json!({ "name": "Own" })).await.created();
    let own = app.tenant(uuid::Uuid::parse_str(&text(&own["id"])).unwrap()).await.tenant();
    let mut tx = app.tenant(own).await;
    tenants::set_role(&mut tx, below.user, "viewer").await.unwrap();
    tx.commit().await.unwrap();
    below.with("x-tenant-id", own).post(DEPARTMENTS, &json!({ "name": "A" })).await.refused(403, "FORBIDDEN");
}

/// Nobody gives `permission` who lacks it: not to others, not to themselves, by no way there is.
#[db_test]
async fn nobody_gives_what_they_do_not_hold(db: PgPool) {
    let (app, ceo) = company(db).await;
    let bob = colleague(&app, &ceo, &MANAGER).await;
    let eve = app.colleague(&ceo, "viewer").await;
    let strong = make(&ceo, "Strong", permit(&["departments:read", "members:manage", "audit:read"])).await;
    let weak = make(&bob, "Weak", permit(&["departments:read"])).await;
    join(&bob, &weak, &eve).await;
    join(&bob, &weak, &bob).await;
    let before = picture(&ceo).await;
    let (users, one) = (json!([eve.user]), format!("/members/{}/move", eve.user));
    for answer in [
        bob.post(DEPARTMENTS, &json!({ "name": "New", "permissions": ["members:manage"] })).await,
        bob.patch(&at(&weak, ""), &permit(&["departments:read", "members:manage"])).await,
        bob.patch(&at(&weak, ""), &json!({ "name": "Renamed", "permissions": ["members:manage"] })).await,
        bob.post(&at(&strong, "/members"), &json!({ "userId": eve.user })).await,
        bob.post(&at(&strong, "/members"), &json!({ "userId": bob.user })).await,
        bob.post(&at(&weak, &one), &json!({ "to": strong })).await,
        bob.post(&at(&weak, "/members/move"), &json!({ "to": strong, "userIds": users })).await,
        bob.patch(&at(&strong, ""), &json!({ "headId": bob.user })).await,
        bob.delete(&at(&weak, &format!("?moveTo={strong}"))).await,
    ] {
        let refused = answer.refused(403, "PERMISSION_NOT_HELD");
        let lacking = refused["context"]["permissions"].as_array().unwrap();
        assert!(lacking.contains(&json!("members:manage")), "{refused}");
        assert!(!lacking.contains(&json!("departments:read")), "{refused}");
    }
    assert_eq!(picture(&ceo).await, before);
}

#[db_test]
async fn what_a_department_has_already_is_not_given_and_may_be_taken_away(db: PgPool) {
    let (app, ceo) = company(db).await;
    let bob = colleague(&app, &ceo, &MANAGER).await;
    let id = make(&ceo, "Strong", permit(&["members:manage", "audit:read"])).await;
    join(&ceo, &id, &ceo).await;
    let same = json!({ "name": "Still strong", "permissions": ["members:manage", "audit:read", "audit:read"] });
    let changed = bob.patch(&at(&id, ""), &same).await.ok();
    assert_eq!(changed["permissions"], json!(["audit:read", "members:manage"]));
    assert_eq!(actions(&ceo, &id).await[0], "department.changed");
    bob.patch(&place(&id, &ceo), &json!({ "title": "Boss" })).await.ok();
    bob.patch(&at(&id, ""), &permit(&["audit:read"])).await.ok();
    bob.patch(&at(&id, ""), &permit(&["members:manage"])).await.refused(403, "PERMISSION_NOT_HELD");
    bob.delete(&place(&id, &ceo)).await.no_content();
    let entry = &trail(&ceo, &id).await[1];
    assert_eq!(entry["action"], "department.permissions-changed");
    let (before, after) = (json!(["audit:read", "members:manage"]), json!(["audit:read"]));
    assert_eq!((&entry["before"]["permissions"], &entry["after"]["permissions"]), (&before, &after));
}

#[db_test]
async fn a_head_gives_only_what_they_hold_too(db: PgPool) {
    let (app, ceo) = company(db).await;
    let (bob, eve) = (app.colleague(&ceo, "viewer").await, app.colleague(&ceo, "viewer").await);
    let made = json!({ "permissions": ["members:manage"], "headId": bob.user });
    let id = make(&ceo, "Strong", made).await;
    let body = json!({ "userId": eve.user });
    // who works in it holds what it permits
    bob.post(&at(&id, "/members"), &body).await.created();
    bob.delete(&place(&id, &eve)).await.no_content();
    // but not what was taken from themselves
    let mut tx = app.system().await;
    let statement = "insert into permission_grants (id, tenant_id, user_id, permission, granted, created_at)
                     values ($1, $2, $3, 'members:manage', false, now())";
    let revoke = sqlx::query(statement).bind(tx.new_id()).bind(ceo.tenant).bind(bob.user);
    revoke.execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    bob.post(&at(&id, "/members"), &body).await.refused(403, "PERMISSION_NOT_HELD");
}

#[db_test]
async fn each_thing_needs_its_permission(db: PgPool) {
    let (app, ceo) = company(db).await;
    let id = make(&ceo, "A", json!({ "headId": ceo.user })).await;
    let reader = colleague(&app, &ceo, &["departments:read"]).await;
    let writer = colleague(&app, &ceo, &["departments:write", "audit:read"]).await;
    let remover = colleague(&app, &ceo, &["departments:delete"]).await;
    let stranger = colleague(&app, &ceo, &[]).await;
    for path in ["", "/tree", "/mine"] {
        reader.get(&format!("{DEPARTMENTS}{path}")).await.ok();
        stranger.get(&format!("{DEPARTMENTS}{path}")).await.refused(403, "FORBIDDEN");
    }
    writer.post(DEPARTMENTS, &json!({ "name": "B" })).await.created();
    writer.patch(&at(&id, ""), &json!({ "description": "Said." })).await.ok();
    let unchanged = json!({ "headId": ceo.user, "permissions": [] });
    writer.patch(&at(&id, ""), &unchanged).await.ok();
    for body in [permit(&["audit:read"]), json!({ "headId": null }), json!({ "headId": writer.user })] {
        let refused = writer.patch(&at(&id, ""), &body).await.refused(403, "FORBIDDEN");
        assert_eq!(refused["context"]["permission"], "departments:manage");
        let mut new = json!({ "name": "C" });
        new.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        let allowed = body == json!({ "headId": null });
        assert_eq!(writer.post(DEPARTMENTS, &new).await.status.as_u16(), if allowed { 201 } else { 403 });
    }
    remover.delete(&at(&id, &format!("?moveTo={}", first(&ceo, "sales").await))).await.refused(403, "FORBIDDEN");
    writer.delete(&at(&id, "")).await.refused(403, "FORBIDDEN");
    remover.delete(&at(&first(&ceo, "sales").await, "")).await.no_content();
    app.stranger().get(DEPARTMENTS).await.refused(401, "UNAUTHORIZED");
}

#[db_test]
async fn a_key_reads_and_orders_the_tree_but_gives_and_takes_no_rights(db: PgPool) {
    let (app, ceo) = company(db).await;
    let key = by_key(&app, &ceo, json!({ "departments": ["read", "write", "delete", "manage"] })).await;
    let id = text(&key.post(DEPARTMENTS, &json!({ "name": "By key" })).await.created()["id"]);
    key.patch(&at(&id, ""), &json!({ "name": "Renamed" })).await.ok();
    key.post(&at(&id, "/move"), &json!({ "parentId": first(&ceo, "sales").await })).await.ok();
    let required = "SESSION_REQUIRED";
    key.patch(&at(&id, ""), &permit(&["audit:read"])).await.refused(403, required);
    key.patch(&at(&id, ""), &json!({ "headId": ceo.user })).await.refused(403, required);
    key.post(&at(&id, "/members"), &json!({ "userId": ceo.user })).await.refused(403, required);
    ceo.patch(&at(&id, ""), &json!({ "headId": ceo.user })).await.ok();
    key.delete(&place(&id, &ceo)).await.refused(403, required);
    key.delete(&at(&id, &format!("?moveTo={}", first(&ceo, "sales").await))).await.refused(403, required);
    ceo.delete(&place(&id, &ceo)).await.no_content();
    key.delete(&at(&id, "")).await.no_content();
}

#[db_test]
async fn a_key_holds_what_its_users_departments_permit_as_long_as_they_are_in_them(db: PgPool) {
    let (app, ceo) = company(db).await;
    let _remembering = app.remembers().await;
    let bob = app.colleague(&ceo, "viewer").await;
    let id = make(&ceo, "Planning", permit(&["departments:write"])).await;
    join(&ceo, &id, &bob).await;
    let key = by_key(&app, &bob, json!({ "departments": ["write"] })).await;
    key.post(DEPARTMENTS, &json!({ "name": "By key" })).await.created();
    ceo.delete(&place(&id, &bob)).await.no_content();
    key.post(DEPARTMENTS, &json!({ "name": "No more" })).await.refused(403, "FORBIDDEN");
    join(&ceo, &id, &bob).await;
    key.post(DEPARTMENTS, &json!({ "name": "Once more" })).await.created();
}

#[db_test]
async fn a_manager_who_is_demoted_gives_nothing_at_that_moment(db: PgPool) {
    let (app, ceo) = company(db).await;
    let eve = app.colleague(&ceo, "viewer").await;
    for round in 0..5 {
        let bob = app.colleague(&ceo, "admin").await;
        let id = make(&ceo, &format!("Round {round}"), permit(&["members:manage"])).await;
        let (members, body) = (at(&id, "/members"), json!({ "userId": eve.user }));
        let (seat, viewer) = (format!("/api/tenant/{}/members/{}", ceo.tenant, bob.user), json!({ "role": "viewer" }));
        let (demoted, joined) = tokio::join!(ceo.patch(&seat, &viewer), bob.post(&members, &body));
        demoted.ok();
        assert!([201, 403].contains(&joined.status.as_u16()), "{}", joined.text());
        let trail = ceo.get("/api/v1/audit?limit=2").await.ok();
        let last = text(&trail[0]["action"]);
        assert!(joined.status == 403 || last == "member.role-changed", "they gave after they were demoted: {trail}");
        bob.post(&members, &body).await.refused(403, "FORBIDDEN");
    }
}

#[db_test]
async fn a_permission_that_opens_nothing_is_unknown_and_the_nearest_is_named(db: PgPool) {
    let (_app, ceo) = company(db).await;
    let financial = first(&ceo, "financial").await;
    for (name, meant) in [("audit:raed", Some("audit:read")), ("nothing:at-all", None), ("", None), ("audit:*", None)] {
        let body = json!({ "name": "A", "permissions": ["audit:read", name] });
        let refused = ceo.post(DEPARTMENTS, &body).await.invalid("permissions[1]");
        assert_eq!(refused["errors"][0]["code"], "UNKNOWN_PERMISSION");
        let message = text(&refused["errors"][0]["message"]);
        assert!(meant.is_none_or(|meant| message.contains(meant)), "{message}");
        ceo.patch(&at(&financial, ""), &permit(&["audit:read", name])).await.invalid("permissions[1]");
    }
    // what a company begins with may wait for what it opens
    let kept = ["financial:read", "audit:read"];
    let changed = ceo.patch(&at(&financial, ""), &permit(&kept)).await.ok();
    assert_eq!(changed["permissions"], json!(["audit:read", "financial:read"]));
}
