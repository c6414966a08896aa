//! What is counted per UTC day.

use crate::money::Notional;
use crate::time::Timestamp;

#[derive(Clone, Debug, Default)]
pub(super) struct Day {
    day: i64,
    entries: u32,
    realised: Notional,
}

impl Day {
    /// The day that holds `at`, begun anew where it is another than before.
    pub(super) fn of(&mut self, at: Timestamp) -> &mut Self {
        if at.day() != self.day {
            *self = Self { day: at.day(), ..Self::default() };
        }
        self
    }

    pub(super) fn entries(&self) -> u32 {
        self.entries
    }

    pub(super) fn realised(&self) -> Notional {
        self.realised
    }

    pub(super) fn count_entry(&mut self) {
        self.entries = self.entries.saturating_add(1);
    }

    pub(super) fn realise(&mut self, profit: Notional) {
        self.realised += profit;
    }
}
