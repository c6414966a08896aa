use crate::{
    fake::{CLIENT, NOON, Signed},
    support::{US, app, count, depart, form, location, round_trip, turned_back},
};
use chrono::TimeDelta;
use testkit::{PgPool, Value, db_test, json};

#[db_test]
async fn only_the_browser_that_was_sent_can_come_back(db: PgPool) {
    let (app, fake) = app(db.clone()).await;
    let other = depart(&app, &form()).await;
    let forged = app.stranger().with("cookie", "better-auth.state=x.y");
    for foreign in [app.stranger(), other.browser, forged] {
        let trip = depart(&app, &form()).await;
        let (code, state) = (fake.agree(&trip.url), trip.state());
        let path = format!("/api/auth/callback/acme?code={code}&state={state}");
        turned_back(&foreign.get(&path).await, "state_mismatch");
        // nor does what was tried come to anything for its owner
        assert_eq!(location(&trip.browser.get(&path).await), format!("{US}/api/auth/error?error=state_mismatch"));
    }
    assert_eq!((count(&db, "users").await, fake.times("/token")), (0, 0));
}

#[db_test]
async fn a_journey_is_good_once_and_for_ten_minutes(db: PgPool) {
    let (app, fake) = app(db.clone()).await;
    let trip = depart(&app, &form()).await;
    assert_eq!(location(&trip.back("acme", &fake.agree(&trip.url)).await), "/new");
    let again = trip.back("acme", &fake.agree(&trip.url)).await;
    assert_eq!(location(&again), format!("{US}/api/auth/error?error=state_mismatch"));

    let (late, just) = (depart(&app, &form()).await, depart(&app, &form()).await);
    app.clock().advance(TimeDelta::seconds(599));
    assert_eq!(location(&just.back("acme", &fake.agree(&just.url)).await), "/home");
    app.clock().advance(TimeDelta::seconds(1));
    turned_back(&late.back("acme", &fake.agree(&late.url)).await, "state_mismatch");
    assert_eq!(count(&db, "sessions").await, 2);
}

#[db_test]
async fn those_who_never_came_back_are_forgotten(db: PgPool) {
    let (app, _) = app(db.clone()).await;
    for _ in 0..3 {
        depart(&app, &form()).await;
    }
    app.clock().advance(TimeDelta::minutes(11));
    depart(&app, &form()).await;
    assert_eq!(count(&db, "social_states").await, 1);
}

#[db_test]
async fn a_return_without_a_state_of_ours_leads_to_the_page_for_failures(db: PgPool) {
    let (app, _) = app(db).await;
    let lost = async |query: &str| location(&app.stranger().get(&format!("/api/auth/callback/acme{query}")).await);
    assert_eq!(lost("").await, format!("{US}/api/auth/error?error=state_not_found"));
    assert_eq!(lost("?code=x").await, format!("{US}/api/auth/error?error=state_not_found"));
    assert_eq!(lost("?code=x&state=y").await, format!("{US}/api/auth/error?error=state_mismatch"));
    let long = format!("/api/auth/callback/acme?state={}", "x".repeat(513));
    app.stranger().get(&long).await.refused(400, "VALIDATION_ERROR");
}

#[db_test]
async fn somebody_comes_back_from_where_they_were_sent_only(db: PgPool) {
    let (app, fake) = app(db).await;
    let trip = depart(&app, &form()).await;
    turned_back(&trip.back("github", &fake.agree(&trip.url)).await, "state_mismatch");
    let back = async |more: &str| {
        let trip = depart(&app, &form()).await;
        trip.back("acme", &format!("{}{more}", fake.agree(&trip.url))).await
    };
    turned_back(&back("&iss=https://evil.example").await, "issuer_mismatch");
    assert_eq!(location(&back(&format!("&iss={}", fake.url)).await), "/new");
    app.clock().advance(TimeDelta::hours(2));
    fake.set().metadata = json!({ "authorization_response_iss_parameter_supported": true });
    turned_back(&back("").await, "issuer_missing");
}

#[db_test]
async fn what_the_platform_says_instead_of_a_code_is_told_to_the_page(db: PgPool) {
    let (app, fake) = app(db).await;
    let trip = depart(&app, &form()).await;
    let path = format!("/api/auth/callback/acme?state={}&error=access_denied&error_description=a%26b", trip.state());
    turned_back(&trip.browser.get(&path).await, "access_denied&error_description=a%26b");
    let trip = depart(&app, &form()).await;
    let path = format!("/api/auth/callback/acme?state={}", trip.state());
    turned_back(&trip.browser.get(&path).await, "no_code");
    assert_eq!(fake.times("/token"), 0);
}

#[db_test]
async fn a_code_that_was_redeemed_or_is_anothers_opens_nothing(db: PgPool) {
    let (app, fake) = app(db.clone()).await;
    let first = depart(&app, &form()).await;
    let code = fake.agree(&first.url);
    first.back("acme", &code).await;
    let replay = depart(&app, &form()).await;
    turned_back(&replay.back("acme", &code).await, "invalid_code");
    // somebody else's code in my journey: it was asked for with another verifier
    let (theirs, mine) = (depart(&app, &form()).await, depart(&app, &form()).await);
    turned_back(&mine.back("acme", &fake.agree(&theirs.url)).await, "invalid_code");
    assert_eq!(count(&db, "sessions").await, 1);
}

#[db_test]
async fn an_id_token_that_is_not_sound_lets_nobody_in(db: PgPool) {
    let (app, fake) = app(db.clone()).await;
    let claims: [(&str, Value); 19] = [
        ("another nonce", json!({ "nonce": "x".repeat(32) })),
        ("no nonce", json!({ "nonce": null })),
        ("another audience", json!({ "aud": "somebody" })),
        ("other audiences", json!({ "aud": ["somebody", "else"] })),
        ("no audience", json!({ "aud": null })),
        ("many audiences without a party", json!({ "aud": [CLIENT, "somebody"] })),
        ("another party", json!({ "azp": "somebody" })),
        ("another issuer", json!({ "iss": "https://evil.example" })),
        ("no issuer", json!({ "iss": null })),
        ("it has expired", json!({ "exp": NOON - 60 })),
        ("no end", json!({ "exp": null })),
        ("an end that is no number", json!({ "exp": "tomorrow" })),
        ("an end beyond all time", json!({ "exp": i64::MAX })),
        ("not yet", json!({ "nbf": NOON + 120 })),
        ("issued in the future", json!({ "iat": NOON + 120 })),
        ("never issued", json!({ "iat": null })),
        ("another access token", json!({ "at_hash": "x" })),
        ("no subject", json!({ "sub": null })),
        ("an endless subject", json!({ "sub": "x".repeat(256) })),
    ];
    for (what, claims) in claims {
        fake.set().claims = claims;
        let answer = round_trip(&app, &fake).await;
        assert_eq!(location(&answer), "/oops?x=1&error=unable_to_get_user_info", "{what}");
    }
    fake.set().claims = json!({});
    for signed in [Signed::ByStranger, Signed::ByUnknown, Signed::None, Signed::ByPublicKey] {
        fake.set().signed = signed;
        let answer = round_trip(&app, &fake).await;
        assert_eq!(location(&answer), "/oops?x=1&error=unable_to_get_user_info", "{signed:?}");
    }
    fake.set().signed = Signed::Rsa;
    for token in [json!(null), json!(""), json!("a.b.c"), json!("e30.e30.")] {
        fake.set().token = json!({ "id_token": token });
        turned_back(&round_trip(&app, &fake).await, "unable_to_get_user_info");
    }
    assert_eq!((count(&db, "users").await, count(&db, "sessions").await), (0, 0));
    fake.set().token = json!({});
    fake.set().claims = json!({ "aud": [CLIENT, "somebody"], "azp": CLIENT, "exp": NOON - 59 });
    assert_eq!(location(&round_trip(&app, &fake).await), "/new");
}

#[db_test]
async fn the_profile_of_another_person_is_not_taken(db: PgPool) {
    let (app, fake) = app(db.clone()).await;
    fake.set().claims = json!({ "email": null });
    fake.set().userinfo = json!({ "sub": "eve-1", "email": "ana@example.com", "email_verified": true });
    turned_back(&round_trip(&app, &fake).await, "unable_to_get_user_info");
    assert_eq!(count(&db, "users").await, 0);
}
