use crate::support::{
    PASSWORD, actions, execute, failure, form, is_in, link, session, sign_in, signed_up, success, user,
};
use chrono::TimeDelta;
use testkit::{PgPool, TestApp, Value, db_test, json};

const ANA: &str = "ana@example.com";
const ASK: &str = "/api/auth/request-password-reset";
const RESET: &str = "/api/auth/reset-password";
const NEW: &str = "another horse battery";

/// The path of the mail's link, and its token.
async fn mailed(app: &TestApp) -> (String, String) {
    success(&app.stranger().post(ASK, &json!({ "email": ANA, "redirectTo": "/new-password?a=b#c" })).await);
    app.run_jobs().await;
    let link = link(app, ANA);
    let token = link.strip_prefix("/api/auth/reset-password/").and_then(|it| it.split('?').next()).expect("a token");
    (link.clone(), token.to_owned())
}

async fn reset(app: &TestApp, token: &str, password: &str) -> testkit::Answer {
    app.stranger().post(RESET, &json!({ "token": token, "newPassword": password })).await
}

#[db_test]
async fn a_mailed_link_sets_a_new_password_once_and_closes_every_session(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (client, _) = signed_up(&app, ANA).await;
    user(&app, "bob@example.com").await;
    let (bob, _) = session(&app, "bob@example.com").await;
    let (link, token) = mailed(&app).await;
    assert!(token.len() == 24 && link.ends_with("?callbackURL=%2Fnew-password%3Fa%3Db%23c"), "{link}");
    for _ in 0..2 {
        let led = app.stranger().get(&link).await;
        let page = format!("http://127.0.0.1:3000/new-password?a=b&token={token}#c");
        assert_eq!((led.status.as_u16(), led.header("location")), (302, page.as_str()));
    }
    let answer = reset(&app, &token, NEW).await;
    assert_eq!(success(&answer), json!({ "success": true, "status": true }));
    assert!(!answer.headers.contains_key("set-cookie"), "nobody is signed in by it");
    assert!(!is_in(&client).await && is_in(&bob).await);
    assert_eq!((sign_in(&app, ANA, PASSWORD).await, sign_in(&app, ANA, NEW).await), (401, 200));
    failure(reset(&app, &token, "a third horse battery").await, 400, "INVALID_TOKEN", "Invalid token");
    let used = app.stranger().get(&link).await;
    assert_eq!(used.header("location"), "http://127.0.0.1:3000/new-password?a=b&error=INVALID_TOKEN#c");
    app.run_jobs().await;
    assert_eq!(app.outbox().newest_to(ANA).subject, "Your password was changed");
    assert!(actions(&app).await.contains(&"user.password-reset".to_owned()));
}

#[db_test]
async fn a_stranger_learns_nothing_by_asking_for_a_new_password(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    let before = app.outbox().emails().len();
    let mut answers = vec![];
    for (path, email) in [(ASK, ANA), (ASK, "nobody@example.com"), ("/api/auth/forget-password", "NOBODY@example.com")]
    {
        let answer = app.stranger().post(path, &json!({ "email": email })).await;
        let jobs = app.run_jobs().await;
        answers.push((success(&answer), jobs));
    }
    let message = "If this email exists in our system, check your email for the reset link";
    let told = json!({ "success": true, "status": true, "message": message });
    assert!(answers.iter().all(|answer| *answer == (told.clone(), 1)), "the same words and the same work: {answers:?}");
    let sent: Vec<_> = app.outbox().emails()[before..].iter().map(|mail| mail.to.clone()).collect();
    assert_eq!(sent, [ANA]);
}

#[db_test]
async fn the_older_name_of_the_route_does_the_same(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    success(&app.stranger().post("/api/auth/forget-password", &json!({ "email": ANA })).await);
    app.run_jobs().await;
    assert!(link(&app, ANA).ends_with("?callbackURL=%2F"));
}

#[db_test]
async fn a_token_outlives_a_bad_password_but_not_its_hour(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    let (link, token) = mailed(&app).await;
    reset(&app, &token, "short").await.refused(400, "PASSWORD_TOO_SHORT");
    reset(&app, &token, &"x".repeat(129)).await.refused(400, "PASSWORD_TOO_LONG");
    reset(&app, &token, "password1").await.refused(400, "PASSWORD_COMPROMISED");
    app.clock().advance(TimeDelta::hours(1) - TimeDelta::milliseconds(1));
    assert!(app.stranger().get(&link).await.header("location").contains(&token));
    app.clock().advance(TimeDelta::milliseconds(1));
    assert!(app.stranger().get(&link).await.header("location").contains("error=INVALID_TOKEN"));
    reset(&app, &token, NEW).await.refused(400, "INVALID_TOKEN");
    assert_eq!(sign_in(&app, ANA, PASSWORD).await, 200);
}

#[db_test]
async fn the_token_may_stand_in_the_query(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    let (_, token) = mailed(&app).await;
    let path = format!("{RESET}?token={token}");
    success(&app.stranger().post(&path, &json!({ "newPassword": NEW })).await);
    app.run_jobs().await;
    assert_eq!(sign_in(&app, ANA, NEW).await, 200);
}

#[db_test]
async fn a_token_that_is_none_changes_nothing(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    let (_, token) = mailed(&app).await;
    for bad in ["", "x", &token.to_lowercase(), &token[1..], &format!("{token}x"), &"x".repeat(200)] {
        failure(reset(&app, bad, NEW).await, 400, "INVALID_TOKEN", "Invalid token");
    }
    reset(&app, &"x".repeat(201), NEW).await.refused(400, "VALIDATION_ERROR");
    app.stranger().post(RESET, &json!({ "newPassword": NEW })).await.refused(400, "INVALID_TOKEN");
    app.stranger().post(RESET, &json!({ "token": token })).await.refused(400, "VALIDATION_ERROR");
    assert_eq!(sign_in(&app, ANA, PASSWORD).await, 200);
}

#[db_test]
async fn a_reset_verifies_no_address_and_gives_a_password_to_who_had_none(db: PgPool) {
    let app = TestApp::new(db, []).await;
    success(&app.stranger().post("/api/auth/sign-up/email", &form(ANA)).await);
    app.run_jobs().await;
    let mut tx = app.system().await;
    sqlx::query("delete from accounts").execute(tx.conn()).await.expect("no account is left");
    tx.commit().await.expect("it stays");
    let (_, token) = mailed(&app).await;
    success(&reset(&app, &token, NEW).await);
    assert_eq!((sign_in(&app, ANA, NEW).await, sign_in(&app, ANA, PASSWORD).await), (403, 401));
    app.run_jobs().await;
}

#[db_test]
async fn of_two_who_use_a_token_at_once_one_wins(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    let (_, token) = mailed(&app).await;
    let passwords: Vec<_> = (0..8).map(|number| format!("horse battery {number} of eight")).collect();
    let answers = futures::future::join_all(passwords.iter().map(|password| reset(&app, &token, password))).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400, 400, 400, 400, 400, 400, 400]);
    app.run_jobs().await;
    let mut let_in = 0;
    for password in &passwords {
        execute(&app, "delete from sign_in_failures").await;
        let_in += u16::from(sign_in(&app, ANA, password).await == 200);
    }
    assert_eq!(let_in, 1);
}

#[db_test]
async fn a_new_password_lifts_the_lock_after_wrong_ones(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    for _ in 0..5 {
        sign_in(&app, ANA, "wrong horse battery").await;
    }
    assert_eq!(sign_in(&app, ANA, PASSWORD).await, 429);
    let (_, token) = mailed(&app).await;
    success(&reset(&app, &token, NEW).await);
    assert_eq!(sign_in(&app, ANA, NEW).await, 200);
    app.run_jobs().await;
}

#[db_test]
async fn who_reads_portuguese_is_written_to_in_portuguese(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (client, _) = signed_up(&app, ANA).await;
    client.patch("/api/user/profile", &json!({ "locale": "pt-BR" })).await.ok();
    let (_, token) = mailed(&app).await;
    assert_eq!(app.outbox().newest_to(ANA).subject, "Defina uma nova senha");
    success(&reset(&app, &token, NEW).await);
    app.run_jobs().await;
    let mail = app.outbox().newest_to(ANA);
    assert!(mail.subject == "Sua senha foi alterada" && mail.text.contains("Quando: 2026-01-05"), "{mail:?}");
}

#[db_test]
async fn no_secret_of_a_link_is_kept(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    let (_, token) = mailed(&app).await;
    let mut tx = app.system().await;
    let rows: Vec<Value> = sqlx::query_scalar(
        "select to_jsonb(t) from link_tokens t union all select to_jsonb(j) from jobs j
         union all select to_jsonb(a) from audit_entries a",
    )
    .fetch_all(tx.conn())
    .await
    .expect("the rows");
    assert!(rows.len() > 5 && rows.iter().all(|row| !row.to_string().contains(&token)));
}
