use crate::{
    fake::{Fake, NOON, Signed},
    support::{app, browser, count, set_cookies, system, trail},
};
use chrono::TimeDelta;
use testkit::{Answer, PgPool, TestApp, Value, db_test, json};

async fn show(app: &TestApp, id_token: Value) -> Answer {
    let form = json!({ "provider": "acme", "idToken": id_token });
    app.stranger().post("/api/auth/sign-in/social", &form).await
}

async fn shown(app: &TestApp, fake: &Fake) -> Answer {
    show(app, json!({ "token": fake.id_token(Some("n")), "nonce": "n" })).await
}

#[db_test]
async fn whoever_shows_an_id_token_is_let_in(db: PgPool) {
    let (app, fake) = app(db.clone()).await;
    let answer = shown(&app, &fake).await;
    let body = answer.body();
    assert_eq!((&body["redirect"], &body["success"]), (&json!(false), &json!(true)), "{body}");
    assert_eq!((&body["user"]["email"], body.get("url")), (&json!("ana@example.com"), None));
    assert!(set_cookies(&answer).iter().any(|it| it.starts_with("better-auth.session_token=")));
    let session = browser(&app, &answer).get("/api/auth/get-session").await.body();
    assert_eq!(session["session"]["token"], body["token"]);
    assert_eq!(trail(&db, "session").await, ["session.opened"]);
}

#[db_test]
async fn an_id_token_that_is_not_sound_or_old_lets_nobody_in(db: PgPool) {
    let (app, fake) = app(db.clone()).await;
    let token = fake.id_token(Some("n"));
    show(&app, json!({ "token": token, "nonce": "m" })).await.refused(401, "INVALID_TOKEN");
    show(&app, json!({ "token": "a.b.c" })).await.refused(401, "INVALID_TOKEN");
    show(&app, json!({ "token": "x".repeat(16385) })).await.refused(400, "VALIDATION_ERROR");
    show(&app, json!({})).await.refused(400, "VALIDATION_ERROR");
    fake.set().signed = Signed::ByStranger;
    shown(&app, &fake).await.refused(401, "INVALID_TOKEN");
    fake.set().signed = Signed::Rsa;
    fake.set().claims = json!({ "at_hash": "x" });
    let token = fake.id_token(None);
    show(&app, json!({ "token": token, "accessToken": "y" })).await.refused(401, "INVALID_TOKEN");
    fake.set().claims = json!({ "exp": NOON + 86400 });
    app.clock().advance(TimeDelta::seconds(3601));
    shown(&app, &fake).await.refused(401, "INVALID_TOKEN");
    app.clock().advance(TimeDelta::seconds(-1));
    assert_eq!(shown(&app, &fake).await.status, 200);
    assert_eq!(count(&db, "sessions").await, 1);
}

#[db_test]
async fn who_is_shown_is_let_in_as_whoever_comes_back_would_be(db: PgPool) {
    let (app, fake) = app(db.clone()).await;
    fake.set().claims = json!({ "email": null });
    shown(&app, &fake).await.refused(401, "USER_EMAIL_NOT_FOUND");
    let member = app.member([]).await;
    fake.set().claims = json!({ "email": member.email, "email_verified": false });
    let refused = shown(&app, &fake).await.refused(401, "OAUTH_LINK_ERROR");
    assert_eq!(refused["message"], "account not linked");
    fake.set().claims = json!({ "email_verified": false });
    shown(&app, &fake).await.refused(403, "EMAIL_NOT_VERIFIED");
    app.run_jobs().await;
    fake.set().claims = json!({});
    assert_eq!(shown(&app, &fake).await.status, 200);
    sqlx::query("update users set banned = true").execute(&mut *system(&db).await).await.unwrap();
    shown(&app, &fake).await.refused(403, "BANNED_USER");
    let github = json!({ "provider": "github", "idToken": { "token": "x" } });
    app.stranger().post("/api/auth/sign-in/social", &github).await.refused(404, "ID_TOKEN_NOT_SUPPORTED");
    let nobody = json!({ "provider": "nobody", "idToken": { "token": "x" } });
    app.stranger().post("/api/auth/sign-in/social", &nobody).await.refused(404, "PROVIDER_NOT_FOUND");
}

#[db_test]
async fn an_account_is_linked_by_its_id_token(db: PgPool) {
    let (app, fake) = app(db.clone()).await;
    let ana = app.member([]).await;
    let link = async |who: &testkit::Client| {
        let form = json!({ "provider": "acme", "idToken": { "token": fake.id_token(None) } });
        who.post("/api/auth/link-social", &form).await
    };
    link(&ana).await.refused(401, "LINKING_DIFFERENT_EMAILS_NOT_ALLOWED");
    fake.set().person["email"] = json!(ana.email);
    fake.set().person["email_verified"] = json!(false);
    link(&ana).await.refused(401, "LINKING_NOT_ALLOWED");
    fake.set().person["email_verified"] = json!(true);
    for _ in 0..2 {
        let body = link(&ana).await.body();
        assert_eq!((&body["status"], &body["redirect"], &body["url"]), (&json!(true), &json!(false), &json!("")));
    }
    let bob = app.member([]).await;
    fake.set().person["email"] = json!(bob.email);
    link(&bob).await.refused(409, "SOCIAL_ACCOUNT_ALREADY_LINKED");
    link(&app.stranger()).await.refused(401, "UNAUTHORIZED");
    assert_eq!(count(&db, "accounts").await, 1);
    app.run_jobs().await;
    assert_eq!(app.outbox().emails().len(), 1);
}

#[db_test]
async fn where_sign_up_is_closed_another_platform_makes_no_user(db: PgPool) {
    let (app, fake) = app(db.clone()).await;
    let mut tx = app.system().await;
    let close = "insert into setting_versions (name, version, value, changed_at)
                 values ('sign-up.open', 1, 'false', now())";
    sqlx::query(close).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    let refused = shown(&app, &fake).await;
    assert_eq!(refused.refused(401, "OAUTH_LINK_ERROR")["message"], "signup disabled");
}
