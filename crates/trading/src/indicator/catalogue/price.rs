//! Candles summed up in other ways, and levels that follow from earlier ones.

use super::entry::{CANDLE, Group, HIGH_LOW, Kind, PRICE, RANGE, period, whole, window};
use crate::candle::Field;
use crate::indicator::own::{Camarilla, Classic, Fibonacci, Pivots, own};
use crate::indicator::talib::talib;

pub(super) const KINDS: &[Kind] = &[
    talib!(avgprice, avgprice_open, avgprice_lookback; (open, high, low, close) [] -> (value))
        .kind("avgPrice", Group::Price, "Average price")
        .reads(CANDLE)
        .drawn(&[PRICE])
        .formula("`(open + high + low + close) / 4`"),
    talib!(medprice, medprice_open, medprice_lookback; (high, low) [] -> (value))
        .kind("medPrice", Group::Price, "Middle price")
        .reads(HIGH_LOW)
        .drawn(&[PRICE])
        .formula("`(high + low) / 2`"),
    talib!(typprice, typprice_open, typprice_lookback; (high, low, close) [] -> (value))
        .kind("typPrice", Group::Price, "Typical price")
        .reads(RANGE)
        .drawn(&[PRICE])
        .formula("`(high + low + close) / 3`"),
    talib!(wclprice, wclprice_open, wclprice_lookback; (high, low, close) [] -> (value))
        .kind("wclPrice", Group::Price, "Weighted close")
        .reads(RANGE)
        .drawn(&[PRICE])
        .formula("`(high + low + 2·close) / 4`"),
    talib!(ha, ha_open, ha_lookback; (open, high, low, close) [] -> (ha_open, ha_high, ha_low, ha_close))
        .kind("heikinAshi", Group::Price, "Heikin-Ashi candles")
        .reads(CANDLE)
        .outputs(&["open", "high", "low", "close"])
        .drawn(&[PRICE])
        .recursive()
        .formula("`close = (o + h + l + c) / 4`; `open` is the middle of the previous Heikin-Ashi body; `high` and `low` reach over both"),
    talib!(max, max_open, max_lookback; (input) [integer] -> (value))
        .kind("max", Group::Price, "Highest value of a window")
        .parameters(&[period("period", 2.0, 30.0)])
        .drawn(&[PRICE])
        .formula("the greatest of the last `period` values"),
    talib!(min, min_open, min_lookback; (input) [integer] -> (value))
        .kind("min", Group::Price, "Lowest value of a window")
        .parameters(&[period("period", 2.0, 30.0)])
        .drawn(&[PRICE])
        .formula("the least of the last `period` values"),
    talib!(sum, sum_open, sum_lookback; (input) [integer] -> (value))
        .kind("sum", Group::Price, "Sum of a window")
        .parameters(&[period("period", 2.0, 30.0)])
        .formula("the sum of the last `period` values"),
    talib!(median, median_open, median_lookback; (input) [integer] -> (value))
        .kind("median", Group::Price, "Median of a window")
        .parameters(&[window("period", 2.0, 30.0)])
        .drawn(&[PRICE])
        .formula("the middle one of the last `period` values"),
    own::<4, 7, Pivots<Classic, 7>>()
        .kind("pivots", Group::Price, "Pivot points, classic")
        .reads(&[Field::OpenTime, Field::High, Field::Low, Field::Close])
        .parameters(&[whole("days", 1.0, 31.0, 1.0)])
        .outputs(&["pivot", "r1", "r2", "r3", "s1", "s2", "s3"])
        .drawn(&[PRICE])
        .nothing_where("no whole period of `days` UTC days was seen yet")
        .formula("of the previous period's high, low and close: `pivot = (h + l + c) / 3`; `r1 = 2·pivot − l`; `s1 = 2·pivot − h`; `r2, s2 = pivot ± (h − l)`; `r3 = h + 2·(pivot − l)`; `s3 = l − 2·(h − pivot)`"),
    own::<4, 7, Pivots<Fibonacci, 7>>()
        .kind("fibonacciPivots", Group::Price, "Pivot points, Fibonacci")
        .reads(&[Field::OpenTime, Field::High, Field::Low, Field::Close])
        .parameters(&[whole("days", 1.0, 31.0, 1.0)])
        .outputs(&["pivot", "r1", "r2", "r3", "s1", "s2", "s3"])
        .drawn(&[PRICE])
        .nothing_where("no whole period of `days` UTC days was seen yet")
        .formula("of the previous period's high, low and close: `pivot = (h + l + c) / 3`; the levels are `pivot ± (h − l)` times 0.382, 0.618 and 1"),
    own::<4, 9, Pivots<Camarilla, 9>>()
        .kind("camarillaPivots", Group::Price, "Pivot points, Camarilla")
        .reads(&[Field::OpenTime, Field::High, Field::Low, Field::Close])
        .parameters(&[whole("days", 1.0, 31.0, 1.0)])
        .outputs(&["pivot", "r1", "r2", "r3", "r4", "s1", "s2", "s3", "s4"])
        .drawn(&[PRICE])
        .nothing_where("no whole period of `days` UTC days was seen yet")
        .formula("of the previous period's high, low and close: `pivot = (h + l + c) / 3`; the levels are `c ± 1.1·(h − l)` over 12, 6, 4 and 2"),
];
