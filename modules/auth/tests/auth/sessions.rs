use crate::support::{browser, failure, fields, session, set_cookies, success, user};
use chrono::TimeDelta;
use tenants::Kind;
use testkit::{Client, PgPool, TestApp, Value, db_test, json};

const ANA: &str = "ana@example.com";
const SESSION: [&str; 10] = [
    "id",
    "token",
    "userId",
    "expiresAt",
    "createdAt",
    "updatedAt",
    "ipAddress",
    "userAgent",
    "impersonatedBy",
    "activeOrganizationId",
];
const CLEARED: [&str; 3] = [
    "better-auth.session_token=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
    "better-auth.session_data=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
    "better-auth.dont_remember=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
];

async fn get(client: &Client) -> Value {
    let answer = client.get("/api/auth/get-session").await;
    assert_eq!(answer.status, 200);
    answer.body()
}

async fn ana(app: &TestApp) -> (Client, Value) {
    user(app, ANA).await;
    session(app, ANA).await
}

#[db_test]
async fn it_works(db: PgPool) {
    let app = TestApp::new(db, []).await;
    assert_eq!(app.stranger().get("/api/auth/ok").await.body(), json!({ "success": true, "ok": true }));
}

#[db_test]
async fn a_session_shows_itself_and_its_user(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (client, open) = ana(&app).await;
    let answer = client.get("/api/auth/get-session").await;
    let body = success(&answer);
    assert_eq!((fields(&body), fields(&body["session"])), (vec!["success", "session", "user"], SESSION.to_vec()));
    assert_eq!((&body["session"], &body["user"]), (&open["session"], &open["user"]));
    assert_eq!((answer.header("cache-control"), answer.header("pragma")), ("no-store", "no-cache"));
    assert!(set_cookies(&answer).is_empty());
    let stranger = app.stranger().get("/api/auth/get-session").await;
    assert_eq!((stranger.status.as_u16(), stranger.text().as_str()), (200, "null"));
    assert!(set_cookies(&stranger).is_empty());
    app.stranger().post("/api/auth/get-session", &json!({})).await.refused(405, "METHOD_NOT_ALLOWED");
}

#[db_test]
async fn a_cookie_that_was_altered_is_no_session(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (_, open) = ana(&app).await;
    let answer = app
        .stranger()
        .post("/api/auth/sign-in/email", &json!({ "email": ANA, "password": crate::support::PASSWORD }))
        .await;
    let cookie = crate::support::cookies(&answer);
    assert!(!get(&browser(&app, &cookie)).await.is_null());
    assert!(!get(&browser(&app, &format!("theme=dark; {cookie}; lang=pt"))).await.is_null());
    let token = open["token"].as_str().expect("a token");
    let other = cookie.replacen(&cookie[26..28], "xx", 1);
    for bad in [
        other,
        cookie[..cookie.len() - 3].to_owned(),
        cookie.clone() + "A",
        format!("better-auth.session_token={token}"),
        format!("better-auth.session_token={token}."),
        "better-auth.session_token=".to_owned(),
        "better-auth.session_token=%".to_owned(),
        cookie.replace("better-auth", "other"),
        cookie.replace("better-auth", "__Secure-better-auth"),
    ] {
        assert!(get(&browser(&app, &bad)).await.is_null(), "{bad}");
        browser(&app, &bad).get("/api/user/profile").await.refused(401, "UNAUTHORIZED");
    }
}

#[db_test]
async fn a_bearer_stands_for_the_cookie(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    let answer = app
        .stranger()
        .post("/api/auth/sign-in/email", &json!({ "email": ANA, "password": crate::support::PASSWORD }))
        .await;
    let signed = answer.header("set-auth-token").to_owned();
    let raw = answer.body()["token"].as_str().expect("a token").to_owned();
    let bearer = |token: &str| app.stranger().with("authorization", format!("Bearer {token}"));
    for good in [&signed, &raw, &signed.replace("%3D", "=").replace("%2B", "+").replace("%2F", "/")] {
        assert_eq!(get(&bearer(good)).await["user"]["email"], ANA, "{good}");
        assert_eq!(bearer(good).get("/api/user/profile").await.ok()["email"], ANA);
        assert_eq!(bearer(good).get("/api/auth/list-sessions").await.status, 200);
    }
    assert_eq!(
        app.stranger().with("authorization", format!("bearer  {raw}")).get("/api/user/profile").await.status,
        200
    );
    for bad in ["", "x", &raw[..31], &format!("{raw}x"), &format!("{raw}.{}", "A".repeat(43)), &raw.to_lowercase()] {
        assert!(get(&bearer(bad)).await.is_null(), "{bad}");
        bearer(bad).get("/api/user/profile").await.refused(401, "UNAUTHORIZED");
    }
    app.stranger()
        .with("authorization", format!("Basic {raw}"))
        .get("/api/user/profile")
        .await
        .refused(401, "UNAUTHORIZED");
}

#[db_test]
async fn a_session_ends_after_seven_days_and_its_cookie_is_cleared(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (client, _) = ana(&app).await;
    app.clock().advance(TimeDelta::days(7));
    client.get("/api/user/profile").await.refused(401, "UNAUTHORIZED");
    let dead = client.get("/api/auth/get-session").await;
    assert_eq!(dead.text(), "null");
    assert_eq!(set_cookies(&dead), CLEARED);
    failure(client.get("/api/auth/list-sessions").await, 401, "UNAUTHORIZED", "Unauthorized");
}

#[db_test]
async fn a_session_in_use_is_refreshed_once_a_day(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (client, open) = ana(&app).await;
    app.clock().advance(TimeDelta::days(1) - TimeDelta::milliseconds(1));
    let early = client.get("/api/auth/get-session").await;
    assert_eq!((early.body()["session"].clone(), set_cookies(&early).len()), (open["session"].clone(), 0));

    app.clock().advance(TimeDelta::milliseconds(1));
    let held = client.get("/api/auth/get-session?disableRefresh=true").await;
    assert_eq!((held.body()["session"].clone(), set_cookies(&held).len()), (open["session"].clone(), 0));
    let due = client.get("/api/auth/get-session").await;
    assert_eq!(due.body()["session"]["expiresAt"], "2026-01-13T12:00:00.000Z");
    assert_eq!(due.body()["session"]["updatedAt"], "2026-01-06T12:00:00.000Z");
    assert_eq!(due.body()["session"]["token"], open["token"], "the token stays");
    let cookie = set_cookies(&due).pop().expect("the cookie again");
    assert!(cookie.contains(open["token"].as_str().expect("a token")) && cookie.contains("Max-Age=604800"), "{cookie}");
    assert!(due.headers.contains_key("set-auth-token"));
    assert!(set_cookies(&client.get("/api/auth/get-session").await).is_empty(), "and then not for another day");

    app.clock().advance(TimeDelta::days(1));
    let guarded = client.post("/api/auth/revoke-other-sessions", &json!({})).await;
    assert_eq!(set_cookies(&guarded).len(), 1, "any call that a session guards refreshes it");
}

#[db_test]
async fn a_session_whose_cookie_cannot_be_sent_again_is_refreshed_for_bearers_only(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (client, open) = ana(&app).await;
    let bearer = app.stranger().with("authorization", format!("Bearer {}", open["token"].as_str().expect("a token")));
    let expires = async || get(&client).await["session"]["expiresAt"].clone();
    app.clock().advance(TimeDelta::days(2));
    client.get("/api/user/profile").await.ok();
    let unchanged = client.get("/api/auth/get-session?disableRefresh=true").await.body();
    assert_eq!(unchanged["session"]["expiresAt"], open["session"]["expiresAt"]);
    bearer.get("/api/user/profile").await.ok();
    assert_eq!(expires().await, "2026-01-14T12:00:00.000Z");
}

#[db_test]
async fn signing_out_ends_the_session_and_needs_none(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (client, _) = ana(&app).await;
    let answer = client.post("/api/auth/sign-out", &json!({})).await;
    assert_eq!(answer.body(), json!({ "success": true }));
    assert_eq!(set_cookies(&answer), CLEARED);
    assert!(get(&client).await.is_null());
    for _ in 0..2 {
        assert_eq!(client.post("/api/auth/sign-out", &json!({})).await.body(), json!({ "success": true }));
    }
    assert_eq!(app.stranger().post("/api/auth/sign-out", &json!({})).await.body(), json!({ "success": true }));
    let (again, _) = session(&app, ANA).await;
    let closed = again.get("/api/v1/audit?action=session.closed").await.ok();
    assert_eq!(closed.as_array().map(Vec::len), Some(1), "what was no session leaves no trace");
}

#[db_test]
async fn sessions_are_listed_and_closed_one_by_one(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (first, opened) = ana(&app).await;
    app.clock().advance(TimeDelta::seconds(1));
    let (second, _) = session(&app, ANA).await;
    user(&app, "bob@example.com").await;
    let (bob, _) = session(&app, "bob@example.com").await;

    let list = second.get("/api/auth/list-sessions").await.body();
    assert_eq!(list.as_array().map(Vec::len), Some(2), "{list}");
    assert_eq!(fields(&list[1]), SESSION);
    assert_eq!(list[1]["id"], opened["session"]["id"]);
    assert_ne!(list[1]["token"], opened["token"], "the token of another session is nowhere");
    assert_eq!(list[0]["token"], get(&second).await["session"]["token"]);

    let revoke = async |client: &Client, token: &Value| {
        let answer = client.post("/api/auth/revoke-session", &json!({ "token": token })).await;
        assert_eq!(answer.body(), json!({ "success": true, "status": true }));
    };
    revoke(&bob, &opened["token"]).await;
    revoke(&bob, &list[1]["token"]).await;
    revoke(&bob, &json!("unknown")).await;
    assert!(!get(&first).await.is_null(), "nobody closes another's session");
    revoke(&second, &list[1]["token"]).await;
    assert!(get(&first).await.is_null() && !get(&second).await.is_null());
    let token = get(&second).await["session"]["token"].clone();
    revoke(&second, &token).await;
    assert!(get(&second).await.is_null() && !get(&bob).await.is_null());
    bob.post("/api/auth/revoke-session", &json!({})).await.refused(400, "VALIDATION_ERROR");
}

#[db_test]
async fn all_sessions_are_closed_at_once_or_all_but_this_one(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (first, _) = ana(&app).await;
    let (second, _) = session(&app, ANA).await;
    user(&app, "bob@example.com").await;
    let (bob, _) = session(&app, "bob@example.com").await;
    success(&first.post("/api/auth/revoke-other-sessions", &json!({})).await);
    assert!(!get(&first).await.is_null() && get(&second).await.is_null());
    let (third, _) = session(&app, ANA).await;
    let all = first.post("/api/auth/revoke-sessions", &json!({})).await;
    assert_eq!(all.body(), json!({ "success": true, "status": true }));
    assert_eq!(set_cookies(&all), CLEARED);
    assert!(get(&first).await.is_null() && get(&third).await.is_null());
    assert!(!get(&bob).await.is_null());
}

#[db_test]
async fn the_list_needs_a_session_younger_than_a_day(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (client, _) = ana(&app).await;
    app.clock().advance(TimeDelta::days(1));
    failure(client.get("/api/auth/list-sessions").await, 403, "SESSION_NOT_FRESH", "Session is not fresh");
}

#[db_test]
async fn what_a_session_guards_is_refused_to_strangers(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let stranger = app.stranger();
    for path in ["list-sessions", "session"] {
        failure(stranger.get(&format!("/api/auth/{path}")).await, 401, "UNAUTHORIZED", "Unauthorized");
    }
    for path in ["revoke-session", "revoke-sessions", "revoke-other-sessions"] {
        failure(stranger.post(&format!("/api/auth/{path}"), &json!({})).await, 401, "UNAUTHORIZED", "Unauthorized");
    }
    stranger.get("/api/auth/me").await.refused(401, "UNAUTHORIZED");
}

#[db_test]
async fn the_user_and_the_tenant_of_a_request_are_told(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ceo = app.owner(Kind::Company).await;
    let me = ceo.get("/api/auth/me").await.ok();
    assert_eq!((&me["id"], &me["email"]), (&json!(ceo.user), &json!(ceo.email)));
    assert_eq!(
        (&me["tenant"]["id"], &me["tenant"]["type"], &me["tenant"]["role"]),
        (&json!(ceo.tenant), &json!("company"), &json!("ceo"))
    );
    let whole = ceo.get("/api/auth/session").await.ok();
    assert_eq!((&whole["tenant"], &whole["user"]["id"]), (&me["tenant"], &me["id"]));
    assert_eq!(fields(&whole["session"]), SESSION);
    let status = ceo.get("/api/auth/status").await.ok();
    assert_eq!((&status["authenticated"], &status["user"]["id"]), (&json!(true), &me["id"]));
    assert_eq!(app.stranger().get("/api/auth/status").await.ok(), json!({ "authenticated": false, "user": null }));
}

#[db_test]
async fn who_left_the_default_tenant_is_nobody_in_it(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ana = app.owner(Kind::Trader).await;
    let mut tx = app.system().await;
    sqlx::query("delete from tenant_members").execute(tx.conn()).await.expect("the members leave");
    tx.commit().await.expect("it stays");
    ana.get("/api/tenant/current").await.refused(403, "NO_TENANT");
    assert!(ana.get("/api/auth/me").await.ok()["tenant"].is_null());
    assert_eq!(ana.get("/api/tenant").await.ok(), json!([]));
    ana.with("x-tenant-id", ana.tenant).get("/api/auth/me").await.refused(404, "TENANT_NOT_FOUND");
}
