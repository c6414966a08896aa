//! What was traded, and on which side.

use super::entry::{CLOSE_VOLUME, Group, Kind, PERCENT, POSITIVE, PRICE, RANGE_VOLUME, VOLUME, factor, period, within};
use crate::candle::Field;
use crate::indicator::own::{SessionVwap, own};
use crate::indicator::talib::talib;

pub(super) const KINDS: &[Kind] = &[
    talib!(obv, obv_open, obv_lookback; (close, volume) [] -> (value))
        .kind("obv", Group::Volume, "On-balance volume")
        .reads(CLOSE_VOLUME)
        .recursive()
        .formula("the running sum of volume, added on a rise and taken off on a fall; begins with the first volume"),
    talib!(ad, ad_open, ad_lookback; (high, low, close, volume) [] -> (value))
        .kind("ad", Group::Volume, "Chaikin's accumulation/distribution line")
        .reads(RANGE_VOLUME)
        .recursive()
        .formula("the running sum of `volume·((close − low) − (high − close)) / (high − low)`"),
    talib!(adosc, adosc_open, adosc_lookback; (high, low, close, volume) [integer, integer] -> (value))
        .kind("adosc", Group::Volume, "Chaikin's oscillator")
        .reads(RANGE_VOLUME)
        .parameters(&[period("fastPeriod", 2.0, 3.0), period("slowPeriod", 2.0, 10.0)])
        .ascending(0, 1)
        .recursive()
        .formula("`EMA(fast) − EMA(slow)` of the accumulation/distribution line"),
    talib!(cmf, cmf_open, cmf_lookback; (high, low, close, volume) [integer] -> (value))
        .kind("cmf", Group::Volume, "Chaikin money flow")
        .reads(RANGE_VOLUME)
        .parameters(&[period("period", 2.0, 20.0)])
        .drawn(&[within(-1.0, 1.0)])
        .formula("`sum(volume·((close − low) − (high − close)) / (high − low)) / sum(volume)`"),
    talib!(mfi, mfi_open, mfi_lookback; (high, low, close, volume) [integer] -> (value))
        .kind("mfi", Group::Volume, "Money flow index")
        .reads(RANGE_VOLUME)
        .parameters(&[period("period", 2.0, 14.0)])
        .drawn(&[PERCENT])
        .formula("RSI of typical prices, weighted by volume, over a plain window"),
    talib!(efi, efi_open, efi_lookback; (close, volume) [integer] -> (value))
        .kind("forceIndex", Group::Volume, "Elder's force index")
        .reads(CLOSE_VOLUME)
        .parameters(&[period("period", 1.0, 13.0)])
        .recursive()
        .formula("`EMA((close − close[1])·volume)`"),
    talib!(emv, emv_open, emv_lookback; (high, low, volume) [integer, number] -> (value))
        .kind("easeOfMovement", Group::Volume, "Arms' ease of movement")
        .reads(&[Field::High, Field::Low, Field::Volume])
        .parameters(&[period("period", 1.0, 14.0), factor("volumeDivisor", 1.0, 1e12, 10000.0)])
        .formula("SMA of the move of the middle price over `volume / divisor / (high − low)`"),
    talib!(kvo, kvo_open, kvo_lookback; (high, low, close, volume) [integer, integer, integer] -> (kvo, signal))
        .kind("klinger", Group::Volume, "Klinger volume oscillator")
        .reads(RANGE_VOLUME)
        .parameters(&[
            period("fastPeriod", 2.0, 34.0),
            period("slowPeriod", 2.0, 55.0),
            period("signalPeriod", 2.0, 13.0),
        ])
        .outputs(&["kvo", "signal"])
        .ascending(0, 1)
        .recursive()
        .formula("`EMA(fast) − EMA(slow)` of the volume force; `signal` is its EMA"),
    talib!(nvi, nvi_open, nvi_lookback; (close, volume) [] -> (value))
        .kind("nvi", Group::Volume, "Negative volume index")
        .reads(CLOSE_VOLUME)
        .recursive()
        .formula("grows by the close's rate of change on candles with less volume than the one before"),
    talib!(pvi, pvi_open, pvi_lookback; (close, volume) [] -> (value))
        .kind("pvi", Group::Volume, "Positive volume index")
        .reads(CLOSE_VOLUME)
        .recursive()
        .formula("grows by the close's rate of change on candles with more volume than the one before"),
    talib!(pvt, pvt_open, pvt_lookback; (close, volume) [] -> (value))
        .kind("pvt", Group::Volume, "Price volume trend")
        .reads(CLOSE_VOLUME)
        .recursive()
        .formula("the running sum of `volume·(close / close[1] − 1)`"),
    talib!(pvo, pvo_open, pvo_lookback; (volume) [integer, integer, ema] -> (value))
        .kind("pvo", Group::Volume, "Percentage volume oscillator")
        .reads(VOLUME)
        .parameters(&[period("fastPeriod", 2.0, 12.0), period("slowPeriod", 2.0, 26.0)])
        .ascending(0, 1)
        .recursive()
        .formula("`100·(EMA(fast) − EMA(slow)) / EMA(slow)` of volume"),
    own::<3, 1, SessionVwap>()
        .kind("vwap", Group::Volume, "Volume-weighted average price of the UTC day")
        .reads(&[Field::OpenTime, Field::Typical, Field::Volume])
        .drawn(&[PRICE])
        .nothing_where("the first UTC day was not seen from its beginning, or nothing was traded in the day")
        .formula("`sum(typical·volume) / sum(volume)` since the beginning of the UTC day"),
    talib!(vwma, vwma_open, vwma_lookback; (typical, volume) [integer] -> (value))
        .kind("rollingVwap", Group::Volume, "Volume-weighted average price of a window")
        .reads(&[Field::Typical, Field::Volume])
        .parameters(&[period("period", 1.0, 20.0)])
        .drawn(&[PRICE])
        .nothing_where("nothing was traded in the whole window")
        .formula("`sum(typical·volume) / sum(volume)` of the last `period` candles"),
    talib!(marketfi, marketfi_open, marketfi_lookback; (high, low, volume) [] -> (value))
        .kind("marketFacilitation", Group::Volume, "Market facilitation index")
        .reads(&[Field::High, Field::Low, Field::Volume])
        .drawn(&[POSITIVE])
        .formula("`(high − low) / volume`"),
];
