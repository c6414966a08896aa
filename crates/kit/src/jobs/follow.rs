use super::{JobFailure, store};
use crate::{App, Memory, Reason, Result, Time, http::Origin};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::watch, time::timeout};
use tracing::warn;
use uuid::Uuid;

/// What has become of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobState {
    /// `queued`, `running`, `done`, `failed` or `cancelled`.
    pub status: String,
    pub attempts: i32,
    pub done: i64,
    pub total: i64,
    /// Why it failed.
    pub failure: Option<JobFailure>,
    pub started_at: Option<Time>,
    /// Its place among the owner's jobs of its kind that wait, from 1.
    pub place: Option<i64>,
    pub(super) owner: Uuid,
    pub(super) kind: String,
}

impl JobState {
    /// Whether nothing more will become of it.
    pub fn has_ended(&self) -> bool {
        !["queued", "running"].contains(&self.status.as_str())
    }
}

/// The jobs that are followed in this process. However many follow one, it is read once for each of its news.
#[derive(Clone, Default)]
struct Followed(Arc<Mutex<HashMap<Uuid, watch::Receiver<JobState>>>>);

/// How often a job is looked at when there are no news of it.
const LOOK: Duration = Duration::from_secs(10);

/// Follows a job: its state now, and each that it comes to; what is not read in time gives way to what is newer. It
/// ends once the job has. Whether the caller may know of the job is the caller's to find out before.
///
/// # Errors
/// 404 when there is no such job, 503 when the database cannot be reached.
pub async fn follow(app: &App, id: Uuid) -> Result<watch::Receiver<JobState>> {
    let followed: Followed = app.db().memory().kept();
    if let Some(known) = followed.of(id) {
        return Ok(known);
    }
    // before it is read, so that nothing happens unheard in between
    let mut news = News::of(app.db().memory(), id);
    let state = read(app, id).await?.ok_or_else(|| crate::Error::not_found("job"))?;
    let (tell, told) = watch::channel(state);
    followed.jobs().insert(id, told.clone());
    let app = app.clone();
    tokio::spawn(async move {
        if let Err(failure) = keep_telling(&app, id, &mut news, &tell, &followed).await {
            warn!("a job cannot be followed: {failure}");
        }
        followed.forget(id, &tell);
    });
    Ok(told)
}

async fn keep_telling(
    app: &App,
    id: Uuid,
    news: &mut News,
    tell: &watch::Sender<JobState>,
    followed: &Followed,
) -> Result<()> {
    let mut known = tell.borrow().clone();
    while !known.has_ended() && news.come(&known).await && !followed.is_left(id, tell) {
        let Some(state) = read(app, id).await? else { break };
        if state != known {
            known = state;
            tell.send_replace(known.clone());
        }
    }
    Ok(())
}

async fn read(app: &App, id: Uuid) -> Result<Option<JobState>> {
    let mut tx = app.db().system(Reason::Jobs, Origin::internal("follow")).await?;
    store::state(&mut tx, id).await
}

impl Followed {
    /// As others follow it already.
    fn of(&self, id: Uuid) -> Option<watch::Receiver<JobState>> {
        self.jobs().get(&id).filter(|known| known.has_changed().is_ok()).cloned()
    }

    /// Whether nobody follows it any more. Then nobody can begin to, either.
    fn is_left(&self, id: Uuid, tell: &watch::Sender<JobState>) -> bool {
        let mut jobs = self.jobs();
        let kept = jobs.get(&id).is_some_and(|known| known.same_channel(&tell.subscribe()));
        let left = tell.receiver_count() <= usize::from(kept);
        if left && kept {
            jobs.remove(&id);
        }
        left
    }

    fn forget(&self, id: Uuid, tell: &watch::Sender<JobState>) {
        let mut jobs = self.jobs();
        if jobs.get(&id).is_some_and(|known| known.same_channel(&tell.subscribe())) {
            jobs.remove(&id);
        }
    }

    fn jobs(&self) -> MutexGuard<'_, HashMap<Uuid, watch::Receiver<JobState>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What tells of a job, and while it waits of those before it.
struct News {
    memory: Memory,
    own: crate::Signal,
    before: Option<crate::Signal>,
}

impl News {
    fn of(memory: &Memory, id: Uuid) -> Self {
        Self { memory: memory.clone(), own: memory.signals().subscribe(&format!("job {id}")), before: None }
    }

    /// Waits for news, or for as long as one should not trust that there are none; `false` once none will come.
    async fn come(&mut self, state: &JobState) -> bool {
        if state.status != "queued" {
            self.before = None;
        } else if self.before.is_none() {
            let topic = format!("jobs {} {}", state.owner, state.kind);
            self.before = Some(self.memory.signals().subscribe(&topic));
        }
        let before = async {
            match &mut self.before {
                Some(signal) => signal.changed().await,
                None => std::future::pending().await,
            }
        };
        let heard = async {
            tokio::select! {
                heard = self.own.changed() => heard,
                heard = before => heard,
            }
        };
        timeout(LOOK, heard).await.unwrap_or(true)
    }
}
