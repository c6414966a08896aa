//! How fast prices move, and how far for their range.

use super::entry::{
    BALANCE, BODY, CANDLE, FREE, Group, HIGH_LOW, Kind, PERCENT, RANGE, factor, period, whole, window, within,
};
use crate::indicator::own::{Fisher, own};
use crate::indicator::talib::talib;

pub(super) const KINDS: &[Kind] = &[
    talib!(rsi, rsi_open, rsi_lookback; (input) [integer] -> (value))
        .kind("rsi", Group::Momentum, "Relative strength index, by Wilder's smoothing")
        .parameters(&[period("period", 2.0, 14.0)])
        .drawn(&[PERCENT])
        .recursive()
        .formula("`100·gains / (gains + losses)`, both smoothed by Wilder"),
    talib!(macd, macd_open, macd_lookback; (input) [integer, integer, integer] -> (macd, signal, hist))
        .kind("macd", Group::Momentum, "Moving average convergence/divergence")
        .parameters(&[
            period("fastPeriod", 2.0, 12.0),
            period("slowPeriod", 2.0, 26.0),
            period("signalPeriod", 1.0, 9.0),
        ])
        .outputs(&["macd", "signal", "hist"])
        .ascending(0, 1)
        .recursive()
        .formula("`macd = EMA(fast) − EMA(slow)`; `signal = EMA(macd)`; `hist = macd − signal`"),
    talib!(ppo, ppo_open, ppo_lookback; (input) [integer, integer, ema] -> (value))
        .kind("ppo", Group::Momentum, "Percentage price oscillator")
        .parameters(&[period("fastPeriod", 2.0, 12.0), period("slowPeriod", 2.0, 26.0)])
        .ascending(0, 1)
        .recursive()
        .formula("`100·(EMA(fast) − EMA(slow)) / EMA(slow)`"),
    talib!(apo, apo_open, apo_lookback; (input) [integer, integer, ema] -> (value))
        .kind("apo", Group::Momentum, "Absolute price oscillator")
        .parameters(&[period("fastPeriod", 2.0, 12.0), period("slowPeriod", 2.0, 26.0)])
        .ascending(0, 1)
        .recursive()
        .formula("`EMA(fast) − EMA(slow)`"),
    talib!(mom, mom_open, mom_lookback; (input) [integer] -> (value))
        .kind("mom", Group::Momentum, "Momentum")
        .parameters(&[period("period", 1.0, 10.0)])
        .formula("`x − x[period]`"),
    talib!(roc, roc_open, roc_lookback; (input) [integer] -> (value))
        .kind("roc", Group::Momentum, "Rate of change in percent")
        .parameters(&[period("period", 1.0, 10.0)])
        .formula("`100·(x / x[period] − 1)`"),
    talib!(rocp, rocp_open, rocp_lookback; (input) [integer] -> (value))
        .kind("rocp", Group::Momentum, "Rate of change")
        .parameters(&[period("period", 1.0, 10.0)])
        .formula("`(x − x[period]) / x[period]`"),
    talib!(rocr, rocr_open, rocr_lookback; (input) [integer] -> (value))
        .kind("rocr", Group::Momentum, "Rate of change, ratio")
        .parameters(&[period("period", 1.0, 10.0)])
        .formula("`x / x[period]`"),
    talib!(rocr100, rocr100_open, rocr100_lookback; (input) [integer] -> (value))
        .kind("rocr100", Group::Momentum, "Rate of change, ratio times 100")
        .parameters(&[period("period", 1.0, 10.0)])
        .formula("`100·x / x[period]`"),
    talib!(cci, cci_open, cci_lookback; (high, low, close) [integer] -> (value))
        .kind("cci", Group::Momentum, "Commodity channel index")
        .reads(RANGE)
        .parameters(&[window("period", 2.0, 14.0)])
        .formula("`(typical − SMA(typical)) / (0.015·mean deviation)`"),
    talib!(cmo, cmo_open, cmo_lookback; (input) [integer] -> (value))
        .kind("cmo", Group::Momentum, "Chande momentum oscillator, by Wilder's smoothing")
        .parameters(&[period("period", 2.0, 14.0)])
        .drawn(&[BALANCE])
        .recursive()
        .formula("`100·(gains − losses) / (gains + losses)`"),
    talib!(willr, willr_open, willr_lookback; (high, low, close) [integer] -> (value))
        .kind("willr", Group::Momentum, "Williams' %R")
        .reads(RANGE)
        .parameters(&[period("period", 2.0, 14.0)])
        .drawn(&[within(-100.0, 0.0)])
        .formula("`−100·(highest high − close) / (highest high − lowest low)`"),
    talib!(ultosc, ultosc_open, ultosc_lookback; (high, low, close) [integer, integer, integer] -> (value))
        .kind("ultosc", Group::Momentum, "Ultimate oscillator")
        .reads(RANGE)
        .parameters(&[
            period("shortPeriod", 1.0, 7.0),
            period("mediumPeriod", 1.0, 14.0),
            period("longPeriod", 1.0, 28.0),
        ])
        .drawn(&[PERCENT])
        .formula("buying pressure over true range of three windows, weighted 4, 2 and 1"),
    talib!(stoch, stoch_open, stoch_lookback; (high, low, close) [integer, integer, sma, integer, sma] -> (k, d))
        .kind("stoch", Group::Momentum, "Stochastic")
        .reads(RANGE)
        .parameters(&[
            period("fastKPeriod", 1.0, 5.0),
            period("slowKPeriod", 1.0, 3.0),
            period("slowDPeriod", 1.0, 3.0),
        ])
        .outputs(&["k", "d"])
        .drawn(&[PERCENT])
        .formula("`k = SMA(100·(close − lowest low) / (highest high − lowest low))`; `d = SMA(k)`"),
    talib!(stochf, stochf_open, stochf_lookback; (high, low, close) [integer, integer, sma] -> (k, d))
        .kind("stochF", Group::Momentum, "Fast stochastic")
        .reads(RANGE)
        .parameters(&[period("fastKPeriod", 1.0, 5.0), period("fastDPeriod", 1.0, 3.0)])
        .outputs(&["k", "d"])
        .drawn(&[PERCENT])
        .formula("`k = 100·(close − lowest low) / (highest high − lowest low)`; `d = SMA(k)`"),
    talib!(stochrsi, stochrsi_open, stochrsi_lookback; (input) [integer, integer, integer, sma] -> (k, d))
        .kind("stochRsi", Group::Momentum, "Stochastic of the relative strength index")
        .parameters(&[period("period", 2.0, 14.0), period("fastKPeriod", 1.0, 5.0), period("fastDPeriod", 1.0, 3.0)])
        .outputs(&["k", "d"])
        .drawn(&[PERCENT])
        .recursive()
        .formula("the fast stochastic of RSI"),
    talib!(kdj, kdj_open, kdj_lookback; (high, low, close) [integer, integer, rma, integer, rma] -> (k, d, j))
        .kind("kdj", Group::Momentum, "KDJ")
        .reads(RANGE)
        .parameters(&[
            period("fastKPeriod", 1.0, 9.0),
            period("slowKPeriod", 1.0, 3.0),
            period("slowDPeriod", 1.0, 3.0),
        ])
        .outputs(&["k", "d", "j"])
        .drawn(&[PERCENT, PERCENT, FREE])
        .recursive()
        .formula("a stochastic smoothed by Wilder; `j = 3·k − 2·d`"),
    talib!(trix, trix_open, trix_lookback; (input) [integer] -> (value))
        .kind("trix", Group::Momentum, "Rate of change of a triple exponential average")
        .parameters(&[period("period", 1.0, 30.0)])
        .recursive()
        .formula("`100·(e / e[1] − 1)` of `e = EMA(EMA(EMA(x)))`"),
    talib!(tsi, tsi_open, tsi_lookback; (input) [integer, integer] -> (value))
        .kind("tsi", Group::Momentum, "True strength index")
        .parameters(&[period("longPeriod", 2.0, 25.0), period("shortPeriod", 2.0, 13.0)])
        .drawn(&[BALANCE])
        .recursive()
        .formula("`100·EMA(EMA(x − x[1])) / EMA(EMA(abs(x − x[1])))`"),
    talib!(smi, smi_open, smi_lookback; (high, low, close) [integer, integer, integer, integer] -> (smi, signal))
        .kind("smi", Group::Momentum, "Stochastic momentum index")
        .reads(RANGE)
        .parameters(&[
            period("period", 2.0, 13.0),
            period("fastPeriod", 2.0, 2.0),
            period("slowPeriod", 2.0, 25.0),
            period("signalPeriod", 2.0, 9.0),
        ])
        .outputs(&["smi", "signal"])
        .drawn(&[BALANCE])
        .recursive()
        .formula("the distance of the close from the middle of the range over half of the range, both smoothed twice"),
    talib!(ao, ao_open, ao_lookback; (high, low) [integer, integer] -> (value))
        .kind("ao", Group::Momentum, "Awesome oscillator")
        .reads(HIGH_LOW)
        .parameters(&[period("fastPeriod", 2.0, 5.0), period("slowPeriod", 2.0, 34.0)])
        .ascending(0, 1)
        .formula("`SMA(fast) − SMA(slow)` of `(high + low) / 2`"),
    talib!(ac, ac_open, ac_lookback; (high, low) [integer, integer, integer] -> (value))
        .kind("ac", Group::Momentum, "Accelerator oscillator")
        .reads(HIGH_LOW)
        .parameters(&[
            period("fastPeriod", 2.0, 5.0),
            period("slowPeriod", 2.0, 34.0),
            period("signalPeriod", 2.0, 5.0),
        ])
        .ascending(0, 1)
        .formula("`AO − SMA(AO)`"),
    talib!(bop, bop_open, bop_lookback; (open, high, low, close) [] -> (value))
        .kind("bop", Group::Momentum, "Balance of power")
        .reads(CANDLE)
        .drawn(&[within(-1.0, 1.0)])
        .formula("`(close − open) / (high − low)`"),
    talib!(coppock, coppock_open, coppock_lookback; (input) [integer, integer, integer] -> (value))
        .kind("coppock", Group::Momentum, "Coppock curve")
        .parameters(&[
            period("wmaPeriod", 1.0, 10.0),
            period("shortPeriod", 1.0, 11.0),
            period("longPeriod", 1.0, 14.0),
        ])
        .formula("`WMA(ROC(short) + ROC(long))`"),
    talib!(kst, kst_open, kst_lookback;
        (input) [integer, integer, integer, integer, integer, integer, integer, integer, integer] -> (kst, signal))
        .kind("kst", Group::Momentum, "Pring's know sure thing")
        .parameters(&[
            period("roc1Period", 1.0, 10.0),
            period("roc2Period", 1.0, 15.0),
            period("roc3Period", 1.0, 20.0),
            period("roc4Period", 1.0, 30.0),
            period("sma1Period", 1.0, 10.0),
            period("sma2Period", 1.0, 10.0),
            period("sma3Period", 1.0, 10.0),
            period("sma4Period", 1.0, 15.0),
            period("signalPeriod", 1.0, 9.0),
        ])
        .outputs(&["kst", "signal"])
        .formula("four smoothed rates of change, weighted 1 to 4; `signal = SMA(kst)`"),
    talib!(eri, eri_open, eri_lookback; (high, low, close) [integer] -> (bull, bear))
        .kind("elderRay", Group::Momentum, "Elder-Ray: bull and bear power")
        .reads(RANGE)
        .parameters(&[period("period", 1.0, 13.0)])
        .outputs(&["bull", "bear"])
        .recursive()
        .formula("`bull = high − EMA(close)`; `bear = low − EMA(close)`"),
    talib!(crsi, crsi_open, crsi_lookback; (input) [integer, integer, integer] -> (value))
        .kind("connorsRsi", Group::Momentum, "Connors' relative strength index")
        .parameters(&[
            period("period", 2.0, 3.0),
            period("streakPeriod", 2.0, 2.0),
            whole("rankPeriod", 2.0, 1000.0, 100.0),
        ])
        .drawn(&[PERCENT])
        .recursive()
        .formula("the mean of RSI, the RSI of the length of the streak, and the percent rank of the last change"),
    talib!(dpo, dpo_open, dpo_lookback; (input) [integer] -> (value))
        .kind("dpo", Group::Momentum, "Detrended price oscillator")
        .parameters(&[period("period", 2.0, 20.0)])
        .formula("`x[period / 2 + 1] − SMA(x)`"),
    talib!(imi, imi_open, imi_lookback; (open, close) [integer] -> (value))
        .kind("imi", Group::Momentum, "Intraday momentum index")
        .reads(BODY)
        .parameters(&[period("period", 2.0, 14.0)])
        .drawn(&[PERCENT])
        .formula("`100·gains / (gains + losses)` from open to close"),
    talib!(ibs, ibs_open, ibs_lookback; (high, low, close) [] -> (value))
        .kind("ibs", Group::Momentum, "Internal bar strength")
        .reads(RANGE)
        .drawn(&[within(0.0, 1.0)])
        .formula("`(close − low) / (high − low)`"),
    talib!(qstick, qstick_open, qstick_lookback; (open, close) [integer] -> (value))
        .kind("qstick", Group::Momentum, "Qstick")
        .reads(BODY)
        .parameters(&[period("period", 1.0, 10.0)])
        .formula("`SMA(close − open)`"),
    talib!(cg, cg_open, cg_lookback; (input) [integer] -> (value))
        .kind("centerOfGravity", Group::Momentum, "Ehlers' centre of gravity")
        .parameters(&[period("period", 2.0, 10.0)])
        .formula("the weighted mean age of the values of a window, weighted by the values"),
    talib!(dosc, dosc_open, dosc_lookback; (input) [integer, integer, integer, integer] -> (value))
        .kind("derivativeOscillator", Group::Momentum, "Derivative oscillator")
        .parameters(&[
            period("period", 2.0, 14.0),
            period("firstPeriod", 2.0, 5.0),
            period("secondPeriod", 2.0, 3.0),
            period("signalPeriod", 2.0, 9.0),
        ])
        .recursive()
        .formula("RSI smoothed twice by EMAs, less its SMA"),
    talib!(fosc, fosc_open, fosc_lookback; (input) [integer] -> (value))
        .kind("forecastOscillator", Group::Momentum, "Forecast oscillator")
        .parameters(&[period("period", 2.0, 5.0)])
        .formula("`100·(x − forecast) / x`, the forecast being the previous candle's"),
    talib!(sqzmom, sqzmom_open, sqzmom_lookback;
        (high, low, close) [integer, number, integer, number, number, number] -> (momentum, level: i32))
        .kind("squeeze", Group::Momentum, "Squeeze momentum")
        .reads(RANGE)
        .parameters(&[
            period("bollingerPeriod", 2.0, 20.0),
            factor("deviations", 0.0, 100.0, 2.0),
            period("keltnerPeriod", 2.0, 20.0),
            factor("wide", 0.0, 100.0, 2.0),
            factor("normal", 0.0, 100.0, 1.5),
            factor("narrow", 0.0, 100.0, 1.0),
        ])
        .outputs(&["momentum", "level"])
        .drawn(&[FREE, within(-1.0, 3.0)])
        .formula("how far the Bollinger bands lie within Keltner channels (`level` 3, 2, 1 for the narrow, normal and wide one, −1 when released, else 0), and the regression of the close's distance from the middle"),
    talib!(wavetrend, wavetrend_open, wavetrend_lookback;
        (high, low, close) [integer, integer, integer] -> (wave, signal))
        .kind("waveTrend", Group::Momentum, "WaveTrend")
        .reads(RANGE)
        .parameters(&[
            period("channelPeriod", 2.0, 10.0),
            period("averagePeriod", 1.0, 21.0),
            period("signalPeriod", 1.0, 4.0),
        ])
        .outputs(&["wave", "signal"])
        .recursive()
        .formula("EMA of `(typical − e) / (0.015·EMA(abs(typical − e)))` with `e = EMA(typical)`; `signal = SMA(wave)`"),
    own::<2, 2, Fisher>()
        .kind("fisher", Group::Momentum, "Ehlers' Fisher transform")
        .reads(HIGH_LOW)
        .parameters(&[period("period", 2.0, 10.0)])
        .outputs(&["fisher", "trigger"])
        .recursive()
        .formula("`ln((1 + v) / (1 − v)) / 2 + previous / 2`, where `v` is the smoothed place of the middle price in its window, scaled to ±1; `trigger` is the previous value"),
    talib!(percentrank, percentrank_open, percentrank_lookback; (input) [integer] -> (value))
        .kind("percentRank", Group::Momentum, "Percent rank")
        .parameters(&[window("period", 2.0, 100.0)])
        .drawn(&[PERCENT])
        .formula("the part of the last `period` values that is below this one"),
    talib!(wad, wad_open, wad_lookback; (high, low, close) [] -> (value))
        .kind("williamsAd", Group::Momentum, "Williams' accumulation/distribution")
        .reads(RANGE)
        .recursive()
        .formula("the running sum of the close's distance from the true low (after a rise) or the true high (after a fall)"),
];
