//! How long a connection lives, and how much it may say.

use axum::extract::ws::{Message, Utf8Bytes};
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

/// What came in.
pub(super) enum Heard {
    Text(Utf8Bytes),
    /// Nothing that is to be answered.
    Nothing,
    /// The connection is over.
    End,
}

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

    /// It has said something; what is binary is passed over.
    pub(super) fn hear<E>(&mut self, frame: Option<Result<Message, E>>) -> Heard {
        match frame {
            Some(Ok(Message::Text(text))) => {
                self.heard = Instant::now();
                Heard::Text(text)
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {
                self.heard = Instant::now();
                Heard::Nothing
            }
            Some(Ok(Message::Binary(_))) => Heard::Nothing,
            Some(Ok(Message::Close(_)) | Err(_)) | None => Heard::End,
        }
    }

    /// What asks for a sign of life; nothing where there was none for too long.
    pub(super) fn ask(&self) -> Option<Message> {
        (self.heard.elapsed() <= SILENCE).then(|| Message::Ping(bytes::Bytes::new()))
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
