//! The locks that keep tenants apart, tried one by one on a table that is protected as all are.

#![allow(clippy::unwrap_used, reason = "a test that cannot be prepared has failed")]

use kit::{Scope, TenantTx};
use sqlx::{AssertSqlSafe, Executor};
use testkit::{PgPool, TestApp, db_test};
use uuid::Uuid;

const TABLES: &str = "
    create table notes (
        tenant_id uuid not null default current_tenant() references tenants (id), id int not null, text text,
        primary key (tenant_id, id));
    create table pages (
        tenant_id uuid not null default current_tenant(), note_id int,
        foreign key (tenant_id, note_id) references notes (tenant_id, id));
    select protect_tenant_table('notes');
    select protect_tenant_table('pages')";

#[expect(clippy::disallowed_methods, reason = "a test opens tenants at will")]
async fn enter(app: &TestApp, tenant: Uuid) -> TenantTx {
    app.system().await.enter(Scope::new(tenant, None)).await.unwrap()
}

/// How many rows the statement touched, or the code of its refusal.
async fn run(tx: &mut TenantTx, statement: &str) -> Result<u64, String> {
    let done = tx.conn().execute(AssertSqlSafe(statement.to_owned())).await;
    done.map(|done| done.rows_affected()).map_err(|error| {
        let code = error.as_database_error().and_then(|error| error.code().map(|code| code.into_owned()));
        code.unwrap_or_else(|| error.to_string())
    })
}

/// The application and the tenants of two users, the first of whom has a note.
async fn two_tenants(db: &PgPool) -> (TestApp, Uuid, Uuid) {
    sqlx::raw_sql(TABLES).execute(db).await.unwrap();
    let app = TestApp::new(db.clone(), []).await;
    let (ana, bob) = (app.member([]).await.tenant, app.member([]).await.tenant);
    let mut tx = enter(&app, ana).await;
    run(&mut tx, "insert into notes (id, text) values (1, 'hers')").await.unwrap();
    tx.commit().await.unwrap();
    (app, ana, bob)
}

#[db_test]
async fn a_row_belongs_to_the_tenant_of_its_transaction(db: PgPool) {
    let (app, ana, bob) = two_tenants(&db).await;
    let mut tx = enter(&app, ana).await;
    let owner: Uuid = sqlx::query_scalar("select tenant_id from notes").fetch_one(tx.conn()).await.unwrap();
    assert_eq!(owner, ana);
    let stolen = format!("insert into notes (tenant_id, id) values ('{bob}', 2)");
    assert_eq!(run(&mut tx, &stolen).await, Err("42501".to_owned()));
}

#[db_test]
async fn another_tenants_rows_cannot_be_read_changed_or_removed(db: PgPool) {
    let (app, ana, bob) = two_tenants(&db).await;
    let mut tx = enter(&app, bob).await;
    let seen: i64 = sqlx::query_scalar("select count(*) from notes").fetch_one(tx.conn()).await.unwrap();
    assert_eq!(seen, 0);
    assert_eq!(run(&mut tx, "update notes set text = 'his'").await, Ok(0));
    assert_eq!(run(&mut tx, &format!("update notes set tenant_id = '{bob}'")).await, Ok(0));
    assert_eq!(run(&mut tx, "delete from notes").await, Ok(0));
    tx.commit().await.unwrap();
    let mut tx = enter(&app, ana).await;
    let text: String = sqlx::query_scalar("select text from notes").fetch_one(tx.conn()).await.unwrap();
    assert_eq!(text, "hers");
}

#[db_test]
async fn a_reference_cannot_reach_another_tenants_row(db: PgPool) {
    let (app, ana, bob) = two_tenants(&db).await;
    let mut tx = enter(&app, ana).await;
    assert_eq!(run(&mut tx, "insert into pages (note_id) values (1)").await, Ok(1));
    let mut tx = enter(&app, bob).await;
    assert_eq!(run(&mut tx, "insert into pages (note_id) values (1)").await, Err("23503".to_owned()));
}

#[db_test]
async fn a_transaction_runs_as_a_role_that_owns_nothing_and_is_no_superuser(db: PgPool) {
    let (app, ana, _) = two_tenants(&db).await;
    let mut tx = enter(&app, ana).await;
    let role: (String, bool, bool) =
        sqlx::query_as("select rolname::text, rolsuper, rolbypassrls from pg_roles where rolname = current_user")
            .fetch_one(tx.conn())
            .await
            .unwrap();
    assert_eq!(role, ("botcriptofy_app".to_owned(), false, false));
    let owned: i64 = sqlx::query_scalar("select count(*) from pg_class where pg_get_userbyid(relowner) = current_user")
        .fetch_one(tx.conn())
        .await
        .unwrap();
    assert_eq!(owned, 0);
}

#[db_test]
async fn nothing_of_a_transaction_stays_on_its_connection(db: PgPool) {
    let (app, ana, _) = two_tenants(&db).await;
    enter(&app, ana).await.commit().await.unwrap();
    for _ in 0..16 {
        let mut connection = app.app().db().door().await.unwrap();
        let left: (String, Option<Uuid>, i64) =
            sqlx::query_as("select current_user::text, current_tenant(), (select count(*) from notes)")
                .fetch_one(&mut *connection)
                .await
                .unwrap();
        assert_eq!(left, ("botcriptofy_app".to_owned(), None, 0));
    }
}

#[db_test]
async fn not_even_the_owner_of_a_table_sees_rows_without_a_tenant(db: PgPool) {
    two_tenants(&db).await;
    let (owner, seen): (bool, i64) = sqlx::query_as(
        "select pg_get_userbyid(relowner) = current_user, (select count(*) from notes) from pg_class where relname = 'notes'",
    )
    .fetch_one(&db)
    .await
    .unwrap();
    assert_eq!((owner, seen), (true, 0));
}
