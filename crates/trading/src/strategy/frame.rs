#![allow(clippy::float_arithmetic, reason = "inputs of indicators")]
//! Candles of a longer time frame, made of the market's own. Only those that are closed are seen.

use crate::candle::Field;
use crate::time::{DAY, Timeframe, Timestamp};

/// Whether candles of `frame` consist of whole candles of `base`, which are shorter.
pub(super) fn divides(base: Timeframe, frame: Timeframe) -> bool {
    match (base.fixed_millis(), frame.fixed_millis()) {
        (Some(base), Some(frame)) => base < frame && frame % base == 0,
        (Some(base), None) => DAY % base == 0,
        (None, _) => false,
    }
}

/// The fields of a candle as the inputs of indicators.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bar {
    /// In milliseconds since 1970.
    pub(super) open_time: f64,
    pub(super) open: f64,
    pub(super) high: f64,
    pub(super) low: f64,
    pub(super) close: f64,
    pub(super) volume: f64,
}

impl Bar {
    pub(super) fn field(&self, field: Field) -> f64 {
        match field {
            Field::Open => self.open,
            Field::High => self.high,
            Field::Low => self.low,
            Field::Close => self.close,
            Field::Volume => self.volume,
            Field::Typical => (self.high + self.low + self.close) / 3.0,
            Field::Hl2 => (self.high + self.low) / 2.0,
            Field::OpenTime => self.open_time,
        }
    }

    fn extend(&mut self, next: &Bar) {
        self.high = self.high.max(next.high);
        self.low = self.low.min(next.low);
        self.close = next.close;
        self.volume += next.volume;
    }
}

/// Gathers the market's candles into longer ones.
///
/// A longer candle is closed by its last part, or, where that is missing, by the first candle
/// after it. The very first one counts only if it was seen from its beginning.
pub(super) struct Gathering {
    base: Timeframe,
    frame: Timeframe,
    /// The candle that is not closed yet, and when the one after it opens.
    open: Option<(Bar, Timestamp)>,
    /// Parts that open before this belong to a candle whose beginning was not seen.
    from: Option<Timestamp>,
}

impl Gathering {
    pub(super) fn new(base: Timeframe, frame: Timeframe) -> Self {
        Self { base, frame, open: None, from: None }
    }

    /// Takes the market's next candle and hands over those that are closed now: none, one or two.
    pub(super) fn push(&mut self, at: Timestamp, bar: Bar, mut closed: impl FnMut(Bar)) {
        let (frame, floor) = (self.frame, self.frame.floor(at));
        let from = *self.from.get_or_insert_with(|| if floor == at { at } else { frame.next(at) });
        if at < from {
            return;
        }
        let next = match self.open.take() {
            Some((mut open, next)) if at < next => {
                open.extend(&bar);
                self.open = Some((open, next));
                next
            }
            earlier => {
                if let Some((unfinished, _)) = earlier {
                    closed(unfinished);
                }
                let next = frame.next(at);
                self.open = Some((Bar { open_time: millis(floor), ..bar }, next));
                next
            }
        };
        if self.base.next(at) >= next
            && let Some((whole, _)) = self.open.take()
        {
            closed(whole);
        }
    }
}

/// A time as an input of indicators.
pub(super) fn millis(at: Timestamp) -> f64 {
    at.millis() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(value: f64) -> Bar {
        Bar { open_time: 1.0, open: value, high: value + 0.5, low: value - 0.5, close: value, volume: 1.0 }
    }

    /// Pushes five-minute candles that open at these minutes and gives, for each, the closes of the
    /// quarter-hours that it closed.
    fn quarters(minutes: &[i64]) -> Vec<Vec<f64>> {
        let mut gathering = Gathering::new(Timeframe::M5, Timeframe::M15);
        let mut push = |&minute: &i64| {
            let mut closes = Vec::new();
            let at = Timestamp::from_millis(minute * 60_000);
            gathering.push(at, bar(f64::from(i32::try_from(minute).unwrap())), |bar| closes.push(bar.close));
            closes
        };
        minutes.iter().map(&mut push).collect()
    }

    #[test]
    fn a_longer_candle_is_seen_when_its_last_part_has_closed() {
        assert_eq!(quarters(&[0, 5, 10, 15, 20]), [vec![], vec![], vec![10.0], vec![], vec![]]);
    }

    #[test]
    fn a_missing_last_part_closes_with_the_first_candle_after_it() {
        assert_eq!(quarters(&[0, 5, 15, 20, 40, 60]), [vec![], vec![], vec![5.0], vec![], vec![20.0, 40.0], vec![]]);
    }

    #[test]
    fn a_first_candle_that_was_not_seen_from_its_beginning_does_not_count() {
        assert_eq!(quarters(&[5, 10, 15, 20, 25]), [vec![], vec![], vec![], vec![], vec![25.0]]);
    }

    #[test]
    fn a_longer_candle_has_the_extremes_and_the_sum_of_its_parts() {
        let mut gathering = Gathering::new(Timeframe::M5, Timeframe::M15);
        let mut whole = Vec::new();
        for (minute, value) in [(0, 3.0), (5, 9.0), (10, 1.0)] {
            gathering.push(Timestamp::from_millis(minute * 60_000), bar(value), |bar| whole.push(bar));
        }
        assert_eq!(whole, [Bar { open_time: 0.0, open: 3.0, high: 9.5, low: 0.5, close: 1.0, volume: 3.0 }]);
    }

    #[test]
    fn only_whole_multiples_can_be_gathered() {
        assert!(divides(Timeframe::M5, Timeframe::H1));
        assert!(divides(Timeframe::H4, Timeframe::W1));
        assert!(divides(Timeframe::D1, Timeframe::Month1));
        for (base, frame) in [
            (Timeframe::M3, Timeframe::M5),
            (Timeframe::H1, Timeframe::H1),
            (Timeframe::H1, Timeframe::M5),
            (Timeframe::D3, Timeframe::W1),
            (Timeframe::D3, Timeframe::Month1),
            (Timeframe::Month1, Timeframe::W1),
        ] {
            assert!(!divides(base, frame), "{base} {frame}");
        }
    }
}
