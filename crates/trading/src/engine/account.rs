//! What the lanes of one account share; a bot of one symbol has it for itself.

use super::day::Day;
use super::guard::Guard;
use crate::money::Notional;
use crate::strategy::plan::Guards;

#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) day: Day,
    pub(super) guard: Guard,
    /// Worth of what other lanes hold, and of the cash that is reserved for their entries.
    pub(super) elsewhere: Notional,
    /// How many other lanes hold a position or wait for an entry.
    pub(super) others_open: u32,
}

impl Account {
    pub(super) fn new(guards: Guards, cash: Notional) -> Self {
        let guard = Guard::new(guards, cash);
        Self { day: Day::default(), guard, elsewhere: Notional::ZERO, others_open: 0 }
    }
}
