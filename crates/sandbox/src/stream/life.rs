//! How long a connection lives, and how much it may say.

use std::time::Duration;
use tokio::time::{Instant, Interval, MissedTickBehavior, Sleep, interval_at, sleep};

/// Between two pings.
const PING: Duration = Duration::from_secs(20);
/// Without a sign of life for so long, it is dead.
const SILENCE: Duration = Duration::from_secs(60);
/// The longest life.
const LIFE: Duration = Duration::from_hours(24);
/// Messages a second.
const MOST: u32 = 5;
/// How long a message may take to be sent.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// A connection's clocks.
pub(super) struct Life {
    pub(super) ping: Interval,
    heard: Instant,
    window: (Instant, u32),
}

impl Life {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        let mut ping = interval_at(now + PING, PING);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { ping, heard: now, window: (now, 0) }
    }

    /// Its end.
    pub(super) fn end() -> Sleep {
        sleep(LIFE)
    }

    /// It has said something.
    pub(super) fn hear(&mut self) {
        self.heard = Instant::now();
    }

    pub(super) fn is_silent(&self) -> bool {
        self.heard.elapsed() > SILENCE
    }

    /// Counts a message; whether there are too many.
    pub(super) fn talks_too_much(&mut self) -> bool {
        let (since, count) = &mut self.window;
        if since.elapsed() >= Duration::from_secs(1) {
            (*since, *count) = (Instant::now(), 0);
        }
        *count += 1;
        *count > MOST
    }
}
