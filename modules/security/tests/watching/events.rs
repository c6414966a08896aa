use crate::support::{PASSWORD, all_events, kinds, operator, own_events, sign_in, with_password};
use tenants::Kind;
use testkit::{PgPool, TestApp, db_test, json};
use users::Role;

#[db_test]
async fn a_wrong_password_is_noticed_once_and_the_user_sees_from_where(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ana = app.member([]).await;
    with_password(&app, &ana).await;
    let wrong = json!({ "email": ana.email, "password": "not the password" });
    let stranger = app.stranger().from("192.0.2.7").with("user-agent", "curl/8");
    stranger.post("/api/auth/sign-in/email", &wrong).await.refused(401, "INVALID_EMAIL_OR_PASSWORD");
    let client = sign_in(&app, &ana.email, "192.0.2.8").await;
    let events = own_events(&client).await;
    assert_eq!(kinds(&events), ["sign-in-failed", "signed-in"]);
    let failed = &events[1];
    assert_eq!(
        (&failed["userId"], &failed["ip"], &failed["userAgent"]),
        (&json!(ana.user), &json!("192.0.2.7"), &json!("curl/8"))
    );
    assert_eq!(
        (&failed["severity"], &failed["actorId"], &failed["tenantId"]),
        (&json!("notice"), &json!(null), &json!(null))
    );
    assert!(!events.to_string().contains(PASSWORD) && !events.to_string().contains("not the password"));
}

#[db_test]
async fn a_wrong_password_for_an_address_of_nobodys_is_the_platforms_to_see(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let admin = operator(&app, Role::Admin).await;
    let wrong = json!({ "email": "nobody@example.com", "password": "not the password" });
    app.stranger().post("/api/auth/sign-in/email", &wrong).await.refused(401, "INVALID_EMAIL_OR_PASSWORD");
    let events = all_events(&admin, "kind=sign-in-failed").await;
    assert_eq!((events.as_array().unwrap().len(), &events[0]["userId"]), (1, &json!(null)));
    assert!(!events.to_string().contains("nobody@example.com"));
}

#[db_test]
async fn locks_passwords_and_revoked_sessions_are_noticed_by_what_the_trail_records(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ana = app.member([]).await;
    with_password(&app, &ana).await;
    let client = sign_in(&app, &ana.email, "192.0.2.8").await;
    let _second = sign_in(&app, &ana.email, "192.0.2.8").await;
    let _third = sign_in(&app, &ana.email, "192.0.2.8").await;
    assert_eq!(client.post("/api/auth/revoke-other-sessions", &json!({})).await.status, 200);
    let change = json!({ "currentPassword": PASSWORD, "newPassword": "another horse battery" });
    assert_eq!(client.post("/api/auth/change-password", &change).await.status, 200);
    let wrong = json!({ "email": ana.email, "password": "not the password" });
    for _ in 0..5 {
        app.stranger().from("198.51.100.1").post("/api/auth/sign-in/email", &wrong).await;
    }
    app.run_jobs().await;
    let admin = operator(&app, Role::Admin).await;
    let events = kinds(&all_events(&admin, &format!("userId={}", ana.user)).await);
    let count = |kind: &str| events.iter().filter(|known| *known == kind).count();
    assert_eq!(
        (count("signed-in"), count("sessions-revoked"), count("password-changed")),
        (3, 2, 1),
        "one is of the preparation: {events:?}"
    );
    assert_eq!((count("sign-in-failed"), count("sign-in-locked")), (5, 1), "{events:?}");
}

#[db_test]
async fn a_tenant_sees_what_is_about_its_members_in_it_and_nothing_of_another(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (acme, other) = (app.owner(Kind::Company).await, app.owner(Kind::Company).await);
    let bob = app.colleague(&acme, "viewer").await;
    // bob works in the other company too
    let mut tx = app.tenant(other.tenant).await;
    tenants::add_member(&mut tx, bob.user, "viewer").await.unwrap();
    tx.commit().await.unwrap();
    let path = |tenant| format!("/api/tenant/{tenant}/members/{}", bob.user);
    acme.patch(&path(acme.tenant), &json!({ "role": "manager" })).await.ok();
    other.patch(&path(other.tenant), &json!({ "role": "funcionario" })).await.ok();

    for (owner, role) in [(&acme, "manager"), (&other, "funcionario")] {
        let about = format!("/api/v1/security/events?kind=privilege-changed&userId={}", bob.user);
        let events = owner.get(&about).await.ok();
        assert_eq!(events.as_array().unwrap().len(), 1, "{events}");
        assert_eq!((&events[0]["tenantId"], &events[0]["actorId"]), (&json!(owner.tenant), &json!(owner.user)));
        assert_eq!(events[0]["detail"]["after"]["role"], role);
        assert_eq!(events[0]["severity"], "warning");
    }
    let own = bob.get("/api/user/security-events?kind=privilege-changed").await.ok();
    assert_eq!(own.as_array().unwrap().len(), 2, "the user sees both: {own}");
    // where the owners were is the owners' own
    assert!(own.as_array().unwrap().iter().all(|event| event["ip"].is_null() && event["userAgent"].is_null()));
    bob.get("/api/v1/security/events").await.ok();
    app.member([]).await.get("/api/v1/security/events").await.refused(403, "FORBIDDEN");
    acme.get("/api/v1/security/platform/events").await.refused(403, "FORBIDDEN");
}

#[db_test]
async fn what_is_told_to_a_tenant_and_to_the_platform_is_one_event(db: PgPool) {
    let app = TestApp::new(db, [administration::module()]).await;
    let (root, ana) = (operator(&app, Role::SuperAdmin).await, app.member(["security:read"]).await);
    let ban = json!({ "userId": ana.user, "banReason": "spam" });
    assert_eq!(root.post("/api/auth/admin/ban-user", &ban).await.status, 200);
    let lift = json!({ "userId": ana.user });
    assert_eq!(root.post("/api/auth/admin/unban-user", &lift).await.status, 200);
    let events = all_events(&root, &format!("userId={}", ana.user)).await;
    let kinds = kinds(&events);
    let count = |kind: &str| kinds.iter().filter(|known| *known == kind).count();
    assert_eq!((count("user-banned"), count("user-unbanned")), (1, 1), "{kinds:?}");
    let banned = events.as_array().unwrap().iter().find(|event| event["kind"] == "user-banned").unwrap();
    assert_eq!((&banned["tenantId"], &banned["actorId"]), (&json!(ana.tenant), &json!(root.user)));
}

#[db_test]
async fn asking_for_a_tenant_one_is_no_member_of_is_noticed_once_an_hour(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (ana, other) = (app.member(["security:read"]).await, app.owner(Kind::Company).await);
    let admin = operator(&app, Role::Admin).await;
    for _ in 0..3 {
        let astray = ana.from("192.0.2.1").with("x-tenant-id", other.tenant);
        astray.get("/api/v1/security/events").await.refused(404, "TENANT_NOT_FOUND");
    }
    let events = all_events(&admin, "kind=tenant-refused").await;
    assert_eq!(events.as_array().unwrap().len(), 1, "{events}");
    let detail = &events[0]["detail"];
    assert_eq!((&events[0]["userId"], &detail["tenant"]), (&json!(ana.user), &json!(other.tenant)));
    assert_eq!(other.get("/api/v1/security/events?kind=tenant-refused").await.ok(), json!([]));
    // what was guessed at does not come back as something known
    let own = own_events(&ana).await;
    assert_eq!(kinds(&own), ["tenant-refused"]);
    assert!(own[0]["detail"]["tenant"].is_null(), "{own}");
    app.clock().advance(chrono::TimeDelta::hours(1));
    ana.with("x-tenant-id", other.tenant).get("/api/user/profile").await.refused(404, "TENANT_NOT_FOUND");
    assert_eq!(all_events(&admin, "kind=tenant-refused").await.as_array().unwrap().len(), 2);
}

#[db_test]
async fn events_are_found_by_kind_severity_address_and_time_and_paged(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ana = app.member([]).await;
    with_password(&app, &ana).await;
    let wrong = json!({ "email": ana.email, "password": "not the password" });
    for (number, ip) in ["192.0.2.1", "192.0.2.2", "::ffff:192.0.2.2"].iter().enumerate() {
        app.clock().advance(chrono::TimeDelta::minutes(number as i64));
        app.stranger().from(ip).post("/api/auth/sign-in/email", &wrong).await;
    }
    let client = sign_in(&app, &ana.email, "192.0.2.3").await;
    let count = async |filter: &str| {
        let events = client.get(&format!("/api/user/security-events?{filter}")).await.ok();
        events.as_array().unwrap().len()
    };
    assert_eq!(count("kind=sign-in-failed").await, 3);
    assert_eq!(count("severity=info").await, 1);
    assert_eq!(count("severity=critical").await, 0);
    assert_eq!(count("ip=192.0.2.2").await, 2);
    assert_eq!(count("from=2026-01-05T12:01:00.000Z&to=2026-01-05T12:03:00.000Z").await, 1);
    let first = client.get("/api/user/security-events?limit=2&kind=sign-in-failed").await.body();
    let next = first["meta"]["next"].as_str().unwrap();
    assert_eq!(count(&format!("limit=2&kind=sign-in-failed&before={next}")).await, 1);
    for bad in ["before=x", "severity=grave", "ip=localhost", "userId=7", "from=yesterday"] {
        let refused = client.get(&format!("/api/user/security-events?{bad}")).await;
        assert_eq!(refused.status, 422, "{bad}: {}", refused.text());
    }
}

#[db_test]
async fn what_is_made_of_keys_is_noticed(db: PgPool) {
    let app = TestApp::new(db, [api_keys::module()]).await;
    let owner = app.owner(Kind::Company).await;
    let wish = json!({ "permissions": { "security": ["read"] }, "ipAllowlist": ["192.0.2.1"] });
    let made = owner.post("/api/auth/api-key/create", &wish).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let key = app.stranger().with("x-api-key", made.body()["key"].as_str().unwrap());
    key.from("192.0.2.1").get("/api/v1/security/events").await.ok();
    key.from("192.0.2.1").get("/api/v1/security/events").await.ok();
    assert_eq!(key.from("192.0.2.9").get("/api/v1/security/events").await.status, 403);
    let events = kinds(&owner.get("/api/v1/security/events").await.ok());
    let keys: Vec<_> = events.iter().filter(|kind| kind.starts_with("key-")).collect();
    assert_eq!(keys, ["key-made", "key-used-from-new-address", "key-refused"]);
}

#[db_test]
async fn no_role_of_a_tenant_changes_or_removes_an_event(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let owner = app.owner(Kind::Company).await;
    for statement in ["delete from security_events", "update security_events set severity = 'info'"] {
        let mut tx = app.tenant(owner.tenant).await;
        let refused = sqlx::query(statement).execute(tx.conn()).await.unwrap_err().to_string();
        assert!(refused.contains("permission denied"), "{refused}");
    }
}

#[db_test]
async fn old_events_and_requests_are_removed(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let member = app.member(["security:read"]).await;
    member.get("/api/v1/security/events").await.ok();
    security::write_access_log(app.app()).await.unwrap();
    let left = async || {
        let mut tx = app.system().await;
        let count = "select (select count(*) from security_events), (select count(*) from access_log)";
        sqlx::query_as::<_, (i64, i64)>(count).fetch_one(tx.conn()).await.unwrap()
    };
    let (events, requests) = left().await;
    assert!(events > 0 && requests == 1, "{events} {requests}");
    app.clock().advance(chrono::TimeDelta::days(29));
    security::keep(app.app()).await.unwrap();
    assert_eq!(left().await, (events, 1));
    app.clock().advance(chrono::TimeDelta::days(2));
    security::keep(app.app()).await.unwrap();
    assert_eq!(left().await, (events, 0));
    app.clock().advance(chrono::TimeDelta::days(400));
    security::keep(app.app()).await.unwrap();
    assert_eq!(left().await, (0, 0));
}
