use crate::support::{
    PASSWORD, actions, browser, code, cookies, enabled, failure, fields, form, is_in, link, set_cookies, sign_in,
    signed_up, success, user,
};
use chrono::TimeDelta;
use testkit::{Answer, PgPool, TestApp, Value, db_test, json};

const ANA: &str = "ana@example.com";
const PATH: &str = "/api/auth/sign-in/magic-link";

async fn ask(app: &TestApp, form: &Value) -> String {
    let answer = app.stranger().post(PATH, form).await;
    assert_eq!(success(&answer), json!({ "success": true, "status": true }));
    app.run_jobs().await;
    link(app, ANA)
}

/// The link without the pages that it names.
fn bare(link: &str) -> String {
    link.split('&').next().expect("a link").to_owned()
}

fn place(answer: &Answer) -> (u16, &str) {
    (answer.status.as_u16(), answer.header("location"))
}

#[db_test]
async fn a_mailed_link_opens_a_session_and_leads_on(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    let link = ask(&app, &json!({ "email": "ANA@example.com", "callbackURL": "/dashboard?a=b" })).await;
    assert!(link.starts_with("/api/auth/magic-link/verify?token="), "{link}");
    assert!(link.ends_with("&callbackURL=%2Fdashboard%3Fa%3Db"), "{link}");
    let led = app.stranger().get(&link).await;
    assert_eq!(place(&led), (302, "http://127.0.0.1:3000/dashboard?a=b"));
    let body = browser(&app, &cookies(&led)).get("/api/auth/get-session").await.body();
    assert_eq!(body["user"]["email"], ANA);
    assert!(actions(&app).await.contains(&"session.opened".to_owned()));
}

#[db_test]
async fn without_a_page_the_answer_is_the_session(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    let link = ask(&app, &json!({ "email": ANA })).await;
    assert!(link.ends_with("&callbackURL=%2F"), "{link}");
    let answer = app.stranger().get(&bare(&link)).await;
    let body = success(&answer);
    assert_eq!(fields(&body), ["success", "token", "user", "session"]);
    assert_eq!((&body["session"]["token"], &body["user"]["email"]), (&body["token"], &json!(ANA)));
    assert!(set_cookies(&answer)[0].contains(body["token"].as_str().expect("a token")));
}

#[db_test]
async fn who_has_no_account_gets_one_that_is_verified(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let pages = json!({ "email": ANA, "name": "Ana", "callbackURL": "/in", "newUserCallbackURL": "/welcome" });
    let link = ask(&app, &pages).await;
    assert!(link.ends_with("&callbackURL=%2Fin&newUserCallbackURL=%2Fwelcome"), "{link}");
    let led = app.stranger().get(&link).await;
    assert_eq!(place(&led), (302, "http://127.0.0.1:3000/welcome"));
    let client = browser(&app, &cookies(&led));
    let user = client.get("/api/auth/get-session").await.body()["user"].clone();
    assert_eq!((&user["name"], &user["emailVerified"], &user["role"]), (&json!("Ana"), &json!(true), &json!("user")));
    let tenants = client.get("/api/tenant").await.ok();
    assert_eq!((&tenants[0]["type"], &tenants[0]["name"]), (&json!("trader"), &json!("Ana")));
    assert_eq!(client.get("/api/auth/list-accounts").await.body(), json!([]), "no password, no account for one");
    assert_eq!(sign_in(&app, ANA, "").await, 401);
    let again = ask(&app, &pages).await;
    assert_eq!(place(&app.stranger().get(&again).await), (302, "http://127.0.0.1:3000/in"), "only the first time");
    let actions = actions(&app).await;
    assert!(["user.created", "tenant.created", "session.opened"].iter().all(|it| actions.contains(&(*it).to_owned())));
}

#[db_test]
async fn an_account_that_was_never_verified_falls_to_whoever_has_the_address(db: PgPool) {
    let app = TestApp::new(db, []).await;
    success(&app.stranger().post("/api/auth/sign-up/email", &form(ANA)).await);
    app.run_jobs().await;
    let mut tx = app.system().await;
    let id = sqlx::query_scalar("select id from users").fetch_one(tx.conn()).await.expect("the user");
    let planted = auth::open_session(app.app(), &mut tx, id, true).await.expect("a session");
    tx.commit().await.expect("it stays");
    let planted = browser(&app, &planted.cookie);
    assert!(is_in(&planted).await);
    let link = ask(&app, &json!({ "email": ANA })).await;
    let led = app.stranger().get(&link).await;
    let user = browser(&app, &cookies(&led)).get("/api/auth/get-session").await.body()["user"].clone();
    assert_eq!((&user["id"], &user["emailVerified"]), (&json!(id.to_string()), &json!(true)));
    assert!(!is_in(&planted).await, "the sessions of before are gone");
    assert_eq!(sign_in(&app, ANA, PASSWORD).await, 401, "and so is the password");
    assert!(actions(&app).await.contains(&"user.claimed".to_owned()));
}

#[db_test]
async fn a_link_works_once_even_when_many_open_it_at_once(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    let link = ask(&app, &json!({ "email": ANA, "callbackURL": "/in", "errorCallbackURL": "/failed?a=b" })).await;
    let stranger = app.stranger();
    let answers = futures::future::join_all((0..8).map(|_| stranger.get(&link))).await;
    let mut places: Vec<_> = answers.iter().map(place).collect();
    places.sort_unstable();
    assert_eq!(places[7], (302, "http://127.0.0.1:3000/in"));
    assert!(places[..7].iter().all(|it| *it == (302, "http://127.0.0.1:3000/failed?a=b&error=INVALID_TOKEN")));
    assert_eq!(answers.iter().filter(|answer| !set_cookies(answer).is_empty()).count(), 1);
}

#[db_test]
async fn a_link_holds_for_five_minutes(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    let (early, late) = (ask(&app, &json!({ "email": ANA })).await, ask(&app, &json!({ "email": ANA })).await);
    app.clock().advance(TimeDelta::minutes(5) - TimeDelta::milliseconds(1));
    assert_eq!(place(&app.stranger().get(&early).await), (302, "http://127.0.0.1:3000/"));
    app.clock().advance(TimeDelta::milliseconds(1));
    assert_eq!(place(&app.stranger().get(&late).await), (302, "http://127.0.0.1:3000/?error=INVALID_TOKEN"));
}

#[db_test]
async fn what_fails_leads_to_a_page_and_never_to_another_site(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let open = async |query: &str| app.stranger().get(&format!("/api/auth/magic-link/verify{query}")).await;
    assert_eq!(place(&open("?token=x").await), (302, "http://127.0.0.1:3000/?error=INVALID_TOKEN"));
    assert_eq!(place(&open("?token=x&callbackURL=%2Fin").await), (302, "http://127.0.0.1:3000/in?error=INVALID_TOKEN"));
    for (field, code) in [
        ("callbackURL", "INVALID_CALLBACK_URL"),
        ("newUserCallbackURL", "INVALID_NEW_USER_CALLBACK_URL"),
        ("errorCallbackURL", "INVALID_ERROR_CALLBACK_URL"),
    ] {
        open(&format!("?token=x&{field}=https%3A%2F%2Fevil.example")).await.refused(403, code);
        let form = json!({ "email": ANA, field: "//evil.example" });
        app.stranger().post(PATH, &form).await.refused(403, code);
    }
    open("").await.refused(400, "VALIDATION_ERROR");
    app.stranger().post(PATH, &json!({ "email": "ana" })).await.refused(400, "VALIDATION_ERROR");
    app.stranger().post(PATH, &json!({ "email": ANA, "name": "x".repeat(201) })).await.refused(400, "VALIDATION_ERROR");
}

#[db_test]
async fn a_known_and_an_unknown_address_cannot_be_told_apart(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    let mut told = vec![];
    for email in [ANA, "nobody@example.com"] {
        let answer = app.stranger().post(PATH, &json!({ "email": email })).await;
        told.push((success(&answer), app.run_jobs().await, app.outbox().newest_to(email).subject));
    }
    assert_eq!(told[0], told[1]);
}

#[db_test]
async fn a_banned_user_is_led_to_the_error_page(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    let mut tx = app.system().await;
    sqlx::query("update users set banned = true").execute(tx.conn()).await.expect("a ban");
    tx.commit().await.expect("it stays");
    let link = ask(&app, &json!({ "email": ANA, "errorCallbackURL": "/failed" })).await;
    let led = app.stranger().get(&link).await;
    assert_eq!(place(&led), (302, "http://127.0.0.1:3000/failed?error=BANNED_USER"));
    assert!(set_cookies(&led).is_empty());
}

#[db_test]
async fn a_foreign_page_asks_for_no_link(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let foreign = app.stranger().with("origin", "https://evil.example").post(PATH, &json!({ "email": ANA })).await;
    failure(foreign, 403, "INVALID_ORIGIN", "Invalid origin");
    let (client, _) = signed_up(&app, ANA).await;
    assert!(is_in(&client).await);
}

#[db_test]
async fn a_link_is_one_factor_and_the_second_is_asked_for(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let with_factor = enabled(&app, ANA).await;
    let link = ask(&app, &json!({ "email": ANA, "callbackURL": "/in?a=b#c" })).await;
    let led = app.stranger().get(&link).await;
    assert_eq!(place(&led), (302, "http://127.0.0.1:3000/in?a=b&twoFactorRedirect=true#c"));
    let asked = browser(&app, &cookies(&led));
    assert!(!is_in(&asked).await);
    let code = json!({ "code": code(&app, &with_factor.uri, 0) });
    let answer = asked.post("/api/auth/two-factor/verify-totp", &code).await;
    assert!(success(&answer)["token"].is_string() && is_in(&browser(&app, &cookies(&answer))).await);
}
