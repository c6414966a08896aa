//! What has been traded: trades, candles and averages of a symbol.

use super::{
    event::Trade,
    figures::floor,
    interval::{Interval, SECOND},
};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, VecDeque};
use trading::{candle::Candle, time::Timeframe};

/// Milliseconds of a minute.
pub const MINUTE: i64 = 60_000;
/// The most trades that are remembered of a symbol.
const MOST_TRADES: usize = 20_000;
/// The most minutes.
const MOST_MINUTES: usize = 200_000;
/// The most seconds in which something was traded.
const MOST_SECONDS: usize = 3_600;
const DAY_MINUTES: i64 = 1_440;

/// What was traded in a span.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Its first moment.
    pub open_time: i64,
    /// The first price.
    pub open: Decimal,
    /// The highest price.
    pub high: Decimal,
    /// The lowest price.
    pub low: Decimal,
    /// The last price.
    pub close: Decimal,
    /// Coins.
    pub volume: Decimal,
    /// Quote currency.
    pub value: Decimal,
    /// Coins that takers have bought.
    pub taker_volume: Decimal,
    /// Quote currency for which takers have bought.
    pub taker_value: Decimal,
    /// The first trade; nought where none is known.
    pub first_id: u64,
    /// The last trade.
    pub last_id: u64,
    /// How many trades.
    pub count: u64,
}

impl Bar {
    /// A span in which nothing was traded.
    #[must_use]
    pub const fn flat(open_time: i64, price: Decimal) -> Self {
        let zero = Decimal::ZERO;
        let (volume, value, taker_volume, taker_value) = (zero, zero, zero, zero);
        let (open, high, low, close) = (price, price, price, price);
        Self {
            open_time,
            open,
            high,
            low,
            close,
            volume,
            value,
            taker_volume,
            taker_value,
            first_id: 0,
            last_id: 0,
            count: 0,
        }
    }

    fn of(candle: &Candle) -> Self {
        let (volume, close) = (candle.volume.decimal(), candle.close.decimal());
        let (open, high, low) = (candle.open.decimal(), candle.high.decimal(), candle.low.decimal());
        let half = floor(volume / Decimal::TWO);
        let (value, taker_value) = (floor(volume * close), floor(half * close));
        let flat = Self::flat(candle.open_time.millis(), close);
        Self { open, high, low, volume, value, taker_volume: half, taker_value, count: 1, ..flat }
    }

    /// Takes in what came later.
    fn join(&mut self, later: &Self) {
        self.high = self.high.max(later.high);
        self.low = self.low.min(later.low);
        self.close = later.close;
        self.volume += later.volume;
        self.value += later.value;
        self.taker_volume += later.taker_volume;
        self.taker_value += later.taker_value;
        self.count += later.count;
        if self.first_id == 0 {
            self.first_id = later.first_id;
        }
        self.last_id = self.last_id.max(later.last_id);
    }
}

/// Trades of one order at one price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aggregate {
    /// Ascends by one within a symbol.
    pub id: u64,
    /// The last trade, with the quantities of all of them.
    pub trade: Trade,
    /// The first trade.
    pub first_id: u64,
}

/// The record of a symbol.
#[derive(Clone, Debug, Default)]
pub struct Tape {
    /// The latest trades, the oldest first.
    pub trades: VecDeque<Trade>,
    /// The latest aggregates, the oldest first.
    pub aggregates: VecDeque<Aggregate>,
    minutes: BTreeMap<i64, Bar>,
    seconds: BTreeMap<i64, Bar>,
    last_id: u64,
    last_price: Option<Decimal>,
}

impl Tape {
    /// The price of the last trade, or of the last candle before the first one.
    #[must_use]
    pub const fn last_price(&self) -> Option<Decimal> {
        self.last_price
    }

    /// Takes in candles of the time before the exchange.
    pub fn remember(&mut self, candles: impl IntoIterator<Item = Candle>) {
        for candle in candles {
            let bar = Bar::of(&candle);
            self.minutes.insert(Timeframe::M1.floor(candle.open_time).millis(), bar);
            self.last_price = Some(bar.close);
        }
    }

    pub(super) const fn next_id(&self) -> u64 {
        self.last_id + 1
    }

    pub(super) fn push(&mut self, trade: &Trade) {
        self.last_id = trade.id;
        self.last_price = Some(trade.price);
        self.aggregate(trade);
        self.record(trade);
        if self.trades.len() == MOST_TRADES {
            self.trades.pop_front();
        }
        self.trades.push_back(trade.clone());
    }

    fn aggregate(&mut self, trade: &Trade) {
        let id = self.aggregates.back().map_or(1, |last| last.id + 1);
        match self.aggregates.back_mut() {
            Some(last) if (last.trade.taker, last.trade.price) == (trade.taker, trade.price) => {
                let quantity = last.trade.quantity + trade.quantity;
                last.trade = Trade { quantity, ..trade.clone() };
            }
            _ => {
                if self.aggregates.len() == MOST_TRADES {
                    self.aggregates.pop_front();
                }
                self.aggregates.push_back(Aggregate { id, trade: trade.clone(), first_id: trade.id });
            }
        }
    }

    fn record(&mut self, trade: &Trade) {
        let value = trade.price * trade.quantity;
        let taker = if trade.is_buyer_maker { Decimal::ZERO } else { Decimal::ONE };
        let bar = Bar {
            volume: trade.quantity,
            value,
            taker_volume: trade.quantity * taker,
            taker_value: value * taker,
            first_id: trade.id,
            last_id: trade.id,
            count: 1,
            ..Bar::flat(trade.time, trade.price)
        };
        for (bars, length, most) in
            [(&mut self.minutes, MINUTE, MOST_MINUTES), (&mut self.seconds, SECOND, MOST_SECONDS)]
        {
            let bar = Bar { open_time: trade.time.div_euclid(length) * length, ..bar };
            bars.entry(bar.open_time).and_modify(|it| it.join(&bar)).or_insert(bar);
            if bars.len() > most {
                bars.pop_first();
            }
        }
    }

    /// The first candles that open from `from` to `to`, both included, or the last ones where there is no `from`; `to`
    /// is never later than `now`. What is without a trade is flat.
    #[must_use]
    pub fn candles(&self, interval: Interval, from: Option<i64>, to: i64, most: usize) -> Vec<Bar> {
        let parts = if interval == Interval::Second { &self.seconds } else { &self.minutes };
        let Some((&earliest, _)) = parts.first_key_value() else { return vec![] };
        let to = interval.floor(to);
        let span = (interval.next(to) - to).saturating_mul(i64::try_from(most).unwrap_or(i64::MAX));
        let begin = from.unwrap_or_else(|| to.saturating_sub(span)).max(earliest);
        let mut at = interval.floor(begin);
        if from.is_some_and(|from| at < from) {
            at = interval.next(at);
        }
        let mut bars = VecDeque::new();
        let mut last = parts.range(..at).next_back().map(|(_, bar)| bar.close);
        while at <= to {
            if bars.len() == most {
                if from.is_some() {
                    break;
                }
                bars.pop_front();
            }
            let next = interval.next(at);
            let bar = sum(parts, at, next).or_else(|| last.map(|price| Bar::flat(at, price)));
            last = bar.map(|bar| bar.close).or(last);
            bars.extend(bar);
            at = next;
        }
        bars.into()
    }

    /// What was traded in the last 24 hours; without a trade, the last price.
    #[must_use]
    pub fn day(&self, now: i64) -> Option<Bar> {
        let from = now.div_euclid(MINUTE) * MINUTE - (DAY_MINUTES - 1) * MINUTE;
        let flat = self.last_price.map(|price| Bar::flat(from, price));
        sum(&self.minutes, from, now + 1).or(flat)
    }

    /// The average price of the last minutes by volume; without a trade, the last price.
    #[must_use]
    pub fn average(&self, now: i64, minutes: i64) -> Option<Decimal> {
        let from = now - minutes * MINUTE;
        let sum = sum(&self.minutes, from, now + 1).filter(|sum| sum.volume > Decimal::ZERO);
        sum.map(|sum| floor(sum.value / sum.volume)).or(self.last_price)
    }
}

fn sum(parts: &BTreeMap<i64, Bar>, from: i64, to: i64) -> Option<Bar> {
    let mut parts = parts.range(from..to).map(|(_, bar)| *bar);
    let mut sum = parts.next()?;
    parts.for_each(|bar| sum.join(&bar));
    Some(Bar { open_time: from, ..sum })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_remembered_for_so_long_and_minutes_for_longer() {
        let mut tape = Tape::default();
        let most = i64::try_from(MOST_SECONDS).unwrap();
        let (price, quantity) = (Decimal::ONE, Decimal::ONE);
        for (id, second) in (1..).zip(0..=most) {
            let time = second * SECOND;
            tape.push(&Trade { market: 0, id, price, quantity, time, is_buyer_maker: false, taker: id });
        }
        let opened = |interval| {
            let bars = tape.candles(interval, Some(0), most * SECOND, usize::MAX);
            (bars.first().unwrap().open_time, bars.len())
        };
        assert_eq!(opened(Interval::Second), (SECOND, MOST_SECONDS));
        assert_eq!(opened(Interval::Of(Timeframe::M1)), (0, 61));
    }
}
