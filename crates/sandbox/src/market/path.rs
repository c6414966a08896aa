//! The way of a price through a candle: from the open to both extremes and to the close.

use crate::exchange::figures::down_to;
use rust_decimal::Decimal;
use trading::candle::Candle;

/// Steps of a candle.
pub(super) const STEPS: i64 = 60;
/// The steps at which open, first extreme, second extreme and close are reached.
const TURNS: [i64; 4] = [0, 20, 40, STEPS - 1];

/// The price at a step. A candle that rises has its low first, one that falls its high.
pub(super) fn price_at(candle: &Candle, step: i64, tick: Decimal) -> Decimal {
    let (open, close) = (candle.open.decimal(), candle.close.decimal());
    let (low, high) = (candle.low.decimal(), candle.high.decimal());
    let points = if close >= open { [open, low, high, close] } else { [open, high, low, close] };
    let leg = TURNS.windows(2).position(|leg| step <= leg[1]).unwrap_or(2);
    let (from, to) = (TURNS[leg], TURNS[leg + 1]);
    if step >= to {
        return points[leg + 1];
    }
    let way = (points[leg + 1] - points[leg]) * Decimal::from(step - from) / Decimal::from(to - from);
    if step == from { points[leg] } else { down_to(points[leg] + way, tick).round_dp(8).max(tick) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trading::{
        money::{Price, Quantity},
        time::Timestamp,
    };

    fn candle(prices: [&str; 4]) -> Candle {
        let [open, high, low, close] = prices.map(|it| it.parse::<Price>().unwrap());
        Candle { open_time: Timestamp::from_millis(0), open, high, low, close, volume: Quantity::ONE }
    }

    #[test]
    fn every_candle_is_gone_through_from_open_by_both_extremes_to_close() {
        let tick = Decimal::new(1, 2);
        for (prices, first) in [(["10", "12", "9.5", "11"], "9.5"), (["11", "12", "9.5", "10"], "12")] {
            let candle = candle(prices);
            let way: Vec<Decimal> = (0..STEPS).map(|step| price_at(&candle, step, tick)).collect();
            assert_eq!(way[0], candle.open.decimal());
            assert_eq!(way[20].to_string(), first);
            assert_eq!(way.last(), Some(&candle.close.decimal()));
            assert_eq!(way.iter().max(), Some(&candle.high.decimal()));
            assert_eq!(way.iter().min(), Some(&candle.low.decimal()));
        }
    }
}
