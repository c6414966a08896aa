use super::Progress;
use crate::{Result, SystemTx, Time, db::Tx};
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;

/// A job that this worker holds.
pub(super) struct Claimed {
    pub id: Uuid,
    pub tenant_id: Option<Uuid>,
    pub user_id: Option<Uuid>,
    pub kind: String,
    pub payload: Value,
    pub attempts: i32,
    pub max_attempts: i32,
    pub correlation_id: String,
}

pub(super) async fn insert<K>(
    tx: &mut Tx<K>,
    id: Uuid,
    kind: &str,
    attempts: i32,
    payload: &Value,
    at: Time,
) -> Result<()> {
    let (now, correlation) = (tx.now(), tx.actor().origin.correlation_id.clone());
    sqlx::query!(
        "insert into jobs (id, kind, max_attempts, payload, run_at, created_at, correlation_id)
         values ($1, $2, $3, $4, $5, $6, $7)",
        id,
        kind,
        attempts,
        payload,
        at.utc(),
        now.utc(),
        correlation
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Takes the jobs that are due, and those whose worker has been silent for too long.
pub(super) async fn claim(tx: &mut SystemTx, kinds: &[String], most: i64, until: Time) -> Result<Vec<Claimed>> {
    let now = tx.now();
    let claimed = sqlx::query_as!(
        Claimed,
        "update jobs set status = 'running', attempts = attempts + 1, lease_until = $4,
                         started_at = coalesce(started_at, $3)
         where id in (
             select id from jobs
             where kind = any ($1) and ((status = 'queued' and run_at <= $3) or (status = 'running' and lease_until < $3))
             order by run_at, id limit $2 for update skip locked
         )
         returning id, tenant_id, user_id, kind, payload, attempts, max_attempts, correlation_id",
        kinds,
        most,
        now.utc(),
        until.utc()
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(claimed)
}

/// Writes down how far the job has come and keeps its lease. Answers whether it is still wanted and ours.
pub(super) async fn keep(tx: &mut SystemTx, job: &Claimed, progress: &Progress, until: Time) -> Result<bool> {
    let (done, total) = progress.read();
    let kept = sqlx::query_scalar!(
        "update jobs set done = $3, total = $4, lease_until = $5
         where id = $1 and attempts = $2 and status = 'running'
         returning cancel_requested",
        job.id,
        job.attempts,
        i64::try_from(done).unwrap_or(i64::MAX),
        i64::try_from(total).unwrap_or(i64::MAX),
        until.utc()
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(kept == Some(false))
}

/// How a job's attempt ended.
pub(super) enum End {
    Done,
    Cancelled,
    Failed(String),
    Again { error: String, at: Time },
}

pub(super) async fn end(tx: &mut SystemTx, job: &Claimed, progress: &Progress, end: End) -> Result<()> {
    let now = tx.now();
    let (done, total) = progress.read();
    let (status, error, again) = match end {
        End::Done => ("done", None, None),
        End::Cancelled => ("cancelled", None, None),
        End::Failed(error) => ("failed", Some(error), None),
        End::Again { error, at } => ("queued", Some(error), Some(at.utc())),
    };
    sqlx::query!(
        "update jobs set status = $3, error = $4, run_at = coalesce($5, run_at), lease_until = null, done = $6, total = $7,
                         finished_at = case when $3 = 'queued' then null else $8::timestamptz end
         where id = $1 and attempts = $2 and status = 'running'",
        job.id,
        job.attempts,
        status,
        error,
        again,
        i64::try_from(done).unwrap_or(i64::MAX),
        i64::try_from(total).unwrap_or(i64::MAX),
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Withdraws the wish: a queued job ends at once, a running one as soon as it looks.
/// Answers false when it had ended before.
pub async fn cancel<K>(tx: &mut Tx<K>, id: Uuid) -> Result<bool> {
    let now = tx.now();
    let changed = sqlx::query!(
        "update jobs set cancel_requested = true,
                         finished_at = case when status = 'queued' then $2::timestamptz end,
                         status = case when status = 'queued' then 'cancelled' else status end
         where id = $1 and status in ('queued', 'running')",
        id,
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(changed.rows_affected() == 1)
}

/// How many jobs wait, run and have been given up.
pub(super) async fn counts(tx: &mut SystemTx) -> Result<Json<Value>> {
    let counts = sqlx::query_scalar!(
        r#"select coalesce(jsonb_object_agg(status, n), '{}') as "counts!: Json<Value>"
           from (select status, count(*) as n from jobs where status in ('queued', 'running', 'failed') group by status) s"#
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(counts)
}
