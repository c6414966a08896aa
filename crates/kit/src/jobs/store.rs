use super::{JobFailure, JobState, Progress};
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

/// A job that is asked for.
pub(super) struct New<'a> {
    pub id: Uuid,
    pub kind: &'static str,
    pub attempts: i32,
    pub payload: &'a Value,
    pub at: Time,
    pub at_once: Option<i32>,
}

pub(super) async fn insert<K>(tx: &mut Tx<K>, new: New<'_>) -> Result<()> {
    let (now, correlation) = (tx.now(), tx.actor().origin.correlation_id.clone());
    sqlx::query!(
        "insert into jobs (id, kind, max_attempts, payload, run_at, at_once, created_at, correlation_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        new.id,
        new.kind,
        new.attempts,
        new.payload,
        new.at.utc(),
        new.at_once,
        now.utc(),
        correlation
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Takes the jobs that are due, and those whose worker has been silent for too long.
///
/// Whoever has the fewest of a kind running comes first, then whoever was served the longest ago, then the oldest:
/// somebody's thousand jobs delay another's first by one turn at most. A job whose owner has as many running as it
/// allows waits. What is claimed is an array, which is reckoned once: a plan may ask a set again for each row, and would
/// then claim more than it was asked for. Two claims at once see the same jobs first, so that together they stay within that number.
pub(super) async fn claim(tx: &mut SystemTx, kinds: &[String], most: i64, until: Time) -> Result<Vec<Claimed>> {
    let now = tx.now();
    let claimed = sqlx::query_as!(
        Claimed,
        "with recursive waiting (owner, kind) as (
             (select owner, kind from jobs where status = 'queued' order by owner, kind limit 1)
             union all
             select next.owner, next.kind
             from waiting w
             cross join lateral (
                 select j.owner, j.kind from jobs j
                 where j.status = 'queued' and (j.owner, j.kind) > (w.owner, w.kind)
                 order by j.owner, j.kind limit 1
             ) next
         ),
         had as (
             select w.owner, w.kind, running.n as running, served.at as served
             from waiting w
             cross join lateral (
                 select count(*) as n from jobs r where r.status = 'running' and r.owner = w.owner and r.kind = w.kind
             ) running
             cross join lateral (
                 select max(s.started_at) as at from jobs s where s.owner = w.owner and s.kind = w.kind
             ) served
             where w.kind = any ($1)
         ),
         candidates (id, turn, served, run_at) as (
             select first.id, had.running + first.place, had.served, first.run_at
             from had
             cross join lateral (
                 select q.id, q.run_at, q.at_once, row_number() over (order by q.run_at, q.id) as place
                 from (
                     select j.id, j.run_at, j.at_once from jobs j
                     where j.status = 'queued' and j.owner = had.owner and j.kind = had.kind and j.run_at <= $3
                     order by j.run_at, j.id limit $2
                 ) q
             ) first
             where first.at_once is null or had.running + first.place <= first.at_once
             union all
             select id, 0, null, run_at from jobs where status = 'running' and lease_until < $3 and kind = any ($1)
         )
         update jobs set status = 'running', attempts = attempts + 1, lease_until = $4,
                         started_at = coalesce(started_at, $3)
         where id = any (array(
             select j.id
             from (select * from candidates order by turn, served nulls first, run_at, id limit $2 + 64) c
             join jobs j on j.id = c.id
             where j.status = 'queued' or (j.status = 'running' and j.lease_until < $3)
             order by c.turn, c.served nulls first, c.run_at, c.id
             limit $2 for update of j skip locked
         ))
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
    Failed(JobFailure),
    Again { failure: JobFailure, at: Time },
}

pub(super) async fn end(tx: &mut SystemTx, job: &Claimed, progress: &Progress, end: End) -> Result<()> {
    let now = tx.now();
    let (done, total) = progress.read();
    let (status, failure, again) = match end {
        End::Done => ("done", None, None),
        End::Cancelled => ("cancelled", None, None),
        End::Failed(failure) => ("failed", Some(failure), None),
        End::Again { failure, at } => ("queued", Some(failure), Some(at.utc())),
    };
    let (code, error) = failure.map(|failure| (failure.code, failure.message)).unzip();
    sqlx::query!(
        "update jobs set status = $3, error = $4, run_at = coalesce($5, run_at), lease_until = null, done = $6, total = $7,
                         finished_at = case when $3 = 'queued' then null else $8::timestamptz end, error_code = $9
         where id = $1 and attempts = $2 and status = 'running'",
        job.id,
        job.attempts,
        status,
        error,
        again,
        i64::try_from(done).unwrap_or(i64::MAX),
        i64::try_from(total).unwrap_or(i64::MAX),
        now.utc(),
        code
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

/// What has become of a job; `None` for one that there is not.
pub(super) async fn state(tx: &mut SystemTx, id: Uuid) -> Result<Option<JobState>> {
    let state = sqlx::query!(
        r#"select j.status, j.attempts, j.done, j.total, j.error, j.error_code, j.owner, j.kind,
                  j.started_at as "started_at: Time",
                  case when j.status = 'queued' then 1 + (
                      select count(*) from jobs a
                      where a.status = 'queued' and a.owner = j.owner and a.kind = j.kind
                        and (a.run_at, a.id) < (j.run_at, j.id)
                  ) end as place
           from jobs j where j.id = $1"#,
        id
    );
    let state = state.fetch_optional(tx.conn()).await?;
    Ok(state.map(|it| JobState {
        status: it.status,
        attempts: it.attempts,
        done: it.done,
        total: it.total,
        failure: JobFailure::stored(it.error, it.error_code),
        started_at: it.started_at,
        place: it.place,
        owner: it.owner,
        kind: it.kind,
    }))
}
