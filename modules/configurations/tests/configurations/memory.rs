use crate::support::{MODULES, MOST, admin, app, define, operator, path, set};
use testkit::{PgPool, TestApp, db_test, json};

/// From now on nothing is known but from memory.
async fn forget_how_to_look_up(db: &PgPool) {
    for table in ["setting_versions", "feature_flags", "feature_flag_choices"] {
        let rename = sqlx::AssertSqlSafe(format!("alter table {table} rename to {table}_no_more"));
        sqlx::raw_sql(rename).execute(db).await.unwrap();
    }
}

async fn most(app: &TestApp, tenant: uuid::Uuid) -> i64 {
    MOST.get(&mut app.tenant(tenant).await).await.unwrap()
}

async fn is_on(app: &TestApp, tenant: uuid::Uuid) -> bool {
    configurations::flag(&mut app.tenant(tenant).await, "new").await.unwrap()
}

#[db_test]
async fn what_has_been_asked_before_is_answered_without_the_database(db: PgPool) {
    let app = app(db.clone()).await;
    let _memory = app.remembers().await;
    let (ana, root) = (admin(&app).await, operator(&app).await);
    set(&ana, "test.most", json!(7)).await;
    define(&root, "new", json!({ "default": true })).await;
    assert_eq!((most(&app, ana.tenant).await, is_on(&app, ana.tenant).await), (7, true));
    forget_how_to_look_up(&db).await;
    assert_eq!((most(&app, ana.tenant).await, is_on(&app, ana.tenant).await), (7, true));
    assert!(MOST.get(&mut app.tenant(root.tenant).await).await.is_err(), "nobody has asked for this tenant");
}

#[db_test]
async fn a_change_at_one_server_holds_at_every_other_once_it_is_answered(db: PgPool) {
    let here = app(db.clone()).await;
    let there = here.beside(db, MODULES).await;
    let (_here, _there) = (here.remembers().await, there.remembers().await);
    let (ana, root) = (admin(&here).await, operator(&here).await);
    define(&root, "new", json!({ "tenantMayChoose": true })).await;
    for round in 0..10 {
        let value = round % 5 + 1;
        assert!(most(&there, ana.tenant).await > 0 && !is_on(&there, ana.tenant).await);
        set(&ana, "test.most", json!(value)).await;
        assert_eq!(most(&there, ana.tenant).await, value);
        ana.put(&path("flags/new"), &json!({ "enabled": true })).await.ok();
        assert!(is_on(&there, ana.tenant).await);
        root.post(&path("system/flags/new/kill"), &json!({})).await.ok();
        assert!(!is_on(&there, ana.tenant).await);
        ana.delete(&path("flags/new")).await.ok();
        define(&root, "new", json!({ "tenantMayChoose": true })).await;
        root.put(&path("system/test.most"), &json!({ "value": 10 - value })).await.ok();
        ana.delete(&path("test.most")).await.no_content();
        assert_eq!(most(&there, ana.tenant).await, 10 - value);
    }
}
