use crate::support::{PASSWORD, browser, cookies, failure, fields, form, session, set_cookies, success, user};
use auth::{AuthSettings, Hashing, Passwords};
use axum::body::Body;
use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use testkit::{PgPool, TestApp, db_test, json};

const PATH: &str = "/api/auth/sign-in/email";
const ANA: &str = "ana@example.com";
const SECRET: &str = "a secret of no less than thirty-two characters";

fn credentials() -> testkit::Value {
    json!({ "email": "ANA@example.com", "password": PASSWORD })
}

/// `<token>.<signature>` as the protocol computes it.
fn signed(token: &str) -> String {
    let mut hmac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key");
    hmac.update(token.as_bytes());
    let signature = BASE64_STANDARD.encode(hmac.finalize().into_bytes());
    format!("{token}.{signature}").replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}

#[db_test]
async fn the_right_password_opens_a_session_with_a_signed_cookie(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    let answer = app.stranger().with("user-agent", "Test/1").post(PATH, &credentials()).await;
    let body = success(&answer);
    assert_eq!(fields(&body), ["success", "redirect", "token", "user", "session"]);
    let token = body["token"].as_str().expect("a token");
    assert!(token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{token}");
    assert_eq!((&body["redirect"], &body["user"]["email"]), (&json!(false), &json!(ANA)));
    assert_eq!(body["session"]["token"], body["token"]);
    assert_eq!(body["session"]["userId"], body["user"]["id"]);
    assert_eq!(body["session"]["userAgent"], "Test/1");
    assert_eq!(body["session"]["expiresAt"], "2026-01-12T12:00:00.000Z");
    let value = signed(token);
    let cookie = format!("better-auth.session_token={value}; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax");
    assert_eq!(set_cookies(&answer), [cookie]);
    assert_eq!(answer.header("set-auth-token"), value);
    assert!(answer.header("access-control-expose-headers").contains("set-auth-token"));
    assert!(!answer.headers.contains_key("location"));
}

#[db_test]
async fn behind_https_cookies_are_secure_by_name_and_by_attribute(db: PgPool) {
    let app = TestApp::with(db, [], |mut parts| {
        parts.settings.base_url = "https://bots.example".to_owned();
        parts
    })
    .await;
    success(&app.stranger().post("/api/auth/sign-up/email", &form(ANA)).await);
    app.run_jobs().await;
    let mail = app.outbox().newest_to(ANA);
    let link = mail.text.lines().find_map(|line| line.strip_prefix("https://bots.example")).expect("a link");
    assert_eq!(app.stranger().get(link).await.status, 302);
    let answer = app.stranger().post(PATH, &credentials()).await;
    let cookie = set_cookies(&answer).pop().expect("a cookie");
    assert!(cookie.starts_with("__Secure-better-auth.session_token="), "{cookie}");
    assert!(cookie.ends_with("; Max-Age=604800; Path=/; HttpOnly; Secure; SameSite=Lax"), "{cookie}");
    let secure = cookies(&answer);
    let get = async |cookie: &str| app.stranger().with("cookie", cookie).get("/api/auth/get-session").await.body();
    assert_eq!(get(&secure).await["user"]["email"], ANA);
    assert!(get(secure.trim_start_matches("__Secure-")).await.is_null(), "a cookie that http could have set is none");
}

#[db_test]
async fn who_is_not_to_be_remembered_has_a_day_and_cookies_of_the_browser_session(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    let mut form = credentials();
    form["rememberMe"] = json!(false);
    let answer = app.stranger().post(PATH, &form).await;
    assert_eq!(success(&answer)["session"]["expiresAt"], "2026-01-06T12:00:00.000Z");
    let token = answer.body()["token"].as_str().expect("a token").to_owned();
    assert_eq!(
        set_cookies(&answer),
        [
            format!("better-auth.session_token={}; Path=/; HttpOnly; SameSite=Lax", signed(&token)),
            format!("better-auth.dont_remember={}; Path=/; HttpOnly; SameSite=Lax", signed("true")),
        ]
    );
    let client = browser(&app, &cookies(&answer));
    app.clock().advance(chrono::TimeDelta::hours(24) - chrono::TimeDelta::milliseconds(1));
    let late = client.get("/api/auth/get-session").await;
    assert_eq!(late.body()["session"]["expiresAt"], "2026-01-06T12:00:00.000Z", "it is never refreshed");
    assert!(set_cookies(&late).is_empty());
    app.clock().advance(chrono::TimeDelta::milliseconds(1));
    assert!(client.get("/api/auth/get-session").await.body().is_null());
}

#[db_test]
async fn a_callback_is_told_to_the_client_who_goes_there(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    let mut form = credentials();
    form["callbackURL"] = json!("/dashboard");
    let answer = app.stranger().post(PATH, &form).await;
    let body = success(&answer);
    assert_eq!(fields(&body), ["success", "redirect", "token", "url", "user", "session"]);
    assert_eq!((&body["redirect"], &body["url"]), (&json!(true), &json!("/dashboard")));
    assert_eq!(answer.header("location"), "/dashboard");
    form["callbackURL"] = json!("https://evil.example");
    failure(app.stranger().post(PATH, &form).await, 403, "INVALID_CALLBACK_URL", "Invalid callbackURL");
}

#[db_test]
async fn a_wrong_password_and_an_unknown_user_are_refused_alike(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    for (email, password) in [(ANA, "wrong horse battery"), ("nobody@example.com", PASSWORD), (ANA, "")] {
        let answer = app.stranger().post(PATH, &json!({ "email": email, "password": password })).await;
        assert!(set_cookies(&answer).is_empty());
        failure(answer, 401, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password");
    }
    let malformed = app.stranger().post(PATH, &json!({ "email": "ana", "password": PASSWORD })).await;
    failure(malformed, 400, "INVALID_EMAIL", "Invalid email");
    let missing = app.stranger().post(PATH, &json!({ "email": ANA })).await;
    failure(missing, 400, "VALIDATION_ERROR", "[body.password] Invalid input: expected string, received undefined");
    let odd = app.stranger().post(PATH, &json!({ "email": ANA, "password": PASSWORD, "rememberMe": 3 })).await;
    odd.refused(400, "VALIDATION_ERROR");
}

#[db_test]
async fn who_has_not_verified_the_address_learns_so_by_the_right_password_only(db: PgPool) {
    let app = TestApp::new(db, []).await;
    success(&app.stranger().post("/api/auth/sign-up/email", &form(ANA)).await);
    app.run_jobs().await;
    let wrong = app.stranger().post(PATH, &json!({ "email": ANA, "password": "wrong horse battery" })).await;
    failure(wrong, 401, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password");
    failure(app.stranger().post(PATH, &credentials()).await, 403, "EMAIL_NOT_VERIFIED", "Email not verified");
}

#[db_test]
async fn a_form_of_plain_html_does_as_well(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    let form = "email=ana%40example.com&password=correct+horse+battery&rememberMe=false";
    let answer = app.stranger().send("POST", PATH, Body::from(form), Some("application/x-www-form-urlencoded")).await;
    success(&answer);
    assert_eq!(set_cookies(&answer).len(), 2);
}

#[db_test]
async fn an_older_hash_is_replaced_when_its_user_signs_in(db: PgPool) {
    let app = TestApp::with(db.clone(), [], |parts| {
        let mut settings = AuthSettings::new(SECRET);
        settings.passwords = Passwords::new(Hashing::Bcrypt { cost: 5 });
        parts.provide(settings)
    })
    .await;
    user(&app, ANA).await;
    let app = TestApp::new(db, []).await;
    let hash = async || {
        let mut tx = app.system().await;
        let hash = sqlx::query_scalar::<_, String>("select password_hash from accounts");
        hash.fetch_one(tx.conn()).await.expect("one account")
    };
    assert!(hash().await.starts_with("$2b$05$"));
    session(&app, ANA).await;
    assert!(hash().await.starts_with("$2b$04$"));
    session(&app, ANA).await;
}

#[db_test]
async fn one_address_at_each_of_many_browsers_keeps_a_hundred_sessions_at_most(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    let first = session(&app, ANA).await.0;
    for _ in 0..99 {
        app.clock().advance(chrono::TimeDelta::milliseconds(1));
        session(&app, ANA).await;
    }
    assert_eq!(first.get("/api/auth/list-sessions").await.body().as_array().map(Vec::len), Some(100));
    app.clock().advance(chrono::TimeDelta::milliseconds(1));
    let last = session(&app, ANA).await.0;
    assert_eq!(last.get("/api/auth/list-sessions").await.body().as_array().map(Vec::len), Some(100));
    assert!(first.get("/api/auth/get-session").await.body().is_null(), "the oldest made room");
}
