use crate::support::{PASSWORD, actions, failure, is_in, link, sign_in, signed_up, success, user};
use chrono::TimeDelta;
use testkit::{Client, PgPool, TestApp, db_test, json};

const ANA: &str = "ana@example.com";
const NEW: &str = "ana@elsewhere.example";
const PATH: &str = "/api/auth/change-email";

async fn ask(client: &Client, email: &str) {
    let answer = client.post(PATH, &json!({ "newEmail": email, "callbackURL": "/settings" })).await;
    assert_eq!(success(&answer), json!({ "success": true, "status": true }));
}

/// Opens the link of the newest mail to the address; answers where it leads.
async fn open(app: &TestApp, email: &str) -> String {
    let led = app.stranger().get(&link(app, email)).await;
    assert_eq!(led.status, 302);
    led.header("location").to_owned()
}

#[db_test]
async fn an_address_changes_once_the_old_and_then_the_new_one_have_agreed(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (client, _) = signed_up(&app, ANA).await;
    ask(&client, "Ana@Elsewhere.example").await;
    app.run_jobs().await;
    assert!(app.outbox().emails().iter().all(|mail| mail.to == ANA), "the old address is asked first");
    assert!(link(&app, ANA).starts_with("/api/auth/verify-email?token="));
    assert_eq!(open(&app, ANA).await, "/settings");
    app.run_jobs().await;
    assert_eq!(sign_in(&app, NEW, PASSWORD).await, 401, "not yet");
    assert_eq!(open(&app, NEW).await, "/settings");
    let user = client.get("/api/auth/get-session").await.body()["user"].clone();
    assert_eq!((&user["email"], &user["emailVerified"]), (&json!(NEW), &json!(true)), "and the session stays");
    assert_eq!((sign_in(&app, ANA, PASSWORD).await, sign_in(&app, NEW, PASSWORD).await), (401, 200));
    app.run_jobs().await;
    assert_eq!(app.outbox().newest_to(ANA).subject, "Your e-mail address was changed");
    let actions = actions(&app).await;
    assert!(["user.email-change-confirmed", "user.email-changed"].iter().all(|it| actions.contains(&(*it).to_owned())));
}

#[db_test]
async fn each_link_works_once_and_for_an_hour(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (client, _) = signed_up(&app, ANA).await;
    ask(&client, NEW).await;
    app.run_jobs().await;
    open(&app, ANA).await;
    app.run_jobs().await;
    assert_eq!(open(&app, ANA).await, "/settings?error=INVALID_TOKEN");
    app.clock().advance(TimeDelta::hours(1));
    assert_eq!(open(&app, NEW).await, "/settings?error=INVALID_TOKEN");
    assert_eq!(sign_in(&app, ANA, PASSWORD).await, 200);
}

#[db_test]
async fn an_address_that_is_taken_is_not_told_to_be(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (client, _) = signed_up(&app, ANA).await;
    user(&app, "bob@example.com").await;
    let before = app.outbox().emails().len();
    ask(&client, "BOB@example.com").await;
    assert_eq!((app.run_jobs().await, app.outbox().emails().len()), (1, before), "the same work, and no mail");
    ask(&client, NEW).await;
    app.run_jobs().await;
    open(&app, ANA).await;
    app.run_jobs().await;
    user(&app, NEW).await; // somebody signs up with it meanwhile
    let mails = app.outbox().emails();
    let old = mails.iter().find(|mail| mail.to == NEW).expect("the mail to the new address");
    let link = old.text.lines().find_map(|line| line.strip_prefix("http://127.0.0.1:3000")).expect("a link");
    let led = app.stranger().get(link).await;
    assert_eq!(led.header("location"), "/settings?error=USER_ALREADY_EXISTS");
    assert_eq!(sign_in(&app, ANA, PASSWORD).await, 200);
}

#[db_test]
async fn a_change_voids_the_links_that_went_to_the_old_address(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (client, _) = signed_up(&app, ANA).await;
    success(&app.stranger().post("/api/auth/request-password-reset", &json!({ "email": ANA })).await);
    app.run_jobs().await;
    let reset = link(&app, ANA);
    ask(&client, NEW).await;
    app.run_jobs().await;
    open(&app, ANA).await;
    app.run_jobs().await;
    open(&app, NEW).await;
    app.run_jobs().await;
    assert!(app.stranger().get(&reset).await.header("location").contains("error=INVALID_TOKEN"));
}

#[db_test]
async fn what_cannot_be_an_address_or_is_the_own_one_is_refused(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (client, _) = signed_up(&app, ANA).await;
    let post = async |email: &str| client.post(PATH, &json!({ "newEmail": email })).await;
    failure(post("ANA@example.com").await, 400, "EMAIL_IS_THE_SAME", "Email is the same");
    for bad in ["", "ana", "ana@example.com\r\nBcc: eve@evil.example", "аna@example.com", "ana@exämple.com"] {
        post(bad).await.refused(400, "VALIDATION_ERROR");
    }
    let elsewhere = json!({ "newEmail": NEW, "callbackURL": "https://evil.example" });
    client.post(PATH, &elsewhere).await.refused(403, "INVALID_CALLBACK_URL");
    let stranger = app.stranger().post(PATH, &json!({ "newEmail": NEW })).await;
    failure(stranger, 401, "UNAUTHORIZED", "Unauthorized");
    assert!(is_in(&client).await);
}
