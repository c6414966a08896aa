use crate::{
    fake::{Fault, Signed},
    support::{app, count, depart, form, location, round_trip, turned_back},
};
use chrono::TimeDelta;
use testkit::{PgPool, db_test, json};

const FAULTS: [Fault; 7] =
    [Fault::Status(500), Fault::Status(503), Fault::Slow, Fault::Huge, Fault::Redirect, Fault::NoJson, Fault::Short];

#[db_test]
async fn whatever_ails_the_platform_the_page_is_told_that_it_is_unavailable(db: PgPool) {
    let (app, fake) = app(db.clone()).await;
    fake.set().claims = json!({ "email": null });
    for fault in FAULTS {
        for path in ["/token", "/userinfo"] {
            fake.fails(path, fault, 2);
            let answer = round_trip(&app, &fake).await;
            assert_eq!(location(&answer), "/oops?x=1&error=provider_unavailable", "{path} {fault:?}");
            fake.fails(path, fault, 0);
        }
    }
    assert_eq!(count(&db, "users").await, 0);
    assert_eq!(location(&round_trip(&app, &fake).await), "/new");
}

#[db_test]
async fn what_can_be_asked_again_is_asked_once_more_and_a_code_is_sent_once(db: PgPool) {
    let (app, fake) = app(db).await;
    fake.fails("/.well-known/openid-configuration", Fault::Status(502), 1);
    fake.fails("/jwks", Fault::Short, 1);
    assert_eq!(location(&round_trip(&app, &fake).await), "/new");
    assert_eq!((fake.times("/.well-known/openid-configuration"), fake.times("/jwks")), (2, 2));
    fake.fails("/token", Fault::Status(500), 1);
    turned_back(&round_trip(&app, &fake).await, "provider_unavailable");
    assert_eq!(fake.times("/token"), 2);
    assert_eq!((fake.times("/.well-known/openid-configuration"), fake.times("/jwks")), (2, 2), "they are remembered");
}

#[db_test]
async fn nobody_is_sent_to_a_platform_that_cannot_be_found(db: PgPool) {
    let (app, fake) = app(db).await;
    let ask = async || app.stranger().post("/api/auth/sign-in/social", &form()).await;
    fake.fails("/.well-known/openid-configuration", Fault::Slow, 2);
    ask().await.refused(503, "PROVIDER_UNAVAILABLE");
    // nobody waits for what has just failed
    ask().await.refused(503, "PROVIDER_UNAVAILABLE");
    assert_eq!(fake.times("/.well-known/openid-configuration"), 2);
    app.clock().advance(TimeDelta::seconds(2));
    assert_eq!(ask().await.status.as_u16(), 200);
}

#[db_test]
async fn a_description_of_another_issuer_is_not_believed(db: PgPool) {
    let (app, fake) = app(db).await;
    for wrong in [
        json!({ "issuer": "https://evil.example" }),
        json!({ "issuer": null }),
        json!({ "token_endpoint": null }),
        json!({ "jwks_uri": "not a url" }),
        json!({ "userinfo_endpoint": "ftp://evil.example" }),
    ] {
        fake.set().metadata = wrong;
        app.clock().advance(TimeDelta::seconds(2));
        let answer = app.stranger().post("/api/auth/sign-in/social", &form()).await;
        answer.refused(503, "PROVIDER_UNAVAILABLE");
    }
}

#[db_test]
async fn a_new_key_of_the_issuer_is_found_and_an_invented_one_does_not_make_us_ask_for_ever(db: PgPool) {
    let (app, fake) = app(db).await;
    round_trip(&app, &fake).await;
    fake.set().key = "two";
    turned_back(&round_trip(&app, &fake).await, "unable_to_get_user_info");
    assert_eq!(fake.times("/jwks"), 1);
    app.clock().advance(TimeDelta::minutes(1));
    assert_eq!(location(&round_trip(&app, &fake).await), "/home");
    assert_eq!(fake.times("/jwks"), 2);
    fake.set().signed = Signed::ByUnknown;
    for _ in 0..3 {
        turned_back(&round_trip(&app, &fake).await, "unable_to_get_user_info");
    }
    assert_eq!(fake.times("/jwks"), 2);
}

#[db_test]
async fn the_secret_goes_the_way_that_the_issuer_knows(db: PgPool) {
    let (app, fake) = app(db).await;
    fake.set().metadata = json!({ "token_endpoint_auth_methods_supported": ["client_secret_post", "none"] });
    assert_eq!(location(&round_trip(&app, &fake).await), "/new");
    let trip = depart(&app, &form()).await;
    assert!(!trip.url.as_str().contains("secret"));
}
