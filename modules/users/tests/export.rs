//! The archive of all that the platform knows of a user.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeMap,
    io::{Cursor, Read},
};
use testkit::{Member, PgPool, TestApp, Value, db_test, json};

const EXPORT: &str = "/api/user/export";

/// Asks for an archive, waits for it and fetches it: its files by name.
async fn fetched(app: &TestApp, by: &Member) -> BTreeMap<String, Value> {
    let asked = by.post(EXPORT, &json!({})).await.accepted();
    app.run_jobs().await;
    let answer = by.get(&format!("{EXPORT}/{}", asked["id"].as_str().unwrap())).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/zip"));
    assert!(answer.header("content-disposition").starts_with("attachment"));
    assert_eq!(answer.header("cache-control"), "no-store");
    let mut archive = zip::ZipArchive::new(Cursor::new(answer.bytes.to_vec())).unwrap();
    let mut files = BTreeMap::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let mut text = String::new();
        let name = file.name().unwrap().into_owned();
        if file.read_to_string(&mut text).is_ok() {
            files.insert(name, serde_json::from_str(&text).unwrap());
        }
    }
    files
}

#[db_test]
async fn it_has_what_is_the_users_own_and_nothing_of_anybody_else(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (ana, bob) = (app.member([]).await, app.member([]).await);
    let consent = json!({ "kind": "terms", "version": "1", "granted": true });
    ana.post("/api/user/consents", &consent).await.created();
    bob.post("/api/user/consents", &consent).await.created();
    ana.patch("/api/user/profile", &json!({ "name": "Ana" })).await.ok();
    bob.patch("/api/user/profile", &json!({ "name": "Bob" })).await.ok();
    let files = fetched(&app, &ana).await;
    assert_eq!(files["users.json"][0]["email"], json!(ana.email));
    assert_eq!(files["users.json"][0]["name"], "Ana");
    assert_eq!(files["user_consents.json"][0]["kind"], "terms");
    assert_eq!(files["memberships.json"][0]["tenantId"], json!(ana.tenant));
    assert_eq!(files["sessions.json"].as_array().unwrap().len(), 1);
    let deeds: Vec<_> = files["audit_entries.json"].as_array().unwrap().iter().map(|it| &it["action"]).collect();
    assert!(deeds.contains(&&json!("user.profile-changed")) && deeds.contains(&&json!("export.asked")), "{deeds:?}");
    let all = format!("{files:?}");
    for of_bob in [bob.email, bob.user.to_string(), bob.tenant.to_string()] {
        assert!(!all.contains(&of_bob), "{of_bob} in {all}");
    }
}

#[db_test]
async fn it_has_no_secrets(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ana = app.member([]).await;
    let mut tx = app.system().await;
    sqlx::query(
        "insert into accounts (id, user_id, provider, account_id, password_hash, created_at, updated_at)
         values ($1, $1, 'credential', 'x', 'the-hash', now(), now())",
    )
    .bind(ana.user)
    .execute(tx.conn())
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let files = fetched(&app, &ana).await;
    assert_eq!(files["accounts.json"][0]["provider"], "credential");
    for (name, rows) in &files {
        for row in rows.as_array().unwrap() {
            for (column, value) in row.as_object().unwrap() {
                let secret = ["hash", "secret", "token", "password"].iter().any(|it| column.contains(it));
                assert!(!secret, "{name} tells {column}");
                assert!(!value.to_string().contains("the-hash"), "{name} tells {value}");
            }
        }
    }
}

#[db_test]
async fn it_is_its_users_alone(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (ana, bob) = (app.member([]).await, app.member([]).await);
    let asked = ana.post(EXPORT, &json!({})).await.accepted();
    let path = format!("{EXPORT}/{}", asked["id"].as_str().unwrap());
    ana.get(&path).await.refused(409, "EXPORT_NOT_READY");
    app.run_jobs().await;
    bob.get(&path).await.refused(404, "EXPORT_NOT_FOUND");
    assert_eq!(bob.get(EXPORT).await.ok(), json!([]));
    app.stranger().get(&path).await.refused(401, "UNAUTHORIZED");
    app.stranger().get(EXPORT).await.refused(401, "UNAUTHORIZED");
    app.stranger().post(EXPORT, &json!({})).await.refused(401, "UNAUTHORIZED");
    let listed = ana.get(EXPORT).await.ok();
    assert_eq!(listed[0]["readyAt"], "2026-01-05T12:00:00.000Z");
    assert!(listed[0]["size"].as_i64().unwrap() > 100);
    ana.get("/api/user/export/not-an-id").await.refused(400, "BAD_PATH");
}

#[db_test]
async fn one_is_made_at_a_time_and_the_newest_takes_the_place_of_the_older(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ana = app.member([]).await;
    let ask = async || ana.post(EXPORT, &json!({})).await;
    let (first, second) = futures::join!(ask(), ask());
    let taken = [&first, &second].iter().filter(|answer| answer.status == 202).count();
    assert_eq!(taken, 1, "{} {}", first.text(), second.text());
    ask().await.refused(409, "EXPORT_UNDER_WAY");
    app.run_jobs().await;
    let older = ana.get(EXPORT).await.ok()[0]["id"].clone();
    ask().await.accepted();
    app.run_jobs().await;
    ana.get(&format!("{EXPORT}/{}", older.as_str().unwrap())).await.refused(404, "EXPORT_NOT_FOUND");
    assert_eq!(ana.get(EXPORT).await.body()["meta"]["total"], 1);
}

#[db_test]
async fn it_can_be_fetched_for_seven_days(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ana = app.member([]).await;
    let asked = ana.post(EXPORT, &json!({})).await.accepted();
    app.run_jobs().await;
    let path = format!("{EXPORT}/{}", asked["id"].as_str().unwrap());
    assert_eq!(asked["expiresAt"], "2026-01-12T12:00:00.000Z");
    app.clock().advance(chrono::TimeDelta::days(6));
    assert_eq!(ana.get(&path).await.status, 200);
    app.clock().advance(chrono::TimeDelta::days(1));
    ana.get(&path).await.refused(404, "EXPORT_NOT_FOUND");
    assert_eq!(ana.get(EXPORT).await.ok(), json!([]));
    ana.post(EXPORT, &json!({})).await.accepted();
    app.run_jobs().await;
    let left: i64 =
        sqlx::query_scalar("select count(*) from user_exports").fetch_one(app.system().await.conn()).await.unwrap();
    assert_eq!(left, 1, "what has expired is removed");
}
