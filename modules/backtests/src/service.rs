use crate::{
    jobs::Run,
    offline::{self, Failure, MAX_CANDLES, Outcome},
    request::Request,
    store,
};
use audit::Change;
use garde::Validate;
use kit::{Error, Paging, Result, TenantTx, Time};
use market_data::Market;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use trading::{
    backtest::{BacktestError, BacktestFile, Combination},
    metrics::Metrics,
    money::Notional,
    position::Trade,
    time::Timestamp,
};
use uuid::Uuid;

/// The most back-tests of a tenant that wait or run.
const MOST_AT_ONCE: i64 = 5;
/// The most back-tests that a tenant keeps.
const MOST_KEPT: i64 = 1_000;

/// A back-test, without what is long.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Backtest {
    pub(crate) id: Uuid,
    /// What the strategy is called.
    pub(crate) name: String,
    pub(crate) market: BacktestMarket,
    /// The stored strategy that was tried; `null` for one that came with the request or was deleted.
    pub(crate) strategy_id: Option<Uuid>,
    pub(crate) strategy_version: Option<i32>,
    pub(crate) status: Status,
    pub(crate) progress: Done,
    /// The figures, when it is done; a sweep has `combinations` instead.
    #[schemars(with = "Option<Metrics>")]
    pub(crate) metrics: Option<Value>,
    /// Why it failed.
    pub(crate) error: Option<String>,
    pub(crate) created_at: Time,
    pub(crate) started_at: Option<Time>,
    pub(crate) finished_at: Option<Time>,
}

/// What a back-test trades.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct BacktestMarket {
    pub(crate) exchange: String,
    /// Where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) symbol: Option<String>,
    /// Where these are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) symbols: Option<Vec<String>>,
    pub(crate) timeframe: String,
}

/// What has become of a back-test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "BacktestStatus")]
pub(crate) enum Status {
    Queued,
    Running,
    Done,
    Failed,
    Cancelled,
}

/// How far a back-test has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "BacktestProgress")]
pub(crate) struct Done {
    /// Candles, or combinations of a sweep.
    pub(crate) done: i64,
    pub(crate) total: i64,
    /// From 0 to 100.
    pub(crate) percent: i64,
}

/// A back-test with all but its trades and its equity.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BacktestDetail {
    #[serde(flatten)]
    pub(crate) backtest: Backtest,
    /// The file as it runs, with the strategy in it.
    pub(crate) file: Value,
    /// What should be known about the figures.
    #[schemars(with = "Vec<String>")]
    pub(crate) warnings: Value,
    /// What came of each combination of a sweep.
    #[schemars(with = "Option<Vec<Combination>>")]
    pub(crate) combinations: Option<Value>,
}

/// The equity over time, beside what holding would have been worth.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "BacktestEquity")]
pub(crate) struct Equity {
    /// Closing times in milliseconds, and cash and coins then.
    #[schemars(with = "Vec<(Timestamp, Notional)>")]
    pub(crate) equity: Value,
    /// The same times, and what the cash would be worth in coins bought at the first open.
    #[schemars(with = "Vec<(Timestamp, Notional)>")]
    pub(crate) buy_and_hold: Value,
}

/// Which back-tests are asked for.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[garde(allow_unvalidated)]
#[schemars(rename = "BacktestFilter")]
pub(crate) struct Filter {
    /// Only of this stored strategy.
    pub(crate) strategy_id: Option<Uuid>,
    /// Only those that have come to this.
    pub(crate) status: Option<Status>,
}

impl Status {
    /// As the job has it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Checks what is asked for and sets it going.
pub(crate) async fn create(tx: &mut TenantTx, request: Request) -> Result<Backtest> {
    let (file, source) = request.resolve(tx).await?;
    let file = checked(file).await?;
    within_reach(tx, &file).await?;
    within_quota(tx).await?;
    let id = kit::enqueue_job(tx, &Run {}).await?;
    store::insert(tx, id, &file, source).await?;
    let backtest = get(tx, id).await?.backtest;
    audit::record(tx, Change::new("backtest", id, "backtest.created").after(&backtest)).await?;
    Ok(backtest)
}

/// Ten thousand combinations take a while to check, which is no work for a thread of the server.
async fn checked(file: BacktestFile) -> Result<BacktestFile> {
    let check = move || offline::check_sweep(&file).map(|()| file);
    let checked = tokio::task::spawn_blocking(check).await.map_err(Error::internal)?;
    checked.map_err(|found| Error::faults(strategies::faults(found)))
}

/// There are candles for it, of every symbol, and not too many.
async fn within_reach(tx: &mut TenantTx, file: &BacktestFile) -> Result<()> {
    let mut count = 0;
    for market in markets(file)? {
        count += reach(tx, file, &market).await?;
    }
    if count > MAX_CANDLES {
        let message = format!("The market has {count} candles; a back-test takes {MAX_CANDLES} at most.");
        return Err(Error::invalid("strategy.market", "TOO_MANY_CANDLES", message));
    }
    offline::within_limits(file, count).map_err(refused)
}

/// How many candles there are of one market, some of them in the period.
async fn reach(tx: &mut TenantTx, file: &BacktestFile, market: &Market) -> Result<usize> {
    let series = market_data::series(tx, market).await?;
    let (Some(first), Some(last)) = (series.first_open_time(), series.last_open_time()) else {
        let message = format!("The market has no candles yet: {market}.");
        return Err(Error::invalid("strategy.market", "NO_CANDLES", message));
    };
    let outside = |path| {
        let message = format!("The candles of {} open from {first} to {last}.", market.symbol);
        Error::invalid(path, "NO_CANDLES", message)
    };
    if file.config.to.is_some_and(|to| to.millis() <= first.millis()) {
        return Err(outside("to"));
    }
    if file.config.from.is_some_and(|from| from.millis() > last.millis()) {
        return Err(outside("from"));
    }
    Ok(usize::try_from(series.candle_count()).unwrap_or_default())
}

async fn within_quota(tx: &mut TenantTx) -> Result<()> {
    let (kept, unfinished) = store::counts(tx).await?;
    if unfinished >= MOST_AT_ONCE {
        let message = format!("{MOST_AT_ONCE} back-tests wait or run already; let one end, or cancel it.");
        return Err(Error::conflict("TOO_MANY_BACKTESTS", message).with("limit", MOST_AT_ONCE));
    }
    if kept >= MOST_KEPT {
        let message = format!("{MOST_KEPT} back-tests are kept; delete some first.");
        return Err(Error::conflict("BACKTEST_LIMIT", message).with("limit", MOST_KEPT));
    }
    Ok(())
}

/// The markets that a back-test trades.
pub(crate) fn markets(file: &BacktestFile) -> Result<Vec<Market>> {
    Market::all_of(file.strategy.market()).map_err(|why| Error::invalid("strategy.market", "INVALID", why))
}

/// A stored file, which was checked when it was stored.
pub(crate) fn read(file: &Value) -> Result<BacktestFile> {
    BacktestFile::parse(file).map_err(|found| Error::faults(strategies::faults(found)))
}

/// What a run that has no answer tells its user.
pub(crate) fn refused(failure: Failure) -> Error {
    match failure {
        Failure::File(faults) | Failure::Run(BacktestError::Faults(faults)) => {
            Error::faults(strategies::faults(faults))
        }
        Failure::Run(BacktestError::Failed(failure)) => {
            Error::invalid("strategy.script", "SCRIPT_FAILED", failure.to_string())
        }
        Failure::TooMuch { .. } => Error::invalid("sweep", "TOO_MUCH", failure.to_string()),
        other => Error::invalid("", "NO_ANSWER", other.to_string()),
    }
}

/// Keeps what came of a run; what another attempt kept before gives way.
pub(crate) async fn keep(tx: &mut TenantTx, id: Uuid, outcome: &Outcome) -> Result<()> {
    store::keep(tx, id, outcome).await
}

pub(crate) async fn list(tx: &mut TenantTx, filter: &Filter, paging: &Paging) -> Result<(Vec<Backtest>, i64)> {
    store::list(tx, filter, paging).await
}

pub(crate) async fn get(tx: &mut TenantTx, id: Uuid) -> Result<BacktestDetail> {
    store::get(tx, id).await?.ok_or_else(unknown)
}

/// A page of the trades, in their order, and how many there are.
pub(crate) async fn trades(tx: &mut TenantTx, id: Uuid, paging: &Paging) -> Result<(Vec<Trade>, i64)> {
    if let Some(found) = store::trades(tx, id, paging).await? {
        return Ok(found);
    }
    Err(no_result(tx, id).await?)
}

pub(crate) async fn equity(tx: &mut TenantTx, id: Uuid) -> Result<Equity> {
    match store::equity(tx, id).await? {
        Some(equity) => Ok(equity),
        None => Err(no_result(tx, id).await?),
    }
}

/// The report as an HTML page.
pub(crate) async fn page(tx: &mut TenantTx, id: Uuid) -> Result<String> {
    let Some(stored) = store::outcome(tx, id).await? else { return Err(no_result(tx, id).await?) };
    Ok(stored.html())
}

/// Why there is nothing to show: there is no such back-test, or it has no result.
async fn no_result(tx: &mut TenantTx, id: Uuid) -> Result<Error> {
    let status = get(tx, id).await?.backtest.status.as_str();
    Ok(Error::conflict("BACKTEST_NOT_DONE", format!("The back-test has no result: it is {status}."))
        .with("status", status))
}

pub(crate) async fn cancel(tx: &mut TenantTx, id: Uuid) -> Result<Backtest> {
    let before = get(tx, id).await?.backtest;
    if !kit::cancel_job(tx, id).await? {
        let status = before.status.as_str();
        let message = format!("The back-test has ended already: it is {status}.");
        return Err(Error::conflict("BACKTEST_ENDED", message).with("status", status));
    }
    let after = get(tx, id).await?.backtest;
    audit::record(tx, Change::new("backtest", id, "backtest.cancelled").before(&before).after(&after)).await?;
    Ok(after)
}

/// Deletes a back-test; one that runs ends as soon as it looks.
pub(crate) async fn delete(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    let before = get(tx, id).await?.backtest;
    kit::cancel_job(tx, id).await?;
    store::delete(tx, id).await?;
    audit::record(tx, Change::new("backtest", id, "backtest.deleted").before(&before)).await
}

fn unknown() -> Error {
    Error::not_found("backtest")
}
