//! Signals that came from outside, in a back-test.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::{Driver, Effects, Input, Signal, Strategy};
use crate::money::Symbol;
use crate::time::Timestamp;

/// The most signals of a file.
pub const MAX_SIGNALS: usize = 10_000;

/// A signal from outside, as a webhook would have brought it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutsideSignal {
    /// When it came. A market order that follows from it fills at the next open.
    pub at: Timestamp,
    /// What it said.
    #[serde(rename = "do")]
    pub signal: Signal,
    /// Of which symbol; of each when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<Symbol>,
}

/// The signals that are still to come, by time.
pub(super) struct Outside<'a> {
    signals: &'a [OutsideSignal],
}

impl<'a> Outside<'a> {
    pub(super) fn new(signals: &'a [OutsideSignal]) -> Self {
        Self { signals }
    }

    /// Whether no more will come.
    #[inline]
    pub(super) fn is_over(&self) -> bool {
        self.signals.is_empty()
    }

    /// Whether one came until the candle that opens at `open`.
    #[inline]
    pub(super) fn is_due(&self, open: Timestamp) -> bool {
        self.signals.first().is_some_and(|signal| signal.at <= open)
    }

    /// Takes the next signal that came until then.
    pub(super) fn next(&mut self, open: Timestamp) -> Option<&'a OutsideSignal> {
        let (first, rest) = self.signals.split_first()?;
        if first.at > open {
            return None;
        }
        self.signals = rest;
        Some(first)
    }

    /// Tells the engine all that came until then; nothing came before the close of its last candle.
    pub(super) fn tell<S: Strategy>(
        &mut self,
        open: Timestamp,
        driver: &mut Driver<S>,
        mut record: impl FnMut(Timestamp, &Input, &Effects),
    ) {
        while let Some(signal) = self.next(open) {
            let at = driver.closed_at().map_or(signal.at, |closed| closed.max(signal.at));
            driver.on_input(at, Input::Signal(signal.signal), &mut record);
        }
    }
}
