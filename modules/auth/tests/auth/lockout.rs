use crate::support::{Enabled, PASSWORD, asked, code, enabled, execute, failure, link, scalar, session, success, user};
use auth::{AuthSettings, Hashing, Passwords};
use chrono::TimeDelta;
use futures::future::join_all;
use testkit::{Answer, Client, PgPool, TestApp, Value, db_test, json};
use users::Email;

const PATH: &str = "/api/auth/sign-in/email";
const ANA: &str = "ana@example.com";
const HOME: &str = "198.51.100.7";

async fn sign_in(client: &Client, email: &str, password: &str) -> Answer {
    client.post(PATH, &json!({ "email": email, "password": password })).await
}

/// So many wrong passwords for an address.
async fn fail(client: &Client, email: &str, times: usize) {
    for _ in 0..times {
        let answer = sign_in(client, email, "wrong horse battery").await;
        failure(answer, 401, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password");
    }
}

/// A refusal since the account is locked, and for how many seconds.
#[track_caller]
fn locked(answer: Answer) -> u64 {
    let seconds = answer.header("retry-after").parse().unwrap();
    assert_eq!(answer.header("x-retry-after"), answer.header("retry-after"));
    answer.refused(429, "ACCOUNT_TEMPORARILY_LOCKED");
    seconds
}

/// An application that is not too busy for many at once.
async fn roomy(db: PgPool) -> TestApp {
    TestApp::with(db, [], |parts| {
        let mut settings = AuthSettings::new("a secret of no less than thirty-two characters");
        settings.passwords = Passwords::bounded(Hashing::Bcrypt { cost: 4 }, 4, 200);
        parts.provide(settings)
    })
    .await
}

#[db_test]
async fn five_wrong_passwords_lock_an_account_even_for_the_right_one(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    let client = app.stranger().from(HOME);
    fail(&client, ANA, 5).await;
    app.clock().advance(TimeDelta::seconds(1));
    assert_eq!(locked(sign_in(&client, ANA, PASSWORD).await), 59);
    assert_eq!(locked(sign_in(&client, "ANA@Example.com", PASSWORD).await), 59);
    app.clock().advance(TimeDelta::seconds(59));
    assert_eq!(sign_in(&client, ANA, PASSWORD).await.status, 200);
    app.run_jobs().await;
}

#[db_test]
async fn an_address_that_nobody_has_is_locked_just_alike(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    let client = app.stranger().from(HOME);
    let mut answers = vec![];
    for email in [ANA, "nobody@example.com"] {
        fail(&client, email, 5).await;
        let answer = sign_in(&client, email, PASSWORD).await;
        let mut body = answer.body();
        for varies in ["timestamp", "correlationId"] {
            body[varies] = Value::Null;
        }
        let mut names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
        names.sort();
        answers.push((answer.status, body, names, answer.header("retry-after").to_owned()));
    }
    assert_eq!(answers[0], answers[1]);
    app.run_jobs().await;
    let mails = app.outbox().emails();
    assert!(mails.iter().all(|mail| mail.to == ANA), "nobody is told of a lock of nobody's");
    let entries: i64 = scalar(&app, "select count(*) from audit_entries where action = 'sign-in.locked'").await;
    assert_eq!(entries, 2);
}

#[db_test]
async fn each_further_failure_doubles_the_lock_up_to_an_hour(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let client = app.stranger().from(HOME);
    fail(&client, ANA, 4).await;
    for minutes in [1, 2, 4, 8, 16, 32] {
        fail(&client, ANA, 1).await;
        assert_eq!(locked(sign_in(&client, ANA, PASSWORD).await), minutes * 60);
        assert_eq!(locked(sign_in(&client, ANA, PASSWORD).await), minutes * 60, "what is refused does not count");
        app.clock().advance(TimeDelta::seconds(60 * i64::try_from(minutes).unwrap()));
    }
    fail(&client, ANA, 1).await;
    assert_eq!(locked(sign_in(&client, ANA, PASSWORD).await), 3600);
    app.run_jobs().await;
}

#[db_test]
async fn failures_halve_each_hour_and_are_forgotten_by_success(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    let client = app.stranger().from(HOME);
    fail(&client, ANA, 4).await;
    app.clock().advance(TimeDelta::minutes(59));
    fail(&client, ANA, 1).await;
    locked(sign_in(&client, ANA, PASSWORD).await);
    app.clock().advance(TimeDelta::hours(2));
    fail(&client, ANA, 3).await; // of five, one is left after two hours
    assert_eq!(sign_in(&client, ANA, PASSWORD).await.status, 200);
    fail(&client, ANA, 4).await;
    assert_eq!(sign_in(&client, ANA, PASSWORD).await.status, 200);
    app.run_jobs().await;
}

#[db_test]
async fn of_a_hundred_wrong_passwords_at_once_five_are_answered(db: PgPool) {
    let app = roomy(db).await;
    user(&app, ANA).await;
    let client = app.stranger().from(HOME);
    let mut attempts: Vec<_> = (0..100).map(|_| sign_in(&client, ANA, "wrong horse battery")).collect();
    attempts.push(sign_in(&client, "else@example.com", "wrong horse battery"));
    let mut answers = join_all(attempts).await;
    answers.pop().unwrap().refused(401, "INVALID_EMAIL_OR_PASSWORD");
    let count = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((count(401), count(429)), (5, 95));
    let counted: Vec<i32> =
        scalar(&app, "select array_agg(failures order by failures desc) from sign_in_failures").await;
    assert_eq!(counted, [5, 5, 1, 1], "for the network and for all unknown ones, of either address");
    app.run_jobs().await;
    let locks = app.outbox().emails().into_iter().filter(|mail| mail.subject.contains("locked")).count();
    assert_eq!(locks, 1);
}

#[db_test]
async fn right_passwords_at_once_lock_nothing(db: PgPool) {
    let app = roomy(db).await;
    user(&app, ANA).await;
    let client = app.stranger().from(HOME);
    let answers = join_all((0..40).map(|_| sign_in(&client, ANA, PASSWORD))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
}

#[db_test]
async fn a_stranger_with_many_networks_locks_the_others_out_and_not_the_owner(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    let owner = app.stranger().from(HOME);
    assert_eq!(sign_in(&owner, ANA, PASSWORD).await.status, 200);
    for host in 1..=5 {
        fail(&app.stranger().from(&format!("203.0.113.{host}")), ANA, 4).await;
    }
    let fresh = app.stranger().from("192.0.2.1");
    assert_eq!(locked(sign_in(&fresh, ANA, PASSWORD).await), 60);
    assert_eq!(sign_in(&owner, ANA, PASSWORD).await.status, 200);
    assert_eq!(sign_in(&app.stranger().from("198.51.100.200"), ANA, PASSWORD).await.status, 200, "next door to home");
    locked(sign_in(&fresh, ANA, PASSWORD).await);
    app.run_jobs().await;
}

#[db_test]
async fn neighbours_in_ipv6_are_one_and_another_account_is_another(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    for host in 1..=5 {
        fail(&app.stranger().from(&format!("2001:db8:1:2::{host}")), ANA, 1).await;
    }
    locked(sign_in(&app.stranger().from("2001:db8:1:2:ffff::1"), ANA, PASSWORD).await);
    fail(&app.stranger().from("2001:db8:1:2::1"), "bob@example.com", 1).await;
    assert_eq!(sign_in(&app.stranger().from("2001:db8:1:3::1"), ANA, PASSWORD).await.status, 200);
    app.run_jobs().await;
}

#[db_test]
async fn the_owner_lifts_the_lock_by_the_link_of_the_one_mail(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    let client = app.stranger().from(HOME);
    fail(&client, ANA, 5).await;
    locked(sign_in(&client, ANA, PASSWORD).await);
    app.clock().advance(TimeDelta::minutes(1));
    fail(&client, ANA, 1).await;
    app.run_jobs().await;
    assert_eq!(app.outbox().emails().len(), 2, "one to verify the address, one for the lock and its successor");
    let link = link(&app, ANA);
    assert!(link.starts_with("/api/auth/unlock-account?token="), "{link}");
    locked(sign_in(&client, ANA, PASSWORD).await);
    let opened = app.stranger().get(&link).await;
    assert_eq!((opened.status.as_u16(), opened.header("location")), (302, "/"));
    assert_eq!(sign_in(&client, ANA, PASSWORD).await.status, 200);
    let entries: i64 = scalar(&app, "select count(*) from audit_entries where action = 'user.unlocked'").await;
    assert_eq!(entries, 1);
    let again = app.stranger().get(&link).await;
    assert_eq!(again.header("location"), "/?error=INVALID_TOKEN");

    fail(&client, ANA, 5).await;
    app.run_jobs().await;
    let link = crate::support::link(&app, ANA).replace("&callbackURL=%2F", "");
    app.stranger().get(&format!("{link}x")).await.refused(401, "INVALID_TOKEN");
    assert_eq!(success(&app.stranger().get(&link).await), json!({ "success": true, "status": true }));
    assert_eq!(sign_in(&client, ANA, PASSWORD).await.status, 200);
}

#[db_test]
async fn the_link_holds_one_day(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    fail(&app.stranger(), ANA, 5).await;
    app.run_jobs().await;
    app.clock().advance(TimeDelta::days(1));
    let link = link(&app, ANA).replace("&callbackURL=%2F", "");
    app.stranger().get(&link).await.refused(401, "INVALID_TOKEN");
}

#[db_test]
async fn an_operator_lifts_every_lock(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let Enabled { uri, .. } = enabled(&app, ANA).await;
    for _ in 0..2 {
        let waiting = asked(&app, ANA).await;
        for _ in 0..5 {
            let wrong = json!({ "code": "no code" });
            waiting.post("/api/auth/two-factor/verify-totp", &wrong).await.refused(401, "INVALID_CODE");
        }
    }
    fail(&app.stranger(), ANA, 5).await;
    locked(sign_in(&app.stranger(), ANA, PASSWORD).await);
    let mut tx = app.system().await;
    let ana = users::find_by_email(&mut tx, &Email::parse(ANA).unwrap()).await.unwrap().unwrap();
    auth::unlock(&mut tx, &ana).await.unwrap();
    tx.commit().await.unwrap();
    let waiting = asked(&app, ANA).await;
    let right = json!({ "code": code(&app, &uri, 0) });
    success(&waiting.post("/api/auth/two-factor/verify-totp", &right).await);
    app.run_jobs().await;
}

#[db_test]
async fn who_holds_a_session_does_not_guess_the_password_either(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    let (ana, _) = session(&app, ANA).await;
    for _ in 0..5 {
        let wrong = json!({ "password": "wrong horse" });
        ana.post("/api/auth/two-factor/enable", &wrong).await.refused(400, "INVALID_PASSWORD");
    }
    locked(ana.post("/api/auth/two-factor/enable", &json!({ "password": PASSWORD })).await);
    locked(sign_in(&app.stranger(), ANA, PASSWORD).await);
    app.run_jobs().await;
}

#[db_test]
async fn what_is_long_past_is_cleared_away(db: PgPool) {
    let app = TestApp::new(db, []).await;
    fail(&app.stranger(), "one@example.com", 1).await;
    app.clock().advance(TimeDelta::hours(13));
    fail(&app.stranger(), "two@example.com", 1).await;
    let left: i64 = scalar(&app, "select count(*) from sign_in_failures").await;
    assert_eq!(left, 2, "one for the network, one for all unknown ones");
}

#[db_test]
async fn a_sign_in_from_a_new_device_or_network_is_told_to_the_owner(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    let home = app.stranger().from(HOME).with("user-agent", "Firefox");
    for (client, news) in [
        (home.clone(), false),
        (home.clone(), false),
        (home.from("198.51.100.99"), false),
        (home.with("user-agent", "Chrome"), true),
        (home.with("user-agent", "Chrome"), false),
        (home.from("203.0.113.9"), true),
        (home.from("203.0.113.9").with("user-agent", "Chrome"), false),
        (home.from("2001:db8:1:2::1"), true),
        (home.from("2001:db8:1:ffff::1"), false),
    ] {
        let before = app.outbox().emails().len();
        assert_eq!(sign_in(&client, ANA, PASSWORD).await.status, 200);
        app.run_jobs().await;
        let mails = app.outbox().emails();
        assert_eq!(mails.len(), before + usize::from(news));
        assert!(!news || mails.last().is_some_and(|mail| mail.subject == "Sign-in from a new device"));
    }
    fail(&app.stranger().from("192.0.2.1"), ANA, 1).await;
    app.run_jobs().await;
    assert!(!app.outbox().newest_to(ANA).text.contains("192.0.2.1"), "who does not get in is no news");
}

#[db_test]
async fn a_ban_shows_by_the_right_password_only_and_lifts_itself_in_time(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    let until = "update users set banned = true, ban_reason = 'Spam', ban_expires = '2026-01-05T13:00:00Z'";
    execute(&app, until).await;
    fail(&app.stranger(), ANA, 1).await;
    let message = "You have been banned from this application";
    failure(sign_in(&app.stranger(), ANA, PASSWORD).await, 403, "BANNED_USER", message);
    app.clock().advance(TimeDelta::hours(1));
    let body = success(&sign_in(&app.stranger(), ANA, PASSWORD).await);
    assert_eq!((&body["user"]["banned"], &body["user"]["banReason"]), (&json!(false), &Value::Null));
    let ban: Value = scalar(&app, "select before from audit_entries where action = 'user.ban-expired'").await;
    assert_eq!(ban["reason"], "Spam");

    execute(&app, "update users set banned = true, ban_expires = null").await;
    app.clock().advance(TimeDelta::days(10_000));
    sign_in(&app.stranger(), ANA, PASSWORD).await.refused(403, "BANNED_USER");
}
