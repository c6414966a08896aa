//! A compiled strategy as the engine runs it: by signals that were computed before, or live.

use std::sync::Arc;

use super::live::Live;
use super::machine::Machine;
use super::program::Program;
use super::signals::Signals;
use crate::candle::Candle;
use crate::engine::{Signal, Strategy};
use crate::position::Position;

/// Leaves an open position where the exit condition holds; enters where only the entry one does.
pub(super) fn decide(entry: bool, exit: bool, position: &Position) -> Option<Signal> {
    match (position.is_open(), exit) {
        (true, true) => Some(Signal::Exit),
        (false, false) if entry => Some(Signal::Enter),
        _ => None,
    }
}

/// Signals that were computed for every candle of a history, which must come in the same order.
#[derive(Debug, Clone)]
pub struct ColumnRules {
    signals: Arc<Signals>,
    next: usize,
}

impl ColumnRules {
    /// Rules whose first candle is `first` in the history.
    #[must_use]
    pub fn new(signals: Arc<Signals>, first: usize) -> Self {
        Self { signals, next: first }
    }
}

impl Strategy for ColumnRules {
    fn on_candle(&mut self, _: &Candle, position: &Position) -> Option<Signal> {
        let index = self.next;
        self.next += 1;
        decide(self.signals.entry(index), self.signals.exit(index), position)
    }

    fn silence(&self, position: &Position) -> usize {
        let next =
            if position.is_open() { self.signals.next_exit(self.next) } else { self.signals.next_entry(self.next) };
        next.map_or(usize::MAX, |next| next - self.next)
    }

    fn pass(&mut self, candles: usize) {
        self.next += candles;
    }
}

/// Signals candle by candle, the same as those of [`Program::signals`].
pub struct StreamRules {
    program: Arc<Program>,
    machine: Machine,
    live: Live,
}

impl StreamRules {
    /// Rules that have seen no candle.
    #[must_use]
    pub fn new(program: Arc<Program>) -> Self {
        Self { machine: Machine::new(&program, 1), live: Live::new(&program), program }
    }

    /// Takes a candle without acting on it, as before a bot begins: whether the entry and the exit
    /// condition hold.
    pub fn observe(&mut self, candle: &Candle) -> (bool, bool) {
        self.live.update(candle);
        self.machine.run(&self.program, 1, &self.live);
        let holds = |node: usize| self.machine.bits(node)[0] & 1 == 1;
        (holds(self.program.entry), self.program.exit.is_some_and(holds))
    }
}

impl Strategy for StreamRules {
    fn on_candle(&mut self, candle: &Candle, position: &Position) -> Option<Signal> {
        let (entry, exit) = self.observe(candle);
        decide(entry, exit, position)
    }
}
