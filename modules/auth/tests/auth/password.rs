use crate::support::{
    PASSWORD, actions, browser, cookies, failure, fields, form, is_in, session, set_cookies, sign_in, signed_up,
    success, user,
};
use testkit::{PgPool, TestApp, Value, db_test, json};

const ANA: &str = "ana@example.com";
const CHANGE: &str = "/api/auth/change-password";
const VERIFY: &str = "/api/auth/verify-password";
const NEW: &str = "another horse battery";

fn change(revoke: Option<bool>) -> Value {
    json!({ "currentPassword": PASSWORD, "newPassword": NEW, "revokeOtherSessions": revoke })
}

#[db_test]
async fn a_change_of_password_renews_the_session_and_leaves_the_others(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (client, open) = signed_up(&app, ANA).await;
    let (other, _) = session(&app, ANA).await;
    let answer = client.with("user-agent", "Mozilla/5.0 (X11; Linux) Firefox/140.0").post(CHANGE, &change(None)).await;
    let body = success(&answer);
    assert_eq!(fields(&body), ["success", "token", "user"]);
    assert_eq!((&body["token"], &body["user"]), (&json!(null), &open["user"]));
    assert!(!is_in(&client).await, "the old token is worth nothing");
    let renewed = browser(&app, &cookies(&answer)).get("/api/auth/get-session").await.body();
    assert_ne!(renewed["session"]["id"], open["session"]["id"]);
    assert!(renewed["user"]["email"] == ANA && is_in(&other).await);
    assert!(answer.headers.contains_key("set-auth-token"));
    assert_eq!((sign_in(&app, ANA, PASSWORD).await, sign_in(&app, ANA, NEW).await), (401, 200));
    app.run_jobs().await;
    let mail = app.outbox().newest_to(ANA);
    assert_eq!(mail.subject, "Your password was changed");
    for fact in ["When: 2026-01-05 12:00 UTC", "Address: ", "Device: Firefox · Linux", "If this was not you"] {
        assert!(mail.text.contains(fact), "{fact}: {}", mail.text);
    }
    assert!(actions(&app).await.contains(&"user.password-changed".to_owned()));
}

#[db_test]
async fn a_change_of_password_closes_the_other_sessions_if_asked_to(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (client, _) = signed_up(&app, ANA).await;
    let (other, _) = session(&app, ANA).await;
    user(&app, "bob@example.com").await;
    let (bob, _) = session(&app, "bob@example.com").await;
    let answer = client.post(CHANGE, &change(Some(true))).await;
    let token = success(&answer)["token"].as_str().expect("a token").to_owned();
    assert!(set_cookies(&answer)[0].contains(&token));
    assert!(!is_in(&client).await && !is_in(&other).await && is_in(&bob).await);
    assert!(is_in(&browser(&app, &cookies(&answer))).await);
    app.run_jobs().await;
}

#[db_test]
async fn who_is_not_to_be_remembered_is_not_after_a_change_either(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    let credentials = json!({ "email": ANA, "password": PASSWORD, "rememberMe": false });
    let open = app.stranger().post("/api/auth/sign-in/email", &credentials).await;
    let answer = browser(&app, &cookies(&open)).post(CHANGE, &change(None)).await;
    assert!(set_cookies(&answer).iter().all(|cookie| !cookie.contains("Max-Age")), "{:?}", set_cookies(&answer));
    assert_eq!(set_cookies(&answer).len(), 2);
    app.run_jobs().await;
}

#[db_test]
async fn a_password_is_changed_by_who_knows_it_and_to_what_can_be_chosen(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (client, _) = signed_up(&app, ANA).await;
    let post = async |current: &str, new: &str| {
        client.post(CHANGE, &json!({ "currentPassword": current, "newPassword": new })).await
    };
    failure(post("wrong horse battery", NEW).await, 400, "INVALID_PASSWORD", "Invalid password");
    failure(post(PASSWORD, "short").await, 400, "PASSWORD_TOO_SHORT", "Password too short");
    failure(post(PASSWORD, &"x".repeat(129)).await, 400, "PASSWORD_TOO_LONG", "Password too long");
    post(PASSWORD, "Password123").await.refused(400, "PASSWORD_COMPROMISED");
    post(&"x".repeat(1001), NEW).await.refused(400, "VALIDATION_ERROR");
    client.post(CHANGE, &json!({ "newPassword": NEW })).await.refused(400, "VALIDATION_ERROR");
    failure(app.stranger().post(CHANGE, &change(None)).await, 401, "UNAUTHORIZED", "Unauthorized");
    assert!(is_in(&client).await && sign_in(&app, ANA, PASSWORD).await == 200);
    assert_eq!(app.run_jobs().await, 0, "and nobody is told of what was not done");
}

#[db_test]
async fn a_password_is_verified_for_its_user_alone(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (client, _) = signed_up(&app, ANA).await;
    let answer = client.post(VERIFY, &json!({ "password": PASSWORD })).await;
    assert_eq!(success(&answer), json!({ "success": true, "status": true }));
    for wrong in ["", "wrong horse battery", "Correct horse battery"] {
        let answer = client.post(VERIFY, &json!({ "password": wrong })).await;
        failure(answer, 400, "INVALID_PASSWORD", "Invalid password");
    }
    let stranger = app.stranger().post(VERIFY, &json!({ "password": PASSWORD })).await;
    failure(stranger, 401, "UNAUTHORIZED", "Unauthorized");
}

#[db_test]
async fn a_password_that_everybody_tries_first_is_not_chosen(db: PgPool) {
    let app = TestApp::new(db, []).await;
    for common in ["password", "PASSWORD2026", "12345678", "iLoveYou", "qwertyuiop123"] {
        let mut form = form(ANA);
        form["password"] = json!(common);
        app.stranger().post("/api/auth/sign-up/email", &form).await.refused(400, "PASSWORD_COMPROMISED");
    }
}

#[db_test]
async fn who_comes_from_better_auth_brings_the_password_along(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    // "correct horse battery", hashed by Better Auth itself
    let theirs = "30f92b604e0a87d705745a197f445f80:8d900a96dd613eb43d5e3383bdf25d292a78f84788bc80ec7a7c5af6db28df5841a9078001f25c83484239e1baa00f2c39bf2a72482dcebba1d7fd43e1fd549d";
    let mut tx = app.system().await;
    let imported = sqlx::query("update accounts set password_hash = $1").bind(theirs).execute(tx.conn()).await;
    imported.expect("the hash is theirs");
    tx.commit().await.expect("it stays");
    assert_eq!(sign_in(&app, ANA, "wrong horse battery").await, 401);
    assert_eq!(sign_in(&app, ANA, PASSWORD).await, 200);
    let mut tx = app.system().await;
    let hash: String =
        sqlx::query_scalar("select password_hash from accounts").fetch_one(tx.conn()).await.expect("one account");
    assert!(hash.starts_with("$2b$04$"), "it is hashed anew: {hash}");
    assert_eq!(sign_in(&app, ANA, PASSWORD).await, 200);
}
