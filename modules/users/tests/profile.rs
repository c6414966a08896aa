//! The profile, as its user sees it.

use testkit::{PgPool, TestApp, db_test, json};

const PROFILE: &str = "/api/user/profile";

#[db_test]
async fn a_user_sees_their_own_profile_and_a_stranger_sees_none(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ana = app.member([]).await;
    let profile = ana.get(PROFILE).await.ok();
    assert_eq!(profile["id"], json!(ana.user));
    assert_eq!(profile["email"], json!(ana.email));
    assert_eq!(profile["emailVerified"], true);
    assert_eq!(profile["role"], "user");
    assert_eq!(
        (&profile["locale"], &profile["timeZone"], &profile["currency"]),
        (&json!("en"), &json!("UTC"), &json!("USD"))
    );
    assert_eq!(profile["createdAt"], "2026-01-05T12:00:00.000Z");
    assert!(profile["image"].is_null());
    app.stranger().get(PROFILE).await.refused(401, "UNAUTHORIZED");
    app.stranger().put(PROFILE, &json!({})).await.refused(401, "UNAUTHORIZED");
    app.stranger().patch(PROFILE, &json!({})).await.refused(401, "UNAUTHORIZED");
}

#[db_test]
async fn a_profile_is_replaced_as_a_whole_and_changed_in_part(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (ana, bob) = (app.member([]).await, app.member([]).await);
    let whole = json!({
        "name": "  Ana Souza ", "image": "https://example.com/ana.png",
        "locale": "pt-BR", "timeZone": "America/Sao_Paulo", "currency": "BRL",
    });
    app.clock().advance(chrono::TimeDelta::seconds(1));
    let replaced = ana.put(PROFILE, &whole).await.ok();
    assert_eq!(replaced["name"], "Ana Souza");
    assert_eq!(replaced["updatedAt"], "2026-01-05T12:00:01.000Z");
    assert_eq!(ana.get(PROFILE).await.ok(), replaced);

    let changed = ana.patch(PROFILE, &json!({ "currency": "USDT" })).await.ok();
    assert_eq!((&changed["currency"], &changed["name"]), (&json!("USDT"), &json!("Ana Souza")));
    assert_eq!(changed["image"], "https://example.com/ana.png", "what is left out stays");
    let changed = ana.patch(PROFILE, &json!({ "image": null })).await.ok();
    assert!(changed["image"].is_null(), "a null takes it away");
    assert_eq!(ana.patch(PROFILE, &json!({})).await.ok()["currency"], "USDT");

    assert_eq!(bob.get(PROFILE).await.ok()["name"], "Test User", "another's profile is untouched");
}

#[db_test]
async fn changes_of_different_fields_at_the_same_time_are_all_kept(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ana = app.member([]).await;
    let changes = [
        json!({ "name": "A" }),
        json!({ "locale": "pt" }),
        json!({ "timeZone": "Asia/Tokyo" }),
        json!({ "currency": "JPY" }),
    ];
    let answers = futures::future::join_all(changes.iter().map(|change| ana.patch(PROFILE, change))).await;
    for answer in answers {
        answer.ok();
    }
    let profile = ana.get(PROFILE).await.ok();
    let kept = ["name", "locale", "timeZone", "currency"].map(|field| profile[field].clone());
    assert_eq!(kept, ["A", "pt", "Asia/Tokyo", "JPY"]);
}

#[db_test]
async fn what_breaks_a_rule_is_refused_by_its_path(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ana = app.member([]).await;
    for (patch, path) in [
        (json!({ "name": "" }), "name"),
        (json!({ "name": "   " }), "name"),
        (json!({ "name": "x".repeat(201) }), "name"),
        (json!({ "name": 5 }), "name"),
        (json!({ "image": "javascript:alert(1)" }), "image"),
        (json!({ "image": format!("https://example.com/{}", "x".repeat(2048)) }), "image"),
        (json!({ "locale": "pt_BR" }), "locale"),
        (json!({ "currency": "usd" }), "currency"),
        (json!({ "currency": "DOLLARS" }), "currency"),
    ] {
        ana.patch(PROFILE, &patch).await.invalid(path);
    }
    for zone in ["Mars/Olympus", "", "utc+3", "../etc/passwd"] {
        ana.patch(PROFILE, &json!({ "timeZone": zone })).await.refused(422, "VALIDATION_ERROR");
    }
    for field in ["role", "email", "emailVerified", "id", "defaultTenantId"] {
        ana.patch(PROFILE, &json!({ field: "admin" })).await.refused(422, "VALIDATION_ERROR");
    }
    ana.put(PROFILE, &json!({ "name": "Ana" })).await.refused(422, "VALIDATION_ERROR");
    assert_eq!(ana.get(PROFILE).await.ok()["name"], "Test User");
}

#[db_test]
async fn a_change_is_audited_with_what_was_and_what_is(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ana = app.member([]).await;
    ana.patch(PROFILE, &json!({ "name": "Ana" })).await.ok();
    let entry: (uuid::Uuid, String, testkit::Value, testkit::Value) = sqlx::query_as(
        "select actor_id, resource_id, before, after from audit_entries where action = 'user.profile-changed'",
    )
    .fetch_one(app.system().await.conn())
    .await
    .expect("one entry");
    assert_eq!((entry.0, entry.1), (ana.user, ana.user.to_string()));
    assert_eq!((&entry.2["name"], &entry.3["name"]), (&json!("Test User"), &json!("Ana")));
}
