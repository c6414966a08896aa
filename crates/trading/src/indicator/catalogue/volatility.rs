//! How wide prices swing.

use super::entry::{Group, HIGH_LOW, Kind, PERCENT, POSITIVE, PRICE, RANGE, factor, period, window};
use crate::indicator::talib::talib;

pub(super) const KINDS: &[Kind] = &[
    talib!(atr, atr_open, atr_lookback; (high, low, close) [integer] -> (value))
        .kind("atr", Group::Volatility, "Average true range, by Wilder's smoothing")
        .reads(RANGE)
        .parameters(&[period("period", 1.0, 14.0)])
        .drawn(&[POSITIVE])
        .recursive()
        .formula("`(previous·(period − 1) + true range) / period`; the first is a mean"),
    talib!(natr, natr_open, natr_lookback; (high, low, close) [integer] -> (value))
        .kind("natr", Group::Volatility, "Average true range in percent of the close")
        .reads(RANGE)
        .parameters(&[period("period", 1.0, 14.0)])
        .drawn(&[POSITIVE])
        .recursive()
        .formula("`100·ATR / close`"),
    talib!(trange, trange_open, trange_lookback; (high, low, close) [] -> (value))
        .kind("trange", Group::Volatility, "True range")
        .reads(RANGE)
        .drawn(&[POSITIVE])
        .formula("`max(high, close[1]) − min(low, close[1])`"),
    talib!(bbands, bbands_open, bbands_lookback; (input) [integer, number, number, sma] -> (upper, middle, lower))
        .kind(
            "bbands",
            Group::Volatility,
            "Bollinger bands around a simple moving average, by the population deviation",
        )
        .parameters(&[
            period("period", 2.0, 20.0),
            factor("deviationsUp", 0.0, 100.0, 2.0),
            factor("deviationsDown", 0.0, 100.0, 2.0),
        ])
        .outputs(&["upper", "middle", "lower"])
        .drawn(&[PRICE])
        .formula("`SMA ± deviations·σ`"),
    talib!(bbw, bbw_open, bbw_lookback; (input) [integer, number, number, sma] -> (value))
        .kind("bbw", Group::Volatility, "Bollinger band width")
        .parameters(&[
            period("period", 2.0, 20.0),
            factor("deviationsUp", 0.0, 100.0, 2.0),
            factor("deviationsDown", 0.0, 100.0, 2.0),
        ])
        .drawn(&[POSITIVE])
        .formula("`(upper − lower) / middle`"),
    talib!(percentb, percentb_open, percentb_lookback; (input) [integer, number, number, sma] -> (value))
        .kind("percentB", Group::Volatility, "Bollinger %B")
        .parameters(&[
            period("period", 2.0, 20.0),
            factor("deviationsUp", 0.0, 100.0, 2.0),
            factor("deviationsDown", 0.0, 100.0, 2.0),
        ])
        .formula("`(x − lower) / (upper − lower)`"),
    talib!(kc, kc_open, kc_lookback; (high, low, close) [integer, integer, number] -> (upper, middle, lower))
        .kind("keltner", Group::Volatility, "Keltner channels")
        .reads(RANGE)
        .parameters(&[
            period("period", 2.0, 20.0),
            period("atrPeriod", 1.0, 10.0),
            factor("multiplier", 0.0, 100.0, 2.0),
        ])
        .outputs(&["upper", "middle", "lower"])
        .drawn(&[PRICE])
        .recursive()
        .formula("`EMA(typical) ± multiplier·ATR`"),
    talib!(donchian, donchian_open, donchian_lookback; (high, low) [integer] -> (upper, middle, lower))
        .kind("donchian", Group::Volatility, "Donchian channels")
        .reads(HIGH_LOW)
        .parameters(&[period("period", 2.0, 20.0)])
        .outputs(&["upper", "middle", "lower"])
        .drawn(&[PRICE])
        .formula("the highest high, the lowest low and their mean, this candle included"),
    talib!(accbands, accbands_open, accbands_lookback; (high, low, close) [integer] -> (upper, middle, lower))
        .kind("accelerationBands", Group::Volatility, "Acceleration bands")
        .reads(RANGE)
        .parameters(&[period("period", 2.0, 20.0)])
        .outputs(&["upper", "middle", "lower"])
        .drawn(&[PRICE])
        .formula("SMAs of the close and of high and low moved by `4·(high − low) / (high + low)`"),
    talib!(stddev, stddev_open, stddev_lookback; (input) [integer, number] -> (value))
        .kind("stddev", Group::Volatility, "Standard deviation of a population")
        .parameters(&[period("period", 2.0, 5.0), factor("deviations", 0.0, 100.0, 1.0)])
        .drawn(&[POSITIVE])
        .formula("`deviations·σ` of the last `period` values"),
    talib!(var, var_open, var_lookback; (input) [integer, 1.0] -> (value))
        .kind("variance", Group::Volatility, "Variance of a population")
        .parameters(&[period("period", 1.0, 5.0)])
        .drawn(&[POSITIVE])
        .formula("the mean of the squares less the square of the mean"),
    talib!(avgdev, avgdev_open, avgdev_lookback; (input) [integer] -> (value))
        .kind("avgDev", Group::Volatility, "Mean absolute deviation")
        .parameters(&[window("period", 2.0, 14.0)])
        .drawn(&[POSITIVE])
        .formula("the mean of `abs(x − mean)` of a window"),
    talib!(adr, adr_open, adr_lookback; (high, low) [integer] -> (value))
        .kind("averageRange", Group::Volatility, "Average range")
        .reads(HIGH_LOW)
        .parameters(&[period("period", 1.0, 14.0)])
        .drawn(&[POSITIVE])
        .formula("`SMA(high − low)`"),
    talib!(cvi, cvi_open, cvi_lookback; (high, low) [integer, integer] -> (value))
        .kind("chaikinVolatility", Group::Volatility, "Chaikin's volatility")
        .reads(HIGH_LOW)
        .parameters(&[period("period", 2.0, 10.0), period("rocPeriod", 1.0, 10.0)])
        .recursive()
        .formula("the rate of change of `EMA(high − low)` in percent"),
    talib!(rvi, rvi_open, rvi_lookback; (input) [integer, integer] -> (value))
        .kind("relativeVolatility", Group::Volatility, "Relative volatility index")
        .parameters(&[period("period", 1.0, 14.0), period("deviationPeriod", 2.0, 10.0)])
        .drawn(&[PERCENT])
        .recursive()
        .formula("RSI by the standard deviation on rising and falling candles in place of the change"),
    talib!(massi, massi_open, massi_lookback; (high, low) [integer, integer] -> (value))
        .kind("massIndex", Group::Volatility, "Mass index")
        .reads(HIGH_LOW)
        .parameters(&[period("period", 2.0, 9.0), period("sumPeriod", 2.0, 25.0)])
        .drawn(&[POSITIVE])
        .recursive()
        .formula("the sum of `EMA(range) / EMA(EMA(range))`"),
];
