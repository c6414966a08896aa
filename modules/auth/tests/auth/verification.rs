use crate::support::{browser, cookies, failure, fields, form, link, session, success, user};
use testkit::{PgPool, TestApp, db_test, json};

const SEND: &str = "/api/auth/send-verification-email";
const ANA: &str = "ana@example.com";

#[db_test]
async fn the_link_of_the_mail_verifies_the_address_however_often_it_is_opened(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let mut form = form(ANA);
    form["callbackURL"] = json!("/welcome?from=mail");
    success(&app.stranger().post("/api/auth/sign-up/email", &form).await);
    app.run_jobs().await;
    let link = link(&app, ANA);
    assert!(link.ends_with("&callbackURL=%2Fwelcome%3Ffrom%3Dmail"), "{link}");
    for _ in 0..2 {
        let opened = app.stranger().get(&link).await;
        assert_eq!((opened.status.as_u16(), opened.header("location")), (302, "/welcome?from=mail"));
        assert!(!opened.headers.contains_key("set-cookie"), "no session is made");
    }
    let without = link.split("&callbackURL").next().expect("a link");
    let body = success(&app.stranger().get(without).await);
    assert_eq!(fields(&body), ["success", "status", "user"]);
    assert_eq!((&body["status"], &body["user"]), (&json!(true), &json!(null)));
    session(&app, ANA).await;
}

#[db_test]
async fn a_link_holds_for_an_hour(db: PgPool) {
    let app = TestApp::new(db, []).await;
    success(&app.stranger().post("/api/auth/sign-up/email", &form(ANA)).await);
    app.run_jobs().await;
    let link = link(&app, ANA);
    let plain = link.split("&callbackURL").next().expect("a link").to_owned();
    app.clock().advance(chrono::TimeDelta::hours(1));
    failure(app.stranger().get(&plain).await, 401, "TOKEN_EXPIRED", "Token expired");
    let led = app.stranger().get(&format!("{plain}&callbackURL=%2Fwelcome%3Fa%3Db")).await;
    assert_eq!((led.status.as_u16(), led.header("location")), (302, "/welcome?a=b&error=TOKEN_EXPIRED"));
}

#[db_test]
async fn a_bad_token_is_refused_where_the_link_leads_to(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let open = async |query: &str| app.stranger().get(&format!("/api/auth/verify-email{query}")).await;
    failure(open("?token=x").await, 401, "INVALID_TOKEN", "Invalid token");
    assert_eq!(open("?token=x&callbackURL=%2F").await.header("location"), "/?error=INVALID_TOKEN");
    failure(
        open("?token=x&callbackURL=https%3A%2F%2Fevil.example").await,
        403,
        "INVALID_CALLBACK_URL",
        "Invalid callbackURL",
    );
    failure(
        open("").await,
        400,
        "VALIDATION_ERROR",
        "[query.token] Invalid input: expected string, received undefined",
    );
    open(&format!("?token={}", "x".repeat(5000))).await.refused(400, "VALIDATION_ERROR");
}

#[db_test]
async fn a_stranger_learns_nothing_by_asking_for_a_mail(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, "verified@example.com").await;
    success(&app.stranger().post("/api/auth/sign-up/email", &form(ANA)).await);
    app.run_jobs().await;
    let before = app.outbox().emails().len();
    for email in [ANA, "verified@example.com", "nobody@example.com"] {
        let answer = app.stranger().post(SEND, &json!({ "email": email, "callbackURL": "/" })).await;
        assert_eq!(success(&answer), json!({ "success": true, "status": true }), "{email}");
    }
    app.run_jobs().await;
    let sent: Vec<_> = app.outbox().emails()[before..].iter().map(|mail| mail.to.clone()).collect();
    assert_eq!(sent, [ANA], "only who has an address to verify gets a mail");
    assert_eq!(app.stranger().get(&link(&app, ANA)).await.header("location"), "/");
    app.stranger().post(SEND, &json!({ "email": "x" })).await.refused(400, "VALIDATION_ERROR");
    app.stranger()
        .post(SEND, &json!({ "email": ANA, "callbackURL": "//x" }))
        .await
        .refused(403, "INVALID_CALLBACK_URL");
}

#[db_test]
async fn who_is_signed_in_asks_for_the_own_address_only(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    let (client, _) = session(&app, ANA).await;
    failure(client.post(SEND, &json!({ "email": "bob@example.com" })).await, 400, "EMAIL_MISMATCH", "Email mismatch");
    let own = client.post(SEND, &json!({ "email": ANA })).await;
    failure(own, 400, "EMAIL_ALREADY_VERIFIED", "Email is already verified");
}

#[db_test]
async fn a_link_of_another_secret_or_for_an_address_the_user_no_longer_has_is_bad(db: PgPool) {
    let app = TestApp::new(db, []).await;
    success(&app.stranger().post("/api/auth/sign-up/email", &form(ANA)).await);
    app.run_jobs().await;
    let link = link(&app, ANA);
    let mut tx = app.system().await;
    sqlx::query("update users set email = 'ana@elsewhere.example'").execute(tx.conn()).await.expect("another address");
    tx.commit().await.expect("it stays");
    assert_eq!(app.stranger().get(&link).await.header("location"), "/?error=INVALID_TOKEN");
    let sign_in = json!({ "email": "ana@elsewhere.example", "password": crate::support::PASSWORD });
    let answer = browser(&app, "").post("/api/auth/sign-in/email", &sign_in).await;
    assert!(cookies(&answer).is_empty());
    failure(answer, 403, "EMAIL_NOT_VERIFIED", "Email not verified");
}
