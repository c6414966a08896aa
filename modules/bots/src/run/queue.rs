//! Sessions that wait for a transaction of their tenant's, which takes all that wait when it begins.

use super::{
    group::{self, Outcome},
    session::{Halt, Session},
};
use kit::App;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::{
    sync::{Semaphore, SemaphorePermit, oneshot},
    task,
};
use uuid::Uuid;

/// The most transactions of bots at once, so that callers get connections too.
const AT_ONCE: usize = 4;
/// The most bots of one transaction.
const TOGETHER: usize = 256;

/// A session, and who waits for it.
struct Waiting {
    session: Box<Session>,
    answer: oneshot::Sender<Outcome>,
}

/// The way of all bots of a runner to the database.
pub(super) struct Queue {
    app: App,
    room: Semaphore,
    /// Of each tenant for which somebody writes.
    waiting: Mutex<HashMap<Uuid, Vec<Waiting>>>,
}

impl Queue {
    pub(super) fn new(app: &App) -> Self {
        Self { app: app.clone(), room: Semaphore::new(AT_ONCE), waiting: Mutex::default() }
    }

    /// Waits for room for a transaction.
    pub(super) async fn room(&self) -> Option<SemaphorePermit<'_>> {
        // it is never closed
        self.room.acquire().await.ok()
    }

    /// Advances a bot, with others of its tenant if it may.
    pub(super) async fn advance(self: &Arc<Self>, session: Box<Session>, apart: bool) -> Outcome {
        if apart || !session.goes_along() {
            let _permit = self.room().await;
            return advance_apart(&self.app, session).await;
        }
        let tenant = session.lease.tenant;
        let (answer, answered) = oneshot::channel();
        if self.join(tenant, Waiting { session, answer }) {
            tokio::spawn(self.clone().write(tenant));
        }
        // a group that broke off has written nothing
        answered.await.unwrap_or(Err(Halt::Apart))
    }

    /// Answers whether nobody writes for the tenant yet.
    fn join(&self, tenant: Uuid, new: Waiting) -> bool {
        let mut all = self.waiting();
        let is_first = !all.contains_key(&tenant);
        all.entry(tenant).or_default().push(new);
        is_first
    }

    /// Writes for a tenant as long as somebody waits.
    async fn write(self: Arc<Self>, tenant: Uuid) {
        loop {
            let _permit = self.room().await;
            self.gather(tenant).await;
            let Some(group) = self.take(tenant) else { return };
            // where one panics the others go on
            let _ = tokio::spawn(advance_together(self.app.clone(), group)).await;
        }
    }

    /// Those that were woken by the same candle come one after the other.
    async fn gather(&self, tenant: Uuid) {
        let mut before = 0;
        loop {
            let count = self.waiting().get(&tenant).map_or(0, Vec::len);
            if count == before || count >= TOGETHER {
                return;
            }
            before = count;
            task::yield_now().await;
        }
    }

    /// The next group; `None` where nobody waits any more, and nobody writes from now on.
    fn take(&self, tenant: Uuid) -> Option<Vec<Waiting>> {
        let mut all = self.waiting();
        let waiting = all.get_mut(&tenant).filter(|waiting| !waiting.is_empty());
        let Some(waiting) = waiting else {
            all.remove(&tenant);
            return None;
        };
        let count = waiting.len().min(TOGETHER);
        Some(waiting.drain(..count).collect())
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<Uuid, Vec<Waiting>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn advance_together(app: App, group: Vec<Waiting>) {
    let (mut sessions, mut answers) = (vec![], HashMap::new());
    for Waiting { session, answer } in group {
        answers.insert(session.lease, answer);
        sessions.push(session);
    }
    group::advance(&app, sessions, |lease, outcome| {
        if let Some(answer) = answers.remove(&lease) {
            // whoever has stopped waiting has lost the bot
            let _ = answer.send(outcome);
        }
    })
    .await;
}

/// Advances a bot by itself.
pub(super) async fn advance_apart(app: &App, session: Box<Session>) -> Outcome {
    let mut outcome = Err(Halt::Lost);
    group::advance(app, vec![session], |_, own| outcome = own).await;
    outcome
}
