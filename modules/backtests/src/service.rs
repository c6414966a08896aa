use crate::{
    jobs::Run,
    limits,
    made::Made,
    offline::{self, Failure, Outcome},
    packed::Content,
    request::{Request, Source},
    store,
};
use audit::Change;
use garde::Validate;
use kit::{Error, JobFailure, Paging, Result, TenantTx, Time};
use market_data::Market;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use trading::{
    backtest::{
        Answer, AppliedFilters, BacktestError, BacktestFile, CheckReport, Combination, Comparison, Contribution,
        MonteCarloReport, Report, WalkForwardReport, compare,
    },
    metrics::{Metrics, Returns},
    money::Notional,
    position::Trade,
    time::Timestamp,
};
use uuid::Uuid;

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
    /// The back-test whose file this runs once more.
    pub(crate) rerun_of: Option<Uuid>,
    pub(crate) status: Status,
    pub(crate) progress: Done,
    /// The figures, when it is done; a sweep has `combinations` instead.
    #[schemars(with = "Option<Metrics>")]
    pub(crate) metrics: Option<Value>,
    /// Why it failed.
    pub(crate) error: Option<JobFailure>,
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
    /// The file as it runs, with the strategy and the filters of its exchange in it.
    pub(crate) file: Value,
    /// What should be known about the figures.
    #[schemars(with = "Vec<String>")]
    pub(crate) warnings: Value,
    /// What came of each combination of a sweep.
    #[schemars(with = "Option<Vec<Combination>>")]
    pub(crate) combinations: Option<Value>,
    /// The returns of days, months and years.
    #[schemars(with = "Option<Returns>")]
    pub(crate) returns: Option<Value>,
    /// The filters that were applied to orders; `null` where none were to be.
    #[schemars(with = "Option<AppliedFilters>")]
    pub(crate) filters: Option<Value>,
    /// What each symbol contributed, where there are several.
    #[schemars(with = "Option<Vec<Contribution>>")]
    pub(crate) symbols: Option<Value>,
    /// What was chosen and traded in turn, where a walk-forward was asked for.
    #[schemars(with = "Option<WalkForwardReport>")]
    pub(crate) walk_forward: Option<Value>,
    /// What might have come of the same trades, where that was asked for.
    #[schemars(with = "Option<MonteCarloReport>")]
    pub(crate) monte_carlo: Option<Value>,
    /// Whether the figures can be trusted, where that was asked for.
    #[schemars(with = "Option<CheckReport>")]
    pub(crate) checks: Option<Value>,
    /// What the result was made from; `null` before it is there.
    pub(crate) made: Option<Made>,
    /// SHA-256 of the whole answer, in hexadecimal digits.
    pub(crate) digest: Option<String>,
    /// Of a back-test that ran once more: whether it came to the same. `null` while one of both has no result.
    pub(crate) reproduction: Option<Reproduction>,
}

/// Whether a back-test that ran once more came to the same.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Reproduction {
    /// Whether the whole answer is the same, to the last byte.
    pub(crate) same: bool,
    /// What it was made from that was another: `engine`, `file`, `candles`.
    pub(crate) changed: Vec<&'static str>,
}

impl Reproduction {
    /// `digest` and `made` are of this result, `before` of the one that it repeats.
    pub(crate) fn of(digest: &[u8], made: &Made, before: (&[u8], &Made)) -> Self {
        let parts = [
            ("engine", made.engine != before.1.engine),
            ("file", made.file != before.1.file),
            ("candles", made.candles != before.1.candles),
        ];
        let changed = parts.into_iter().filter_map(|(part, changed)| changed.then_some(part)).collect();
        Self { same: digest == before.0, changed }
    }
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

/// How much of so much is done, from 0 to 100.
pub(crate) fn percent(status: Status, done: i64, total: i64) -> i64 {
    match status {
        Status::Done => 100,
        _ => (done.saturating_mul(100) / total.max(1)).clamp(0, 100),
    }
}

impl Status {
    /// Of a job's.
    pub(crate) fn of_job(status: &str) -> Self {
        match status {
            "queued" => Self::Queued,
            "running" => Self::Running,
            "done" => Self::Done,
            "cancelled" => Self::Cancelled,
            _ => Self::Failed,
        }
    }

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
    let (id, backtest) = set_going(tx, file, source, None).await?;
    audit::record(tx, Change::new("backtest", id, "backtest.created").after(&backtest)).await?;
    Ok(backtest)
}

/// Runs the file of a back-test once more, on the candles as they are now.
pub(crate) async fn rerun(tx: &mut TenantTx, id: Uuid) -> Result<Backtest> {
    let before = get(tx, id).await?;
    let source = before.backtest.strategy_id.zip(before.backtest.strategy_version);
    let (id, backtest) = set_going(tx, read(&before.file)?, source, Some(id)).await?;
    audit::record(tx, Change::new("backtest", id, "backtest.rerun").after(&backtest)).await?;
    Ok(backtest)
}

async fn set_going(
    tx: &mut TenantTx,
    file: BacktestFile,
    source: Source,
    rerun_of: Option<Uuid>,
) -> Result<(Uuid, Backtest)> {
    limits::within_combinations(tx, &file).await?;
    let file = checked(file).await?;
    let candles = limits::within_reach(tx, &file).await?;
    offline::within_limits(&file, candles).map_err(refused)?;
    let at_once = limits::within_quota(tx).await?;
    let id = kit::enqueue_limited_job(tx, &Run {}, at_once).await?;
    store::insert(tx, id, &file, source, rerun_of).await?;
    Ok((id, get(tx, id).await?.backtest))
}

/// Ten thousand combinations take a while to check, which is no work for a thread of the server.
async fn checked(file: BacktestFile) -> Result<BacktestFile> {
    let check = move || offline::check_sweep(&file).map(|()| file);
    let checked = tokio::task::spawn_blocking(check).await.map_err(Error::internal)?;
    checked.map_err(|found| Error::faults(strategies::faults(found)))
}

/// The markets that a back-test trades.
///
/// # Errors
/// 422 for an exchange that there cannot be.
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
        Failure::Run(BacktestError::Plan(error)) => {
            Error::invalid(&format!("strategy.{}", error.path), "INVALID", error.message)
        }
        Failure::Run(error) => Error::invalid(error.path(), error.code(), error.to_string()),
        Failure::TooMuch { .. } => Error::invalid("sweep", "TOO_MUCH", failure.to_string()),
        other => Error::invalid("", "NO_ANSWER", other.to_string()),
    }
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
    let Some(content) = store::content(tx, id).await? else { return Err(no_result(tx, id).await?) };
    let mut content = Content::read(&content)?;
    let buy_and_hold = serde_json::to_value(&content.buy_and_hold).map_err(Error::internal)?;
    Ok(Equity { equity: content.take("equity"), buy_and_hold })
}

/// There is a result.
pub(crate) async fn has_result(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    if store::has_result(tx, id).await? { Ok(()) } else { Err(no_result(tx, id).await?) }
}

/// The back-tests that are laid beside each other.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "BacktestsToCompare")]
pub(crate) struct ToCompare {
    /// From 2 to 10, in the order of the answer.
    #[garde(length(min = 2, max = 10))]
    ids: Vec<Uuid>,
}

/// Lays back-tests beside each other.
///
/// # Errors
/// 404, 409 `BACKTEST_NOT_DONE`, 422 for a sweep, which has no figures of its own.
pub(crate) async fn beside(tx: &mut TenantTx, asked: ToCompare) -> Result<Comparison> {
    let mut all = Vec::with_capacity(asked.ids.len());
    for &id in &asked.ids {
        let Some(content) = store::content(tx, id).await? else { return Err(no_result(tx, id).await?) };
        all.push(content);
    }
    let work = move || {
        let read = |(place, content): (usize, &Vec<u8>)| match Content::read(content)?.answer(vec![])? {
            Answer::Report(report) => Ok(*report),
            Answer::Sweep(_) => {
                Err(Error::invalid(&format!("ids[{place}]"), "IS_SWEEP", "A sweep has no figures of its own."))
            }
        };
        let reports = all.iter().enumerate().map(read).collect::<Result<Vec<Report>>>()?;
        Ok(compare(&reports.iter().collect::<Vec<_>>()))
    };
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}

/// A result as it was when the run ended, to be read beside the threads of the server.
pub(crate) async fn stored(tx: &mut TenantTx, id: Uuid) -> Result<Stored> {
    match store::stored(tx, id).await? {
        Some(stored) => Ok(stored),
        None => Err(no_result(tx, id).await?),
    }
}

/// A result as it is stored.
pub(crate) struct Stored {
    pub(crate) file: Value,
    pub(crate) content: Vec<u8>,
    pub(crate) trades: Vec<Vec<u8>>,
}

impl Stored {
    /// What is made of the result by `show`, which may take a while.
    pub(crate) async fn show<T: Send + 'static>(self, show: impl FnOnce(&Outcome) -> T + Send + 'static) -> Result<T> {
        let work = move || self.read().map(|outcome| show(&outcome));
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
    }

    fn read(&self) -> Result<Outcome> {
        let mut trades = vec![];
        for part in &self.trades {
            trades.extend(crate::packed::trades(part)?);
        }
        Content::read(&self.content)?.outcome(read(&self.file)?, trades)
    }
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
