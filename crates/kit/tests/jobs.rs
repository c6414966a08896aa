//! What a job can rely on.

#![allow(clippy::unwrap_used, reason = "a test that cannot be prepared has failed")]

use kit::{
    Error, Job, JobContext, JobKind, Module, Result, Scope, TenantTx, cancel_job, chrono::TimeDelta, enqueue_job,
    follow_job,
};
use serde::{Deserialize, Serialize};
use testkit::{Member, PgPool, TestApp, db_test};
use uuid::Uuid;

static KINDS: &[JobKind] = &[JobKind::of::<Note>()];
const MODULE: Module = Module { name: "notes", jobs: KINDS, ..Module::EMPTY };

/// Writes something down, and ends as it is told.
#[derive(Serialize, Deserialize)]
struct Note {
    end: End,
}

#[derive(Serialize, Deserialize, Clone, Copy)]
enum End {
    Well,
    Badly,
    Hopelessly,
    Wrongly,
    InPanic,
}

impl Job for Note {
    const KIND: &'static str = "notes.write";
    const ATTEMPTS: i32 = 3;

    async fn run(self, context: JobContext) -> Result<()> {
        let mut tx = context.begin().await?;
        sqlx::query("insert into notes (text) values ('written')").execute(tx.conn()).await?;
        tx.commit().await?;
        match self.end {
            End::Well => Ok(()),
            End::Badly => Err(Error::unavailable("TIRED", "Too tired.", 1)),
            End::Hopelessly => Err(Error::conflict("USELESS", "It will never work.")),
            End::Wrongly => Err(Error::invalid("note", "TOO_LARGE", "It does not fit.")),
            End::InPanic => panic!("oh no"),
        }
    }
}

async fn prepared(db: &PgPool) -> (TestApp, Member) {
    let table = "create table notes (tenant_id uuid not null default current_tenant(), text text);
                 select protect_tenant_table('notes')";
    sqlx::raw_sql(table).execute(db).await.unwrap();
    let app = TestApp::new(db.clone(), [MODULE]).await;
    let ana = app.member([]).await;
    (app, ana)
}

#[expect(clippy::disallowed_methods, reason = "a test opens tenants at will")]
async fn enter(app: &TestApp, member: &Member) -> TenantTx {
    app.system().await.enter(Scope::new(member.tenant, Some(member.user))).await.unwrap()
}

async fn ask(app: &TestApp, member: &Member, end: End) -> Uuid {
    let mut tx = enter(app, member).await;
    let id = enqueue_job(&mut tx, &Note { end }).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn notes(app: &TestApp, member: &Member) -> i64 {
    let mut tx = enter(app, member).await;
    sqlx::query_scalar("select count(*) from notes").fetch_one(tx.conn()).await.unwrap()
}

/// The status, the attempts and the last error.
async fn state(app: &TestApp, id: Uuid) -> (String, i32, Option<String>) {
    let mut tx = app.system().await;
    let state = sqlx::query_as("select status, attempts, error from jobs where id = $1").bind(id);
    state.fetch_one(tx.conn()).await.unwrap()
}

fn ended(status: &str, attempts: i32, error: Option<&str>) -> (String, i32, Option<String>) {
    (status.to_owned(), attempts, error.map(str::to_owned))
}

#[db_test]
async fn a_job_runs_in_the_name_of_the_tenant_that_asked(db: PgPool) {
    let (app, ana) = prepared(&db).await;
    let bob = app.member([]).await;
    let id = ask(&app, &ana, End::Well).await;
    assert_eq!(app.run_jobs().await, 1);
    assert_eq!((notes(&app, &ana).await, notes(&app, &bob).await), (1, 0));
    assert_eq!(state(&app, id).await, ended("done", 1, None));
}

#[db_test]
async fn what_is_not_committed_is_never_done(db: PgPool) {
    let (app, ana) = prepared(&db).await;
    let mut tx = enter(&app, &ana).await;
    enqueue_job(&mut tx, &Note { end: End::Well }).await.unwrap();
    drop(tx);
    assert_eq!(app.run_jobs().await, 0);
}

async fn is_tried_three_times(db: PgPool, end: End, why: &str) {
    let (app, ana) = prepared(&db).await;
    let id = ask(&app, &ana, end).await;
    for attempt in 1..=3 {
        assert_eq!(app.run_jobs().await, 1, "attempt {attempt}");
        assert_eq!(app.run_jobs().await, 0, "after attempt {attempt} it waits");
        app.clock().advance(TimeDelta::hours(2));
    }
    assert_eq!(app.run_jobs().await, 0);
    assert_eq!(state(&app, id).await, ended("failed", 3, Some(why)));
}

#[db_test]
async fn a_job_that_fails_is_tried_again_later_and_then_given_up(db: PgPool) {
    is_tried_three_times(db, End::Badly, "Too tired.").await;
}

#[db_test]
async fn a_job_that_panics_is_tried_again_later_and_then_given_up(db: PgPool) {
    is_tried_three_times(db, End::InPanic, "Something broke on our side.").await;
}

#[db_test]
async fn a_job_that_cannot_work_is_given_up_at_once(db: PgPool) {
    let (app, ana) = prepared(&db).await;
    let id = ask(&app, &ana, End::Hopelessly).await;
    assert_eq!(app.run_jobs().await, 1);
    assert_eq!(state(&app, id).await, ended("failed", 1, Some("It will never work.")));
}

#[db_test]
async fn a_job_that_is_given_up_says_why_to_programs_too(db: PgPool) {
    let (app, ana) = prepared(&db).await;
    let cases =
        [(End::Hopelessly, "USELESS", "It will never work."), (End::Wrongly, "TOO_LARGE", "note: It does not fit.")];
    for (end, code, message) in cases {
        let id = ask(&app, &ana, end).await;
        app.run_jobs().await;
        let failure = follow_job(app.app(), id).await.unwrap().borrow().failure.clone().unwrap();
        assert_eq!((failure.code.as_str(), failure.message.as_str()), (code, message));
    }
    let id = ask(&app, &ana, End::Well).await;
    app.run_jobs().await;
    assert_eq!(follow_job(app.app(), id).await.unwrap().borrow().failure, None);
}

#[db_test]
async fn a_job_that_was_cancelled_in_time_never_runs(db: PgPool) {
    let (app, ana) = prepared(&db).await;
    let id = ask(&app, &ana, End::Well).await;
    let bob = app.member([]).await;
    assert!(!cancel_job(&mut enter(&app, &bob).await, id).await.unwrap(), "for another tenant it does not exist");
    let mut tx = enter(&app, &ana).await;
    assert!(cancel_job(&mut tx, id).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(app.run_jobs().await, 0);
    assert_eq!(state(&app, id).await, ended("cancelled", 0, None));
    assert!(!cancel_job(&mut enter(&app, &ana).await, id).await.unwrap(), "it has ended before");
}

#[db_test]
async fn a_job_whose_worker_died_is_taken_over_when_its_lease_runs_out(db: PgPool) {
    let (app, ana) = prepared(&db).await;
    let id = ask(&app, &ana, End::Well).await;
    let mut tx = app.system().await;
    let lease = (app.clock().now() + TimeDelta::seconds(30)).utc();
    sqlx::query("update jobs set status = 'running', attempts = 1, lease_until = $2 where id = $1")
        .bind(id)
        .bind(lease)
        .execute(tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(app.run_jobs().await, 0);
    app.clock().advance(TimeDelta::seconds(31));
    assert_eq!(app.run_jobs().await, 1);
    assert_eq!(state(&app, id).await, ended("done", 2, None));
}
