use crate::support::{
    NOBODY, PASSWORD, act, actors, admin, app, browser, done, jar, lives, sign_in, success, super_admin, user,
};
use chrono::TimeDelta;
use testkit::{Answer, Client, Member, PgPool, TestApp, Value, db_test, json};

type Jar = Vec<(String, String)>;

/// An administrator in a browser, and their session.
async fn in_a_browser(app: &TestApp, root: &Member, admin: &Member) -> (Client, Answer) {
    done(root, "set-user-password", json!({ "userId": admin.user, "newPassword": PASSWORD })).await;
    let answer = sign_in(app, &admin.email, PASSWORD).await;
    (browser(app, &jar(&[&answer])), answer)
}

/// An administrator who acts as a user: what the browser has then, and what was answered.
async fn acting(app: &TestApp, by: &Member, user: &Member) -> (Client, Jar, Value) {
    let (client, signed_in) = in_a_browser(app, &super_admin(app).await, by).await;
    let started = act(&client, "impersonate-user", json!({ "userId": user.user })).await;
    let jar = jar(&[&signed_in, &started]);
    (browser(app, &jar), jar, success(started))
}

fn cookie<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let mut lines = answer.headers.get_all("set-cookie").iter().filter_map(|line| line.to_str().ok());
    lines.rfind(|line| line.starts_with(&format!("better-auth.{name}=")))
}

#[db_test]
async fn an_administrator_acts_as_a_user_and_goes_back(db: PgPool) {
    let app = app(db).await;
    let (admin, ana) = (admin(&app).await, user(&app).await);
    let (client, signed_in) = in_a_browser(&app, &super_admin(&app).await, &admin).await;
    let started = act(&client, "impersonate-user", json!({ "userId": ana.user })).await;
    let session = cookie(&started, "session_token").unwrap();
    assert!(!session.contains("Max-Age"), "it ends with the browser: {session}");
    assert!(cookie(&started, "dont_remember").is_some() && cookie(&started, "admin_session").is_some());
    let as_ana = browser(&app, &jar(&[&signed_in, &started]));
    let body = success(started);
    assert_eq!(body["session"]["impersonatedBy"], json!(admin.user));
    assert_eq!(body["session"]["expiresAt"], "2026-01-05T13:00:00.000Z");
    assert_eq!(body["user"]["email"], json!(ana.email));
    let current = success(as_ana.get("/api/auth/get-session").await);
    assert_eq!((&current["session"], &current["user"]), (&body["session"], &body["user"]));
    assert!(lives(&client).await && lives(&ana).await, "the others stay");

    let stopped = act(&as_ana, "stop-impersonating", json!({})).await;
    assert!(cookie(&stopped, "admin_session").unwrap().contains("Max-Age=0"));
    assert!(cookie(&stopped, "dont_remember").unwrap().contains("Max-Age=0"));
    assert!(cookie(&stopped, "session_token").unwrap().contains("Max-Age=604800"));
    let back = browser(&app, &jar(&[&stopped]));
    let body = success(stopped);
    assert_eq!((&body["user"]["email"], &body["session"]["impersonatedBy"]), (&json!(admin.email), &Value::Null));
    assert_eq!(success(back.get("/api/auth/get-session").await)["session"], body["session"]);
    assert!(!lives(&as_ana).await);
    act(&back, "stop-impersonating", json!({})).await.refused(400, "NOT_IMPERSONATING");
    for action in ["session.impersonation-started", "session.impersonation-stopped"] {
        assert_eq!(actors(&app, None, action).await, [(Some(admin.user), None)]);
        assert_eq!(actors(&app, Some(ana.tenant), action).await, [(Some(admin.user), None)]);
    }
}

#[db_test]
async fn what_is_done_meanwhile_names_the_administrator_in_the_trail(db: PgPool) {
    let app = app(db).await;
    let (admin, ana) = (admin(&app).await, user(&app).await);
    let (as_ana, ..) = acting(&app, &admin, &ana).await;
    as_ana.patch("/api/user/profile", &json!({ "name": "A" })).await.ok();
    ana.patch("/api/user/profile", &json!({ "name": "B" })).await.ok();
    let did = actors(&app, None, "user.profile-changed").await;
    assert_eq!(did, [(Some(ana.user), Some(admin.user)), (Some(ana.user), None)]);
}

#[db_test]
async fn it_ends_after_an_hour_whatever_is_done(db: PgPool) {
    let app = app(db).await;
    let (admin, ana) = (admin(&app).await, user(&app).await);
    let (as_ana, ..) = acting(&app, &admin, &ana).await;
    app.clock().advance(TimeDelta::minutes(59));
    assert!(lives(&as_ana).await);
    app.clock().advance(TimeDelta::minutes(1));
    assert!(!lives(&as_ana).await);
}

#[db_test]
async fn the_user_does_not_see_it_among_their_sessions_and_can_end_it(db: PgPool) {
    let app = app(db).await;
    let (admin, ana) = (admin(&app).await, user(&app).await);
    let (as_ana, ..) = acting(&app, &admin, &ana).await;
    assert_eq!(ana.get("/api/auth/list-sessions").await.body().as_array().unwrap().len(), 1);
    success(ana.post("/api/auth/revoke-other-sessions", &json!({})).await);
    assert!(!lives(&as_ana).await);
}

#[db_test]
async fn nobody_acts_as_an_administrator(db: PgPool) {
    let app = app(db).await;
    let (admin, other, root) = (admin(&app).await, admin(&app).await, super_admin(&app).await);
    for (by, whom) in [(&admin, &other), (&admin, &root), (&root, &other), (&admin, &admin), (&root, &root)] {
        let refused = act(by, "impersonate-user", json!({ "userId": whom.user })).await;
        refused.refused(403, "YOU_CANNOT_IMPERSONATE_ADMINS");
    }
    act(&admin, "impersonate-user", json!({ "userId": NOBODY })).await.refused(404, "USER_NOT_FOUND");
}

#[db_test]
async fn nobody_acts_as_a_user_who_is_shut_out(db: PgPool) {
    let app = app(db).await;
    let (admin, ana) = (admin(&app).await, user(&app).await);
    done(&admin, "ban-user", json!({ "userId": ana.user })).await;
    act(&admin, "impersonate-user", json!({ "userId": ana.user })).await.refused(403, "BANNED_USER");
}

#[db_test]
async fn it_ends_with_the_administrators_role_or_session_and_with_the_users_rise(db: PgPool) {
    let app = app(db).await;
    let root = super_admin(&app).await;
    for (action, about_admin) in [
        ("set-role", true),
        ("ban-user", true),
        ("revoke-user-sessions", true),
        ("remove-user", true),
        ("set-role", false),
    ] {
        let (admin, ana) = (admin(&app).await, user(&app).await);
        let (as_ana, ..) = acting(&app, &admin, &ana).await;
        assert!(lives(&as_ana).await);
        let whom = if about_admin { admin.user } else { ana.user };
        let role = if about_admin { "user" } else { "admin" };
        done(&root, action, json!({ "userId": whom, "role": role })).await;
        assert!(!lives(&as_ana).await, "{action}");
        assert!(lives(&ana).await, "{action}: the user's own session stays");
    }
}

#[db_test]
async fn the_way_back_is_only_to_the_administrators_own_session(db: PgPool) {
    let app = app(db).await;
    let (admin, ana) = (admin(&app).await, user(&app).await);
    let (_, other_jar, _) = acting(&app, &crate::support::admin(&app).await, &ana).await;
    let others = other_jar.iter().find(|(name, _)| name == "better-auth.admin_session").unwrap().1.clone();
    for waiting in [None, Some(others), Some("forged:.AAAA".to_owned())] {
        let (_, mut jar, _) = acting(&app, &admin, &ana).await;
        jar.retain(|(name, _)| name != "better-auth.admin_session");
        jar.extend(waiting.map(|value| ("better-auth.admin_session".to_owned(), value)));
        let as_ana = browser(&app, &jar);
        act(&as_ana, "stop-impersonating", json!({})).await.refused(401, "ADMIN_SESSION_NOT_FOUND");
        assert!(!lives(&as_ana).await, "it has ended all the same");
    }
}

#[db_test]
async fn an_administrator_whose_session_ends_with_the_browser_gets_such_a_one_back(db: PgPool) {
    let app = app(db).await;
    let (admin, ana) = (admin(&app).await, user(&app).await);
    let root = super_admin(&app).await;
    done(&root, "set-user-password", json!({ "userId": admin.user, "newPassword": PASSWORD })).await;
    let form = json!({ "email": admin.email, "password": PASSWORD, "rememberMe": false });
    let signed_in = app.stranger().post("/api/auth/sign-in/email", &form).await;
    let client = browser(&app, &jar(&[&signed_in]));
    let started = act(&client, "impersonate-user", json!({ "userId": ana.user })).await;
    let stopped = act(&browser(&app, &jar(&[&signed_in, &started])), "stop-impersonating", json!({})).await;
    assert!(!cookie(&stopped, "session_token").unwrap().contains("Max-Age"));
    assert!(!cookie(&stopped, "dont_remember").unwrap().contains("Max-Age"));
    assert_eq!(success(stopped)["user"]["email"], json!(admin.email));
}

#[db_test]
async fn who_acts_as_another_is_no_administrator_meanwhile(db: PgPool) {
    let app = app(db).await;
    let (admin, ana) = (admin(&app).await, user(&app).await);
    let (as_ana, ..) = acting(&app, &admin, &ana).await;
    let code = "YOU_ARE_NOT_ALLOWED_TO_IMPERSONATE_USERS";
    act(&as_ana, "impersonate-user", json!({ "userId": ana.user })).await.refused(403, code);
    let mut tx = app.system().await;
    sqlx::query("update users set role = 'admin' where id = $1").bind(ana.user).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    act(&as_ana, "impersonate-user", json!({ "userId": admin.user })).await.refused(403, "IMPERSONATED");
}
