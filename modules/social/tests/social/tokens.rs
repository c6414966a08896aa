use crate::{
    fake::Fault,
    support::{app, count, signed_in, system, trail},
};
use chrono::TimeDelta;
use testkit::{PgPool, db_test, json};

const ACME: &str = "acme";

#[db_test]
async fn a_user_gets_an_access_token_that_holds(db: PgPool) {
    let (app, fake) = app(db.clone()).await;
    let ana = signed_in(&app, &fake).await;
    let get = async || ana.post("/api/auth/get-access-token", &json!({ "providerId": ACME })).await;
    let first = get().await.body();
    assert_eq!(first["accessToken"], "access-2");
    assert_eq!(first["accessTokenExpiresAt"], "2026-01-05T13:00:00.000Z");
    assert_eq!((&first["scopes"], &first["success"]), (&json!(["openid", "email", "profile"]), &json!(true)));
    assert!(first["idToken"].as_str().is_some_and(|it| it.starts_with("eyJ")) && first.get("refreshToken").is_none());
    app.clock().advance(TimeDelta::seconds(3595));
    assert_eq!(get().await.body(), first);
    app.clock().advance(TimeDelta::seconds(1));
    let second = get().await.body();
    assert_eq!(second["accessToken"], "access-3");
    assert_eq!(
        (&second["accessTokenExpiresAt"], &second["scopes"]),
        (&json!("2026-01-05T13:59:56.000Z"), &first["scopes"])
    );
    assert_eq!(get().await.body(), second, "it is kept");
    assert_eq!(trail(&db, "account").await, ["account.linked", "account.renewed"]);
}

#[db_test]
async fn a_user_has_fresh_tokens_made(db: PgPool) {
    let (app, fake) = app(db.clone()).await;
    let ana = signed_in(&app, &fake).await;
    let id: String =
        sqlx::query_scalar("select id::text from accounts").fetch_one(&mut *system(&db).await).await.unwrap();
    let refresh = async || ana.post("/api/auth/refresh-token", &json!({ "accountId": id })).await;
    let body = refresh().await.body();
    assert_eq!((&body["accessToken"], &body["refreshToken"]), (&json!("access-3"), &json!("refresh-3")));
    assert_eq!((&body["scope"], &body["providerId"]), (&json!("openid,email,profile"), &json!(ACME)));
    assert_eq!((&body["accountId"], &body["success"]), (&json!(id), &json!(true)));
    assert!(body["idToken"].is_string());
    fake.set().token = json!({ "refresh_token": null, "expires_in": "60", "scope": "openid" });
    let body = refresh().await.body();
    assert_eq!(
        (&body["refreshToken"], &body["accessTokenExpiresAt"]),
        (&json!("refresh-3"), &json!("2026-01-05T12:01:00.000Z"))
    );
    fake.fails("/token", Fault::Status(500), 1);
    refresh().await.refused(400, "FAILED_TO_REFRESH_ACCESS_TOKEN");
    app.clock().advance(TimeDelta::seconds(60));
    fake.fails("/token", Fault::Status(400), 1);
    let get = async || ana.post("/api/auth/get-access-token", &json!({ "accountId": id })).await;
    get().await.refused(400, "FAILED_TO_GET_ACCESS_TOKEN");
    sqlx::query("update accounts set refresh_token = null").execute(&mut *system(&db).await).await.unwrap();
    refresh().await.refused(400, "REFRESH_TOKEN_NOT_FOUND");
    assert_eq!(get().await.body()["accessToken"], "access-4", "without a refresh token it is as it is");
}

#[db_test]
async fn a_user_sees_who_they_are_at_the_platform(db: PgPool) {
    let (app, fake) = app(db.clone()).await;
    let ana = signed_in(&app, &fake).await;
    let id: String =
        sqlx::query_scalar("select id::text from accounts").fetch_one(&mut *system(&db).await).await.unwrap();
    let info = ana.get(&format!("/api/auth/account-info?accountId={id}")).await.body();
    assert_eq!(info["account"], json!({ "id": id, "providerId": ACME, "accountId": "ana-1" }));
    assert_eq!((&info["user"]["email"], &info["user"]["emailVerified"]), (&json!("Ana@Example.com"), &json!(true)));
    assert_eq!((&info["user"]["name"], &info["data"]["sub"]), (&json!("Ana Souza"), &json!("ana-1")));
    let older = ana.post("/api/auth/account-info", &json!({ "accountId": "ana-1" })).await.body();
    assert_eq!(older, info);
    fake.fails("/userinfo", Fault::Status(403), 1);
    let refused = ana.get(&format!("/api/auth/account-info?accountId={id}")).await;
    refused.refused(401, "FAILED_TO_GET_USER_INFO");
    sqlx::query("update accounts set access_token = null").execute(&mut *system(&db).await).await.unwrap();
    ana.get("/api/auth/account-info?providerId=acme").await.refused(400, "ACCESS_TOKEN_NOT_FOUND");
}

#[db_test]
async fn nobody_gets_what_is_anothers(db: PgPool) {
    let (app, fake) = app(db.clone()).await;
    let ana = signed_in(&app, &fake).await;
    let id: String =
        sqlx::query_scalar("select id::text from accounts").fetch_one(&mut *system(&db).await).await.unwrap();
    let eve = app.member([]).await;
    for path in ["get-access-token", "refresh-token", "account-info"] {
        let path = format!("/api/auth/{path}");
        for chosen in
            [json!({ "accountId": id }), json!({ "accountId": "ana-1" }), json!({ "providerId": ACME }), json!({})]
        {
            eve.post(&path, &chosen).await.refused(400, "ACCOUNT_NOT_FOUND");
        }
        // a user who is named is not believed
        let named = json!({ "accountId": id, "userId": ana.get("/api/auth/get-session").await.body()["user"]["id"] });
        eve.post(&path, &named).await.refused(400, "ACCOUNT_NOT_FOUND");
        app.stranger().post(&path, &named).await.refused(401, "UNAUTHORIZED");
        ana.post(&path, &json!({ "accountId": "x".repeat(256) })).await.refused(400, "VALIDATION_ERROR");
    }
    // what is sealed for one user does not open for another
    sqlx::query("update accounts set user_id = $1").bind(eve.user).execute(&mut *system(&db).await).await.unwrap();
    let stolen = eve.post("/api/auth/get-access-token", &json!({ "providerId": ACME })).await;
    stolen.refused(500, "INTERNAL_ERROR");
}

#[db_test]
async fn an_account_at_a_platform_that_is_no_longer_ours_says_so(db: PgPool) {
    let (app, fake) = app(db.clone()).await;
    let ana = signed_in(&app, &fake).await;
    sqlx::query("update accounts set provider = 'gone'").execute(&mut *system(&db).await).await.unwrap();
    let gone = json!({ "providerId": "gone" });
    ana.post("/api/auth/get-access-token", &gone).await.refused(400, "PROVIDER_NOT_SUPPORTED");
    ana.post("/api/auth/refresh-token", &gone).await.refused(400, "PROVIDER_NOT_SUPPORTED");
    ana.get("/api/auth/account-info?providerId=gone").await.refused(400, "PROVIDER_NOT_CONFIGURED");
    assert_eq!(count(&db, "accounts").await, 1);
}
