//! Finer candles of the same market, which tell what came first inside a candle.

use std::ops::Range;

use super::{Candle, CandleError, Candles};
use crate::time::Timestamp;

/// Finer candles, and which of them make up each candle of a history.
#[derive(Clone, Debug)]
pub struct Finer {
    candles: Candles,
    /// Of each candle; empty where there are none, or none that add up to it.
    rows: Vec<Range<usize>>,
    missing: Count,
    unlike: Count,
}

/// How many candles, and the first of them.
#[derive(Copy, Clone, Debug, Default)]
struct Count {
    times: usize,
    first: Option<Timestamp>,
}

impl Count {
    fn add(&mut self, at: Timestamp) {
        self.times += 1;
        self.first.get_or_insert(at);
    }

    fn warning(self, what: &str) -> Option<String> {
        self.first.map(|first| format!("{} candles {what}, and were taken as they are; the first: {first}", self.times))
    }
}

impl Finer {
    /// Finds the parts of each candle of `history` and whether they add up to it.
    ///
    /// # Errors
    /// [`CandleError::NotFiner`] where candles of that length do not make up those of the history.
    pub fn new(history: &Candles, candles: Candles) -> Result<Self, CandleError> {
        let (timeframe, finer) = (history.timeframe(), candles.timeframe());
        if !finer.divides(timeframe) {
            return Err(CandleError::NotFiner { finer, timeframe });
        }
        let (mut missing, mut unlike) = (Count::default(), Count::default());
        let (mut rows, mut start) = (Vec::with_capacity(history.len()), 0);
        let times = candles.open_times();
        for candle in history.iter() {
            let until = timeframe.close_of(candle.open_time).millis();
            start += times[start..].iter().take_while(|time| **time < candle.open_time.millis()).count();
            let end = start + times[start..].iter().take_while(|time| **time <= until).count();
            let sound = adds_up(&candle, &candles, start..end);
            match (sound, start == end) {
                (true, _) => {}
                (false, true) => missing.add(candle.open_time),
                (false, false) => unlike.add(candle.open_time),
            }
            rows.push(if sound { start..end } else { 0..0 });
            start = end;
        }
        Ok(Self { candles, rows, missing, unlike })
    }

    /// The finer candles.
    #[inline]
    #[must_use]
    pub fn candles(&self) -> &Candles {
        &self.candles
    }

    /// The rows of those that make up a candle of the history, where they do.
    #[inline]
    #[must_use]
    pub fn parts(&self, row: usize) -> Option<Range<usize>> {
        self.rows.get(row).filter(|parts| !parts.is_empty()).cloned()
    }

    /// What should be known of candles that have no sound parts.
    pub fn warnings(&self) -> impl Iterator<Item = String> + use<> {
        let missing = self.missing.warning("have no finer ones");
        missing.into_iter().chain(self.unlike.warning("are not what their finer ones add up to"))
    }
}

/// Whether the first and the last price, the extremes and the volume of the parts are the candle's.
fn adds_up(candle: &Candle, finer: &Candles, parts: Range<usize>) -> bool {
    let mut parts = parts.map(|row| finer.get(row));
    let Some(first) = parts.next() else { return false };
    let sum = parts.fold(first, |sum, part| Candle {
        high: sum.high.max(part.high),
        low: sum.low.min(part.low),
        close: part.close,
        volume: sum.volume + part.volume,
        ..sum
    });
    Candle { open_time: candle.open_time, ..sum } == *candle
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timeframe;

    fn candle(minute: i64, prices: [u32; 4]) -> Candle {
        let [open, high, low, close] = prices.map(|price| price.to_string().parse().unwrap());
        let open_time = Timestamp::from_millis(minute * 60_000);
        Candle { open_time, open, high, low, close, volume: "1".parse().unwrap() }
    }

    fn history(high: u32) -> Candles {
        let volume = "2".parse().unwrap();
        let long = |minute, prices| Candle { volume, ..candle(minute, prices) };
        let rows = [long(0, [5, high, 3, 4]), long(5, [5, 5, 5, 5]), long(10, [4, 4, 4, 4])];
        Candles::collect(Timeframe::M5, rows).unwrap()
    }

    fn minutes() -> Candles {
        let rows = [
            candle(1, [5, 6, 5, 6]),
            candle(4, [6, 7, 3, 4]),
            candle(10, [4, 4, 4, 4]),
            candle(14, [4, 4, 4, 4]),
            candle(15, [4, 4, 4, 4]),
        ];
        Candles::collect(Timeframe::M1, rows).unwrap()
    }

    #[test]
    fn the_parts_of_a_candle_are_those_that_add_up_to_it() {
        let finer = Finer::new(&history(7), minutes()).unwrap();
        assert_eq!([0, 1, 2, 3].map(|row| finer.parts(row)), [Some(0..2), None, Some(2..4), None]);
        let warnings: Vec<String> = finer.warnings().collect();
        let missing = "1 candles have no finer ones, and were taken as they are; the first: 1970-01-01T00:05:00.000Z";
        assert_eq!(warnings, [missing]);
    }

    #[test]
    fn a_candle_that_its_parts_do_not_add_up_to_is_told_and_has_none() {
        let finer = Finer::new(&history(8), minutes()).unwrap();
        assert_eq!(finer.parts(0), None);
        assert!(
            finer.warnings().any(|warning| warning.starts_with("1 candles are not what their finer ones add up to"))
        );
    }

    #[test]
    fn candles_that_do_not_divide_the_history_are_refused() {
        let finer = |frame| Finer::new(&history(7), Candles::new(frame)).is_ok();
        assert_eq!(
            [Timeframe::M1, Timeframe::M3, Timeframe::M5, Timeframe::H1].map(finer),
            [true, false, false, false]
        );
    }
}
