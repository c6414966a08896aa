use crate::{
    fake::{Fake, Fault},
    support::{app, browser, count, depart, form, location, session, system, turned_back},
};
use testkit::{Answer, PgPool, TestApp, db_test, json};

async fn round_trip(app: &TestApp, fake: &Fake) -> Answer {
    let mut form = form();
    form["provider"] = json!("github");
    form["scopes"] = json!(["repo"]);
    let trip = depart(app, &form).await;
    assert_eq!(trip.url.path(), "/github/login/oauth/authorize");
    assert_eq!(trip.asked()["scope"], "read:user user:email repo");
    assert!(!trip.asked().contains_key("nonce"));
    trip.back("github", &fake.agree(&trip.url)).await
}

fn ana(fake: &Fake) {
    fake.set().person =
        json!({ "id": 42, "login": "ana", "name": null, "email": null, "avatar_url": "https://x.example/a" });
}

#[db_test]
async fn somebody_signs_in_by_github(db: PgPool) {
    let (app, fake) = app(db.clone()).await;
    ana(&fake);
    fake.set().token = json!({ "scope": "read:user,user:email", "expires_in": null, "id_token": null });
    let answer = round_trip(&app, &fake).await;
    assert_eq!(location(&answer), "/new");
    let user = &session(&app, &answer).await["user"];
    assert_eq!((&user["email"], &user["name"]), (&json!("ana@example.com"), &json!("ana")));
    assert_eq!((&user["emailVerified"], &user["image"]), (&json!(true), &json!("https://x.example/a")));
    let kept: (String, Vec<String>) =
        sqlx::query_as("select account_id, scopes from accounts").fetch_one(&mut *system(&db).await).await.unwrap();
    assert_eq!(kept, ("42".to_owned(), vec!["read:user".to_owned(), "user:email".to_owned()]));
    let chosen = json!({ "providerId": "github" });
    let tokens = browser(&app, &answer).post("/api/auth/get-access-token", &chosen).await.body();
    assert_eq!((&tokens["accessToken"], &tokens["accessTokenExpiresAt"]), (&json!("access-2"), &json!(null)));
    assert_eq!(location(&round_trip(&app, &fake).await), "/home");
}

#[db_test]
async fn an_address_at_github_counts_as_the_list_of_addresses_says(db: PgPool) {
    let (app, fake) = app(db.clone()).await;
    ana(&fake);
    fake.set().emails = json!([]);
    turned_back(&round_trip(&app, &fake).await, "email_not_found");
    // what the profile shows is not believed by itself
    fake.set().person["email"] = json!("victim@example.com");
    turned_back(&round_trip(&app, &fake).await, "email_not_found");
    fake.set().emails = json!([
        { "email": "other@example.com", "verified": true, "primary": false },
        { "email": "ana@example.com", "verified": false, "primary": true },
    ]);
    turned_back(&round_trip(&app, &fake).await, "email_not_verified");
    fake.set().person["email"] = json!("other@example.com");
    fake.set().person["id"] = json!(43);
    assert_eq!(location(&round_trip(&app, &fake).await), "/new");
    app.run_jobs().await;
    assert_eq!(count(&db, "users").await, 2);
}

#[db_test]
async fn what_github_refuses_or_cannot_do_is_told_to_the_page(db: PgPool) {
    let (app, fake) = app(db.clone()).await;
    ana(&fake);
    // its refusals come with 200
    fake.set().token = json!({ "error": "bad_verification_code", "access_token": null });
    turned_back(&round_trip(&app, &fake).await, "invalid_code");
    fake.set().token = json!({ "access_token": null });
    turned_back(&round_trip(&app, &fake).await, "invalid_code");
    fake.set().token = json!({});
    for path in ["/github/login/oauth/access_token", "/github/api/v3/user", "/github/api/v3/user/emails"] {
        for fault in [Fault::Status(502), Fault::Slow, Fault::Huge] {
            fake.fails(path, fault, 2);
            turned_back(&round_trip(&app, &fake).await, "provider_unavailable");
            fake.fails(path, fault, 0);
        }
    }
    fake.set().person["id"] = json!("42; drop");
    turned_back(&round_trip(&app, &fake).await, "unable_to_get_user_info");
    assert_eq!(count(&db, "users").await, 0);
}
