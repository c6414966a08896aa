//! Candles that are missing.

use serde::Serialize;

use super::Candles;
use crate::time::{Timeframe, Timestamp};

/// A run of missing candles between two that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// The opening time of the first missing candle.
    pub from: Timestamp,
    /// The opening time of the next candle that is there.
    pub to: Timestamp,
    /// How many are missing.
    pub missing: u64,
}

/// Every gap, in order of time.
#[must_use]
pub fn gaps(candles: &Candles) -> Vec<Gap> {
    let frame = candles.timeframe();
    candles.open_times().windows(2).filter_map(|pair| gap(frame, pair[0], pair[1])).collect()
}

fn gap(frame: Timeframe, before: i64, after: i64) -> Option<Gap> {
    let from = frame.next(Timestamp::from_millis(before));
    let to = Timestamp::from_millis(after);
    (from < to).then(|| Gap { from, to, missing: missing(frame, from, to) })
}

fn missing(frame: Timeframe, from: Timestamp, to: Timestamp) -> u64 {
    match frame.fixed_millis() {
        Some(length) => (to.millis() - from.millis()).unsigned_abs() / length.unsigned_abs(),
        None => std::iter::successors(Some(from), |at| Some(frame.next(*at))).take_while(|at| *at < to).count() as u64,
    }
}
