use crate::support::{
    PASSWORD, actions, failure, fields, form, is_in, link, session, set_cookies, sign_in, signed_up, success, user,
};
use chrono::TimeDelta;
use tenants::Kind;
use testkit::{PgPool, TestApp, db_test, json};

const ANA: &str = "ana@example.com";
const PATH: &str = "/api/auth/delete-user";

#[db_test]
async fn a_user_who_knows_the_password_is_deleted_at_once(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (client, _) = signed_up(&app, ANA).await;
    let (other, _) = session(&app, ANA).await;
    user(&app, "bob@example.com").await;
    let answer = client.post(PATH, &json!({ "password": PASSWORD })).await;
    assert_eq!(success(&answer), json!({ "success": true, "message": "User deleted" }));
    assert!(set_cookies(&answer).iter().all(|cookie| cookie.contains("Max-Age=0")) && set_cookies(&answer).len() == 3);
    assert!(!is_in(&client).await && !is_in(&other).await);
    assert_eq!((sign_in(&app, ANA, PASSWORD).await, sign_in(&app, "bob@example.com", PASSWORD).await), (401, 200));
    app.run_jobs().await;
    assert_eq!(app.outbox().newest_to(ANA).subject, "Your account was deleted");
    assert!(actions(&app).await.contains(&"user.deleted".to_owned()));
    success(&app.stranger().post("/api/auth/sign-up/email", &form(ANA)).await);
    app.run_jobs().await;
    assert!(link(&app, ANA).starts_with("/api/auth/verify-email"), "the address is free again");
}

#[db_test]
async fn without_the_password_a_mail_asks_once_more(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (client, _) = signed_up(&app, ANA).await;
    let (bob, _) = signed_up(&app, "bob@example.com").await;
    let asked = client.post(PATH, &json!({ "callbackURL": "/goodbye" })).await;
    assert_eq!(success(&asked), json!({ "success": true, "message": "Verification email sent" }));
    assert!(is_in(&client).await);
    app.run_jobs().await;
    let link = link(&app, ANA);
    assert!(link.starts_with("/api/auth/delete-user/callback?token=") && link.ends_with("&callbackURL=%2Fgoodbye"));
    failure(app.stranger().get(&link).await, 404, "FAILED_TO_GET_USER_INFO", "Failed to get user info");
    failure(bob.get(&link).await, 404, "INVALID_TOKEN", "Invalid token");
    let led = client.get(&link).await;
    assert_eq!((led.status.as_u16(), led.header("location")), (302, "http://127.0.0.1:3000/goodbye"));
    assert!(set_cookies(&led).len() == 3 && !is_in(&client).await && is_in(&bob).await);
    app.run_jobs().await;
}

#[db_test]
async fn the_token_of_the_mail_does_as_well_as_its_link(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (client, _) = signed_up(&app, ANA).await;
    let token = async || {
        success(&client.post(PATH, &json!({})).await);
        app.run_jobs().await;
        let link = link(&app, ANA);
        link.split(['=', '&']).nth(1).expect("a token").to_owned()
    };
    let late = token().await;
    app.clock().advance(TimeDelta::hours(1));
    failure(client.post(PATH, &json!({ "token": late })).await, 404, "INVALID_TOKEN", "Invalid token");
    failure(client.post(PATH, &json!({ "token": "x" })).await, 404, "INVALID_TOKEN", "Invalid token");
    let plain = client.get(&format!("/api/auth/delete-user/callback?token={}", token().await)).await;
    assert_eq!(fields(&success(&plain)), ["success", "message"]);
    assert!(!is_in(&client).await);
    app.run_jobs().await;
}

#[db_test]
async fn an_old_session_alone_does_not_ask_for_the_mail(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (client, _) = signed_up(&app, ANA).await;
    app.clock().advance(TimeDelta::days(1));
    failure(client.post(PATH, &json!({})).await, 403, "SESSION_NOT_FRESH", "Session is not fresh");
    success(&client.post(PATH, &json!({ "password": PASSWORD })).await);
    app.run_jobs().await;
}

#[db_test]
async fn nobody_is_deleted_by_a_wrong_password_or_a_foreign_page(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (client, _) = signed_up(&app, ANA).await;
    let wrong = client.post(PATH, &json!({ "password": "wrong horse battery" })).await;
    failure(wrong, 400, "INVALID_PASSWORD", "Invalid password");
    let elsewhere = client.post(PATH, &json!({ "callbackURL": "//evil.example" })).await;
    failure(elsewhere, 403, "INVALID_CALLBACK_URL", "Invalid callbackURL");
    let foreign = client.with("origin", "https://evil.example").post(PATH, &json!({ "password": PASSWORD })).await;
    foreign.refused(403, "INVALID_ORIGIN");
    failure(app.stranger().post(PATH, &json!({})).await, 401, "UNAUTHORIZED", "Unauthorized");
    assert!(is_in(&client).await);
}

#[db_test]
async fn the_only_owner_of_a_company_does_not_abandon_its_members(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let owner = app.owner(Kind::Company).await;
    success(&owner.post(PATH, &json!({})).await);
    app.run_jobs().await;
    app.colleague(&owner, "viewer").await;
    let refused = owner.post(PATH, &json!({})).await.refused(409, "SOLE_OWNER");
    assert_eq!(refused["context"]["tenants"], json!([owner.tenant]));
    let mail = app.outbox().newest_to(&owner.email);
    let link = mail.text.lines().find_map(|line| line.strip_prefix("http://127.0.0.1:3000")).expect("a link");
    owner.get(link).await.refused(409, "SOLE_OWNER");
    app.colleague(&owner, "ceo").await;
    assert_eq!(owner.get(link).await.status, 302);
    app.run_jobs().await;
}

#[db_test]
async fn of_two_owners_who_leave_at_once_one_stays(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let one = app.owner(Kind::Company).await;
    let other = app.colleague(&one, "ceo").await;
    app.colleague(&one, "viewer").await;
    let mut links = vec![];
    for owner in [&one, &other] {
        success(&owner.post(PATH, &json!({})).await);
        app.run_jobs().await;
        let mail = app.outbox().newest_to(&owner.email);
        links.push(
            mail.text.lines().find_map(|line| line.strip_prefix("http://127.0.0.1:3000")).expect("a link").to_owned(),
        );
    }
    let (first, second) = futures::future::join(one.get(&links[0]), other.get(&links[1])).await;
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [302, 409]);
    app.run_jobs().await;
}
