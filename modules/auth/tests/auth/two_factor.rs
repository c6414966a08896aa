use crate::support::{
    Enabled, PASSWORD, asked, browser, code, cookies, enabled, execute, failure, fields, scalar, session, set_cookies,
    success, user,
};
use chrono::TimeDelta;
use testkit::{Client, PgPool, TestApp, Value, db_test, json};

const ANA: &str = "ana@example.com";
const CLEARED: [&str; 3] = [
    "better-auth.session_token=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
    "better-auth.session_data=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
    "better-auth.dont_remember=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
];

fn password() -> Value {
    json!({ "password": PASSWORD })
}

async fn is_signed_in(client: &Client) -> bool {
    !client.get("/api/auth/get-session").await.body().is_null()
}

/// What the trail says of a user's second factor, by name.
async fn trail(app: &TestApp) -> Vec<String> {
    let mut tx = app.system().await;
    let actions = sqlx::query_scalar("select action from audit_entries where action like 'two-factor.%' order by 1");
    actions.fetch_all(tx.conn()).await.unwrap()
}

#[db_test]
async fn setting_up_takes_the_password_and_shows_a_secret_and_ten_codes(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    let (ana, _) = session(&app, ANA).await;
    let wrong = ana.post("/api/auth/two-factor/enable", &json!({ "password": "wrong horse" })).await;
    failure(wrong, 400, "INVALID_PASSWORD", "Invalid password");

    let form = json!({ "password": PASSWORD, "issuer": "Bots & Co" });
    let body = success(&ana.post("/api/auth/two-factor/enable", &form).await);
    assert_eq!(fields(&body), ["success", "method", "totpURI", "backupCodes"]);
    assert_eq!(body["method"], "totp");
    let uri = body["totpURI"].as_str().unwrap();
    let (start, rest) = uri.split_once("?secret=").unwrap();
    assert_eq!(start, "otpauth://totp/Bots%20%26%20Co:ana%40example.com");
    let (secret, rest) = rest.split_once('&').unwrap();
    assert_eq!(rest, "issuer=Bots%20%26%20Co&digits=6&period=30");
    assert_eq!((secret.len(), secret.contains('=')), (52, false), "the base32 of 32 characters");
    let codes: Vec<&str> = body["backupCodes"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let sound = |code: &&str| code.len() == 11 && code.as_bytes()[5] == b'-';
    assert!(codes.len() == 10 && codes.iter().all(sound), "{codes:?}");

    let (_, again) = session(&app, ANA).await;
    assert_eq!(again["user"]["twoFactorEnabled"], false, "it is not in force before a first code");
    let sealed: Vec<u8> = scalar(&app, "select secret from two_factors").await;
    let raw = totp_rs::Secret::try_from_base32(secret).unwrap();
    assert!(!sealed.windows(8).any(|part| raw.as_bytes().windows(8).any(|it| it == part)));
    let hashes: i64 = scalar(&app, "select count(*) from backup_codes where length(code_hash) = 32").await;
    assert_eq!(hashes, 10);
    assert_eq!(trail(&app).await, ["two-factor.prepared"]);
}

#[db_test]
async fn the_secret_is_sealed_anew_when_the_platforms_key_is_rotated(db: PgPool) {
    let app = TestApp::new(db.clone(), []).await;
    user(&app, ANA).await;
    let (ana, _) = session(&app, ANA).await;
    success(&ana.post("/api/auth/two-factor/enable", &password()).await);
    assert_eq!(app.rotate(db).await, [("two_factors.secret".to_owned(), 1)]);
}

#[db_test]
async fn who_sets_up_again_before_the_first_code_has_a_new_secret(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    let (ana, _) = session(&app, ANA).await;
    let first = success(&ana.post("/api/auth/two-factor/enable", &password()).await);
    let second = success(&ana.post("/api/auth/two-factor/enable", &password()).await);
    let old = json!({ "code": code(&app, first["totpURI"].as_str().unwrap(), 0) });
    failure(ana.post("/api/auth/two-factor/verify-totp", &old).await, 401, "INVALID_CODE", "Invalid code");
    let new = json!({ "code": code(&app, second["totpURI"].as_str().unwrap(), 0) });
    success(&ana.post("/api/auth/two-factor/verify-totp", &new).await);
    app.run_jobs().await;
}

#[db_test]
async fn the_first_code_puts_it_in_force_and_gives_the_session_a_successor(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    let (ana, signed_in) = session(&app, ANA).await;
    let setup = success(&ana.post("/api/auth/two-factor/enable", &password()).await);
    let form = json!({ "code": code(&app, setup["totpURI"].as_str().unwrap(), 0) });
    let answer = ana.post("/api/auth/two-factor/verify-totp", &form).await;
    let body = success(&answer);
    assert_eq!(fields(&body), ["success", "token", "user"]);
    assert_eq!(body["token"], signed_in["token"], "the answer shows the session as it was");
    assert_eq!(body["user"]["twoFactorEnabled"], false);
    assert_eq!(answer.header("set-auth-token").len(), cookies(&answer).len() - "better-auth.session_token=".len());
    assert!(!is_signed_in(&ana).await, "the old token says nothing any more");
    let successor = browser(&app, &cookies(&answer));
    let now = successor.get("/api/auth/get-session").await.body();
    assert_eq!(now["user"]["twoFactorEnabled"], true);
    assert_ne!(now["session"]["id"], signed_in["session"]["id"]);

    let again = successor.post("/api/auth/two-factor/enable", &password()).await;
    failure(again, 400, "TOTP_ALREADY_ENABLED", "TOTP is already enabled");
    app.run_jobs().await;
    assert_eq!(app.outbox().newest_to(ANA).subject, "Two-factor authentication was switched on");
    assert_eq!(trail(&app).await, ["two-factor.enabled", "two-factor.prepared"]);
}

#[db_test]
async fn signing_in_then_takes_a_code_as_well(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let Enabled { uri, .. } = enabled(&app, ANA).await;
    let credentials = json!({ "email": ANA, "password": PASSWORD });
    let answer = app.stranger().post("/api/auth/sign-in/email", &credentials).await;
    let body = success(&answer);
    assert_eq!(body, json!({ "success": true, "twoFactorRedirect": true, "twoFactorMethods": ["totp"] }));
    let lines = set_cookies(&answer);
    assert_eq!(lines[..3], CLEARED);
    assert!(lines[3].starts_with("better-auth.two_factor=") && lines.len() == 4, "{lines:?}");
    assert!(lines[3].ends_with("; Max-Age=600; Path=/; HttpOnly; SameSite=Lax"), "{lines:?}");
    assert_eq!(answer.header("set-auth-token"), "");

    let waiting = browser(&app, &cookies(&answer));
    assert!(!is_signed_in(&waiting).await);
    let wrong = waiting.post("/api/auth/two-factor/verify-totp", &json!({ "code": "000000" })).await;
    failure(wrong, 401, "INVALID_CODE", "Invalid code");
    let answer = waiting.post("/api/auth/two-factor/verify-totp", &json!({ "code": code(&app, &uri, 0) })).await;
    let body = success(&answer);
    assert_eq!(fields(&body), ["success", "token", "user"]);
    assert_eq!(body["user"]["email"], ANA);
    let lines = set_cookies(&answer);
    assert!(lines[0].starts_with("better-auth.session_token=") && lines[0].contains("Max-Age=604800"), "{lines:?}");
    assert_eq!(lines[1], "better-auth.two_factor=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax");
    assert_eq!(lines.len(), 2);
    let ana = browser(&app, &cookies(&answer));
    assert_eq!(ana.get("/api/auth/get-session").await.body()["session"]["token"], body["token"]);
    let expected = ["two-factor.asked", "two-factor.enabled", "two-factor.prepared", "two-factor.refused"];
    assert_eq!(trail(&app).await, expected);
}

#[db_test]
async fn who_is_not_to_be_remembered_is_not_after_the_second_factor_either(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let Enabled { uri, .. } = enabled(&app, ANA).await;
    let credentials = json!({ "email": ANA, "password": PASSWORD, "rememberMe": false });
    let waiting = browser(&app, &cookies(&app.stranger().post("/api/auth/sign-in/email", &credentials).await));
    let answer = waiting.post("/api/auth/two-factor/verify-totp", &json!({ "code": code(&app, &uri, 0) })).await;
    success(&answer);
    let lines = set_cookies(&answer);
    assert!(!lines[0].contains("Max-Age") && lines[1].starts_with("better-auth.dont_remember="), "{lines:?}");
}

#[db_test]
async fn a_clock_may_be_one_step_off_and_no_more(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let Enabled { uri, .. } = enabled(&app, ANA).await;
    for (steps, status) in [(-2, 401), (2, 401), (-1, 200), (0, 200), (1, 200)] {
        app.clock().advance(TimeDelta::seconds(90));
        let form = json!({ "code": code(&app, &uri, steps) });
        let answer = asked(&app, ANA).await.post("/api/auth/two-factor/verify-totp", &form).await;
        assert_eq!(answer.status, status, "{steps}: {}", answer.text());
    }
}

#[db_test]
async fn a_backup_code_lets_its_user_in_once(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let Enabled { backup_codes, .. } = enabled(&app, ANA).await;
    let form = json!({ "code": backup_codes[3] });
    let answer = asked(&app, ANA).await.post("/api/auth/two-factor/verify-backup-code", &form).await;
    assert_eq!(fields(&success(&answer)), ["success", "token", "user"]);
    assert!(is_signed_in(&browser(&app, &cookies(&answer))).await);
    let waiting = asked(&app, ANA).await;
    let again = waiting.post("/api/auth/two-factor/verify-backup-code", &form).await;
    failure(again, 401, "INVALID_BACKUP_CODE", "Invalid backup code");
    let other = json!({ "code": backup_codes[4] });
    success(&waiting.post("/api/auth/two-factor/verify-backup-code", &other).await);
}

#[db_test]
async fn a_backup_code_may_be_used_up_without_a_session(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let Enabled { backup_codes, .. } = enabled(&app, ANA).await;
    let form = json!({ "code": backup_codes[0], "disableSession": true });
    let waiting = asked(&app, ANA).await;
    let answer = waiting.post("/api/auth/two-factor/verify-backup-code", &form).await;
    assert_eq!(success(&answer)["token"], Value::Null);
    assert!(set_cookies(&answer).is_empty());
    waiting.post("/api/auth/two-factor/verify-backup-code", &form).await.refused(401, "INVALID_BACKUP_CODE");
}

#[db_test]
async fn new_backup_codes_void_the_old_ones(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let Enabled { client, backup_codes, .. } = enabled(&app, ANA).await;
    let path = "/api/auth/two-factor/generate-backup-codes";
    client.post(path, &json!({ "password": "wrong" })).await.refused(400, "INVALID_PASSWORD");
    let body = success(&client.post(path, &password()).await);
    assert_eq!((fields(&body), &body["status"]), (vec!["success", "status", "backupCodes"], &json!(true)));
    assert_eq!(body["backupCodes"].as_array().map(Vec::len), Some(10));
    app.run_jobs().await;
    assert_eq!(app.outbox().newest_to(ANA).subject, "You have new backup codes");
    let waiting = asked(&app, ANA).await;
    let old = json!({ "code": backup_codes[0] });
    waiting.post("/api/auth/two-factor/verify-backup-code", &old).await.refused(401, "INVALID_BACKUP_CODE");
    let new = json!({ "code": body["backupCodes"][0] });
    success(&waiting.post("/api/auth/two-factor/verify-backup-code", &new).await);
}

#[db_test]
async fn a_further_authenticator_is_set_up_by_the_same_secret(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let Enabled { client, uri, .. } = enabled(&app, ANA).await;
    let path = "/api/auth/two-factor/get-totp-uri";
    client.post(path, &json!({ "password": "wrong" })).await.refused(400, "INVALID_PASSWORD");
    let body = success(&client.post(path, &password()).await);
    assert_eq!(body, json!({ "success": true, "totpURI": uri }));
}

#[db_test]
async fn without_a_second_factor_there_is_nothing_to_renew_show_or_verify(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    let (ana, _) = session(&app, ANA).await;
    let post = async |path: &str, form: &Value| ana.post(&format!("/api/auth/two-factor/{path}"), form).await;
    post("generate-backup-codes", &password()).await.refused(400, "TWO_FACTOR_NOT_ENABLED");
    post("get-totp-uri", &password()).await.refused(400, "TOTP_NOT_ENABLED");
    post("verify-totp", &json!({ "code": "123456" })).await.refused(400, "TOTP_NOT_ENABLED");
    post("verify-backup-code", &json!({ "code": "abcde-fghij" })).await.refused(400, "BACKUP_CODES_NOT_ENABLED");
    let otp = json!({ "password": PASSWORD, "method": "otp" });
    post("enable", &otp).await.refused(400, "OTP_NOT_CONFIGURED");
    success(&post("disable", &password()).await);
    app.run_jobs().await;
    assert_eq!(app.outbox().emails().len(), 1, "nothing was switched off, so only the address was verified by mail");
}

#[db_test]
async fn a_stranger_can_do_nothing_of_it(db: PgPool) {
    let app = TestApp::new(db, []).await;
    for path in ["enable", "generate-backup-codes", "get-totp-uri", "disable"] {
        let path = format!("/api/auth/two-factor/{path}");
        app.stranger().post(&path, &password()).await.refused(401, "UNAUTHORIZED");
    }
    for path in ["verify-totp", "verify-backup-code"] {
        let answer = app.stranger().post(&format!("/api/auth/two-factor/{path}"), &json!({ "code": "123456" })).await;
        failure(answer, 401, "INVALID_TWO_FACTOR_COOKIE", "Invalid two factor cookie");
    }
    for form in [json!({}), json!({ "code": 123456 }), json!({ "code": "1".repeat(100) })] {
        app.stranger().post("/api/auth/two-factor/verify-totp", &form).await.refused(400, "VALIDATION_ERROR");
    }
}

#[db_test]
async fn switching_it_off_takes_the_password_and_gives_the_session_a_successor(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let Enabled { client, .. } = enabled(&app, ANA).await;
    client.post("/api/auth/two-factor/disable", &json!({ "password": "wrong" })).await.refused(400, "INVALID_PASSWORD");
    assert!(is_signed_in(&client).await);
    let answer = client.post("/api/auth/two-factor/disable", &password()).await;
    assert_eq!(success(&answer), json!({ "success": true, "status": true }));
    let expired = "better-auth.trust_device=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax".to_owned();
    assert!(set_cookies(&answer).contains(&expired));
    assert!(!is_signed_in(&client).await);
    let successor = browser(&app, &cookies(&answer)).get("/api/auth/get-session").await.body();
    assert_eq!(successor["user"]["twoFactorEnabled"], false);
    let (_, signed_in) = session(&app, ANA).await;
    assert!(signed_in["token"].is_string());
    app.run_jobs().await;
    assert_eq!(app.outbox().newest_to(ANA).subject, "Two-factor authentication was switched off");
    let left: i64 =
        scalar(&app, "select (select count(*) from two_factors) + (select count(*) from backup_codes)").await;
    assert_eq!(left, 0);
}

/// A sign-in from a device that is trusted from now on: what it sends back at the next one.
async fn trusting(app: &TestApp, uri: &str) -> String {
    app.clock().advance(TimeDelta::seconds(30));
    let form = json!({ "code": code(app, uri, 0), "trustDevice": true });
    let answer = asked(app, ANA).await.post("/api/auth/two-factor/verify-totp", &form).await;
    success(&answer);
    let lines = set_cookies(&answer);
    let line = lines.iter().find(|line| line.starts_with("better-auth.trust_device=")).expect("a cookie of trust");
    assert!(line.ends_with("; Max-Age=2592000; Path=/; HttpOnly; SameSite=Lax"), "{line}");
    assert!(line.contains("!trust-device-"), "{line}");
    line.split(';').next().unwrap().to_owned()
}

/// Signs in with a cookie of trust: the next one, or none where a second factor is asked for.
async fn sign_in_trusted(app: &TestApp, trust: &str) -> Option<String> {
    let credentials = json!({ "email": ANA, "password": PASSWORD });
    let answer = browser(app, trust).post("/api/auth/sign-in/email", &credentials).await;
    let asked = success(&answer)["twoFactorRedirect"] == true;
    let lines = set_cookies(&answer);
    let line = lines.iter().find(|line| line.starts_with("better-auth.trust_device=")).expect("a new cookie or none");
    assert_eq!(line.contains("Max-Age=0"), asked, "{line}");
    (!asked).then(|| line.split(';').next().unwrap().to_owned())
}

#[db_test]
async fn a_trusted_device_is_not_asked_for_thirty_days_since_it_was_last_used(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let Enabled { uri, .. } = enabled(&app, ANA).await;
    let first = trusting(&app, &uri).await;
    app.clock().advance(TimeDelta::days(29));
    let second = sign_in_trusted(&app, &first).await.expect("trust");
    assert_ne!(first, second);
    assert_eq!(sign_in_trusted(&app, &first).await, None, "what has been used is void");
    app.clock().advance(TimeDelta::days(30) - TimeDelta::milliseconds(1));
    let third = sign_in_trusted(&app, &second).await.expect("trust");
    app.clock().advance(TimeDelta::days(30));
    assert_eq!(sign_in_trusted(&app, &third).await, None);
}

#[db_test]
async fn trust_ends_with_the_password_the_sessions_and_the_second_factor(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let Enabled { client, uri, .. } = enabled(&app, ANA).await;
    let trust = trusting(&app, &uri).await;
    let waiting = asked(&app, ANA).await;
    execute(&app, "update accounts set password_hash = 'x' || password_hash").await;
    execute(&app, "update accounts set password_hash = substr(password_hash, 2)").await;
    assert_eq!(sign_in_trusted(&app, &trust).await, None, "the password was another meanwhile");
    let form = json!({ "code": code(&app, &uri, 1) });
    waiting.post("/api/auth/two-factor/verify-totp", &form).await.refused(401, "INVALID_TWO_FACTOR_COOKIE");

    let trust = trusting(&app, &uri).await;
    success(&client.post("/api/auth/revoke-other-sessions", &json!({})).await);
    assert_eq!(sign_in_trusted(&app, &trust).await, None, "the sessions were revoked");

    let trust = trusting(&app, &uri).await;
    let answer = client.post("/api/auth/two-factor/disable", &password()).await;
    success(&answer);
    let successor = browser(&app, &cookies(&answer));
    let setup = success(&successor.post("/api/auth/two-factor/enable", &password()).await);
    let form = json!({ "code": code(&app, setup["totpURI"].as_str().unwrap(), 0) });
    success(&successor.post("/api/auth/two-factor/verify-totp", &form).await);
    assert_eq!(sign_in_trusted(&app, &trust).await, None, "it is another second factor");
    app.run_jobs().await;
}

#[db_test]
async fn a_second_factor_is_its_users_alone(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let Enabled { uri, backup_codes, .. } = enabled(&app, ANA).await;
    let bob = enabled(&app, "bob@example.com").await;
    let trust = trusting(&app, &uri).await;
    let credentials = json!({ "email": "bob@example.com", "password": PASSWORD });
    let answer = browser(&app, &trust).post("/api/auth/sign-in/email", &credentials).await;
    assert_eq!(success(&answer)["twoFactorRedirect"], true, "the device is Ana's");
    let waiting = asked(&app, "bob@example.com").await;
    let anas = json!({ "code": code(&app, &uri, 1) });
    waiting.post("/api/auth/two-factor/verify-totp", &anas).await.refused(401, "INVALID_CODE");
    let anas = json!({ "code": backup_codes[0] });
    waiting.post("/api/auth/two-factor/verify-backup-code", &anas).await.refused(401, "INVALID_BACKUP_CODE");
    success(&waiting.post("/api/auth/two-factor/verify-totp", &json!({ "code": code(&app, &bob.uri, 1) })).await);
}
