//! Averages, channels of direction, and how much of a trend there is.

use super::entry::{
    BALANCE, CLOSE_VOLUME, Group, HIGH_LOW, Kind, PERCENT, POSITIVE, PRICE, RANGE, factor, period, window, within,
};
use crate::indicator::own::{Alma, Chandelier, Choppiness, Ichimoku, angle, own};
use crate::indicator::talib::talib;

pub(super) const KINDS: &[Kind] = &[
    talib!(sma, sma_open, sma_lookback; (input) [integer] -> (value))
        .kind("sma", Group::Trend, "Simple moving average")
        .parameters(&[period("period", 1.0, 30.0)])
        .drawn(&[PRICE])
        .formula("the mean of the last `period` values"),
    talib!(ema, ema_open, ema_lookback; (input) [integer] -> (value))
        .kind("ema", Group::Trend, "Exponential moving average, seeded by a simple one")
        .parameters(&[period("period", 1.0, 30.0)])
        .drawn(&[PRICE])
        .recursive()
        .formula("`α·x + (1 − α)·previous` with `α = 2 / (period + 1)`; the first is the mean of `period` values"),
    talib!(wma, wma_open, wma_lookback; (input) [integer] -> (value))
        .kind("wma", Group::Trend, "Weighted moving average")
        .parameters(&[period("period", 1.0, 30.0)])
        .drawn(&[PRICE])
        .formula("the mean of the last `period` values, weighted by 1 (oldest) to `period` (newest)"),
    talib!(dema, dema_open, dema_lookback; (input) [integer] -> (value))
        .kind("dema", Group::Trend, "Double exponential moving average")
        .parameters(&[period("period", 1.0, 30.0)])
        .drawn(&[PRICE])
        .recursive()
        .formula("`2·EMA(x) − EMA(EMA(x))`"),
    talib!(tema, tema_open, tema_lookback; (input) [integer] -> (value))
        .kind("tema", Group::Trend, "Triple exponential moving average")
        .parameters(&[period("period", 1.0, 30.0)])
        .drawn(&[PRICE])
        .recursive()
        .formula("`3·EMA(x) − 3·EMA(EMA(x)) + EMA(EMA(EMA(x)))`"),
    talib!(trima, trima_open, trima_lookback; (input) [integer] -> (value))
        .kind("trima", Group::Trend, "Triangular moving average")
        .parameters(&[period("period", 1.0, 30.0)])
        .drawn(&[PRICE])
        .formula("the mean of the last `period` values, the weights rising to the middle and falling again"),
    talib!(kama, kama_open, kama_lookback; (input) [integer] -> (value))
        .kind("kama", Group::Trend, "Kaufman's adaptive moving average")
        .parameters(&[period("period", 1.0, 30.0)])
        .drawn(&[PRICE])
        .recursive()
        .formula("`previous + c·(x − previous)` with `c = (e·(2/3 − 2/31) + 2/31)²`, where `e` is the efficiency ratio of `period` candles"),
    talib!(t3, t3_open, t3_lookback; (input) [integer, number] -> (value))
        .kind("t3", Group::Trend, "Tillson's T3")
        .parameters(&[period("period", 1.0, 5.0), factor("volumeFactor", 0.0, 1.0, 0.7)])
        .drawn(&[PRICE])
        .recursive()
        .formula("six EMAs in a row, the last four weighted by powers of `volumeFactor`"),
    talib!(rma, rma_open, rma_lookback; (input) [integer] -> (value))
        .kind("rma", Group::Trend, "Wilder's moving average")
        .parameters(&[period("period", 1.0, 30.0)])
        .drawn(&[PRICE])
        .recursive()
        .formula("`(previous·(period − 1) + x) / period`; the first is the mean of `period` values"),
    talib!(hma, hma_open, hma_lookback; (input) [integer] -> (value))
        .kind("hma", Group::Trend, "Hull moving average")
        .parameters(&[period("period", 1.0, 20.0)])
        .drawn(&[PRICE])
        .formula("`WMA(2·WMA(x, period / 2) − WMA(x, period), √period)`"),
    talib!(zlema, zlema_open, zlema_lookback; (input) [integer] -> (value))
        .kind("zlema", Group::Trend, "Zero-lag exponential moving average")
        .parameters(&[period("period", 1.0, 30.0)])
        .drawn(&[PRICE])
        .recursive()
        .formula("the EMA of `2·x − x[lag]` with `lag = (period − 1) / 2`"),
    talib!(vidya, vidya_open, vidya_lookback; (input) [integer, integer] -> (value))
        .kind("vidya", Group::Trend, "Chande's variable index dynamic average")
        .parameters(&[period("period", 1.0, 12.0), period("cmoPeriod", 2.0, 9.0)])
        .drawn(&[PRICE])
        .recursive()
        .formula("`previous + α·abs(CMO / 100)·(x − previous)` with `α = 2 / (period + 1)`"),
    talib!(mcgd, mcgd_open, mcgd_lookback; (input) [integer] -> (value))
        .kind("mcGinley", Group::Trend, "McGinley dynamic")
        .parameters(&[period("period", 2.0, 14.0)])
        .drawn(&[PRICE])
        .recursive()
        .formula("`previous + (x − previous) / (period·(x / previous)⁴)`"),
    talib!(vwma, vwma_open, vwma_lookback; (close, volume) [integer] -> (value))
        .kind("vwma", Group::Trend, "Volume-weighted moving average")
        .reads(CLOSE_VOLUME)
        .parameters(&[period("period", 1.0, 30.0)])
        .drawn(&[PRICE])
        .nothing_where("nothing was traded in the whole window")
        .formula("`sum(close·volume) / sum(volume)` of the last `period` candles"),
    own::<1, 1, Alma>()
        .kind("alma", Group::Trend, "Arnaud Legoux moving average")
        .parameters(&[window("period", 1.0, 9.0), factor("sigma", 0.01, 100.0, 6.0), factor("offset", 0.0, 1.0, 0.85)])
        .drawn(&[PRICE])
        .formula("the mean of the last `period` values, weighted by `exp(−(i − m)² / (2·s²))` with `m = floor(offset·(period − 1))` and `s = period / sigma`"),
    talib!(linearreg, linearreg_open, linearreg_lookback; (input) [integer] -> (value))
        .kind("linearReg", Group::Trend, "Linear regression")
        .parameters(&[period("period", 2.0, 14.0)])
        .drawn(&[PRICE])
        .formula("the end of the least squares line through the last `period` values"),
    talib!(linearreg_intercept, linearreg_intercept_open, linearreg_intercept_lookback; (input) [integer] -> (value))
        .kind("linearRegIntercept", Group::Trend, "Linear regression, intercept")
        .parameters(&[period("period", 2.0, 14.0)])
        .drawn(&[PRICE])
        .formula("the beginning of the least squares line through the last `period` values"),
    talib!(linearreg_slope, linearreg_slope_open, linearreg_slope_lookback; (input) [integer] -> (value))
        .kind("linearRegSlope", Group::Trend, "Linear regression, slope")
        .parameters(&[period("period", 2.0, 14.0)])
        .formula("the rise a candle of the least squares line through the last `period` values"),
    angle()
        .kind("linearRegAngle", Group::Trend, "Linear regression, angle in degrees")
        .parameters(&[period("period", 2.0, 14.0)])
        .drawn(&[within(-90.0, 90.0)])
        .formula("`atan(slope)·180 / π` of the least squares line"),
    talib!(tsf, tsf_open, tsf_lookback; (input) [integer] -> (value))
        .kind("tsf", Group::Trend, "Time series forecast")
        .parameters(&[period("period", 2.0, 14.0)])
        .drawn(&[PRICE])
        .formula("the least squares line through the last `period` values, one candle further"),
    talib!(midpoint, midpoint_open, midpoint_lookback; (input) [integer] -> (value))
        .kind("midpoint", Group::Trend, "Midpoint of a window")
        .parameters(&[period("period", 2.0, 14.0)])
        .drawn(&[PRICE])
        .formula("`(max + min) / 2` of the last `period` values"),
    talib!(midprice, midprice_open, midprice_lookback; (high, low) [integer] -> (value))
        .kind("midprice", Group::Trend, "Midpoint of highs and lows")
        .reads(HIGH_LOW)
        .parameters(&[period("period", 2.0, 14.0)])
        .drawn(&[PRICE])
        .formula("`(highest high + lowest low) / 2` of the last `period` candles"),
    talib!(sar, sar_open, sar_lookback; (high, low) [number, number] -> (value))
        .kind("sar", Group::Trend, "Wilder's parabolic stop and reverse")
        .reads(HIGH_LOW)
        .parameters(&[factor("acceleration", 0.0, 1.0, 0.02), factor("maximum", 0.0, 1.0, 0.2)])
        .drawn(&[PRICE])
        .recursive()
        .formula("`previous + a·(extreme − previous)`; `a` grows by `acceleration` with every new extreme, up to `maximum`; it turns where the price touches it"),
    talib!(supertrend, supertrend_open, supertrend_lookback;
        (high, low, close) [integer, number] -> (value, direction: i32))
        .kind("supertrend", Group::Trend, "Supertrend")
        .reads(RANGE)
        .parameters(&[period("period", 2.0, 10.0), factor("multiplier", 0.0, 100.0, 3.0)])
        .outputs(&["value", "direction"])
        .drawn(&[PRICE, within(-1.0, 1.0)])
        .recursive()
        .formula("the lower of the ratcheted bands `(high + low) / 2 ± multiplier·ATR` while the trend is up (`direction` 1), the upper one while it is down (−1); it turns where the close passes the band"),
    talib!(cksp, cksp_open, cksp_lookback; (high, low, close) [integer, number, integer] -> (short, long))
        .kind("chandeKrollStop", Group::Trend, "Chande Kroll stop")
        .reads(RANGE)
        .parameters(&[
            period("period", 2.0, 10.0),
            factor("multiplier", 0.0, 100.0, 1.0),
            period("stopPeriod", 1.0, 9.0),
        ])
        .outputs(&["short", "long"])
        .drawn(&[PRICE])
        .recursive()
        .formula("`short`: the highest of `stopPeriod` values of `highest high − multiplier·ATR`; `long`: the lowest of `stopPeriod` values of `lowest low + multiplier·ATR`"),
    own::<3, 2, Chandelier>()
        .kind("chandelierExit", Group::Trend, "Chandelier exit")
        .reads(RANGE)
        .parameters(&[period("period", 1.0, 22.0), factor("multiplier", 0.0, 100.0, 3.0)])
        .outputs(&["long", "short"])
        .drawn(&[PRICE])
        .recursive()
        .formula("`long`: highest high of `period` candles − multiplier·ATR; `short`: lowest low + multiplier·ATR"),
    own::<2, 6, Ichimoku>()
        .kind("ichimoku", Group::Trend, "Ichimoku Kinko Hyo without the Chikou span, which looks ahead")
        .reads(HIGH_LOW)
        .parameters(&[
            period("tenkanPeriod", 2.0, 9.0),
            period("kijunPeriod", 2.0, 26.0),
            period("senkouPeriod", 2.0, 52.0),
        ])
        .outputs(&["tenkan", "kijun", "leadA", "leadB", "senkouA", "senkouB"])
        .drawn(&[PRICE])
        .formula("the midpoints of highs and lows over the three periods: `tenkan`, `kijun` and `leadB`; `leadA = (tenkan + kijun) / 2`; `senkouA` and `senkouB` are the cloud at this candle: the leads of `kijunPeriod` candles ago"),
    talib!(adx, adx_open, adx_lookback; (high, low, close) [integer] -> (value))
        .kind("adx", Group::Trend, "Average directional movement index")
        .reads(RANGE)
        .parameters(&[period("period", 2.0, 14.0)])
        .drawn(&[PERCENT])
        .recursive()
        .formula("`DX` smoothed by Wilder"),
    talib!(adxr, adxr_open, adxr_lookback; (high, low, close) [integer] -> (value))
        .kind("adxr", Group::Trend, "Average directional movement index, rating")
        .reads(RANGE)
        .parameters(&[period("period", 2.0, 14.0)])
        .drawn(&[PERCENT])
        .recursive()
        .formula("`(ADX + ADX[period − 1]) / 2`"),
    talib!(dx, dx_open, dx_lookback; (high, low, close) [integer] -> (value))
        .kind("dx", Group::Trend, "Directional movement index")
        .reads(RANGE)
        .parameters(&[period("period", 2.0, 14.0)])
        .drawn(&[PERCENT])
        .recursive()
        .formula("`100·abs(+DI − −DI) / (+DI + −DI)`"),
    talib!(plus_di, plus_di_open, plus_di_lookback; (high, low, close) [integer] -> (value))
        .kind("plusDi", Group::Trend, "Plus directional indicator")
        .reads(RANGE)
        .parameters(&[period("period", 1.0, 14.0)])
        .drawn(&[PERCENT])
        .recursive()
        .formula("`100·(+DM smoothed) / (true range smoothed)`"),
    talib!(minus_di, minus_di_open, minus_di_lookback; (high, low, close) [integer] -> (value))
        .kind("minusDi", Group::Trend, "Minus directional indicator")
        .reads(RANGE)
        .parameters(&[period("period", 1.0, 14.0)])
        .drawn(&[PERCENT])
        .recursive()
        .formula("`100·(−DM smoothed) / (true range smoothed)`"),
    talib!(plus_dm, plus_dm_open, plus_dm_lookback; (high, low) [integer] -> (value))
        .kind("plusDm", Group::Trend, "Plus directional movement")
        .reads(HIGH_LOW)
        .parameters(&[period("period", 1.0, 14.0)])
        .drawn(&[POSITIVE])
        .recursive()
        .formula("the rise of the high where it exceeds the fall of the low, smoothed by Wilder"),
    talib!(minus_dm, minus_dm_open, minus_dm_lookback; (high, low) [integer] -> (value))
        .kind("minusDm", Group::Trend, "Minus directional movement")
        .reads(HIGH_LOW)
        .parameters(&[period("period", 1.0, 14.0)])
        .drawn(&[POSITIVE])
        .recursive()
        .formula("the fall of the low where it exceeds the rise of the high, smoothed by Wilder"),
    talib!(aroon, aroon_open, aroon_lookback; (high, low) [integer] -> (down, up))
        .kind("aroon", Group::Trend, "Aroon")
        .reads(HIGH_LOW)
        .parameters(&[period("period", 2.0, 14.0)])
        .outputs(&["down", "up"])
        .drawn(&[PERCENT])
        .formula("`100·(period − candles since the extreme) / period` of the lowest low and the highest high among `period + 1` candles"),
    talib!(aroonosc, aroonosc_open, aroonosc_lookback; (high, low) [integer] -> (value))
        .kind("aroonOsc", Group::Trend, "Aroon oscillator")
        .reads(HIGH_LOW)
        .parameters(&[period("period", 2.0, 14.0)])
        .drawn(&[BALANCE])
        .formula("`up − down` of Aroon"),
    talib!(vortex, vortex_open, vortex_lookback; (high, low, close) [integer] -> (plus, minus))
        .kind("vortex", Group::Trend, "Vortex")
        .reads(RANGE)
        .parameters(&[period("period", 1.0, 14.0)])
        .outputs(&["plus", "minus"])
        .drawn(&[POSITIVE])
        .formula("`sum(abs(high − low[1])) / sum(true range)` and `sum(abs(low − high[1])) / sum(true range)` of `period` candles"),
    talib!(er, er_open, er_lookback; (input) [integer] -> (value))
        .kind("efficiencyRatio", Group::Trend, "Kaufman's efficiency ratio")
        .parameters(&[period("period", 2.0, 10.0)])
        .drawn(&[within(0.0, 1.0)])
        .formula("`abs(x − x[period]) / sum(abs(x − x[1]))`"),
    talib!(vhf, vhf_open, vhf_lookback; (input) [integer] -> (value))
        .kind("verticalHorizontalFilter", Group::Trend, "Vertical horizontal filter")
        .parameters(&[period("period", 2.0, 28.0)])
        .drawn(&[POSITIVE])
        .formula("`(max − min) / sum(abs(x − x[1]))` of a window"),
    talib!(cti, cti_open, cti_lookback; (input) [integer] -> (value))
        .kind("correlationTrend", Group::Trend, "Correlation trend indicator")
        .parameters(&[period("period", 2.0, 20.0)])
        .drawn(&[within(-1.0, 1.0)])
        .formula("the correlation of the last `period` values with a straight line"),
    talib!(stc, stc_open, stc_lookback; (input) [integer, integer, integer] -> (value))
        .kind("schaffTrendCycle", Group::Trend, "Schaff trend cycle")
        .parameters(&[
            period("fastPeriod", 2.0, 23.0),
            period("slowPeriod", 2.0, 50.0),
            period("cyclePeriod", 2.0, 10.0),
        ])
        .drawn(&[PERCENT])
        .ascending(0, 1)
        .recursive()
        .formula("a stochastic of a stochastic of MACD, both smoothed"),
    own::<3, 1, Choppiness>()
        .kind("choppiness", Group::Trend, "Choppiness index")
        .reads(RANGE)
        .parameters(&[period("period", 2.0, 14.0)])
        .drawn(&[PERCENT])
        .formula("`100·log10(sum(true range) / (highest high − lowest low)) / log10(period)` of the last `period` candles; 100 where the box is flat"),
    talib!(fractal, fractal_open, fractal_lookback; (high, low) [integer, integer] -> (ha_high: i32, ha_low: i32))
        .kind("williamsFractal", Group::Trend, "Williams' fractals")
        .reads(HIGH_LOW)
        .parameters(&[period("leftCandles", 1.0, 2.0), period("rightCandles", 1.0, 2.0)])
        .outputs(&["high", "low"])
        .drawn(&[PERCENT])
        .formula("100 where the candle `rightCandles` ago is a strict swing high or low, else 0: it is told when it is confirmed"),
];
