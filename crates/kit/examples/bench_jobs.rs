//! What a claim of jobs costs the database while few and many tenants wait.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement that cannot be made has nobody to tell but a person"
)]

use testkit::{PgPool, TestApp, Value, json};

/// How many tenants wait, each for this many jobs, and has had as many done.
const WAITING: [i64; 3] = [1, 100, 2_000];
const EACH: i64 = 10;
/// How many jobs a claim takes.
const MOST: i64 = 4;
const CLAIMS: usize = 100;

const ASK: &str = "
    insert into jobs (id, tenant_id, kind, payload, max_attempts, correlation_id, at_once, run_at, created_at, status, started_at)
    select gen_random_uuid(), ('00000000-0000-0000-0000-' || lpad(owner::text, 12, '0'))::uuid, 'bench', '{}', 1, 'c', 2,
           '2026-01-01', '2026-01-01', status, case status when 'done' then timestamptz '2026-01-01' end
    from generate_series(1, $1) owner, generate_series(1, $2) job, unnest(array['queued', 'done']) status";
const CLAIM: &str = "
    explain (analyze, format json)
    select * from claim_jobs(array['bench'], $1, '2026-01-02', timestamptz '2026-01-02' + interval '30 seconds')";

fn main() {
    let figures = testkit::run("kit", "bench_jobs", measure);
    if std::env::args().any(|argument| argument == "--json") {
        println!("{}", json!(figures));
        return;
    }
    for it in figures {
        println!(
            "{:>6} tenants wait: the first claim {:.2} ms, then p50 {:.2} ms, p99 {:.2} ms for {MOST} jobs",
            it["waiting"],
            it["firstMs"].as_f64().unwrap(),
            it["p50Ms"].as_f64().unwrap(),
            it["p99Ms"].as_f64().unwrap()
        );
    }
}

async fn measure(db: PgPool) -> Vec<Value> {
    let app = TestApp::new(db.clone(), []).await;
    let mut figures = vec![];
    for waiting in WAITING {
        let mut tx = app.system().await;
        sqlx::query(ASK).bind(waiting).bind(EACH).execute(tx.conn()).await.unwrap();
        tx.commit().await.unwrap();
        sqlx::raw_sql("analyze jobs, job_turns, job_arrivals").execute(&db).await.unwrap();
        let first = claim(&app).await;
        let mut times = vec![];
        for _ in 0..CLAIMS.min(usize::try_from(waiting * EACH / MOST).unwrap()) {
            times.push(claim(&app).await);
        }
        times.sort_by(f64::total_cmp);
        let at = |percent: usize| times[(times.len() * percent).div_ceil(100) - 1];
        figures.push(json!({ "waiting": waiting, "firstMs": first, "p50Ms": at(50), "p99Ms": at(99) }));
        let mut tx = app.system().await;
        for table in ["jobs", "job_turns", "job_arrivals"] {
            let clear = sqlx::AssertSqlSafe(format!("delete from {table}"));
            sqlx::query(clear).execute(tx.conn()).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
    figures
}

/// What a claim took in the database, in milliseconds. What it claimed is done at once.
async fn claim(app: &TestApp) -> f64 {
    let mut tx = app.system().await;
    let plan: Value = sqlx::query_scalar(CLAIM).bind(MOST).fetch_one(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = app.system().await;
    sqlx::query("update jobs set status = 'done' where status = 'running'").execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    plan[0]["Execution Time"].as_f64().expect("a time")
}
