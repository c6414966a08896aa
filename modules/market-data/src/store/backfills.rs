use crate::{
    Exchange,
    backfill::{Backfill, BackfillFilter, BackfillKind, BackfillStatus, BackfillWish},
};
use futures::TryStreamExt;
use kit::{Error, JobFailure, Paging, Result, TenantTx, Time};
use sqlx::{Postgres, QueryBuilder};
use trading::{
    money::Symbol,
    time::{Timeframe, Timestamp},
};
use uuid::Uuid;

pub(crate) async fn insert_backfill(
    tx: &mut TenantTx,
    id: Uuid,
    wish: &BackfillWish,
    (from, to): (Timestamp, Timestamp),
) -> Result<()> {
    let (now, user) = (tx.now(), tx.user());
    sqlx::query!(
        "insert into backfills (id, kind, exchange, symbol, timeframe, only_gaps, from_time, to_time, reached,
                                created_by, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $7, $9, $10)",
        id,
        wish.kind.as_str(),
        wish.exchange.as_str(),
        wish.symbol.as_str(),
        wish.timeframe.map(Timeframe::as_str),
        wish.only_gaps,
        from.to_datetime(),
        to.to_datetime(),
        user,
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// How many of the tenant's backfills have not ended. Whoever asks holds the door until the transaction ends, so that
/// two at once do not both find the last place free.
pub(crate) async fn unfinished_backfills(tx: &mut TenantTx) -> Result<i64> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('backfills ' || current_tenant(), 0))")
        .execute(tx.conn())
        .await?;
    let count = sqlx::query_scalar!(
        r#"select count(*) as "n!" from backfills b join jobs j on j.id = b.id
           where b.tenant_id = current_tenant() and j.status in ('queued', 'running')"#
    );
    Ok(count.fetch_one(tx.conn()).await?)
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    kind: String,
    exchange: String,
    symbol: String,
    timeframe: Option<String>,
    only_gaps: bool,
    from_time: Time,
    to_time: Time,
    status: String,
    reached: Time,
    imported: i64,
    updated: i64,
    error: Option<String>,
    error_code: Option<String>,
    created_at: Time,
    started_at: Option<Time>,
    finished_at: Option<Time>,
}

fn kind(name: &str) -> BackfillKind {
    if name == BackfillKind::Trades.as_str() { BackfillKind::Trades } else { BackfillKind::Candles }
}

fn timeframe(name: Option<String>) -> Result<Option<Timeframe>> {
    name.map(|name| name.parse()).transpose().map_err(Error::internal)
}

impl TryFrom<Row> for Backfill {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let [from, to, reached] = [row.from_time, row.to_time, row.reached].map(Time::millis);
        Ok(Self {
            id: row.id,
            kind: kind(&row.kind),
            exchange: Exchange::try_from(row.exchange).map_err(Error::internal)?,
            symbol: row.symbol.parse().map_err(Error::internal)?,
            timeframe: timeframe(row.timeframe)?,
            only_gaps: row.only_gaps,
            from: row.from_time,
            to: row.to_time,
            status: BackfillStatus::of_job(&row.status),
            reached: row.reached,
            percent: (reached - from) * 100 / (to - from).max(1),
            imported: row.imported,
            updated: row.updated,
            error: JobFailure::stored(row.error, row.error_code),
            created_at: row.created_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
        })
    }
}

pub(crate) async fn find_backfill(tx: &mut TenantTx, id: Uuid) -> Result<Option<Backfill>> {
    let row = sqlx::query_as!(
        Row,
        r#"select b.id, b.kind, b.exchange, b.symbol, b.timeframe, b.only_gaps, b.from_time as "from_time: Time",
                  b.to_time as "to_time: Time", j.status, b.reached as "reached: Time", b.imported, b.updated, j.error,
                  j.error_code, b.created_at as "created_at: Time", j.started_at as "started_at: Time",
                  j.finished_at as "finished_at: Time"
           from backfills b join jobs j on j.id = b.id
           where b.tenant_id = current_tenant() and b.id = $1"#,
        id
    )
    .fetch_optional(tx.conn())
    .await?;
    row.map(Backfill::try_from).transpose()
}

const SORTS: [(&str, &str); 3] = [("createdAt", "b.created_at"), ("status", "j.status"), ("symbol", "b.symbol")];

pub(crate) async fn list_backfills(
    tx: &mut TenantTx,
    filter: &BackfillFilter,
    paging: &Paging,
) -> Result<(Vec<Backfill>, i64)> {
    let order = paging.order(&SORTS, "b.created_at desc")?;
    let mut count = QueryBuilder::new(
        "select count(*) from backfills b join jobs j on j.id = b.id where b.tenant_id = current_tenant()",
    );
    narrow(&mut count, filter);
    let total: i64 = count.build_query_scalar().fetch_one(tx.conn()).await?;
    let mut select = QueryBuilder::new(
        "select b.*, j.status, j.error, j.error_code, j.started_at, j.finished_at
         from backfills b join jobs j on j.id = b.id where b.tenant_id = current_tenant()",
    );
    narrow(&mut select, filter);
    select.push(format_args!(" order by {order}, b.id desc limit ")).push_bind(paging.limit);
    select.push(" offset ").push_bind(paging.offset());
    let rows: Vec<Row> = select.build_query_as().fetch_all(tx.conn()).await?;
    let backfills: Result<_> = rows.into_iter().map(Backfill::try_from).collect();
    Ok((backfills?, total))
}

fn narrow(query: &mut QueryBuilder<Postgres>, filter: &BackfillFilter) {
    if let Some(status) = filter.status {
        query.push(" and j.status = ").push_bind(status.as_str());
    }
    if let Some(symbol) = &filter.symbol {
        query.push(" and b.symbol = ").push_bind(symbol.to_string());
    }
}

/// A backfill as its job has it.
pub(crate) struct StoredBackfill {
    pub(crate) exchange: Exchange,
    pub(crate) symbol: Symbol,
    pub(crate) fetched: Fetched,
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    /// All before is stored.
    pub(crate) reached: Timestamp,
}

/// What a backfill fetches.
pub(crate) enum Fetched {
    Candles {
        timeframe: Timeframe,
        only_gaps: bool,
    },
    Trades {
        /// The number with which it goes on, once it has begun.
        next_id: Option<i64>,
    },
}

pub(crate) async fn stored_backfill(tx: &mut TenantTx, id: Uuid) -> Result<Option<StoredBackfill>> {
    let row = sqlx::query!(
        "select exchange, symbol, timeframe, only_gaps, from_time, to_time, reached, next_id from backfills
         where tenant_id = current_tenant() and id = $1",
        id
    )
    .fetch_optional(tx.conn())
    .await?;
    row.map(|row| {
        let fetched = match timeframe(row.timeframe)? {
            Some(timeframe) => Fetched::Candles { timeframe, only_gaps: row.only_gaps },
            None => Fetched::Trades { next_id: row.next_id },
        };
        Ok(StoredBackfill {
            exchange: Exchange::try_from(row.exchange).map_err(Error::internal)?,
            symbol: row.symbol.parse().map_err(Error::internal)?,
            fetched,
            from: row.from_time.into(),
            to: row.to_time.into(),
            reached: row.reached.into(),
        })
    })
    .transpose()
}

/// Writes down how far a backfill has come, of trades also by number, and how much that added and changed.
pub(crate) async fn reach(
    tx: &mut TenantTx,
    id: Uuid,
    (reached, next_id): (Timestamp, Option<i64>),
    (imported, updated): (i64, i64),
) -> Result<()> {
    sqlx::query!(
        "update backfills set reached = greatest(reached, $2), next_id = greatest(next_id, $5),
                imported = imported + $3, updated = updated + $4
         where tenant_id = current_tenant() and id = $1",
        id,
        reached.to_datetime(),
        imported,
        updated,
        next_id
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The first gap between candles of a series, cut to a span; the candle before the span counts as one of them.
pub(crate) async fn first_gap(
    tx: &mut TenantTx,
    series: Uuid,
    timeframe: Timeframe,
    (from, to): (Timestamp, Timestamp),
) -> Result<Option<(Timestamp, Timestamp)>> {
    let before = sqlx::query_scalar!(
        "select max(open_time) from candles where series_id = $1 and open_time < $2",
        series,
        from.to_datetime()
    )
    .fetch_one(tx.conn())
    .await?;
    let mut expected = before.map(|before| timeframe.next(before.into()).max(from));
    let mut times = sqlx::query_scalar!(
        "select open_time from candles where series_id = $1 and open_time >= $2 order by open_time",
        series,
        from.to_datetime()
    )
    .fetch(tx.conn());
    while let Some(time) = times.try_next().await? {
        let time = Timestamp::from(time);
        let end = time.min(to);
        if let Some(expected) = expected.filter(|expected| *expected < end) {
            return Ok(Some((expected, end)));
        }
        if time >= to {
            return Ok(None);
        }
        expected = Some(timeframe.next(time));
    }
    Ok(None)
}
