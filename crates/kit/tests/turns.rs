//! Whose job's turn it is, and how soon one that is no longer wanted ends.

#![allow(clippy::unwrap_used, reason = "a test that cannot be prepared has failed")]

use kit::{
    Job, JobContext, JobKind, Module, Result, Scope, TenantTx, cancel_job, enqueue_job, enqueue_limited_job, follow_job,
};
use serde::{Deserialize, Serialize};
use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::{Duration, Instant},
};
use testkit::{Member, PgPool, TestApp, db_test};
use tokio::sync::Semaphore;
use uuid::Uuid;

static KINDS: &[JobKind] = &[JobKind::of::<Note>(), JobKind::of::<Hold>(), JobKind::of::<Count>()];
const MODULE: Module = Module { name: "turns", jobs: KINDS, ..Module::EMPTY };
/// So seldom that nothing is seen by looking.
const NEVER: Duration = Duration::from_secs(3_600);

/// Writes something down.
#[derive(Serialize, Deserialize)]
struct Note {}

impl Job for Note {
    const KIND: &'static str = "turns.note";

    async fn run(self, context: JobContext) -> Result<()> {
        let mut tx = context.begin().await?;
        sqlx::query("insert into notes default values").execute(tx.conn()).await?;
        tx.commit().await
    }
}

/// Runs until the gate opens for it.
#[derive(Serialize, Deserialize)]
struct Hold {}

static GATE: Semaphore = Semaphore::const_new(0);
static HELD: AtomicUsize = AtomicUsize::new(0);
static MOST_HELD: AtomicUsize = AtomicUsize::new(0);

impl Job for Hold {
    const KIND: &'static str = "turns.hold";
    const LONG: bool = true;

    async fn run(self, _context: JobContext) -> Result<()> {
        let held = HELD.fetch_add(1, Ordering::SeqCst) + 1;
        MOST_HELD.fetch_max(held, Ordering::SeqCst);
        GATE.acquire().await.unwrap().forget();
        HELD.fetch_sub(1, Ordering::SeqCst);
        Ok(())
    }
}

/// Counts until it is no longer wanted, or for ten seconds.
#[derive(Serialize, Deserialize)]
struct Count {}

static STEPS: AtomicU64 = AtomicU64::new(0);

impl Job for Count {
    const KIND: &'static str = "turns.count";

    async fn run(self, context: JobContext) -> Result<()> {
        let progress = context.progress().clone();
        let count = move || {
            let began = Instant::now();
            while progress.report(STEPS.fetch_add(1, Ordering::SeqCst) + 1, u64::MAX) {
                if began.elapsed() > Duration::from_secs(10) {
                    break;
                }
                std::thread::yield_now();
            }
        };
        tokio::task::spawn_blocking(count).await.map_err(kit::Error::internal)
    }
}

async fn prepared(db: &PgPool) -> (TestApp, Member, Member) {
    let table = "create table notes (tenant_id uuid not null default current_tenant(),
                                     place bigint generated always as identity);
                 select protect_tenant_table('notes')";
    sqlx::raw_sql(table).execute(db).await.unwrap();
    let app = TestApp::new(db.clone(), [MODULE]).await;
    let (ana, bob) = (app.member([]).await, app.member([]).await);
    (app, ana, bob)
}

#[expect(clippy::disallowed_methods, reason = "a test opens tenants at will")]
async fn enter(app: &TestApp, member: &Member) -> TenantTx {
    app.system().await.enter(Scope::new(member.tenant, Some(member.user))).await.unwrap()
}

async fn ask(app: &TestApp, member: &Member, job: &impl Job, at_once: i32, times: usize) -> Uuid {
    let mut tx = enter(app, member).await;
    let mut id = enqueue_limited_job(&mut tx, job, at_once).await.unwrap();
    for _ in 1..times {
        id = enqueue_limited_job(&mut tx, job, at_once).await.unwrap();
    }
    tx.commit().await.unwrap();
    id
}

async fn status(app: &TestApp, id: Uuid) -> String {
    let mut tx = app.system().await;
    sqlx::query_scalar("select status from jobs where id = $1").bind(id).fetch_one(tx.conn()).await.unwrap()
}

/// Whether there is a job that has not ended.
async fn left(app: &TestApp) -> bool {
    let mut tx = app.system().await;
    let left = sqlx::query_scalar("select exists (select from jobs where status in ('queued', 'running'))");
    left.fetch_one(tx.conn()).await.unwrap()
}

async fn becomes(app: &TestApp, id: Uuid, wanted: &str) {
    while status(app, id).await != wanted {
        tokio::task::yield_now().await;
    }
}

#[db_test]
async fn somebodys_many_jobs_delay_anothers_first_by_one_turn_at_most(db: PgPool) {
    let (app, ana, bob) = prepared(&db).await;
    ask(&app, &ana, &Note {}, 2, 50).await;
    ask(&app, &bob, &Note {}, 2, 1).await;
    assert_eq!(app.run_jobs().await, 51);
    let mut tx = app.system().await;
    let turns: Vec<Uuid> =
        sqlx::query_scalar("select tenant_id from notes order by place").fetch_all(tx.conn()).await.unwrap();
    assert!(turns[..2].contains(&bob.tenant), "{:?}", turns.iter().position(|it| *it == bob.tenant));
}

#[db_test]
async fn no_more_of_a_tenants_jobs_run_at_once_than_may(db: PgPool) {
    let (app, ana, bob) = prepared(&db).await;
    let beside = app.beside(db.clone(), [MODULE]).await;
    let last = ask(&app, &ana, &Hold {}, 2, 5).await;
    let others = ask(&app, &bob, &Hold {}, 1, 2).await;
    let _workers = (app.works(8, NEVER), beside.works(8, NEVER));
    while HELD.load(Ordering::SeqCst) < 3 {
        tokio::task::yield_now().await;
    }
    for _ in 0..7 {
        GATE.add_permits(1);
    }
    becomes(&app, last, "done").await;
    becomes(&app, others, "done").await;
    // the one before the last may end after it
    while left(&app).await {
        tokio::task::yield_now().await;
    }
    assert_eq!(MOST_HELD.load(Ordering::SeqCst), 3, "two of Ana's and one of Bob's");
}

#[db_test]
async fn long_jobs_leave_a_place_to_what_is_done_in_a_moment(db: PgPool) {
    let (app, ana, bob) = prepared(&db).await;
    let long = [ask(&app, &ana, &Hold {}, 1, 1).await, ask(&app, &bob, &Hold {}, 1, 1).await];
    let _worker = app.works(2, NEVER);
    while HELD.load(Ordering::SeqCst) < 1 {
        tokio::task::yield_now().await;
    }
    let mut tx = enter(&app, &bob).await;
    let note = enqueue_job(&mut tx, &Note {}).await.unwrap();
    tx.commit().await.unwrap();
    becomes(&app, note, "done").await;
    assert_eq!(MOST_HELD.load(Ordering::SeqCst), 1);
    GATE.add_permits(2);
    for id in long {
        becomes(&app, id, "done").await;
    }
}

#[db_test]
async fn a_worker_with_one_place_runs_long_jobs_too(db: PgPool) {
    let (app, ana, _) = prepared(&db).await;
    GATE.add_permits(1);
    let long = ask(&app, &ana, &Hold {}, 1, 1).await;
    let _worker = app.works(1, NEVER);
    becomes(&app, long, "done").await;
}

#[db_test]
async fn a_place_that_becomes_free_is_taken_at_once(db: PgPool) {
    let (app, ana, _) = prepared(&db).await;
    let last = ask(&app, &ana, &Note {}, 1, 20).await;
    let began = Instant::now();
    let _worker = app.works(1, NEVER);
    becomes(&app, last, "done").await;
    // who only looks once a second takes twenty
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[db_test]
async fn a_job_that_runs_at_another_server_hears_at_once_that_it_is_no_longer_wanted(db: PgPool) {
    let (app, ana, _) = prepared(&db).await;
    let beside = app.beside(db.clone(), [MODULE]).await;
    let id = ask(&app, &ana, &Count {}, 1, 1).await;
    let _worker = beside.works(2, NEVER);
    while STEPS.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    let mut tx = enter(&app, &ana).await;
    assert!(cancel_job(&mut tx, id).await.unwrap());
    tx.commit().await.unwrap();
    while status(&app, id).await == "running" {
        tokio::task::yield_now().await;
    }
    // nobody looks after it for an hour, so that only what was announced can have ended it
    assert_eq!(status(&app, id).await, "cancelled");
}

#[db_test]
async fn whoever_follows_a_job_hears_of_its_place_its_start_and_its_end(db: PgPool) {
    let (app, ana, _) = prepared(&db).await;
    let _remembers = app.remembers().await;
    let first = ask(&app, &ana, &Hold {}, 1, 1).await;
    let second = ask(&app, &ana, &Hold {}, 1, 1).await;
    let mut followed = follow_job(app.app(), second).await.unwrap();
    let again = follow_job(app.app(), second).await.unwrap();
    assert!(again.same_channel(&followed), "however many follow a job, it is read once");
    assert_eq!((followed.borrow().place, followed.borrow().status.as_str()), (Some(2), "queued"));
    let _worker = app.works(2, NEVER);
    followed.wait_for(|state| state.place == Some(1)).await.unwrap();
    GATE.add_permits(2);
    let ended = followed.wait_for(kit::JobState::has_ended).await.unwrap();
    assert_eq!((ended.status.as_str(), ended.place), ("done", None));
    assert_eq!(status(&app, first).await, "done");
    drop(ended);
    assert_eq!(follow_job(app.app(), Uuid::nil()).await.unwrap_err().code(), "JOB_NOT_FOUND");
}
