//! How often somebody may call: a limit over everything, and a strict one on each operation that tests a secret or
//! sends a mail. Whoever goes on when refused has less, down to a tenth; whoever keeps to it gets it back.

mod gcra;
mod layer;
mod local;
mod rates;
mod subject;

pub use gcra::{State, Verdict};
pub(crate) use layer::{HEADERS, Limited, X_RETRY_AFTER, around};
pub use local::Local;
pub use rates::Rate;
pub(crate) use rates::Rates;
pub use subject::Subject;

use crate::{Error, Result, Time};
use futures::future::BoxFuture;
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};
use tracing::{info, warn};

/// The limits that an operator has set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitSettings {
    /// How many requests a caller may send in a minute.
    pub per_minute: u32,
    /// How many of them to one operation that tests a secret or sends a mail.
    pub auth_per_minute: u32,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self { per_minute: 100, auth_per_minute: 5 }
    }
}

/// A request to be counted.
#[derive(Clone, Copy, Debug)]
pub struct Charge {
    pub subject: Subject,
    /// What is counted apart: the path of a strict operation, or [`EVERYTHING`].
    pub bucket: &'static str,
    /// How many a minute may come.
    pub limit: u32,
}

/// The bucket that every request is counted in.
pub const EVERYTHING: &str = "*";

/// Where the counts are kept. All that keep them say the same of the same requests.
pub trait Limiter: Send + Sync {
    /// Counts a request, and says whether it is one too many.
    fn charge<'a>(&'a self, charge: &'a Charge, now: Time) -> BoxFuture<'a, Result<Verdict>>;

    /// What is known of a subject, by bucket.
    fn states(&self, subject: Subject) -> BoxFuture<'_, Result<Vec<(String, State)>>>;

    /// Lets a subject begin anew.
    fn forget(&self, subject: Subject) -> BoxFuture<'_, Result<()>>;
}

/// The counts of this process or, when there is a store outside, of all processes together. While the store is away,
/// each process counts by itself: nobody is refused because of it.
#[derive(Default)]
pub struct Limits {
    local: Local,
    shared: Option<Arc<dyn Limiter>>,
    /// Until when the store outside is not asked; 0 while it answers.
    away: AtomicI64,
}

/// How long a store that did not answer is left alone, in microseconds.
const PAUSE: i64 = 1_000_000;

impl Limits {
    /// Counts in a store that other processes share.
    pub fn shared(limiter: Arc<dyn Limiter>) -> Self {
        Self { shared: Some(limiter), ..Self::default() }
    }

    /// Counts a request, and says whether it is one too many.
    pub async fn charge(&self, charge: &Charge, now: Time) -> Verdict {
        let at = micros(now);
        if let Some(shared) = self.shared.as_deref().filter(|_| self.away.load(Ordering::Relaxed) <= at) {
            match shared.charge(charge, now).await {
                Ok(verdict) => {
                    self.answers();
                    return verdict;
                }
                Err(failure) => self.fails(&failure, at),
            }
        }
        self.local.count(charge, at)
    }

    /// What is known of a subject, by bucket.
    ///
    /// # Errors
    /// What the store outside says.
    pub async fn states(&self, subject: Subject) -> Result<Vec<(String, State)>> {
        match &self.shared {
            Some(shared) => shared.states(subject).await,
            None => Ok(self.local.known(subject)),
        }
    }

    /// Lets a subject begin anew.
    ///
    /// # Errors
    /// What the store outside says.
    pub async fn forget(&self, subject: Subject) -> Result<()> {
        self.local.forget_all(subject);
        match &self.shared {
            Some(shared) => shared.forget(subject).await,
            None => Ok(()),
        }
    }

    /// Whether the store outside answers; `None` when there is none.
    pub async fn reach(&self) -> Option<Result<()>> {
        let shared = self.shared.as_deref()?;
        Some(shared.states(Subject::of(None)).await.map(drop))
    }

    fn answers(&self) {
        if self.away.swap(0, Ordering::Relaxed) != 0 {
            info!("the store of the rate limits answers again");
        }
    }

    fn fails(&self, failure: &Error, at: i64) {
        if self.away.swap(at + PAUSE, Ordering::Relaxed) == 0 {
            warn!("the store of the rate limits is away, each process counts by itself: {failure}");
        }
    }
}

impl State {
    /// What the state says of a caller with this limit.
    pub fn verdict(self, limit: u32, now: Time) -> Verdict {
        self.look(limit.into(), micros(now))
    }
}

/// The moment as limiters reckon with it.
fn micros(at: Time) -> i64 {
    at.millis() * 1000
}
