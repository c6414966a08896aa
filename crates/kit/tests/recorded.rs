//! What a request changes is recorded or does not happen.

#![allow(clippy::unwrap_used, reason = "a test that cannot be prepared has failed")]

use kit::{
    Caller, Job, JobContext, JobKind, Json, Module, NoContent, Reason, Result, Route, SignedIn, TenantTx, enqueue_job,
    get, permission, post, routes,
};
use serde::{Deserialize, Serialize};
use testkit::{PgPool, TestApp, db_test, json};

permission!(WriteNotes = "notes:write");

static ROUTES: &[Route] = routes![forget, forget_across, forget_while_reading, confess, note, look, lock, leave];
const MODULE: Module =
    Module { name: "notes", routes: ROUTES, jobs: const { &[JobKind::of::<Later>()] }, ..Module::EMPTY };

const TABLE: &str = "
    create table notes (tenant_id uuid not null default current_tenant(), text text);
    select protect_tenant_table('notes')";

async fn write(tx: &mut TenantTx) -> Result<()> {
    sqlx::query("insert into notes (text) values ('new')").execute(tx.conn()).await?;
    Ok(())
}

/// Writes and tells nobody.
#[post("/forget")]
async fn forget(caller: Caller<WriteNotes>) -> Result<NoContent> {
    let mut tx = caller.begin().await?;
    write(&mut tx).await?;
    tx.commit().await?;
    Ok(NoContent)
}

/// Begins elsewhere, writes and tells nobody.
#[post("/forget-across")]
async fn forget_across(user: SignedIn) -> Result<NoContent> {
    let mut tx = user.begin_across(Reason::Tenancy).await?;
    sqlx::query("insert into notes (tenant_id, text) select id, 'new' from tenants").execute(tx.conn()).await?;
    tx.commit().await?;
    Ok(NoContent)
}

/// Writes where nobody expects it.
#[get("/forget-while-reading")]
async fn forget_while_reading(caller: Caller<WriteNotes>) -> Result<NoContent> {
    let mut tx = caller.begin().await?;
    write(&mut tx).await?;
    tx.commit().await?;
    Ok(NoContent)
}

/// Writes and says why nobody need know.
#[post("/confess")]
async fn confess(caller: Caller<WriteNotes>) -> Result<NoContent> {
    let mut tx = caller.begin().await?;
    write(&mut tx).await?;
    tx.unaudited("notes are nobody's business");
    tx.commit().await?;
    Ok(NoContent)
}

/// Writes and records it.
#[post("/note")]
async fn note(caller: Caller<WriteNotes>) -> Result<NoContent> {
    let mut tx = caller.begin().await?;
    write(&mut tx).await?;
    tx.recorded();
    tx.commit().await?;
    Ok(NoContent)
}

/// Only looks.
#[post("/look")]
async fn look(caller: Caller<WriteNotes>) -> Result<Json<i64>> {
    let mut tx = caller.begin().await?;
    let count = sqlx::query_scalar("select count(*) from notes").fetch_one(tx.conn()).await?;
    tx.commit().await?;
    Ok(Json(count))
}

/// Holds rows, and changes none.
#[post("/lock")]
async fn lock(caller: Caller<WriteNotes>) -> Result<NoContent> {
    let mut tx = caller.begin().await?;
    sqlx::query("select from notes for update").execute(tx.conn()).await?;
    tx.commit().await?;
    Ok(NoContent)
}

/// Leaves the writing to a job.
#[post("/leave")]
async fn leave(caller: Caller<WriteNotes>) -> Result<NoContent> {
    let mut tx = caller.begin().await?;
    enqueue_job(&mut tx, &Later {}).await?;
    tx.recorded();
    tx.commit().await?;
    Ok(NoContent)
}

#[derive(Serialize, Deserialize)]
struct Later {}

impl Job for Later {
    const KIND: &'static str = "notes.later";

    async fn run(self, context: JobContext) -> Result<()> {
        let mut tx = context.begin().await?;
        write(&mut tx).await?;
        tx.commit().await
    }
}

#[db_test]
async fn what_a_request_changes_without_recording_it_does_not_happen(db: PgPool) {
    sqlx::raw_sql(TABLE).execute(&db).await.unwrap();
    let app = TestApp::new(db, [MODULE]).await;
    let ana = app.member(["notes:write"]).await;
    for path in ["/forget", "/forget-across"] {
        ana.post(path, &json!({})).await.refused(500, "INTERNAL_ERROR");
    }
    ana.get("/forget-while-reading").await.refused(500, "INTERNAL_ERROR");
    assert_eq!(ana.post("/look", &json!({})).await.ok(), 0);
}

#[db_test]
async fn what_is_recorded_or_says_why_not_and_what_a_job_does_lasts(db: PgPool) {
    sqlx::raw_sql(TABLE).execute(&db).await.unwrap();
    let app = TestApp::new(db, [MODULE]).await;
    let ana = app.member(["notes:write"]).await;
    for path in ["/confess", "/note", "/lock", "/leave"] {
        ana.post(path, &json!({})).await.no_content();
    }
    app.run_jobs().await;
    assert_eq!(ana.post("/look", &json!({})).await.ok(), 3);
}
