use crate::{
    offline::Outcome,
    request::Source,
    service::{Backtest, BacktestDetail, BacktestMarket, Done, Equity, Filter, Status},
};
use kit::{Error, Paging, Result, TenantTx, Time};
use serde::Serialize;
use serde_json::Value;
use sqlx::{FromRow, Postgres, QueryBuilder, types::Json};
use trading::{
    backtest::{Answer, BacktestFile, Report, Sweep},
    position::Trade,
};
use uuid::Uuid;

fn json(part: impl Serialize) -> Result<Value> {
    serde_json::to_value(part).map_err(Error::internal)
}

pub(crate) async fn insert(tx: &mut TenantTx, id: Uuid, file: &BacktestFile, source: Source) -> Result<()> {
    let (now, user) = (tx.now(), tx.user());
    let (strategy, version) = source.unzip();
    sqlx::query!(
        "insert into backtests (id, name, strategy_id, strategy_version, file, created_by, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        id,
        file.strategy.name(),
        strategy,
        version,
        json(file)?,
        user,
        now.utc()
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

/// Keeps a result, unless the back-test was deleted meanwhile.
pub(crate) async fn keep(tx: &mut TenantTx, id: Uuid, outcome: &Outcome) -> Result<()> {
    let none = || Value::Array(vec![]);
    let (metrics, combinations, warnings, trades, equity) = match &outcome.answer {
        Answer::Report(report) => {
            let Report { metrics, trades, equity, warnings, .. } = report.as_ref();
            (Some(json(metrics)?), None, json(warnings)?, json(trades)?, json(equity)?)
        }
        Answer::Sweep(Sweep { combinations, warnings }) => {
            (None, Some(json(combinations)?), json(warnings)?, none(), none())
        }
    };
    sqlx::query!("delete from backtest_results where tenant_id = current_tenant() and backtest_id = $1", id)
        .execute(tx.conn())
        .await?;
    sqlx::query!(
        "insert into backtest_results (backtest_id, metrics, combinations, warnings, trades, equity, buy_and_hold)
         select id, $2, $3, $4, $5, $6, $7 from backtests where tenant_id = current_tenant() and id = $1
         for key share",
        id,
        metrics,
        combinations,
        warnings,
        trades,
        equity,
        json(&outcome.buy_and_hold)?
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    name: String,
    market: Json<BacktestMarket>,
    strategy_id: Option<Uuid>,
    strategy_version: Option<i32>,
    status: String,
    done: i64,
    total: i64,
    metrics: Option<Value>,
    error: Option<String>,
    created_at: Time,
    started_at: Option<Time>,
    finished_at: Option<Time>,
}

impl From<Row> for Backtest {
    fn from(row: Row) -> Self {
        let status = status(&row.status);
        let percent = match status {
            Status::Done => 100,
            _ => (row.done.saturating_mul(100) / row.total.max(1)).clamp(0, 100),
        };
        Self {
            id: row.id,
            name: row.name,
            market: row.market.0,
            strategy_id: row.strategy_id,
            strategy_version: row.strategy_version,
            status,
            progress: Done { done: row.done, total: row.total, percent },
            metrics: row.metrics,
            error: row.error,
            created_at: row.created_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
        }
    }
}

fn status(job: &str) -> Status {
    match job {
        "queued" => Status::Queued,
        "running" => Status::Running,
        "done" => Status::Done,
        "cancelled" => Status::Cancelled,
        _ => Status::Failed,
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
                j.status, j.done, j.total, r.metrics, j.error, b.created_at, j.started_at, j.finished_at
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
                  b.strategy_version, j.status, j.done, j.total, r.metrics as "metrics?", j.error,
                  b.created_at as "created_at: Time", j.started_at as "started_at: Time",
                  j.finished_at as "finished_at: Time", b.file, r.warnings as "warnings?",
                  r.combinations as "combinations?"
           from backtests b
           join jobs j on j.id = b.id
           left join backtest_results r on r.tenant_id = b.tenant_id and r.backtest_id = b.id
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
        status: it.status,
        done: it.done,
        total: it.total,
        metrics: it.metrics,
        error: it.error,
        created_at: it.created_at,
        started_at: it.started_at,
        finished_at: it.finished_at,
    };
    let warnings = it.warnings.unwrap_or_else(|| Value::Array(vec![]));
    Ok(Some(BacktestDetail { backtest: row.into(), file: it.file, warnings, combinations: it.combinations }))
}

/// A page of the trades and how many there are; `None` without a result.
pub(crate) async fn trades(tx: &mut TenantTx, id: Uuid, paging: &Paging) -> Result<Option<(Vec<Trade>, i64)>> {
    let found = sqlx::query!(
        r#"select (select coalesce(jsonb_agg(trade order by place), '[]')
                   from jsonb_array_elements(trades) with ordinality all_trades (trade, place)
                   where place > $2 and place <= $2 + $3) as "page!: Json<Vec<Trade>>",
                  jsonb_array_length(trades)::bigint as "total!"
           from backtest_results where tenant_id = current_tenant() and backtest_id = $1"#,
        id,
        paging.offset(),
        paging.limit
    );
    Ok(found.fetch_optional(tx.conn()).await?.map(|it| (it.page.0, it.total)))
}

pub(crate) async fn equity(tx: &mut TenantTx, id: Uuid) -> Result<Option<Equity>> {
    let equity = sqlx::query_as!(
        Equity,
        "select equity, buy_and_hold from backtest_results where tenant_id = current_tenant() and backtest_id = $1",
        id
    );
    Ok(equity.fetch_optional(tx.conn()).await?)
}

/// A result as it was when the run ended; `None` without one.
pub(crate) async fn outcome(tx: &mut TenantTx, id: Uuid) -> Result<Option<Outcome>> {
    let found = sqlx::query!(
        r#"select b.file, r.metrics, r.combinations, r.warnings, r.trades, r.equity, r.buy_and_hold
           from backtest_results r
           join backtests b on b.tenant_id = r.tenant_id and b.id = r.backtest_id
           where r.tenant_id = current_tenant() and r.backtest_id = $1"#,
        id
    );
    let Some(it) = found.fetch_optional(tx.conn()).await? else { return Ok(None) };
    let answer = match (it.metrics, it.combinations) {
        (Some(metrics), _) => Answer::Report(Box::new(Report {
            metrics: read(metrics)?,
            trades: read(it.trades)?,
            equity: read(it.equity)?,
            warnings: read(it.warnings)?,
            ..Report::default()
        })),
        (None, combinations) => {
            Answer::Sweep(Sweep { combinations: read(combinations.unwrap_or_default())?, warnings: read(it.warnings)? })
        }
    };
    let file = crate::service::read(&it.file)?;
    Ok(Some(Outcome { file, answer, buy_and_hold: read(it.buy_and_hold)? }))
}

fn read<T: serde::de::DeserializeOwned>(part: Value) -> Result<T> {
    serde_json::from_value(part).map_err(Error::internal)
}

pub(crate) async fn delete(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    sqlx::query!("delete from backtests where tenant_id = current_tenant() and id = $1", id).execute(tx.conn()).await?;
    Ok(())
}
