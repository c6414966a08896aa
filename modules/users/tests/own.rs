//! What is a user's own beside their profile: preferences, a picture, consents.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use axum::body::Body;
use testkit::{Answer, Client, PgPool, TestApp, Value, db_test, json};

const PREFERENCES: &str = "/api/user/preferences";
const AVATAR: &str = "/api/user/avatar";
const CONSENTS: &str = "/api/user/consents";

fn png(width: u32, height: u32) -> Vec<u8> {
    let head = [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), &width.to_be_bytes(), &height.to_be_bytes()].concat();
    [head, b"\x08\x06\0\0\0\0\0\0\0".to_vec(), vec![0; 64]].concat()
}

fn gif() -> Vec<u8> {
    [b"GIF89a\x40\x00\x40\x00".as_slice(), &[0; 32]].concat()
}

fn jpeg() -> Vec<u8> {
    let start = b"\xff\xd8\xff\xe0\x00\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0".as_slice();
    [start, b"\xff\xc0\x00\x11\x08\x00\x40\x00\x40\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01", &[0; 32]].concat()
}

fn webp() -> Vec<u8> {
    [b"RIFF\x40\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x3f\0\0\x3f\0\0".as_slice(), &[0; 32]].concat()
}

async fn put(by: &Client, picture: Vec<u8>, called: &str) -> Answer {
    by.send("PUT", AVATAR, Body::from(picture), Some(called)).await
}

/// The path of an address of ours.
fn path(image: &Value) -> String {
    image.as_str().unwrap().strip_prefix("http://127.0.0.1:3000").unwrap().to_owned()
}

#[db_test]
async fn preferences_have_usual_values_until_a_user_chooses(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (ana, bob) = (app.member([]).await, app.member([]).await);
    let usual = ana.get(PREFERENCES).await.ok();
    assert_eq!(
        (&usual["locale"], &usual["timeZone"], &usual["currency"]),
        (&json!("en"), &json!("UTC"), &json!("USD"))
    );
    assert_eq!(usual["notifications"]["security"], json!(["inApp", "email"]));
    assert_eq!(usual["notifications"]["marketing"], json!([]));

    let chosen = json!({
        "locale": "pt-BR", "timeZone": "America/Sao_Paulo", "currency": "BRL",
        "notifications": { "trading": ["telegram", "push", "push"], "bots": [] },
    });
    let now = ana.put(PREFERENCES, &chosen).await.ok();
    assert_eq!(now["notifications"]["trading"], json!(["telegram", "push"]));
    assert_eq!(now["notifications"]["bots"], json!([]));
    assert_eq!(now["notifications"]["billing"], usual["notifications"]["billing"], "what is left out is as usual");
    assert_eq!(ana.get(PREFERENCES).await.ok(), now);
    assert_eq!(ana.get("/api/user/profile").await.ok()["currency"], "BRL");
    assert_eq!(bob.get(PREFERENCES).await.ok(), usual, "another's preferences are untouched");

    let entry: (uuid::Uuid, Value, Value) =
        sqlx::query_as("select actor_id, before, after from audit_entries where action = 'user.notifications-changed'")
            .fetch_one(app.system().await.conn())
            .await
            .unwrap();
    assert_eq!((entry.0, &entry.1, &entry.2), (ana.user, &usual["notifications"], &now["notifications"]));
}

#[db_test]
async fn preferences_that_break_a_rule_are_refused(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ana = app.member([]).await;
    let with = |field: &str, value: Value| {
        let mut input = json!({ "locale": "en", "timeZone": "UTC", "currency": "USD", "notifications": {} });
        input[field] = value;
        input
    };
    for (input, path) in [
        (with("locale", json!("english")), "locale"),
        (with("timeZone", json!("Mars/Olympus")), "timeZone"),
        (with("currency", json!("usd")), "currency"),
        (with("notifications", json!({ "security": ["inApp"] })), "notifications.security"),
    ] {
        ana.put(PREFERENCES, &input).await.invalid(path);
    }
    for input in [
        json!({}),
        with("role", json!("admin")),
        with("notifications", json!({ "bots": ["pigeon"] })),
        with("notifications", json!({ "gossip": ["email"] })),
        with("notifications", json!({ "bots": "email" })),
    ] {
        ana.put(PREFERENCES, &input).await.refused(422, "VALIDATION_ERROR");
    }
    app.stranger().get(PREFERENCES).await.refused(401, "UNAUTHORIZED");
    app.stranger().put(PREFERENCES, &json!({})).await.refused(401, "UNAUTHORIZED");
}

#[db_test]
async fn a_picture_is_served_as_what_it_is_to_whoever_knows_its_address(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ana = app.member([]).await;
    for (picture, media_type) in
        [(png(64, 64), "image/png"), (jpeg(), "image/jpeg"), (webp(), "image/webp"), (gif(), "image/gif")]
    {
        let answer = put(&ana, picture.clone(), "text/html").await;
        assert_eq!(answer.status, 200, "{media_type}: {}", answer.text());
        let image = answer.ok()["image"].clone();
        assert_eq!(ana.get("/api/user/profile").await.ok()["image"], image);
        let served = app.stranger().get(&path(&image)).await;
        assert_eq!((served.status.as_u16(), served.header("content-type")), (200, media_type));
        assert_eq!(served.bytes, picture);
        assert_eq!(served.header("x-content-type-options"), "nosniff");
        assert!(served.header("content-security-policy").contains("default-src 'none'"));
        assert!(served.header("content-disposition").starts_with("inline; filename=\"avatar."));
        assert!(served.header("cache-control").contains("immutable"));
        assert_eq!(ana.get(AVATAR).await.header("cache-control"), "private, no-cache");
    }
}

#[db_test]
async fn a_picture_that_is_known_is_not_sent_again(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ana = app.member([]).await;
    put(&ana, png(8, 8), "image/png").await.ok();
    let tag = ana.get(AVATAR).await.header("etag").to_owned();
    for known in [tag.clone(), format!("\"x\", W/{tag}"), "*".to_owned()] {
        let answer = ana.with("if-none-match", known).get(AVATAR).await;
        assert_eq!((answer.status.as_u16(), answer.bytes.len(), answer.header("etag")), (304, 0, tag.as_str()));
    }
    assert_eq!(ana.with("if-none-match", "\"x\"").get(AVATAR).await.status, 200);
    put(&ana, png(9, 9), "image/png").await.ok();
    assert_eq!(ana.with("if-none-match", &tag).get(AVATAR).await.status, 200, "another picture has another tag");
}

#[db_test]
async fn what_is_no_picture_or_too_large_is_refused(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ana = app.member([]).await;
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".to_vec();
    for none in [vec![], b"GIF8".to_vec(), svg, b"<html><script>alert(1)</script>".to_vec(), png(1, 1)[..18].to_vec()] {
        put(&ana, none, "image/png").await.refused(415, "UNSUPPORTED_PICTURE");
    }
    for (width, height) in [(0, 1), (4097, 1), (1, 4097), (u32::MAX, u32::MAX)] {
        let refused = put(&ana, png(width, height), "image/png").await;
        assert!(matches!(refused.status.as_u16(), 415 | 422), "{width} by {height}: {}", refused.text());
    }
    let heavy = [png(8, 8), vec![0; 1 << 20]].concat();
    put(&ana, heavy, "image/png").await.refused(413, "BODY_TOO_LARGE");
    ana.get(AVATAR).await.refused(404, "AVATAR_NOT_FOUND");
    assert!(ana.get("/api/user/profile").await.ok()["image"].is_null());
}

#[db_test]
async fn a_picture_is_its_users_to_change_and_to_remove(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (ana, bob) = (app.member([]).await, app.member([]).await);
    let first = put(&ana, png(8, 8), "image/png").await.ok()["image"].clone();
    bob.get(AVATAR).await.refused(404, "AVATAR_NOT_FOUND");
    bob.delete(AVATAR).await.refused(404, "AVATAR_NOT_FOUND");
    let second = put(&ana, png(9, 9), "image/png").await.ok()["image"].clone();
    assert_ne!(first, second);
    app.stranger().get(&path(&first)).await.refused(404, "AVATAR_NOT_FOUND");
    ana.delete(AVATAR).await.no_content();
    app.stranger().get(&path(&second)).await.refused(404, "AVATAR_NOT_FOUND");
    assert!(ana.get("/api/user/profile").await.ok()["image"].is_null());

    put(&ana, png(8, 8), "image/png").await.ok();
    let elsewhere = "https://example.com/ana.png";
    ana.patch("/api/user/profile", &json!({ "image": elsewhere })).await.ok();
    ana.delete(AVATAR).await.no_content();
    assert_eq!(ana.get("/api/user/profile").await.ok()["image"], elsewhere, "what points elsewhere stays");
    for answer in [app.stranger().get(AVATAR).await, app.stranger().delete(AVATAR).await] {
        answer.refused(401, "UNAUTHORIZED");
    }
    put(&app.stranger(), png(8, 8), "image/png").await.refused(401, "UNAUTHORIZED");
    app.stranger().get("/api/user/avatar/not-an-id").await.refused(400, "BAD_PATH");
}

#[db_test]
async fn consents_are_a_history_that_nobody_rewrites(db: PgPool) {
    let app = TestApp::new(db.clone(), []).await;
    let (ana, bob) = (app.member([]).await.with("user-agent", "Browser"), app.member([]).await);
    for (kind, granted) in [("terms", true), ("marketing", true), ("marketing", false)] {
        app.clock().advance(chrono::TimeDelta::seconds(1));
        let consent = json!({ "kind": kind, "version": "2026-11", "granted": granted });
        let noted = ana.post(CONSENTS, &consent).await.created();
        assert_eq!((&noted["kind"], &noted["granted"]), (&json!(kind), &json!(granted)));
        assert_eq!((&noted["userAgent"], &noted["version"]), (&json!("Browser"), &json!("2026-11")));
    }
    let history = ana.get(CONSENTS).await.body();
    let kinds: Vec<_> = history["data"].as_array().unwrap().iter().map(|it| (&it["kind"], &it["granted"])).collect();
    let expected = [json!("marketing"), json!("marketing"), json!("terms")];
    let granted = [json!(false), json!(true), json!(true)];
    assert_eq!(kinds, expected.iter().zip(&granted).collect::<Vec<_>>());
    assert_eq!(history["data"][0]["at"], "2026-01-05T12:00:03.000Z");
    assert_eq!(ana.get(&format!("{CONSENTS}?limit=1&page=2")).await.body()["meta"]["total"], 3);
    assert_eq!(bob.get(CONSENTS).await.ok(), json!([]));

    let mut own = db.acquire().await.unwrap();
    for change in ["update user_consents set granted = true", "delete from user_consents"] {
        let statement = sqlx::AssertSqlSafe(format!("set role botcriptofy_app; {change}"));
        let refused = sqlx::raw_sql(statement).execute(&mut *own).await.unwrap_err();
        let code = refused.as_database_error().and_then(|error| error.code().map(|code| code.into_owned()));
        assert_eq!(code.as_deref(), Some("42501"), "{change}");
    }
}

#[db_test]
async fn a_consent_that_says_nothing_is_refused(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ana = app.member([]).await;
    for consent in [
        json!({}),
        json!({ "kind": "everything", "version": "1", "granted": true }),
        json!({ "kind": "terms", "version": "", "granted": true }),
        json!({ "kind": "terms", "version": "x".repeat(65), "granted": true }),
        json!({ "kind": "terms", "version": "1", "granted": "yes" }),
        json!({ "kind": "terms", "version": "1", "granted": true, "at": "2020-01-01T00:00:00.000Z" }),
    ] {
        ana.post(CONSENTS, &consent).await.refused(422, "VALIDATION_ERROR");
    }
    assert_eq!(ana.get(CONSENTS).await.ok(), json!([]));
    app.stranger().get(CONSENTS).await.refused(401, "UNAUTHORIZED");
    app.stranger().post(CONSENTS, &json!({})).await.refused(401, "UNAUTHORIZED");
}
