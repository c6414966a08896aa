//! What a process may answer from memory.
//!
//! Whatever is remembered is about things, by their ids. The database announces a change of any of them to every
//! process (a trigger does, so that no statement can forget it), and whoever takes something away waits, once it is
//! committed, until every process has heard: then the next request is refused wherever it arrives. A process answers
//! from memory only under a lease, which it renews over the very connection by which it hears; one that cannot hear
//! cannot renew, and nobody waits for it longer than its lease.

mod listener;
mod remembered;
mod signals;
mod store;

pub use remembered::Remembered;
pub use signals::{Signal, Signals};

use crate::{Db, Result};
use std::{
    any::{Any, TypeId},
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::Notify,
    time::{Instant, timeout},
};
use tracing::warn;
use uuid::Uuid;

/// What this process may answer from memory, and what it has been told to forget.
#[derive(Clone)]
pub struct Memory(Arc<State>);

struct State {
    began: Instant,
    /// Until when it may be used, in milliseconds since it began.
    lease: AtomicU64,
    /// Counts what was forgotten.
    changes: AtomicU64,
    /// What was read before this many changes holds no more.
    floor: AtomicU64,
    /// The last change of each thing since the floor.
    forgotten: RwLock<HashMap<Uuid, u64>>,
    /// The process's name among the others, while it listens.
    name: Mutex<Option<Uuid>>,
    waits: Mutex<HashMap<Uuid, Arc<Wait>>>,
    signals: Signals,
    /// What modules keep here, by its type.
    kept: Mutex<HashMap<TypeId, Box<dyn Any + Send + Sync>>>,
}

/// A state of the database, in which something was read.
#[derive(Clone, Copy, Debug)]
pub struct Mark(u64);

/// Somebody who waits until every process has heard.
#[derive(Default)]
struct Wait {
    heard: Mutex<HashSet<Uuid>>,
    news: Notify,
}

/// Where processes say that they have heard.
const ANSWERS: &str = "forgotten";
/// How long a process that cannot be reached may still answer from memory.
const LEASE: Duration = Duration::from_secs(3);
/// How many changes are told apart; with more of them everything is forgotten.
const MOST_CHANGES: usize = 10_000;
/// How often is looked whether those who are silent still hold a lease.
const LOOK: Duration = Duration::from_millis(250);
/// How long somebody waits at most: leases run out much earlier.
const PATIENCE: Duration = Duration::from_secs(10);

impl Default for Memory {
    fn default() -> Self {
        Self(Arc::new(State {
            began: Instant::now(),
            lease: AtomicU64::new(0),
            changes: AtomicU64::new(0),
            floor: AtomicU64::new(0),
            forgotten: RwLock::default(),
            name: Mutex::default(),
            waits: Mutex::default(),
            signals: Signals::default(),
            kept: Mutex::default(),
        }))
    }
}

impl Memory {
    /// The present state, if what is read from now on may be remembered.
    pub fn mark(&self) -> Option<Mark> {
        self.is_leased().then(|| Mark(self.0.changes.load(Ordering::SeqCst)))
    }

    /// Whether what was read at the mark still holds, if it is about nothing but these things.
    pub fn holds(&self, mark: Mark, about: &[Uuid]) -> bool {
        if !self.is_leased() || mark.0 < self.0.floor.load(Ordering::SeqCst) {
            return false;
        }
        let forgotten = self.0.forgotten.read().unwrap_or_else(PoisonError::into_inner);
        about.iter().all(|thing| forgotten.get(thing).is_none_or(|&change| change <= mark.0))
    }

    /// Wakes those who wait for news.
    pub(crate) fn signals(&self) -> &Signals {
        &self.0.signals
    }

    /// What a module keeps in this process, such as a [`Remembered`]: one of each type, empty at first.
    pub fn kept<T: Any + Clone + Default + Send + Sync>(&self) -> T {
        let mut kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.entry(TypeId::of::<T>()).or_insert_with(|| Box::new(T::default()));
        kept.downcast_ref().cloned().unwrap_or_default()
    }

    /// Waits until no process remembers what has been changed before.
    pub(crate) async fn settle(&self, db: &Db) -> Result<()> {
        let (round, wait) = (db.fresh_id(), Arc::new(Wait::default()));
        self.waits().insert(round, wait.clone());
        let settled = timeout(PATIENCE, self.round(db, round, &wait)).await;
        self.waits().remove(&round);
        settled.unwrap_or_else(|_| {
            warn!("a process holds its lease but does not say that it has forgotten");
            Ok(())
        })
    }

    async fn round(&self, db: &Db, round: Uuid, wait: &Wait) -> Result<()> {
        let name = *self.0.name.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(name) = name {
            return wait.until_heard(db, &format!("? {round} {name}")).await;
        }
        if store::leased(db).await?.is_empty() {
            return Ok(());
        }
        // a process that does not listen hears the answers to this question alone, and asks under a name that nobody has
        let (mut ears, question) = (db.listen(&[ANSWERS]).await?, format!("? {round} {round}"));
        tokio::select! {
            heard = wait.until_heard(db, &question) => heard,
            lost = self.hear_answers(&mut ears) => lost,
        }
    }

    fn is_leased(&self) -> bool {
        self.0.began.elapsed().as_millis() < u128::from(self.0.lease.load(Ordering::SeqCst))
    }

    /// May be used until a lease has passed since the moment.
    fn lease_from(&self, moment: Instant) {
        let until = (moment + LEASE).saturating_duration_since(self.0.began).as_millis();
        self.0.lease.store(u64::try_from(until).unwrap_or(0), Ordering::SeqCst);
    }

    fn forget(&self, thing: Uuid) {
        let mut forgotten = self.0.forgotten.write().unwrap_or_else(PoisonError::into_inner);
        let change = self.0.changes.fetch_add(1, Ordering::SeqCst) + 1;
        if forgotten.len() >= MOST_CHANGES {
            self.0.floor.store(change, Ordering::SeqCst);
            forgotten.clear();
        }
        forgotten.insert(thing, change);
    }

    fn forget_all(&self) {
        let mut forgotten = self.0.forgotten.write().unwrap_or_else(PoisonError::into_inner);
        let change = self.0.changes.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.floor.store(change, Ordering::SeqCst);
        forgotten.clear();
    }

    fn heard(&self, round: Uuid, process: Uuid) {
        if let Some(wait) = self.waits().get(&round) {
            wait.heard.lock().unwrap_or_else(PoisonError::into_inner).insert(process);
            wait.news.notify_one();
        }
    }

    fn waits(&self) -> std::sync::MutexGuard<'_, HashMap<Uuid, Arc<Wait>>> {
        self.0.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wait {
    async fn until_heard(&self, db: &Db, question: &str) -> Result<()> {
        let mut silent = store::ask(db, question).await?;
        loop {
            silent.retain(|process| !self.heard.lock().unwrap_or_else(PoisonError::into_inner).contains(process));
            if silent.is_empty() {
                return Ok(());
            }
            if timeout(LOOK, self.news.notified()).await.is_err() {
                let leased = store::leased(db).await?;
                silent.retain(|process| leased.contains(process));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leased() -> Memory {
        let memory = Memory::default();
        memory.lease_from(Instant::now());
        memory
    }

    const ANA: Uuid = Uuid::from_u128(1);
    const BOB: Uuid = Uuid::from_u128(2);

    #[test]
    fn what_was_read_before_a_change_of_its_thing_holds_no_more() {
        let memory = leased();
        let before = memory.mark().unwrap();
        assert!(memory.holds(before, &[ANA, BOB]));
        memory.forget(ANA);
        assert!(!memory.holds(before, &[ANA]) && !memory.holds(before, &[BOB, ANA]));
        assert!(memory.holds(before, &[BOB]));
        assert!(memory.holds(memory.mark().unwrap(), &[ANA, BOB]));
        memory.forget_all();
        assert!(!memory.holds(before, &[BOB]));
    }

    #[test]
    fn without_a_lease_nothing_is_remembered() {
        let memory = Memory::default();
        assert!(memory.mark().is_none());
        let mark = leased().mark().unwrap();
        assert!(!memory.holds(mark, &[ANA]));
    }

    #[test]
    fn a_lease_that_is_not_renewed_runs_out() {
        let memory = leased();
        let mark = memory.mark().unwrap();
        memory.lease_from(Instant::now().checked_sub(LEASE).unwrap());
        assert!(memory.mark().is_none() && !memory.holds(mark, &[ANA]));
    }

    #[test]
    fn however_many_things_change_what_was_read_before_holds_no_more() {
        let memory = leased();
        let before = memory.mark().unwrap();
        for thing in 10..10 + MOST_CHANGES as u128 * 2 {
            memory.forget(Uuid::from_u128(thing));
            assert!(!memory.holds(before, &[Uuid::from_u128(thing)]));
        }
        assert!(!memory.holds(before, &[Uuid::from_u128(10)]));
        assert!(memory.0.forgotten.read().unwrap().len() <= MOST_CHANGES);
    }
}
