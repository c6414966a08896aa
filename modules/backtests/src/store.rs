use crate::{
    made::{Made, hex},
    packed::{self, Content, Packed, TRADES_OF_A_PART},
    request::Source,
    service::{Backtest, BacktestDetail, BacktestMarket, Done, Filter, Reproduction, Status, Stored, percent},
};
use kit::{Error, JobFailure, Paging, Result, TenantTx, Time};
use serde_json::Value;
use sqlx::{FromRow, Postgres, QueryBuilder, types::Json};
use trading::{backtest::BacktestFile, position::Trade};
use uuid::Uuid;

pub(crate) async fn insert(
    tx: &mut TenantTx,
    id: Uuid,
    file: &BacktestFile,
    source: Source,
    rerun_of: Option<Uuid>,
) -> Result<()> {
    let (now, user) = (tx.now(), tx.user());
    let (strategy, version) = source.unzip();
    sqlx::query!(
        "insert into backtests (id, name, strategy_id, strategy_version, file, created_by, created_at, rerun_of)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        id,
        file.strategy.name(),
        strategy,
        version,
        serde_json::to_value(file).map_err(Error::internal)?,
        user,
        now.utc(),
        rerun_of
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// How many back-tests the tenant keeps, and how many of them have not ended. Whoever asks holds
/// the door until the transaction ends, so that two at once do not both find the last place free.
pub(crate) async fn counts(tx: &mut TenantTx) -> Result<(i64, i64)> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('backtests ' || current_tenant(), 0))")
        .execute(tx.conn())
        .await?;
    let counts = sqlx::query!(
        r#"select count(*) as "kept!", count(*) filter (where j.status in ('queued', 'running')) as "unfinished!"
           from backtests b join jobs j on j.id = b.id
           where b.tenant_id = current_tenant()"#
    );
    let counts = counts.fetch_one(tx.conn()).await?;
    Ok((counts.kept, counts.unfinished))
}

pub(crate) async fn file(tx: &mut TenantTx, id: Uuid) -> Result<Option<Value>> {
    let file = sqlx::query_scalar!("select file from backtests where tenant_id = current_tenant() and id = $1", id);
    Ok(file.fetch_optional(tx.conn()).await?)
}

/// How many parts of trades are sent to the database at a time.
const PARTS: usize = 64;

/// Keeps a result, unless the back-test was deleted meanwhile; what another attempt kept before gives way.
pub(crate) async fn keep(tx: &mut TenantTx, id: Uuid, result: &Packed) -> Result<()> {
    sqlx::query!("delete from backtest_results where tenant_id = current_tenant() and backtest_id = $1", id)
        .execute(tx.conn())
        .await?;
    let kept = sqlx::query!(
        "insert into backtest_results (backtest_id, metrics, content, trade_count, made, digest)
         select id, $2, $3, $4, $5, $6 from backtests where tenant_id = current_tenant() and id = $1
         for key share",
        id,
        result.metrics,
        result.content,
        result.trade_count,
        serde_json::to_value(&result.made).map_err(Error::internal)?,
        result.digest
    );
    if kept.execute(tx.conn()).await?.rows_affected() == 0 {
        return Ok(());
    }
    for (first, parts) in (0_i32..).step_by(PARTS).zip(result.trades.chunks(PARTS)) {
        sqlx::query!(
            "insert into backtest_trades (backtest_id, part, content)
             select $1, $2 + place::integer - 1, content from unnest($3::bytea[]) with ordinality parts (content, place)",
            id,
            first,
            parts
        )
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    name: String,
    market: Json<BacktestMarket>,
    strategy_id: Option<Uuid>,
    strategy_version: Option<i32>,
    rerun_of: Option<Uuid>,
    status: String,
    done: i64,
    total: i64,
    metrics: Option<Value>,
    error: Option<String>,
    error_code: Option<String>,
    created_at: Time,
    started_at: Option<Time>,
    finished_at: Option<Time>,
}

impl From<Row> for Backtest {
    fn from(row: Row) -> Self {
        let status = Status::of_job(&row.status);
        Self {
            id: row.id,
            name: row.name,
            market: row.market.0,
            strategy_id: row.strategy_id,
            strategy_version: row.strategy_version,
            rerun_of: row.rerun_of,
            status,
            progress: Done { done: row.done, total: row.total, percent: percent(status, row.done, row.total) },
            metrics: row.metrics,
            error: JobFailure::stored(row.error, row.error_code),
            created_at: row.created_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
        }
    }
}

const SORTS: [(&str, &str); 5] = [
    ("createdAt", "b.created_at"),
    ("name", "b.name"),
    ("status", "j.status"),
    ("return", "(r.metrics ->> 'return')::float8"),
    ("sharpe", "(r.metrics ->> 'sharpe')::float8"),
];

pub(crate) async fn list(tx: &mut TenantTx, filter: &Filter, paging: &Paging) -> Result<(Vec<Backtest>, i64)> {
    let order = paging.order(&SORTS, "b.created_at desc")?;
    let status = filter.status.map(Status::as_str);
    let total = sqlx::query_scalar!(
        r#"select count(*) as "n!" from backtests b join jobs j on j.id = b.id
           where b.tenant_id = current_tenant()
             and ($1::uuid is null or b.strategy_id = $1) and ($2::text is null or j.status = $2)"#,
        filter.strategy_id,
        status
    );
    let total = total.fetch_one(tx.conn()).await?;
    let mut select = QueryBuilder::<Postgres>::new(
        "select b.id, b.name, b.file -> 'strategy' -> 'market' as market, b.strategy_id, b.strategy_version,
                b.rerun_of, j.status, j.done, j.total, r.metrics, j.error, j.error_code, b.created_at, j.started_at,
                j.finished_at
         from backtests b
         join jobs j on j.id = b.id
         left join backtest_results r on r.tenant_id = b.tenant_id and r.backtest_id = b.id
         where b.tenant_id = current_tenant()",
    );
    if let Some(strategy) = filter.strategy_id {
        select.push(" and b.strategy_id = ").push_bind(strategy);
    }
    if let Some(status) = status {
        select.push(" and j.status = ").push_bind(status);
    }
    select.push(format_args!(" order by {order} nulls last, b.id desc limit ")).push_bind(paging.limit);
    select.push(" offset ").push_bind(paging.offset());
    let rows: Vec<Row> = select.build_query_as().fetch_all(tx.conn()).await?;
    Ok((rows.into_iter().map(Backtest::from).collect(), total))
}

pub(crate) async fn get(tx: &mut TenantTx, id: Uuid) -> Result<Option<BacktestDetail>> {
    let found = sqlx::query!(
        r#"select b.id, b.name, b.file -> 'strategy' -> 'market' as "market!: Json<BacktestMarket>", b.strategy_id,
                  b.strategy_version, b.rerun_of, j.status, j.done, j.total, r.metrics as "metrics?", j.error, j.error_code,
                  b.created_at as "created_at: Time", j.started_at as "started_at: Time",
                  j.finished_at as "finished_at: Time", b.file, r.content as "content?",
                  r.made as "made?: Json<Made>", r.digest as "digest?",
                  o.made as "made_before?: Json<Made>", o.digest as "digest_before?"
           from backtests b
           join jobs j on j.id = b.id
           left join backtest_results r on r.tenant_id = b.tenant_id and r.backtest_id = b.id
           left join backtest_results o on o.tenant_id = b.tenant_id and o.backtest_id = b.rerun_of
           where b.tenant_id = current_tenant() and b.id = $1"#,
        id
    );
    let Some(it) = found.fetch_optional(tx.conn()).await? else { return Ok(None) };
    let row = Row {
        id: it.id,
        name: it.name,
        market: it.market,
        strategy_id: it.strategy_id,
        strategy_version: it.strategy_version,
        rerun_of: it.rerun_of,
        status: it.status,
        done: it.done,
        total: it.total,
        metrics: it.metrics,
        error: it.error,
        error_code: it.error_code,
        created_at: it.created_at,
        started_at: it.started_at,
        finished_at: it.finished_at,
    };
    let mut content = it.content.as_deref().map(Content::read).transpose()?;
    let mut part = |name| content.as_mut().map(|content| content.take(name)).filter(|part| !part.is_null());
    let (warnings, combinations, returns) = (part("warnings"), part("combinations"), part("returns"));
    let (filters, symbols, walk_forward) = (part("filters"), part("symbols"), part("walkForward"));
    let (monte_carlo, checks) = (part("monteCarlo"), part("checks"));
    let before = it.digest_before.as_deref().zip(it.made_before.as_deref());
    let reproduction = match (it.digest.as_deref(), it.made.as_deref(), before) {
        (Some(digest), Some(made), Some(before)) => Some(Reproduction::of(digest, made, before)),
        _ => None,
    };
    Ok(Some(BacktestDetail {
        backtest: row.into(),
        file: it.file,
        warnings: warnings.unwrap_or_else(|| Value::Array(vec![])),
        combinations,
        returns,
        filters,
        symbols,
        walk_forward,
        monte_carlo,
        checks,
        digest: it.digest.as_deref().map(hex),
        made: it.made.map(|made| made.0),
        reproduction,
    }))
}

/// A page of the trades and how many there are; `None` without a result.
pub(crate) async fn trades(tx: &mut TenantTx, id: Uuid, paging: &Paging) -> Result<Option<(Vec<Trade>, i64)>> {
    let size = i64::try_from(TRADES_OF_A_PART).unwrap_or(i64::MAX);
    let (first, end) = (paging.offset(), paging.offset().saturating_add(paging.limit));
    let found = sqlx::query!(
        r#"select r.trade_count, array(
               select t.content from backtest_trades t
               where t.tenant_id = r.tenant_id and t.backtest_id = r.backtest_id and t.part between $2 and $3
               order by t.part) as "parts!"
           from backtest_results r where r.tenant_id = current_tenant() and r.backtest_id = $1"#,
        id,
        i32::try_from(first / size).unwrap_or(i32::MAX),
        i32::try_from((end - 1) / size).unwrap_or(i32::MAX)
    );
    let Some(it) = found.fetch_optional(tx.conn()).await? else { return Ok(None) };
    let mut trades = vec![];
    for part in &it.parts {
        trades.extend(packed::trades(part)?);
    }
    let skipped = usize::try_from(first % size).unwrap_or_default();
    let limit = usize::try_from(paging.limit).unwrap_or_default();
    Ok(Some((trades.into_iter().skip(skipped).take(limit).collect(), it.trade_count)))
}

/// A part of the trades as it is stored; `None` after the last.
pub(crate) async fn trades_part(tx: &mut TenantTx, id: Uuid, part: i32) -> Result<Option<Vec<u8>>> {
    let content = sqlx::query_scalar!(
        "select content from backtest_trades
         where tenant_id = current_tenant() and backtest_id = $1 and part = $2",
        id,
        part
    );
    Ok(content.fetch_optional(tx.conn()).await?)
}

pub(crate) async fn has_result(tx: &mut TenantTx, id: Uuid) -> Result<bool> {
    let found = sqlx::query_scalar!(
        r#"select exists (select from backtest_results where tenant_id = current_tenant() and backtest_id = $1) as "is!""#,
        id
    );
    Ok(found.fetch_one(tx.conn()).await?)
}

/// A result without its trades, as it is stored; `None` without one.
pub(crate) async fn content(tx: &mut TenantTx, id: Uuid) -> Result<Option<Vec<u8>>> {
    let content = sqlx::query_scalar!(
        "select content from backtest_results where tenant_id = current_tenant() and backtest_id = $1",
        id
    );
    Ok(content.fetch_optional(tx.conn()).await?)
}

/// A result as it is stored; `None` without one.
pub(crate) async fn stored(tx: &mut TenantTx, id: Uuid) -> Result<Option<Stored>> {
    let found = sqlx::query!(
        r#"select b.file, r.content, array(
               select t.content from backtest_trades t
               where t.tenant_id = r.tenant_id and t.backtest_id = r.backtest_id
               order by t.part) as "trades!"
           from backtest_results r
           join backtests b on b.tenant_id = r.tenant_id and b.id = r.backtest_id
           where r.tenant_id = current_tenant() and r.backtest_id = $1"#,
        id
    );
    let found = found.fetch_optional(tx.conn()).await?;
    Ok(found.map(|it| Stored { file: it.file, content: it.content, trades: it.trades }))
}

pub(crate) async fn delete(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    sqlx::query!("delete from backtests where tenant_id = current_tenant() and id = $1", id).execute(tx.conn()).await?;
    Ok(())
}
