//! Wilder's average true range, exact and candle by candle, for sizing.

use rust_decimal::Decimal;

use crate::candle::Candle;
use crate::money::{Notional, Price};

/// The true range of a candle is the largest of `high − low`, `|high − previous close|` and
/// `|low − previous close|`. The first average is the mean of `period` true ranges, the first
/// candle having none; then `(average · (period − 1) + range) / period` (Wilder 1978).
#[derive(Clone, Debug)]
pub(super) struct Atr {
    period: u32,
    seen: u32,
    average: Decimal,
    previous: Option<Price>,
}

impl Atr {
    pub(super) fn new(period: u16) -> Self {
        Self { period: u32::from(period.max(1)), seen: 0, average: Decimal::ZERO, previous: None }
    }

    pub(super) fn update(&mut self, candle: &Candle) {
        if let Some(previous) = self.previous {
            let range = candle.high.max(previous).decimal() - candle.low.min(previous).decimal();
            let weight = Decimal::from(if self.seen < self.period { self.seen } else { self.period - 1 });
            self.average = (self.average * weight + range) / (weight + Decimal::ONE);
            self.seen = self.seen.saturating_add(1);
        }
        self.previous = Some(candle.close);
    }

    /// The average in quote currency, or `None` while warming up.
    pub(super) fn value(&self) -> Option<Notional> {
        (self.seen >= self.period).then(|| Notional::new(self.average).ok()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn it_follows_wilders_definition() {
        let mut atr = Atr::new(2);
        let mut values = Vec::new();
        for [high, low, close] in [["10", "8", "9"], ["12", "11", "11"], ["13", "10", "12"], ["9", "8", "8"]] {
            let [high, low, close] = [high, low, close].map(|price| price.parse().unwrap());
            let volume = "1".parse().unwrap();
            atr.update(&Candle { open_time: Timestamp::default(), open: close, high, low, close, volume });
            values.push(atr.value().map(|value| value.to_string()));
        }
        assert_eq!(values, [None, None, Some("3".into()), Some("3.5".into())]);
    }
}
