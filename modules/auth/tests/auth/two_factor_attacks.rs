use crate::support::{Enabled, PASSWORD, asked, browser, code, cookies, enabled, execute, failure, success};
use chrono::TimeDelta;
use futures::future::join_all;
use testkit::{Answer, Client, PgPool, TestApp, Value, db_test, json};

const ANA: &str = "ana@example.com";
const TOTP: &str = "/api/auth/two-factor/verify-totp";
const BACKUP_CODE: &str = "/api/auth/two-factor/verify-backup-code";

/// Signs in with the password, from a browser that calls itself so.
async fn asked_as(app: &TestApp, agent: &str) -> (Client, String) {
    let credentials = json!({ "email": ANA, "password": PASSWORD });
    let browser = browser(app, "a=b").with("user-agent", agent);
    let answer = browser.post("/api/auth/sign-in/email", &credentials).await;
    assert_eq!(success(&answer)["twoFactorRedirect"], true);
    let cookie = cookies(&answer);
    (browser.with("cookie", &cookie), cookie)
}

/// A code that no authenticator of this secret shows around now.
fn wrong(app: &TestApp, uri: &str) -> Value {
    let good = [-1, 0, 1].map(|steps| code(app, uri, steps));
    let bad = ["111111", "222222", "333333", "444444"].into_iter().find(|code| !good.contains(&(*code).to_owned()));
    json!({ "code": bad.unwrap() })
}

fn statuses(answers: &[Answer]) -> Vec<u16> {
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    statuses
}

#[db_test]
async fn a_code_that_was_seen_is_worth_nothing(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let Enabled { uri, client, .. } = enabled(&app, ANA).await;
    let seen = json!({ "code": code(&app, &uri, 0) });
    let earlier = json!({ "code": code(&app, &uri, -1) });
    success(&asked(&app, ANA).await.post(TOTP, &seen).await);
    let waiting = asked(&app, ANA).await;
    failure(waiting.post(TOTP, &seen).await, 401, "INVALID_CODE", "Invalid code");
    waiting.post(TOTP, &earlier).await.refused(401, "INVALID_CODE");
    client.post(TOTP, &seen).await.refused(401, "INVALID_CODE");
    app.clock().advance(TimeDelta::seconds(30));
    waiting.post(TOTP, &seen).await.refused(401, "INVALID_CODE");
    success(&waiting.post(TOTP, &json!({ "code": code(&app, &uri, 0) })).await);
}

#[db_test]
async fn the_code_that_put_it_in_force_lets_nobody_in(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let Enabled { uri, .. } = enabled(&app, ANA).await;
    let first = json!({ "code": code(&app, &uri, -1) });
    asked(&app, ANA).await.post(TOTP, &first).await.refused(401, "INVALID_CODE");
}

#[db_test]
async fn five_wrong_answers_end_a_challenge_even_for_the_right_one(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let Enabled { uri, backup_codes, .. } = enabled(&app, ANA).await;
    let waiting = asked(&app, ANA).await;
    for _ in 0..4 {
        waiting.post(TOTP, &wrong(&app, &uri)).await.refused(401, "INVALID_CODE");
    }
    waiting.post(BACKUP_CODE, &json!({ "code": "abcde-fghij" })).await.refused(401, "INVALID_BACKUP_CODE");
    let right = json!({ "code": code(&app, &uri, 0) });
    let message = "Too many attempts. Please request a new code.";
    failure(waiting.post(TOTP, &right).await, 400, "TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE", message);
    let backup = json!({ "code": backup_codes[0] });
    waiting.post(BACKUP_CODE, &backup).await.refused(400, "TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE");
    success(&asked(&app, ANA).await.post(TOTP, &right).await);
}

#[db_test]
async fn ten_wrong_answers_in_a_row_lock_the_second_factor_for_a_quarter_of_an_hour(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let Enabled { uri, client, .. } = enabled(&app, ANA).await;
    for _ in 0..2 {
        let waiting = asked(&app, ANA).await;
        for _ in 0..5 {
            waiting.post(TOTP, &wrong(&app, &uri)).await.refused(401, "INVALID_CODE");
        }
    }
    let waiting = asked(&app, ANA).await;
    let locked = waiting.post(TOTP, &json!({ "code": code(&app, &uri, 0) })).await;
    assert_eq!((locked.header("retry-after"), locked.header("x-retry-after")), ("900", "900"));
    locked.refused(429, "ACCOUNT_TEMPORARILY_LOCKED");
    assert!(!client.get("/api/auth/get-session").await.body().is_null(), "who is in stays in");
    app.run_jobs().await;
    assert_eq!(app.outbox().newest_to(ANA).subject, "Your second factor was locked");
    app.clock().advance(TimeDelta::minutes(15));
    let waiting = asked(&app, ANA).await;
    success(&waiting.post(TOTP, &json!({ "code": code(&app, &uri, 0) })).await);
}

#[db_test]
async fn a_right_answer_forgets_the_wrong_ones(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let Enabled { uri, .. } = enabled(&app, ANA).await;
    for _ in 0..4 {
        let waiting = asked(&app, ANA).await;
        for _ in 0..4 {
            waiting.post(TOTP, &wrong(&app, &uri)).await.refused(401, "INVALID_CODE");
        }
        success(&waiting.post(TOTP, &json!({ "code": code(&app, &uri, 0) })).await);
        app.clock().advance(TimeDelta::seconds(60));
    }
}

#[db_test]
async fn many_guesses_at_once_are_counted_one_by_one(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let Enabled { uri, .. } = enabled(&app, ANA).await;
    let (waiting, form) = (asked(&app, ANA).await, wrong(&app, &uri));
    let answers = join_all((0..20).map(|_| waiting.post(TOTP, &form))).await;
    let expected: Vec<u16> = [[400; 15].as_slice(), &[401; 5]].concat();
    assert_eq!(statuses(&answers), expected);
}

#[db_test]
async fn a_challenge_is_answered_by_the_browser_it_was_given_to(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let Enabled { uri, .. } = enabled(&app, ANA).await;
    let (waiting, cookie) = asked_as(&app, "Firefox").await;
    let right = json!({ "code": code(&app, &uri, 0) });
    let thief = browser(&app, &cookie).with("user-agent", "Chrome");
    thief.post(TOTP, &right).await.refused(401, "INVALID_TWO_FACTOR_COOKIE");
    browser(&app, "a=b")
        .with("user-agent", "Firefox")
        .post(TOTP, &right)
        .await
        .refused(401, "INVALID_TWO_FACTOR_COOKIE");
    success(&waiting.post(TOTP, &right).await);
    app.run_jobs().await;
}

#[db_test]
async fn a_challenge_holds_ten_minutes_and_for_one_sign_in(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let Enabled { uri, .. } = enabled(&app, ANA).await;
    let waiting = asked(&app, ANA).await;
    app.clock().advance(TimeDelta::minutes(10) - TimeDelta::milliseconds(1));
    success(&waiting.post(TOTP, &json!({ "code": code(&app, &uri, 0) })).await);
    app.clock().advance(TimeDelta::seconds(60));
    let again = json!({ "code": code(&app, &uri, 0) });
    waiting.post(TOTP, &again).await.refused(401, "INVALID_TWO_FACTOR_COOKIE");

    let waiting = asked(&app, ANA).await;
    app.clock().advance(TimeDelta::minutes(10));
    let late = json!({ "code": code(&app, &uri, 0) });
    waiting.post(TOTP, &late).await.refused(401, "INVALID_TWO_FACTOR_COOKIE");
}

#[db_test]
async fn forged_cookies_carry_no_challenge_and_no_trust(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let Enabled { uri, client, .. } = enabled(&app, ANA).await;
    let (_, cookie) = asked_as(&app, "").await;
    let value = cookie.split("two_factor=").nth(1).unwrap();
    let id = value.split('.').next().unwrap();
    let session = client.get("/api/auth/get-session").await.body()["session"]["token"].as_str().unwrap().to_owned();
    let right = json!({ "code": code(&app, &uri, 0) });
    let forged = [
        format!("better-auth.two_factor={id}"),
        format!("better-auth.two_factor={id}."),
        format!("better-auth.two_factor={}", value.replacen(id, &id.to_uppercase(), 1)),
        format!("better-auth.two_factor={session}"),
        format!("__Secure-better-auth.two_factor={value}"),
    ];
    for cookie in forged {
        let answer = browser(&app, &cookie).with("user-agent", "").post(TOTP, &right).await;
        answer.refused(401, "INVALID_TWO_FACTOR_COOKIE");
    }
    let as_session = browser(&app, &format!("better-auth.session_token={value}"));
    assert!(as_session.get("/api/auth/get-session").await.body().is_null(), "a challenge is no session");

    let credentials = json!({ "email": ANA, "password": PASSWORD });
    for trust in [format!("x!trust-device-{id}"), value.to_owned(), format!("!{value}"), "!".to_owned()] {
        let client = browser(&app, &format!("better-auth.trust_device={trust}"));
        let answer = client.post("/api/auth/sign-in/email", &credentials).await;
        assert_eq!(success(&answer)["twoFactorRedirect"], true, "{trust}");
    }
    app.run_jobs().await;
}

#[db_test]
async fn of_two_who_use_one_code_at_once_one_gets_in(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let Enabled { uri, backup_codes, .. } = enabled(&app, ANA).await;
    let both = [asked(&app, ANA).await, asked(&app, ANA).await];
    let backup = json!({ "code": backup_codes[0] });
    let answers = join_all(both.iter().map(|client| client.post(BACKUP_CODE, &backup))).await;
    assert_eq!(statuses(&answers), [200, 401]);
    let both = [asked(&app, ANA).await, asked(&app, ANA).await];
    let totp = json!({ "code": code(&app, &uri, 0) });
    let answers = join_all(both.iter().map(|client| client.post(TOTP, &totp))).await;
    assert_eq!(statuses(&answers), [200, 401]);
}

#[db_test]
async fn a_session_that_was_planted_is_not_the_one_that_is_opened(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let Enabled { uri, client, .. } = enabled(&app, ANA).await;
    let planted = client.get("/api/auth/get-session").await.body()["session"]["token"].clone();
    let waiting = asked(&app, ANA).await;
    let body = success(&waiting.post(TOTP, &json!({ "code": code(&app, &uri, 0) })).await);
    assert!(body["token"].is_string() && body["token"] != planted, "{body}");
}

#[db_test]
async fn who_is_banned_meanwhile_does_not_get_in_by_the_second_factor(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let Enabled { uri, .. } = enabled(&app, ANA).await;
    let waiting = asked(&app, ANA).await;
    execute(&app, "update users set banned = true").await;
    let right = json!({ "code": code(&app, &uri, 0) });
    waiting.post(TOTP, &right).await.refused(403, "BANNED_USER");
}
