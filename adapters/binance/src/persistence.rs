use crate::{Binance, Failure, failure::BAD_KEYS};
use std::time::Duration;
use tokio::time::Instant;

/// A connection that has lasted for so long was sound, and the next one is tried without further ado.
const SOUND: Duration = Duration::from_secs(60);
/// When a key that is not taken is tried again at the latest.
const REFUSED: Duration = Duration::from_mins(20);

/// When a connection is tried again.
pub(crate) struct Persistence {
    attempt: u32,
    since: Instant,
}

impl Persistence {
    pub(crate) fn new() -> Self {
        Self { attempt: 0, since: Instant::now() }
    }

    /// Waits after a failure: the longer, the more of them there were one after the other.
    pub(crate) async fn wait(&mut self, binance: &Binance, failure: &Failure) {
        self.attempt = if self.since.elapsed() < SOUND { self.attempt.saturating_add(1) } else { 1 };
        let pause = match failure {
            Failure::Refused { code, .. } if BAD_KEYS.contains(code) => binance.spread(REFUSED),
            // the gate lets nobody out before it is time
            _ => binance.pause(self.attempt),
        };
        tokio::time::sleep(pause).await;
        self.since = Instant::now();
    }
}
