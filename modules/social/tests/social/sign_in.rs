use crate::{
    fake::{CLIENT, Signed},
    support::{
        US, app, browser, count, depart, form, location, round_trip, session, set_cookies, system, trail, turned_back,
    },
};
use testkit::{PgPool, db_test, json};

#[db_test]
async fn somebody_is_sent_to_the_platform_with_a_question_that_nobody_else_can_answer(db: PgPool) {
    let (app, fake) = app(db).await;
    let answer = app.stranger().post("/api/auth/sign-in/social", &form()).await;
    let body = answer.body();
    assert_eq!((&body["redirect"], &body["success"]), (&json!(true), &json!(true)));
    assert_eq!(answer.header("location"), body["url"]);
    let trip = depart(&app, &form()).await;
    let asked = trip.asked();
    assert_eq!(trip.url.as_str().split('?').next().unwrap(), format!("{}/authorize", fake.url));
    assert_eq!(asked["tenant"], "x", "the endpoint's own query stays");
    assert_eq!((asked["response_type"].as_str(), asked["client_id"].as_str()), ("code", CLIENT));
    assert_eq!((asked["scope"].as_str(), asked["code_challenge_method"].as_str()), ("openid email profile", "S256"));
    assert_eq!(asked["redirect_uri"], format!("{US}/api/auth/callback/acme"));
    assert!(asked["state"].len() == 32 && asked["nonce"].len() == 32 && asked["code_challenge"].len() == 43);
    let cookie = &set_cookies(&answer)[0];
    assert!(
        cookie.starts_with("better-auth.state=") && cookie.ends_with("; Max-Age=600; Path=/; HttpOnly; SameSite=Lax")
    );
}

#[db_test]
async fn a_page_may_go_to_the_platform_in_its_own_way_and_ask_for_more(db: PgPool) {
    let (app, _) = app(db).await;
    let form = json!({
        "provider": "acme", "disableRedirect": true, "scopes": ["email", "offline_access"], "loginHint": "a@b.co",
        "requestSignUp": true, "unknown": 1,
    });
    let answer = app.stranger().post("/api/auth/sign-in/social", &form).await;
    assert_eq!((answer.body()["redirect"].clone(), answer.header("location")), (json!(false), ""));
    let asked = crate::support::trip(&app, &answer).asked();
    assert_eq!(asked["scope"], "openid email profile offline_access");
    assert_eq!((asked["login_hint"].as_str(), asked["prompt"].as_str()), ("a@b.co", "consent"));
}

#[db_test]
async fn a_stranger_becomes_a_user_and_is_let_in(db: PgPool) {
    let (app, fake) = app(db.clone()).await;
    let answer = round_trip(&app, &fake).await;
    assert_eq!(location(&answer), "/new");
    let cookies = set_cookies(&answer);
    assert!(cookies.iter().any(|it| it.starts_with("better-auth.state=;") && it.contains("Max-Age=0")), "{cookies:?}");
    let user = &session(&app, &answer).await["user"];
    assert_eq!((&user["email"], &user["name"]), (&json!("ana@example.com"), &json!("Ana Souza")));
    assert_eq!((&user["emailVerified"], &user["image"]), (&json!(true), &json!("https://pictures.example/ana.png")));
    let me = browser(&app, &answer).get("/api/auth/me").await.ok();
    assert_eq!((&me["tenant"]["type"], &me["tenant"]["name"]), (&json!("trader"), &json!("Ana Souza")));
    let kept: Vec<(String, String, bool)> =
        sqlx::query_as("select provider, account_id, password_hash is null from accounts")
            .fetch_all(&mut *system(&db).await)
            .await
            .unwrap();
    assert_eq!(kept, [("acme".to_owned(), "ana-1".to_owned(), true)]);
    assert_eq!(trail(&db, "account").await, ["account.linked"]);
    assert_eq!(trail(&db, "session").await, ["session.opened"]);
    assert!(app.outbox().emails().is_empty());
}

#[db_test]
async fn the_tokens_of_the_platform_are_sealed_and_the_journey_is_forgotten(db: PgPool) {
    let (app, fake) = app(db.clone()).await;
    let trip = depart(&app, &form()).await;
    let kept: Vec<u8> = sqlx::query_scalar("select hash || journey from social_states")
        .fetch_one(&mut *system(&db).await)
        .await
        .unwrap();
    let holds = |kept: &[u8], part: &str| kept.windows(part.len()).any(|window| window == part.as_bytes());
    let asked = trip.asked();
    assert!(!holds(&kept, &asked["state"]) && !holds(&kept, &asked["nonce"]) && !holds(&kept, "/home"));
    trip.back("acme", &fake.agree(&trip.url)).await;
    assert_eq!(count(&db, "social_states").await, 0);
    let kept: Vec<u8> = sqlx::query_scalar("select access_token || refresh_token || id_token from accounts")
        .fetch_one(&mut *system(&db).await)
        .await
        .unwrap();
    for part in ["access-", "refresh-", "eyJ"] {
        assert!(!holds(&kept, part), "{part}");
    }
}

#[db_test]
async fn tokens_and_journeys_are_sealed_anew_when_the_platforms_key_is_rotated(db: PgPool) {
    let (app, fake) = app(db.clone()).await;
    round_trip(&app, &fake).await;
    depart(&app, &form()).await;
    let columns = ["social_states.journey", "accounts.access_token", "accounts.refresh_token", "accounts.id_token"];
    assert_eq!(app.rotate(db).await, columns.map(|column| (column.to_owned(), 1)));
}

#[db_test]
async fn whoever_comes_again_is_the_same_user(db: PgPool) {
    let (app, fake) = app(db.clone()).await;
    let first = session(&app, &round_trip(&app, &fake).await).await;
    // what the platform calls them counts, not their address there
    fake.set().person["email"] = json!("other@example.com");
    fake.set().signed = Signed::Ec;
    let again = round_trip(&app, &fake).await;
    assert_eq!(location(&again), "/home");
    assert_eq!(session(&app, &again).await["user"], first["user"]);
    assert_eq!((count(&db, "users").await, count(&db, "accounts").await), (1, 1));
    assert_eq!(trail(&db, "account").await, ["account.linked", "account.renewed"]);
}

#[db_test]
async fn what_the_id_token_leaves_out_the_platform_is_asked_for(db: PgPool) {
    let (app, fake) = app(db).await;
    fake.set().claims = json!({ "email": null, "email_verified": null, "name": null });
    fake.set().person["email_verified"] = json!("true");
    let user = &session(&app, &round_trip(&app, &fake).await).await["user"];
    assert_eq!(
        (&user["email"], &user["name"], &user["emailVerified"]),
        (&json!("ana@example.com"), &json!("Ana Souza"), &json!(true))
    );
    assert_eq!(fake.times("/userinfo"), 1);
}

#[db_test]
async fn an_address_that_the_platform_does_not_vouch_for_is_to_be_verified_first(db: PgPool) {
    let (app, fake) = app(db.clone()).await;
    for unsure in [json!(false), json!("false"), json!(1), json!(null)] {
        fake.set().person["email_verified"] = unsure;
        turned_back(&round_trip(&app, &fake).await, "email_not_verified");
    }
    assert_eq!((count(&db, "users").await, count(&db, "sessions").await), (1, 0));
    app.run_jobs().await;
    let mails = app.outbox().emails();
    assert_eq!((mails.len(), mails[0].to.as_str()), (1, "ana@example.com"));
    let link = mails[0].text.lines().find_map(|line| line.strip_prefix(US)).unwrap().to_owned();
    assert_eq!(location(&app.stranger().get(&link).await), "/home");
    assert_eq!(location(&round_trip(&app, &fake).await), "/home");
}

#[db_test]
async fn an_address_is_verified_as_soon_as_the_platform_vouches_for_it(db: PgPool) {
    let (app, fake) = app(db.clone()).await;
    fake.set().person["email_verified"] = json!(false);
    turned_back(&round_trip(&app, &fake).await, "email_not_verified");
    fake.set().person["email_verified"] = json!(true);
    let answer = round_trip(&app, &fake).await;
    assert_eq!(session(&app, &answer).await["user"]["emailVerified"], true);
    assert_eq!(trail(&db, "user").await, ["user.created", "user.email-verified"]);
    app.run_jobs().await;
}

#[db_test]
async fn a_person_without_a_sound_address_is_turned_back(db: PgPool) {
    let (app, fake) = app(db.clone()).await;
    for address in [json!(null), json!("ana"), json!("a@b@c.de"), json!(7)] {
        fake.set().person["email"] = address;
        turned_back(&round_trip(&app, &fake).await, "email_not_found");
    }
    assert_eq!(count(&db, "users").await, 0);
}

#[db_test]
async fn names_and_pictures_of_a_platform_are_taken_as_far_as_they_are_sound(db: PgPool) {
    let (app, fake) = app(db).await;
    let name = format!("\0Ana\r\n{}", "x".repeat(500));
    fake.set().claims = json!({ "name": name, "picture": "javascript:alert(1)" });
    let user = &session(&app, &round_trip(&app, &fake).await).await["user"];
    assert_eq!(user["name"], format!("Ana{}", "x".repeat(197)));
    assert_eq!(user["image"], json!(null));
}

#[db_test]
async fn a_banned_user_is_turned_back(db: PgPool) {
    let (app, fake) = app(db.clone()).await;
    round_trip(&app, &fake).await;
    sqlx::query("update users set banned = true").execute(&mut *system(&db).await).await.unwrap();
    let answer = round_trip(&app, &fake).await;
    assert!(location(&answer).starts_with("/oops?x=1&error=banned&error_description=You+have+been"));
    assert_eq!(count(&db, "sessions").await, 1);
}

#[db_test]
async fn a_user_with_a_second_factor_is_asked_for_it(db: PgPool) {
    let (app, fake) = app(db.clone()).await;
    round_trip(&app, &fake).await;
    let enabled = sqlx::query("update users set two_factor_enabled = true");
    enabled.execute(&mut *system(&db).await).await.unwrap();
    let answer = round_trip(&app, &fake).await;
    assert_eq!(location(&answer), "/home?twoFactorRedirect=true");
    let cookies = set_cookies(&answer);
    assert!(cookies.iter().any(|it| it.starts_with("better-auth.two_factor=") && it.contains("Max-Age=600")));
    assert!(cookies.iter().any(|it| it.starts_with("better-auth.session_token=;")), "{cookies:?}");
    assert_eq!(count(&db, "sessions").await, 1);
}

#[db_test]
async fn a_platform_that_sends_back_by_a_form_is_led_to_where_the_cookies_come_along(db: PgPool) {
    let (app, fake) = app(db).await;
    let trip = depart(&app, &form()).await;
    let body = format!("code={}&state={}", fake.agree(&trip.url), trip.state());
    let foreign = app.stranger().with("origin", "https://acme.example").with("cookie", "theirs=1");
    let form = Some("application/x-www-form-urlencoded");
    let answer = foreign.send("POST", "/api/auth/callback/acme", body.clone().into(), form).await;
    assert_eq!(location(&answer), format!("{US}/api/auth/callback/acme?{body}"));
    let path = location(&answer).replace(US, "");
    assert_eq!(location(&trip.browser.get(&path).await), "/new");
}

#[db_test]
async fn what_cannot_be_asked_for_is_refused(db: PgPool) {
    let (app, fake) = app(db.clone()).await;
    let ask = async |field: &str, value| {
        let mut form = form();
        form[field] = value;
        app.stranger().post("/api/auth/sign-in/social", &form).await
    };
    ask("provider", json!("nobody")).await.refused(404, "PROVIDER_NOT_FOUND");
    ask("provider", json!("ACME")).await.refused(404, "PROVIDER_NOT_FOUND");
    ask("provider", json!("x".repeat(65))).await.refused(400, "VALIDATION_ERROR");
    ask("provider", json!(null)).await.refused(400, "VALIDATION_ERROR");
    ask("callbackURL", json!("https://evil.example")).await.refused(403, "INVALID_CALLBACK_URL");
    ask("errorCallbackURL", json!("//evil.example")).await.refused(403, "INVALID_ERROR_CALLBACK_URL");
    ask("newUserCallbackURL", json!("javascript:x")).await.refused(403, "INVALID_NEW_USER_CALLBACK_URL");
    ask("callbackURL", json!(format!("/{}", "x".repeat(2048)))).await.refused(400, "VALIDATION_ERROR");
    for scopes in
        [json!([""]), json!(["a b"]), json!(["\"x\""]), json!(["x".repeat(201)]), json!(vec!["a"; 33]), json!("a")]
    {
        ask("scopes", scopes).await.refused(400, "VALIDATION_ERROR");
    }
    app.stranger().post("/api/auth/sign-in/social", &json!({})).await.refused(400, "VALIDATION_ERROR");
    let evil = app.stranger().with("origin", "https://evil.example").with("cookie", "a=b");
    evil.post("/api/auth/sign-in/social", &form()).await.refused(403, "INVALID_ORIGIN");
    assert_eq!((count(&db, "social_states").await, fake.times("/token")), (0, 0));
}
