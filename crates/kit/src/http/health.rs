use crate::Time;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// What the process knows of its own state.
#[derive(Clone, Debug)]
pub struct Health {
    /// When the process began.
    pub started: Time,
    stopping: Arc<AtomicBool>,
}

impl Health {
    /// A process that begins now.
    pub fn new(started: Time) -> Self {
        Self { started, stopping: Arc::default() }
    }

    /// From now on no new work is wanted.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
    }

    /// Whether the process is on its way out.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }
}
