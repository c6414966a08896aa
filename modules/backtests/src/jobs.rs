use crate::{
    offline::{self, Failure, Outcome},
    service, store,
};
use kit::{Error, Job, JobContext, JobKind, Progress, Result};
use rayon::{ThreadPool, ThreadPoolBuilder};
use serde::{Deserialize, Serialize};
use std::{ops::ControlFlow, sync::OnceLock};
use tokio::{sync::oneshot, task::spawn_blocking};
use trading::backtest::{BacktestError, BacktestFile, History};

pub(crate) const JOBS: &[JobKind] = &[JobKind::of::<Run>()];

/// Runs the back-test of the same id.
#[derive(Serialize, Deserialize)]
pub(crate) struct Run {}

impl Job for Run {
    const KIND: &'static str = "backtests.run";
    const ATTEMPTS: i32 = 3;

    async fn run(self, context: JobContext) -> Result<()> {
        let mut tx = context.begin().await?;
        let Some(file) = store::file(&mut tx, context.id()).await? else {
            return Ok(()); // it was deleted meanwhile
        };
        let file = service::read(&file)?;
        let mut history = History::default();
        for market in service::markets(&file)? {
            let series = market_data::series(&mut tx, &market).await?;
            let candles = market_data::load(&mut tx, &series, None, file.config.to).await?;
            history.markets.insert(market.symbol, candles);
        }
        // a run may take minutes, in which no transaction should be open
        tx.commit().await?;
        let Some(outcome) = compute(file, history, context.progress().clone()).await? else {
            return Ok(()); // cancelled
        };
        let mut tx = context.begin().await?;
        service::keep(&mut tx, context.id(), &outcome).await?;
        tx.commit().await
    }
}

/// Runs beside the threads of the server. `None` when it was cancelled.
async fn compute(file: BacktestFile, history: History, progress: Progress) -> Result<Option<Outcome>> {
    let sweeps = !file.sweep.is_empty();
    let work = move || {
        let report = |done: usize, total: usize| {
            if progress.report(done as u64, total as u64) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        offline::execute(file, &history, report)
    };
    // a long sweep has the pool for itself, so that single runs never wait behind it
    let outcome = if sweeps { on_pool(work).await? } else { spawn_blocking(work).await.map_err(Error::internal)? };
    match outcome {
        Ok(outcome) => Ok(Some(outcome)),
        Err(Failure::Run(BacktestError::Cancelled)) => Ok(None),
        Err(failure) => Err(service::refused(failure)),
    }
}

/// Computes on the threads that sweeps share, as many as the machine has.
async fn on_pool<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let (answer, answered) = oneshot::channel();
    pool()?.spawn(move || {
        // nobody waits any more when the server ends
        let _ = answer.send(work());
    });
    answered.await.map_err(|_| Error::internal("a sweep panicked"))
}

fn pool() -> Result<&'static ThreadPool> {
    static POOL: OnceLock<Option<ThreadPool>> = OnceLock::new();
    let build = || {
        // without a handler a panic would end the whole program; the waiting job learns of it
        let builder = ThreadPoolBuilder::new().thread_name(|index| format!("sweep-{index}")).panic_handler(drop);
        builder.build().ok()
    };
    POOL.get_or_init(build).as_ref().ok_or_else(|| Error::internal("the threads for sweeps cannot be started"))
}
