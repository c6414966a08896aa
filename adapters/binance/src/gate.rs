//! Lets requests out as the budget allows.

use crate::budget::{Budget, Millis, Priority, Ticket, TooHeavy};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::oneshot,
    time::{Instant, sleep_until},
};

/// One budget for all who call from this process.
pub struct Gate {
    state: Mutex<State>,
    start: Instant,
}

struct State {
    budget: Budget,
    waiting: HashMap<Ticket, oneshot::Sender<()>>,
}

impl Gate {
    /// A gate that lets so much weight out a minute.
    #[must_use]
    pub fn new(per_minute: u32) -> Self {
        Self {
            state: Mutex::new(State { budget: Budget::new(per_minute), waiting: HashMap::new() }),
            start: Instant::now(),
        }
    }

    /// Waits until a request of this weight may go. Whoever stops waiting gives the place up.
    ///
    /// # Errors
    /// [`TooHeavy`] for one that could never go, or when too many wait.
    pub async fn pass(&self, priority: Priority, weight: u32) -> Result<(), TooHeavy> {
        let (granted, mut turn) = oneshot::channel();
        let ticket = {
            let mut state = self.lock();
            let ticket = state.budget.ask(priority, weight)?;
            state.waiting.insert(ticket, granted);
            ticket
        };
        let _place = Place { gate: self, ticket };
        loop {
            let next = self.open();
            tokio::select! {
                biased;
                // the sender goes only after it has sent
                _ = &mut turn => return Ok(()),
                () = sleep_until(next) => {}
            }
        }
    }

    /// Learns how much the exchange has counted.
    pub fn observe(&self, used: u32) {
        let now = self.now();
        self.lock().budget.observe(now, used);
    }

    /// How long nobody is let out yet, since the exchange said so.
    #[must_use]
    pub fn stopped(&self) -> Duration {
        let now = self.now();
        Duration::from_millis(self.lock().budget.stopped_until().saturating_sub(now))
    }

    /// Lets nobody out for so long.
    pub fn stop(&self, pause: Duration) {
        let until = self.now().saturating_add(millis(pause));
        self.lock().budget.stop(until);
    }

    /// Lets out all who may go; answers when to look again.
    fn open(&self) -> Instant {
        let now = self.now();
        let mut state = self.lock();
        while let Some(ticket) = state.budget.grant(now) {
            if let Some(granted) = state.waiting.remove(&ticket) {
                // whoever waited may have gone away meanwhile
                let _ = granted.send(());
            }
        }
        self.start + Duration::from_millis(state.budget.next().unwrap_or(now + 1_000))
    }

    fn now(&self) -> Millis {
        millis(self.start.elapsed())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn millis(duration: Duration) -> Millis {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A place in the queue, given up when it is dropped.
struct Place<'a> {
    gate: &'a Gate,
    ticket: Ticket,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.gate.lock();
        if state.waiting.remove(&self.ticket).is_some() {
            state.budget.withdraw(self.ticket);
        }
    }
}
