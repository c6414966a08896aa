use crate::{
    fake::Fake,
    support::{
        Trip, US, app, app_with, count, form, location, round_trip, session, signed_in, system, trail, trip,
        turned_back,
    },
};
use chrono::TimeDelta;
use social::SocialSettings;
use testkit::{Client, Member, PgPool, TestApp, db_test, json};

/// A user with a password account, verified or not.
async fn user(app: &TestApp, email: &str, verified: bool) {
    let form = json!({ "name": "Ana", "email": email, "password": "correct horse battery" });
    assert_eq!(app.stranger().post("/api/auth/sign-up/email", &form).await.status, 200);
    app.run_jobs().await;
    if verified {
        let mail = app.outbox().newest_to(email);
        let link = mail.text.lines().find_map(|line| line.strip_prefix(US)).unwrap();
        assert_eq!(app.stranger().get(link).await.status, 302);
    }
}

/// A member, known to the platform by the same address.
async fn member(app: &TestApp, fake: &Fake) -> Member {
    let member = app.member([]).await;
    fake.set().person["email"] = json!(member.email);
    member
}

/// The way of a user to link an account.
async fn leave(app: &TestApp, user: &Client) -> Trip {
    trip(app, &user.post("/api/auth/link-social", &form()).await)
}

async fn link(app: &TestApp, fake: &Fake, user: &Client) -> testkit::Answer {
    let trip = leave(app, user).await;
    trip.back("acme", &fake.agree(&trip.url)).await
}

#[db_test]
async fn an_account_is_linked_by_itself_where_both_sides_know_whose_address_it_is(db: PgPool) {
    let (app, fake) = app(db.clone()).await;
    user(&app, "ana@example.com", true).await;
    let answer = round_trip(&app, &fake).await;
    assert_eq!(location(&answer), "/home");
    assert_eq!(session(&app, &answer).await["user"]["email"], "ana@example.com");
    assert_eq!((count(&db, "users").await, count(&db, "accounts").await), (1, 2));
    app.run_jobs().await;
    let mail = app.outbox().newest_to("ana@example.com");
    assert_eq!(mail.subject, "A new way to sign in");
    assert!(mail.text.contains("Your account at acme now") && !mail.text.contains("Souza"), "{}", mail.text);
    let homes: Vec<Option<bool>> = sqlx::query_scalar(
        "select a.tenant_id = u.default_tenant_id from audit_entries a, users u where a.action = 'account.linked'",
    )
    .fetch_all(&mut *system(&db).await)
    .await
    .unwrap();
    assert_eq!(homes, [Some(true)]);
    assert_eq!(location(&round_trip(&app, &fake).await), "/home");
}

#[db_test]
async fn an_address_that_either_side_is_not_sure_of_links_nothing(db: PgPool) {
    let (app, fake) = app(db.clone()).await;
    user(&app, "ana@example.com", false).await;
    turned_back(&round_trip(&app, &fake).await, "account_not_linked");
    user(&app, "bob@example.com", true).await;
    fake.set().person = json!({ "sub": "eve", "email": "bob@example.com", "email_verified": false });
    turned_back(&round_trip(&app, &fake).await, "account_not_linked");
    assert_eq!((count(&db, "accounts").await, count(&db, "sessions").await), (2, 0));
}

#[db_test]
async fn a_user_links_an_account_and_signs_in_by_it(db: PgPool) {
    let (app, fake) = app(db.clone()).await;
    let ana = member(&app, &fake).await;
    let answer = ana.post("/api/auth/link-social", &form()).await;
    let body = answer.body();
    assert_eq!((&body["redirect"], &body["success"], body.get("status")), (&json!(true), &json!(true), None));
    let trip = trip(&app, &answer);
    let landed = trip.back("acme", &fake.agree(&trip.url)).await;
    assert_eq!(location(&landed), "/home");
    assert_eq!(count(&db, "sessions").await, 1, "nobody is signed in by that");
    assert_eq!(location(&link(&app, &fake, &ana).await), "/home", "a second time renews it");
    assert_eq!(trail(&db, "account").await, ["account.linked", "account.renewed"]);
    let list = ana.get("/api/auth/list-accounts").await.body();
    assert_eq!((&list[0]["providerId"], &list[0]["accountId"]), (&json!("acme"), &json!("ana-1")));
    assert_eq!((&list[0]["scopes"], list[1].is_null()), (&json!(["openid", "email", "profile"]), true));
    let answer = round_trip(&app, &fake).await;
    assert_eq!(session(&app, &answer).await["user"]["id"], ana.user.to_string());
    app.run_jobs().await;
    assert_eq!(app.outbox().emails().len(), 1);
}

#[db_test]
async fn an_account_of_another_address_is_linked_where_the_operator_allows_it(db: PgPool) {
    let (app, fake) = app_with(db, |settings| SocialSettings { link_different_emails: true, ..settings }).await;
    let ana = app.member([]).await;
    assert_eq!(location(&link(&app, &fake, &ana).await), "/home");
    app.run_jobs().await;
    assert_eq!(app.outbox().emails()[0].to, ana.email, "to the address that is here");
    fake.set().person = json!({ "sub": "unsure", "email": "x@example.com", "email_verified": false });
    turned_back(&link(&app, &fake, &ana).await, "unable_to_link_account");
}

#[db_test]
async fn what_is_not_certainly_the_users_is_not_linked(db: PgPool) {
    let (app, fake) = app(db.clone()).await;
    let ana = app.member([]).await;
    turned_back(&link(&app, &fake, &ana).await, "email_does_not_match");
    fake.set().person["email"] = json!(null);
    turned_back(&link(&app, &fake, &ana).await, "email_does_not_match");
    fake.set().person["email"] = json!(ana.email);
    fake.set().person["email_verified"] = json!(false);
    turned_back(&link(&app, &fake, &ana).await, "unable_to_link_account");
    fake.set().person["email_verified"] = json!(true);
    assert_eq!(location(&link(&app, &fake, &ana).await), "/home");
    let bob = app.member([]).await;
    fake.set().person["email"] = json!(bob.email);
    turned_back(&link(&app, &fake, &bob).await, "account_already_linked_to_different_user");
    assert_eq!(count(&db, "accounts").await, 1);
    app.run_jobs().await;
}

#[db_test]
async fn an_account_is_linked_in_the_session_that_asked_for_it_only(db: PgPool) {
    let (app, fake) = app(db.clone()).await;
    app.stranger().post("/api/auth/link-social", &form()).await.refused(401, "UNAUTHORIZED");
    let ana = member(&app, &fake).await;
    let away = leave(&app, &ana).await;
    let foreign = app.stranger().get(&format!("/api/auth/callback/acme?code=x&state={}", away.state())).await;
    turned_back(&foreign, "state_mismatch");
    let away = leave(&app, &ana).await;
    assert_eq!(ana.post("/api/auth/sign-out", &json!({})).await.status, 200);
    turned_back(&away.back("acme", &fake.agree(&away.url)).await, "unable_to_link_account");
    assert_eq!(count(&db, "accounts").await, 0);
}

#[db_test]
async fn one_way_to_sign_in_stays(db: PgPool) {
    let (app, fake) = app(db.clone()).await;
    let ana = signed_in(&app, &fake).await;
    let unlink = async |form| ana.post("/api/auth/unlink-account", &form).await;
    unlink(json!({ "providerId": "acme" })).await.refused(400, "FAILED_TO_UNLINK_LAST_ACCOUNT");
    // a password account without a password is no way to sign in
    sqlx::query(
        "insert into accounts (id, user_id, provider, account_id, created_at, updated_at)
         select gen_random_uuid(), id, 'credential', id, now(), now() from users",
    )
    .execute(&mut *system(&db).await)
    .await
    .unwrap();
    unlink(json!({ "providerId": "acme" })).await.refused(400, "FAILED_TO_UNLINK_LAST_ACCOUNT");
    sqlx::query("update accounts set password_hash = 'x' where provider = 'credential'")
        .execute(&mut *system(&db).await)
        .await
        .unwrap();
    unlink(json!({})).await.refused(400, "ACCOUNT_NOT_FOUND");
    unlink(json!({ "providerId": "github" })).await.refused(400, "ACCOUNT_NOT_FOUND");
    unlink(json!({ "providerId": "acme", "accountId": "ana-2" })).await.refused(400, "ACCOUNT_NOT_FOUND");
    let body = unlink(json!({ "providerId": "acme", "accountId": "ana-1" })).await.body();
    assert_eq!((&body["status"], &body["success"]), (&json!(true), &json!(true)));
    unlink(json!({ "providerId": "credential" })).await.refused(400, "FAILED_TO_UNLINK_LAST_ACCOUNT");
    assert_eq!(trail(&db, "account").await, ["account.linked", "account.unlinked"]);
    app.run_jobs().await;
    assert_eq!(app.outbox().newest_to("ana@example.com").subject, "A way to sign in was removed");
}

#[db_test]
async fn an_account_is_unlinked_by_its_id_by_its_user_in_a_fresh_session(db: PgPool) {
    let (app, fake) = app(db.clone()).await;
    let ana = signed_in(&app, &fake).await;
    let trip =
        trip(&app, &ana.post("/api/auth/link-social", &json!({ "provider": "github", "callbackURL": "/x" })).await);
    fake.set().person["id"] = json!(7);
    assert_eq!(location(&trip.back("github", &fake.agree(&trip.url)).await), "/x");
    app.run_jobs().await;
    let id: String = sqlx::query_scalar("select id::text from accounts where provider = 'github'")
        .fetch_one(&mut *system(&db).await)
        .await
        .unwrap();
    let by_id = json!({ "accountId": id });
    let eve = app.member([]).await;
    eve.post("/api/auth/unlink-account", &by_id).await.refused(400, "ACCOUNT_NOT_FOUND");
    app.stranger().post("/api/auth/unlink-account", &by_id).await.refused(401, "UNAUTHORIZED");
    app.clock().advance(TimeDelta::days(1));
    ana.post("/api/auth/unlink-account", &by_id).await.refused(403, "SESSION_NOT_FRESH");
    app.clock().advance(TimeDelta::seconds(-1));
    assert_eq!(ana.post("/api/auth/unlink-account", &by_id).await.status, 200);
    assert_eq!(count(&db, "accounts").await, 1);
    app.run_jobs().await;
}

#[db_test]
async fn an_administrator_who_acts_as_a_user_does_not_touch_their_accounts(db: PgPool) {
    let (app, fake) = app(db.clone()).await;
    let ana = signed_in(&app, &fake).await;
    let impersonated = sqlx::query("update sessions set impersonated_by = user_id");
    impersonated.execute(&mut *system(&db).await).await.unwrap();
    for path in ["link-social", "unlink-account", "get-access-token", "refresh-token"] {
        let body = json!({ "provider": "acme", "providerId": "acme" });
        ana.post(&format!("/api/auth/{path}"), &body).await.refused(403, "IMPERSONATED");
    }
    assert_eq!(count(&db, "accounts").await, 1);
}
