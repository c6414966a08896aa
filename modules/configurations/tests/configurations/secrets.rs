use crate::support::{KEY, admin, app, operator, path, set, trail};
use kit::Vault;
use sqlx::AssertSqlSafe;
use testkit::{PgPool, TestApp, Value, db_test, json};

const SECRET: &str = "correct horse battery staple";

async fn opened(app: &TestApp, tenant: uuid::Uuid) -> Option<String> {
    KEY.open(&mut app.tenant(tenant).await, app.app().vault()).await.unwrap()
}

/// Whether a text is nowhere in what the database holds of settings and of the trail.
async fn is_nowhere(app: &TestApp, text: &str) {
    let rows: Vec<String> = sqlx::query_scalar(
        "select v::text || encode(coalesce(sealed, ''), 'escape') from setting_versions v
         union all select a::text from audit_entries a",
    )
    .fetch_all(app.system().await.conn())
    .await
    .unwrap();
    assert!(!rows.is_empty() && rows.iter().all(|row| !row.contains(text)), "{rows:?}");
}

#[db_test]
async fn a_secret_is_opened_by_its_module_and_shown_to_nobody(db: PgPool) {
    let app = app(db).await;
    let ana = admin(&app).await;
    let mut answers: Vec<Value> = vec![set(&ana, "test.key", json!(SECRET)).await];
    assert_eq!(
        (&answers[0]["isSet"], &answers[0]["value"], &answers[0]["secret"]),
        (&json!(true), &json!(null), &json!(true))
    );
    assert_eq!(opened(&app, ana.tenant).await.as_deref(), Some(SECRET));
    for place in ["", "/test.key", "/test.key/history", "/schema"] {
        answers.push(ana.get(&format!("/api/v1/configurations{place}")).await.ok());
    }
    answers.push(ana.get("/api/v1/audit").await.ok());
    assert!(answers.iter().all(|answer| !answer.to_string().contains(SECRET)), "{answers:?}");
    let refused = ana.put(&path("test.key"), &json!({ "value": SECRET.repeat(2) })).await.invalid("value");
    assert!(!refused.to_string().contains(SECRET));
    ana.put(&path("test.key"), &json!({ "value": "" })).await.invalid("value");
    is_nowhere(&app, SECRET).await;
    assert_eq!(trail(&app).await[0].3, json!({ "version": 1, "isSet": true }));
}

#[db_test]
async fn a_secret_goes_back_to_what_it_was_and_the_same_once_more_changes_nothing(db: PgPool) {
    let app = app(db).await;
    let ana = admin(&app).await;
    set(&ana, "test.key", json!(SECRET)).await;
    assert_eq!(set(&ana, "test.key", json!(SECRET)).await["version"], 1);
    set(&ana, "test.key", json!("another")).await;
    assert_eq!(opened(&app, ana.tenant).await.as_deref(), Some("another"));
    let back = ana.post(&path("test.key/rollback"), &json!({ "version": 1 })).await.ok();
    assert_eq!((&back["version"], &back["value"], &back["isSet"]), (&json!(3), &json!(null), &json!(true)));
    assert_eq!(opened(&app, ana.tenant).await.as_deref(), Some(SECRET));
    ana.delete(&path("test.key")).await.no_content();
    assert_eq!(opened(&app, ana.tenant).await, None);
    is_nowhere(&app, SECRET).await;
}

#[db_test]
async fn every_version_is_sealed_anew_when_the_platforms_key_is_rotated_and_says_the_same(db: PgPool) {
    let app = app(db.clone()).await;
    let (ana, root) = (admin(&app).await, operator(&app).await);
    for secret in [SECRET, "another"] {
        set(&ana, "test.key", json!(secret)).await;
    }
    set(&ana, "test.most", json!(6)).await;
    root.put(&path("system/test.key"), &json!({ "value": SECRET })).await.ok();
    assert_eq!(app.rotate(db.clone()).await, [("setting_versions.sealed".to_owned(), 3)]);
    let vault = Vault::new([9; 32]);
    assert_eq!(KEY.open(&mut app.tenant(ana.tenant).await, &vault).await.unwrap().as_deref(), Some("another"));

    // more of a version nobody changes, not even who owns the table
    let mut tx = app.system().await;
    sqlx::raw_sql("reset role; alter table setting_versions disable row level security")
        .execute(tx.conn())
        .await
        .unwrap();
    for change in ["value = '7'", "sealed = null", "changed_by = null, version = 9", "name = 'test.title'"] {
        let change = AssertSqlSafe(format!("savepoint before; update setting_versions set {change}"));
        let refused = sqlx::raw_sql(change).execute(tx.conn()).await.unwrap_err().to_string();
        assert!(refused.contains("setting_versions is append-only"), "{refused}");
        sqlx::raw_sql("rollback to before").execute(tx.conn()).await.unwrap();
    }
}

#[db_test]
async fn a_secret_needs_more_than_the_permission_to_write(db: PgPool) {
    let app = app(db).await;
    let writer = app.member(["configurations:read", "configurations:write"]).await;
    set(&writer, "test.most", json!(6)).await;
    for answer in [
        writer.put(&path("test.key"), &json!({ "value": SECRET })).await,
        writer.delete(&path("test.key")).await,
        writer.post(&path("test.key/rollback"), &json!({ "version": 1 })).await,
        writer.patch("/api/v1/configurations", &json!({ "test.most": 7, "test.key": SECRET })).await,
    ] {
        assert_eq!(answer.refused(403, "FORBIDDEN")["context"]["permission"], "configurations:manage");
    }
    assert_eq!(writer.get(&path("test.most")).await.ok()["value"], 6);
}

#[db_test]
async fn a_secret_that_was_moved_to_another_owner_does_not_open(db: PgPool) {
    let app = app(db).await;
    let (ana, bob) = (admin(&app).await, admin(&app).await);
    set(&ana, "test.key", json!(SECRET)).await;
    let theft = "insert into setting_versions (tenant_id, name, version, sealed, changed_at)
                 select $1, name, version, sealed, changed_at from setting_versions";
    let mut tx = app.system().await;
    sqlx::query(theft).bind(bob.tenant).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    assert!(KEY.open(&mut app.tenant(bob.tenant).await, app.app().vault()).await.is_err());
}

#[db_test]
async fn the_platforms_secret_holds_where_a_tenant_has_none_and_is_not_shown_there(db: PgPool) {
    let app = app(db).await;
    let (ana, root) = (admin(&app).await, operator(&app).await);
    root.put(&path("system/test.key"), &json!({ "value": SECRET })).await.ok();
    assert_eq!(opened(&app, ana.tenant).await.as_deref(), Some(SECRET));
    let shown = ana.get(&path("test.key")).await.ok();
    assert_eq!((&shown["source"], &shown["value"], &shown["isSet"]), (&json!("system"), &json!(null), &json!(false)));
    is_nowhere(&app, SECRET).await;
}
