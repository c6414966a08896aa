use crate::{Geo, access_log::Log, blocks::Blocks, guesses::Guesses, service::Told};
use chrono::TimeDelta;

/// What an operator may set of how accounts are watched over.
pub struct SecuritySettings {
    /// Where addresses are; without it nothing is said of countries.
    pub geo: Option<Geo>,
    /// How many different wrong keys and tokens an hour block an address; 0: as many as it likes.
    pub most_guesses: usize,
    /// How long it is known who called what.
    pub access_log_age: TimeDelta,
}

impl Default for SecuritySettings {
    fn default() -> Self {
        Self { geo: None, most_guesses: 100, access_log_age: TimeDelta::days(30) }
    }
}

/// What a server needs to watch over accounts; provided where the program starts.
#[derive(Default)]
pub struct Security {
    pub(crate) settings: SecuritySettings,
    pub(crate) log: Log,
    pub(crate) blocks: Blocks,
    pub(crate) guesses: Guesses,
    pub(crate) told: Told,
}

impl Security {
    /// With these settings.
    pub fn new(settings: SecuritySettings) -> Self {
        Self { settings, ..Self::default() }
    }
}
