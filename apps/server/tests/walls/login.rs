//! What whoever has the application's own way into the database can do with it, and what is refused even then. The
//! list in `docs/architecture.md` says the same.

use crate::catalogue::run;
use sqlx::PgConnection;
use tenants::Kind;
use testkit::{PgPool, TestApp, db_test, json};

const REFUSED: &str = "42501";

async fn outcome(on: &mut PgConnection, statement: &str) -> Result<u64, String> {
    run(on, "savepoint deed").await.unwrap();
    let outcome = run(on, statement).await;
    run(on, "rollback to deed").await.unwrap();
    outcome
}

/// Makes a company with an entry in its trail.
async fn company(app: &TestApp) -> uuid::Uuid {
    let ana = app.owner(Kind::Company).await;
    ana.patch(&format!("/api/tenant/{}", ana.tenant), &json!({ "name": "Acme" })).await.ok();
    ana.tenant
}

#[db_test]
async fn neither_role_of_the_application_changes_the_trail_or_the_walls(db: PgPool) {
    let app = TestApp::new(db.clone(), []).await;
    let tenant = company(&app).await;
    let mut tx = db.begin().await.unwrap();
    for role in ["botcriptofy_app", "botcriptofy_system"] {
        run(&mut tx, &format!("set local role {role}; set local app.tenant_id = '{tenant}'")).await.unwrap();
        assert!(outcome(&mut tx, "select from audit_entries").await.is_ok_and(|seen| seen > 0), "{role}");
        for statement in [
            "update audit_entries set action = 'nothing.done'",
            "delete from audit_entries",
            "truncate audit_entries",
            "alter table audit_entries disable trigger user",
            "drop trigger append_only on audit_entries",
            "alter table bots disable row level security",
            "alter table bots no force row level security",
            "drop policy tenant on bots",
            "create policy open on bots using (true)",
            "alter policy tenant on bots using (true)",
            "create table public.things (id int)",
            "create function public.f() returns int language sql as 'select 1'",
            "create or replace function current_tenant() returns uuid language sql as 'select null::uuid'",
            "create or replace function acts_as_system() returns boolean language sql as 'select true'",
            "alter function identify owner to botcriptofy_app",
            "drop table bots",
            "truncate bots",
            "alter role botcriptofy_app bypassrls",
            "create role mallory superuser login",
            "copy tenants to program 'cat'",
            "copy tenants from '/etc/passwd'",
            "set session_replication_role = replica",
            "select pg_read_file('/etc/passwd')",
            "select pg_terminate_backend(pid) from pg_stat_activity where usename <> current_user and false or pg_reload_conf()",
        ] {
            assert_eq!(outcome(&mut tx, statement).await, Err(REFUSED.to_owned()), "{role}: {statement}");
        }
    }
}

#[db_test]
async fn without_a_tenant_the_application_reads_nothing_of_any(db: PgPool) {
    let app = TestApp::new(db.clone(), []).await;
    company(&app).await;
    let mut tx = db.begin().await.unwrap();
    run(&mut tx, "set local role botcriptofy_app").await.unwrap();
    for table in ["tenants", "tenant_members", "users", "sessions", "audit_entries", "bots", "api_keys"] {
        assert_eq!(outcome(&mut tx, &format!("select from {table}")).await, Ok(0), "{table}");
    }
    assert_eq!(outcome(&mut tx, "select standing_of(null, null, now())").await, Err(REFUSED.to_owned()));
}

/// Not a wall but a fact that an operator must know: who has the login has all tenants, and the walls are its own.
#[db_test]
async fn the_login_can_name_any_tenant_take_either_role_on_and_take_the_walls_down(db: PgPool) {
    let app = TestApp::new(db.clone(), []).await;
    let tenant = company(&app).await;
    let mut tx = db.begin().await.unwrap();
    let any = format!("set local role botcriptofy_app; set local app.tenant_id = '{tenant}'; select from tenants");
    assert_eq!(outcome(&mut tx, &any).await, Ok(1));
    assert_eq!(outcome(&mut tx, "set local role botcriptofy_system; select from tenants").await, Ok(1));
    assert!(outcome(&mut tx, "alter table audit_entries disable trigger user").await.is_ok());
    assert!(outcome(&mut tx, "alter table bots disable row level security").await.is_ok());
    // but not by oversight: as it comes, it sees and changes nothing
    assert_eq!(outcome(&mut tx, "select from tenants").await, Ok(0));
    assert_eq!(outcome(&mut tx, "update audit_entries set action = 'nothing.done'").await, Err(REFUSED.to_owned()));
    let owner: bool = sqlx::query_scalar("select rolsuper or rolbypassrls from pg_roles where rolname = current_user")
        .fetch_one(&mut *tx)
        .await
        .unwrap();
    assert!(!owner, "the login is a superuser");
}
