use super::{JobContext, JobFailure, JobKind, Progress, store};
use crate::{App, Error, Reason, Result, Scope, http::Origin};
use chrono::TimeDelta;
use futures::FutureExt;
use serde_json::Value;
use sqlx::postgres::PgNotification;
use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Notify, Semaphore},
    time,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{Instrument, error, info_span, warn};
use uuid::Uuid;

/// Runs the jobs of all modules.
#[derive(Clone)]
pub struct Worker {
    app: App,
    kinds: Arc<HashMap<&'static str, JobKind>>,
    names: Arc<[String]>,
    /// The kinds that are done in a moment.
    short: Arc<[String]>,
    /// What runs here.
    running: Arc<Mutex<HashMap<Uuid, Progress>>>,
    pulse: Duration,
}

/// How long a silent worker keeps its jobs.
const LEASE: TimeDelta = TimeDelta::seconds(30);
/// How often a running job's progress is written down. That it is cancelled is told at once; where that is not heard,
/// it is seen then.
const PULSE: Duration = Duration::from_millis(250);
/// The channel on which jobs that run and are no longer wanted are told.
const CANCELLED: &str = "jobs_cancelled";
/// How often the table is looked at when no notification comes.
const POLL: Duration = Duration::from_secs(1);

impl Worker {
    /// A worker for these kinds.
    pub fn new(app: &App, kinds: impl IntoIterator<Item = JobKind>) -> Self {
        let kinds: HashMap<_, _> = kinds.into_iter().map(|kind| (kind.name, kind)).collect();
        let names = kinds.keys().map(|&name| name.to_owned()).collect();
        let short = kinds.values().filter(|kind| !kind.long).map(|kind| kind.name.to_owned()).collect();
        Self { app: app.clone(), kinds: Arc::new(kinds), names, short, running: Arc::default(), pulse: PULSE }
    }

    /// The same, looking after its running jobs as often as this, and not several times a second.
    pub fn with_pulse(self, pulse: Duration) -> Self {
        Self { pulse, ..self }
    }

    /// Runs jobs, so many at once, until it is told to stop; then waits for those that run.
    pub async fn run(self, at_once: usize, stop: CancellationToken) {
        let (due, running) = (Arc::new(Notify::new()), TaskTracker::new());
        let work = async {
            self.start(at_once, &running, &due, &stop).await;
            running.close();
            running.wait().await;
        };
        tokio::select! {
            () = work => {}
            // beside the claims, so that a cancel is not kept waiting by them
            () = self.listen(&due) => {}
        }
    }

    async fn start(&self, at_once: usize, running: &TaskTracker, due: &Arc<Notify>, stop: &CancellationToken) {
        let room = Arc::new(Semaphore::new(at_once));
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = due.notified() => {}
                () = time::sleep(POLL) => {}
            }
            if let Err(failure) = self.start_due(at_once, &room, running, due).await {
                warn!("jobs cannot be claimed: {failure}");
            }
        }
    }

    /// Hears what the database tells, for ever. However many jobs are due, that is one reason to look; so is what was
    /// told before anybody listened.
    async fn listen(&self, due: &Notify) {
        loop {
            if let Ok(mut notices) = self.app.db().listen(&["jobs", CANCELLED]).await {
                due.notify_one();
                while let Ok(notice) = notices.recv().await {
                    if notice.channel() == CANCELLED { self.hear(&notice) } else { due.notify_one() }
                }
            }
            time::sleep(POLL).await;
        }
    }

    async fn start_due(
        &self,
        at_once: usize,
        room: &Arc<Semaphore>,
        running: &TaskTracker,
        due: &Arc<Notify>,
    ) -> Result<()> {
        loop {
            let free = i64::try_from(room.available_permits()).unwrap_or(1);
            if free == 0 {
                return Ok(());
            }
            // the last place of several is kept for what is done in a moment
            let (kinds, most) = match free {
                1 if at_once > 1 => (&self.short, 1),
                1 => (&self.names, 1),
                _ => (&self.names, free - 1),
            };
            let claimed = self.claim(kinds, most).await?;
            let all_taken = i64::try_from(claimed.len()).is_ok_and(|taken| taken == most);
            for job in claimed {
                let Ok(permit) = room.clone().acquire_owned().await else { return Ok(()) };
                let (worker, due) = (self.clone(), due.clone());
                running.spawn(async move {
                    worker.attend(job).await;
                    drop(permit);
                    due.notify_one();
                });
            }
            if !all_taken {
                return Ok(());
            }
        }
    }

    /// Runs what is due, one after the other, until nothing is: for tests and the command line.
    /// Answers how many attempts were made.
    pub async fn drain(&self) -> Result<usize> {
        let mut attempts = 0;
        while let Some(job) = self.claim(&self.names, 1).await?.pop() {
            attempts += 1;
            self.attend(job).await;
        }
        Ok(attempts)
    }

    /// How many jobs wait, run and have been given up, by status.
    pub async fn counts(app: &App) -> Result<Value> {
        let mut tx = app.db().system(Reason::Jobs, Origin::internal("health")).await?;
        Ok(store::counts(&mut tx).await?.0)
    }

    /// A job that runs here may be one that is no longer wanted.
    fn hear(&self, notice: &PgNotification) {
        if let Ok(id) = notice.payload().parse::<Uuid>()
            && let Some(progress) = self.running().get(&id)
        {
            progress.cancel();
        }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<Uuid, Progress>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn claim(&self, kinds: &[String], most: i64) -> Result<Vec<store::Claimed>> {
        let mut tx = self.app.db().system(Reason::Jobs, Origin::internal("worker")).await?;
        let until = tx.now() + LEASE;
        let claimed = store::claim(&mut tx, kinds, most, until).await?;
        tx.commit().await?;
        Ok(claimed)
    }

    async fn attend(&self, mut job: store::Claimed) {
        let span = info_span!("job", correlation_id = %job.correlation_id, job_id = %job.id, kind = %job.kind);
        async {
            let progress = Progress::default();
            self.running().insert(job.id, progress.clone());
            let end = self.attempt(&mut job, &progress).await;
            self.running().remove(&job.id);
            if let Err(failure) = self.end(&job, &progress, end).await {
                // the lease runs out and the job is tried again
                error!("the end of a job cannot be written down: {failure}");
            }
        }
        .instrument(span)
        .await;
    }

    async fn attempt(&self, job: &mut store::Claimed, progress: &Progress) -> store::End {
        let Some(kind) = self.kinds.get(job.kind.as_str()) else {
            let message = "no module knows this kind of job".to_owned();
            return store::End::Failed(JobFailure { code: "UNKNOWN_JOB".to_owned(), message });
        };
        #[expect(clippy::disallowed_methods, reason = "the job's row says which tenant asked")]
        let scope = job.tenant_id.map(|tenant| Scope::new(tenant, job.user_id));
        let origin = Origin::internal(&job.correlation_id);
        let context = JobContext { app: self.app.clone(), id: job.id, scope, origin, progress: progress.clone() };
        let payload = std::mem::take(&mut job.payload);
        let mut work = AssertUnwindSafe((kind.run)(context, payload)).catch_unwind();
        let mut pulse = time::interval_at(time::Instant::now() + self.pulse, self.pulse);
        let outcome = loop {
            tokio::select! {
                outcome = &mut work => break outcome.unwrap_or_else(|_| Err(Error::internal("the job panicked"))),
                _ = pulse.tick() => self.keep(job, progress).await,
            }
        };
        match outcome {
            Ok(()) if progress.is_wanted() => store::End::Done,
            Ok(()) => store::End::Cancelled,
            Err(_) if !progress.is_wanted() => store::End::Cancelled,
            Err(failure) if failure.status().is_client_error() || job.attempts >= job.max_attempts => {
                warn!("the job is given up: {failure}");
                store::End::Failed(JobFailure::of(&failure))
            }
            Err(failure) => {
                warn!("the job will be tried again: {failure}");
                let wait = TimeDelta::seconds(1 << job.attempts.clamp(0, 12));
                store::End::Again { failure: JobFailure::of(&failure), at: self.app.clock().now() + wait }
            }
        }
    }

    async fn keep(&self, job: &store::Claimed, progress: &Progress) {
        let kept = async {
            let mut tx = self.app.db().system(Reason::Jobs, Origin::internal("worker")).await?;
            let until = tx.now() + LEASE;
            let wanted = store::keep(&mut tx, job, progress, until).await?;
            tx.commit().await?;
            Ok::<_, Error>(wanted)
        };
        match kept.await {
            Ok(true) => {}
            Ok(false) => progress.cancel(),
            Err(failure) => warn!("a job's progress cannot be written down: {failure}"),
        }
    }

    async fn end(&self, job: &store::Claimed, progress: &Progress, end: store::End) -> Result<()> {
        let mut tx = self.app.db().system(Reason::Jobs, Origin::internal("worker")).await?;
        store::end(&mut tx, job, progress, end).await?;
        tx.commit().await
    }
}
