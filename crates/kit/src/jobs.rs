//! Work that is done later, at least once: a row in the same transaction as the change that asks
//! for it, claimed by one worker at a time under a lease.

mod failure;
mod follow;
mod store;
mod worker;

pub use failure::JobFailure;
pub use follow::{JobState, follow};
pub use store::cancel;
pub use worker::Worker;

use crate::{App, Db, Reason, Result, Scope, SystemTx, TenantTx, Time, db::Tx, http::Origin};
use futures::future::BoxFuture;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};
use uuid::Uuid;

/// A kind of work. It may run more than once, so what it does must bear repetition.
/// An error that is the input's fault (4xx) ends it; any other is tried again later.
pub trait Job: Serialize + DeserializeOwned + Send + 'static {
    /// Its name, `module.verb`.
    const KIND: &'static str;
    /// How often it is tried before it is left to an operator.
    const ATTEMPTS: i32 = 5;
    /// Whether it may take minutes: such work leaves the last of a worker's places to what is done in a moment.
    const LONG: bool = false;

    fn run(self, context: JobContext) -> impl Future<Output = Result<()>> + Send;
}

/// A kind of work as the worker sees it.
#[derive(Clone, Copy)]
pub struct JobKind {
    pub name: &'static str,
    long: bool,
    run: fn(JobContext, Value) -> BoxFuture<'static, Result<()>>,
}

impl JobKind {
    /// The kind of this job.
    pub const fn of<J: Job>() -> Self {
        Self {
            name: J::KIND,
            long: J::LONG,
            run: |context, payload| {
                Box::pin(async move {
                    let job: J = serde_json::from_value(payload).map_err(crate::Error::internal)?;
                    job.run(context).await
                })
            },
        }
    }
}

/// Asks for work, which begins after the transaction has been committed; answers its id.
pub async fn enqueue<K, J: Job>(tx: &mut Tx<K>, job: &J) -> Result<Uuid> {
    let now = tx.now();
    insert(tx, job, now, None).await
}

/// Asks for work that begins at this moment; answers its id.
pub async fn enqueue_at<K, J: Job>(tx: &mut Tx<K>, job: &J, at: Time) -> Result<Uuid> {
    insert(tx, job, at, None).await
}

/// Asks for work of which so much may run for the tenant at once; answers its id. What is more waits for its turn.
pub async fn enqueue_limited<K, J: Job>(tx: &mut Tx<K>, job: &J, at_once: i32) -> Result<Uuid> {
    let now = tx.now();
    insert(tx, job, now, Some(at_once)).await
}

async fn insert<K, J: Job>(tx: &mut Tx<K>, job: &J, at: Time, at_once: Option<i32>) -> Result<Uuid> {
    let payload = serde_json::to_value(job).map_err(crate::Error::internal)?;
    let id = tx.new_id();
    store::insert(tx, store::New { id, kind: J::KIND, attempts: J::ATTEMPTS, payload: &payload, at, at_once }).await?;
    Ok(id)
}

/// What a running job can reach.
#[derive(Clone)]
pub struct JobContext {
    app: App,
    id: Uuid,
    scope: Option<Scope>,
    origin: Origin,
    progress: Progress,
}

impl JobContext {
    /// What every job can reach.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// The job's own id.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// Where the wish came from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// How far it has come, and whether it is still wanted.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// A transaction in the name of the tenant that asked.
    ///
    /// # Errors
    /// 500 when no tenant did.
    pub async fn begin(&self) -> Result<TenantTx> {
        let scope = self.scope.ok_or_else(|| crate::Error::internal("the job belongs to no tenant"))?;
        self.db().begin(scope, self.origin.clone()).await
    }

    /// A transaction across tenants.
    pub async fn system(&self) -> Result<SystemTx> {
        self.db().system(Reason::Jobs, self.origin.clone()).await
    }

    fn db(&self) -> &Db {
        self.app.db()
    }
}

/// How far a job has come. The worker writes it down several times a second.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<ProgressState>);

#[derive(Debug, Default)]
struct ProgressState {
    done: AtomicU64,
    total: AtomicU64,
    unwanted: AtomicBool,
}

impl Progress {
    /// So much of so much is done. Answers whether the rest is still wanted.
    pub fn report(&self, done: u64, total: u64) -> bool {
        self.0.done.store(done, Ordering::Relaxed);
        self.0.total.store(total, Ordering::Relaxed);
        self.is_wanted()
    }

    /// Whether nobody has cancelled the job.
    pub fn is_wanted(&self) -> bool {
        !self.0.unwanted.load(Ordering::Relaxed)
    }

    fn read(&self) -> (u64, u64) {
        (self.0.done.load(Ordering::Relaxed), self.0.total.load(Ordering::Relaxed))
    }

    fn cancel(&self) {
        self.0.unwanted.store(true, Ordering::Relaxed);
    }
}
