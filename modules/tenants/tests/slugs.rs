//! By what name a tenant is reached, and who gets one that was given up.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use kit::chrono::TimeDelta;
use tenants::Kind;
use testkit::{Answer, Member, PgPool, TestApp, db_test, json};

async fn rename(of: &Member, slug: &str) -> Answer {
    of.patch(&format!("/api/tenant/{}", of.tenant), &json!({ "slug": slug })).await
}

#[db_test]
async fn a_slug_that_was_given_up_is_nobody_elses_for_thirty_days(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (ana, eve) = (app.owner(Kind::Company).await, app.owner(Kind::Company).await);
    app.keep_sessions().await;
    rename(&ana, "acme").await.ok();
    app.clock().advance(TimeDelta::days(365));
    rename(&ana, "acme-inc").await.ok();
    let founding = json!({ "name": "Eve's", "slug": "acme" });
    app.clock().advance(TimeDelta::days(30) - TimeDelta::milliseconds(1));
    rename(&eve, "acme").await.refused(409, "TENANT_SLUG_TAKEN");
    eve.post("/api/tenant", &founding).await.refused(409, "TENANT_SLUG_TAKEN");
    let named = eve.post("/api/tenant", &json!({ "name": "Acme" })).await.created();
    assert!(named["slug"].as_str().unwrap().starts_with("acme-"), "{named}");
    app.clock().advance(TimeDelta::milliseconds(1));
    eve.post("/api/tenant", &founding).await.created();
    rename(&ana, "acme").await.refused(409, "TENANT_SLUG_TAKEN");
}

#[db_test]
async fn whoever_gave_a_slug_up_may_take_it_back(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (ana, eve) = (app.owner(Kind::Company).await, app.owner(Kind::Company).await);
    for slug in ["one", "two", "one", "two", "one"] {
        rename(&ana, slug).await.ok();
    }
    rename(&eve, "two").await.refused(409, "TENANT_SLUG_TAKEN");
    rename(&eve, "one").await.refused(409, "TENANT_SLUG_TAKEN");
}

#[db_test]
async fn a_tenant_does_not_hoard_slugs(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ana = app.owner(Kind::Company).await;
    app.keep_sessions().await;
    for number in 0..5 {
        rename(&ana, &format!("acme-{number}")).await.ok();
    }
    rename(&ana, "acme-5").await.refused(403, "TOO_MANY_SLUGS");
    rename(&ana, "acme-1").await.ok();
    rename(&ana, "acme-1").await.ok();
    app.clock().advance(TimeDelta::days(30));
    rename(&ana, "acme-5").await.ok();
}

#[db_test]
async fn a_slug_given_up_at_the_moment_that_another_wants_it_is_not_taken_over(db: PgPool) {
    let app = TestApp::new(db, []).await;
    for round in 0..8 {
        let (ana, eve) = (app.owner(Kind::Company).await, app.owner(Kind::Company).await);
        let wanted = format!("wanted-{round}");
        rename(&ana, &wanted).await.ok();
        let other = format!("other-{round}");
        let (moved, taken) = futures::join!(rename(&ana, &other), rename(&eve, &wanted));
        moved.ok();
        taken.refused(409, "TENANT_SLUG_TAKEN");
    }
}

#[db_test]
async fn a_name_that_passes_for_the_platforms_is_refused(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ana = app.owner(Kind::Company).await;
    for slug in ["admin", "4dm1n", "l0gin", "adrnin", "a-p-i", "botcriptofy-support", "b0tcriptofy"] {
        rename(&ana, slug).await.refused(409, "TENANT_SLUG_TAKEN");
        ana.post("/api/tenant", &json!({ "name": "A", "slug": slug })).await.refused(409, "TENANT_SLUG_TAKEN");
    }
    for slug in ["xn--80ak6aa92e", "аcme", "acme.evil", "acme/", "-acme", "ACME", "acme\u{200b}"] {
        rename(&ana, slug).await.invalid("slug");
    }
    let named = ana.post("/api/tenant", &json!({ "name": "BotCriptoFy Support" })).await.created();
    assert!(named["slug"].as_str().unwrap().starts_with("tenant-"), "{named}");
}

#[db_test]
async fn what_a_tenant_was_called_is_its_own_to_know(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (ana, eve) = (app.owner(Kind::Company).await, app.owner(Kind::Company).await);
    rename(&ana, "acme").await.ok();
    let mut tx = app.tenant(eve.tenant).await;
    let seen: i64 = sqlx::query_scalar("select count(*) from tenant_slugs").fetch_one(tx.conn()).await.unwrap();
    assert_eq!(seen, 0);
    let freed = sqlx::query("delete from tenant_slugs").execute(tx.conn()).await.unwrap_err();
    assert!(freed.to_string().contains("permission denied"), "{freed}");
}
