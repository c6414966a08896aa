use crate::support::{PASSWORD, act, actors, admin, app, done, lives, made, sign_in, super_admin, user};
use chrono::TimeDelta;
use testkit::{PgPool, Value, db_test, json};

#[db_test]
async fn a_ban_ends_every_session_at_once_and_lets_nobody_in(db: PgPool) {
    let app = app(db).await;
    let (admin, ana) = (admin(&app).await, user(&app).await);
    done(&admin, "set-user-password", json!({ "userId": ana.user, "newPassword": PASSWORD })).await;
    let open = sign_in(&app, &ana.email, PASSWORD).await.body();
    let ana_now = app.stranger().with("authorization", format!("Bearer {}", open["token"].as_str().unwrap()));
    let banned = done(&admin, "ban-user", json!({ "userId": ana.user, "banReason": "Spam" })).await["user"].clone();
    assert_eq!((&banned["banned"], &banned["banReason"]), (&json!(true), &json!("Spam")));
    assert_eq!(banned["banExpires"], Value::Null);
    ana_now.get("/api/user/profile").await.refused(401, "UNAUTHORIZED");
    assert_eq!(ana_now.get("/api/auth/get-session").await.text(), "null");
    sign_in(&app, &ana.email, PASSWORD).await.refused(403, "BANNED_USER");
    sign_in(&app, &ana.email, "wrong").await.refused(401, "INVALID_EMAIL_OR_PASSWORD");
    assert_eq!(actors(&app, None, "user.banned").await, [(Some(admin.user), None)]);
    assert_eq!(actors(&app, Some(ana.tenant), "user.banned").await, [(Some(admin.user), None)]);
    assert!(actors(&app, None, "session.revoked").await.len() > 1);
}

#[db_test]
async fn a_ban_is_lifted(db: PgPool) {
    let app = app(db).await;
    let admin = admin(&app).await;
    let id = made(&admin, "ana@example.com").await["id"].clone();
    let banned = done(&admin, "ban-user", json!({ "userId": id })).await;
    assert_eq!(banned["user"]["banReason"], "No reason");
    let free = done(&admin, "unban-user", json!({ "userId": id })).await["user"].clone();
    assert_eq!((&free["banned"], &free["banReason"], &free["banExpires"]), (&json!(false), &Value::Null, &Value::Null));
    assert_eq!(sign_in(&app, "ana@example.com", PASSWORD).await.status, 200);
}

#[db_test]
async fn a_ban_for_a_time_ends_by_itself(db: PgPool) {
    let app = app(db).await;
    let admin = admin(&app).await;
    let id = made(&admin, "ana@example.com").await["id"].clone();
    let banned = done(&admin, "ban-user", json!({ "userId": id, "banExpiresIn": 3600 })).await;
    assert_eq!(banned["user"]["banExpires"], "2026-01-05T13:00:00.000Z");
    app.clock().advance(TimeDelta::seconds(3599));
    sign_in(&app, "ana@example.com", PASSWORD).await.refused(403, "BANNED_USER");
    app.clock().advance(TimeDelta::seconds(1));
    assert_eq!(sign_in(&app, "ana@example.com", PASSWORD).await.status, 200);
}

#[db_test]
async fn a_session_that_was_opened_while_its_user_was_being_banned_is_none(db: PgPool) {
    let app = app(db).await;
    let (admin, ana) = (admin(&app).await, user(&app).await);
    done(&admin, "ban-user", json!({ "userId": ana.user })).await;
    let mut tx = app.system().await;
    let late = auth::open_session(app.app(), &mut tx, ana.user, true).await.unwrap().token;
    tx.commit().await.unwrap();
    let late = app.stranger().with("authorization", format!("Bearer {late}"));
    assert!(!lives(&late).await);
    assert_eq!(late.get("/api/auth/get-session").await.text(), "null");
}

#[db_test]
async fn nobody_bans_themselves(db: PgPool) {
    let app = app(db).await;
    for by in [admin(&app).await, super_admin(&app).await] {
        act(&by, "ban-user", json!({ "userId": by.user })).await.refused(400, "YOU_CANNOT_BAN_YOURSELF");
    }
}

#[db_test]
async fn an_administrator_lifts_the_lock_that_wrong_passwords_have_brought_about(db: PgPool) {
    let app = app(db).await;
    let admin = admin(&app).await;
    let id = made(&admin, "ana@example.com").await["id"].clone();
    for _ in 0..5 {
        sign_in(&app, "ana@example.com", "wrong horse battery").await.refused(401, "INVALID_EMAIL_OR_PASSWORD");
    }
    sign_in(&app, "ana@example.com", PASSWORD).await.refused(429, "ACCOUNT_TEMPORARILY_LOCKED");
    assert_eq!(done(&admin, "unlock-user", json!({ "userId": id })).await["user"]["id"], id);
    assert_eq!(actors(&app, None, "user.unlocked").await, [(Some(admin.user), None)]);
    assert_eq!(sign_in(&app, "ana@example.com", PASSWORD).await.status, 200);
    app.run_jobs().await;
}
