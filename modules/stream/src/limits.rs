use kit::App;
use std::time::Duration;

/// What a connection may do, and how long it is waited for. Something else may be provided where the program starts.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many topics a connection listens to.
    pub topics: usize,
    /// How many bytes a message of a client's may have.
    pub message_bytes: usize,
    /// How many messages it may send a second.
    pub messages_a_second: u32,
    /// How many events wait for a reader; one for whom more do is too slow.
    pub queue: usize,
    /// How often a connection is asked whether it is still there. One that is silent for three times as long is not.
    pub beat: Duration,
    /// How long a reader is waited for who takes in nothing at all.
    pub patience: Duration,
    /// How many markets are followed at a server at once.
    pub markets: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            topics: 500,
            message_bytes: 64 << 10,
            messages_a_second: 20,
            queue: 10_000,
            beat: Duration::from_secs(15),
            patience: Duration::from_secs(30),
            markets: 100,
        }
    }
}

impl Limits {
    pub(crate) fn of(app: &App) -> Self {
        app.the::<Self>().copied().unwrap_or_default()
    }
}
