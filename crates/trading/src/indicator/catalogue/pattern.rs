//! Candlestick patterns, by TA-Lib's default settings of what is long, short, near, far and equal.

use super::entry::{CANDLE, Group, Kind, SIGNAL, factor};
use crate::indicator::talib::{Code, talib};

/// One pattern, with the default of its penetration where there is one: how far the last candle
/// must reach into the body of the first.
macro_rules! pattern {
    ($name:literal, $title:literal; $batch:ident, $open:ident, $lookback:ident) => {
        pattern(talib!($batch, $open, $lookback; (open, high, low, close) [] -> (value: i32)), $name, $title)
    };
    ($name:literal, $title:literal; $batch:ident, $open:ident, $lookback:ident; penetration $penetration:literal) => {
        pattern(talib!($batch, $open, $lookback; (open, high, low, close) [number] -> (value: i32)), $name, $title)
            .parameters(&[factor("penetration", 0.0, 1.0, $penetration)])
    };
}

const fn pattern(code: Code, name: &'static str, title: &'static str) -> Kind {
    code.kind(name, Group::Pattern, title).reads(CANDLE).drawn(&[SIGNAL]).formula(
        "100 where this candle completes the pattern and it is bullish, −100 where it is bearish, else 0; \
         weaker forms of engulfing and harami tell ±80, a confirmed hikkake ±200",
    )
}

pub(super) const KINDS: &[Kind] = &[
    pattern!("twoCrows", "Two crows"; cdl2crows, cdl2crows_open, cdl2crows_lookback),
    pattern!("threeBlackCrows", "Three black crows"; cdl3blackcrows, cdl3blackcrows_open, cdl3blackcrows_lookback),
    pattern!("threeInside", "Three inside up or down"; cdl3inside, cdl3inside_open, cdl3inside_lookback),
    pattern!("threeLineStrike", "Three-line strike"; cdl3linestrike, cdl3linestrike_open, cdl3linestrike_lookback),
    pattern!("threeOutside", "Three outside up or down"; cdl3outside, cdl3outside_open, cdl3outside_lookback),
    pattern!("threeStarsInTheSouth", "Three stars in the south"; cdl3starsinsouth, cdl3starsinsouth_open, cdl3starsinsouth_lookback),
    pattern!("threeWhiteSoldiers", "Three advancing white soldiers"; cdl3whitesoldiers, cdl3whitesoldiers_open, cdl3whitesoldiers_lookback),
    pattern!("abandonedBaby", "Abandoned baby"; cdlabandonedbaby, cdlabandonedbaby_open, cdlabandonedbaby_lookback; penetration 0.3),
    pattern!("advanceBlock", "Advance block"; cdladvanceblock, cdladvanceblock_open, cdladvanceblock_lookback),
    pattern!("beltHold", "Belt hold"; cdlbelthold, cdlbelthold_open, cdlbelthold_lookback),
    pattern!("breakaway", "Breakaway"; cdlbreakaway, cdlbreakaway_open, cdlbreakaway_lookback),
    pattern!("closingMarubozu", "Closing marubozu"; cdlclosingmarubozu, cdlclosingmarubozu_open, cdlclosingmarubozu_lookback),
    pattern!("concealingBabySwallow", "Concealing baby swallow"; cdlconcealbabyswall, cdlconcealbabyswall_open, cdlconcealbabyswall_lookback),
    pattern!("counterattack", "Counterattack"; cdlcounterattack, cdlcounterattack_open, cdlcounterattack_lookback),
    pattern!("darkCloudCover", "Dark cloud cover"; cdldarkcloudcover, cdldarkcloudcover_open, cdldarkcloudcover_lookback; penetration 0.5),
    pattern!("doji", "Doji"; cdldoji, cdldoji_open, cdldoji_lookback),
    pattern!("dojiStar", "Doji star"; cdldojistar, cdldojistar_open, cdldojistar_lookback),
    pattern!("dragonflyDoji", "Dragonfly doji"; cdldragonflydoji, cdldragonflydoji_open, cdldragonflydoji_lookback),
    pattern!("engulfing", "Engulfing"; cdlengulfing, cdlengulfing_open, cdlengulfing_lookback),
    pattern!("eveningDojiStar", "Evening doji star"; cdleveningdojistar, cdleveningdojistar_open, cdleveningdojistar_lookback; penetration 0.3),
    pattern!("eveningStar", "Evening star"; cdleveningstar, cdleveningstar_open, cdleveningstar_lookback; penetration 0.3),
    pattern!("gapSideBySideWhite", "Side-by-side white lines after a gap"; cdlgapsidesidewhite, cdlgapsidesidewhite_open, cdlgapsidesidewhite_lookback),
    pattern!("gravestoneDoji", "Gravestone doji"; cdlgravestonedoji, cdlgravestonedoji_open, cdlgravestonedoji_lookback),
    pattern!("hammer", "Hammer"; cdlhammer, cdlhammer_open, cdlhammer_lookback),
    pattern!("hangingMan", "Hanging man"; cdlhangingman, cdlhangingman_open, cdlhangingman_lookback),
    pattern!("harami", "Harami"; cdlharami, cdlharami_open, cdlharami_lookback),
    pattern!("haramiCross", "Harami cross"; cdlharamicross, cdlharamicross_open, cdlharamicross_lookback),
    pattern!("highWave", "High-wave candle"; cdlhighwave, cdlhighwave_open, cdlhighwave_lookback),
    pattern!("hikkake", "Hikkake"; cdlhikkake, cdlhikkake_open, cdlhikkake_lookback),
    pattern!("modifiedHikkake", "Modified hikkake"; cdlhikkakemod, cdlhikkakemod_open, cdlhikkakemod_lookback),
    pattern!("homingPigeon", "Homing pigeon"; cdlhomingpigeon, cdlhomingpigeon_open, cdlhomingpigeon_lookback),
    pattern!("identicalThreeCrows", "Identical three crows"; cdlidentical3crows, cdlidentical3crows_open, cdlidentical3crows_lookback),
    pattern!("inNeck", "In-neck"; cdlinneck, cdlinneck_open, cdlinneck_lookback),
    pattern!("invertedHammer", "Inverted hammer"; cdlinvertedhammer, cdlinvertedhammer_open, cdlinvertedhammer_lookback),
    pattern!("kicking", "Kicking"; cdlkicking, cdlkicking_open, cdlkicking_lookback),
    pattern!("kickingByLength", "Kicking, told by the longer marubozu"; cdlkickingbylength, cdlkickingbylength_open, cdlkickingbylength_lookback),
    pattern!("ladderBottom", "Ladder bottom"; cdlladderbottom, cdlladderbottom_open, cdlladderbottom_lookback),
    pattern!("longLeggedDoji", "Long-legged doji"; cdllongleggeddoji, cdllongleggeddoji_open, cdllongleggeddoji_lookback),
    pattern!("longLine", "Long line"; cdllongline, cdllongline_open, cdllongline_lookback),
    pattern!("marubozu", "Marubozu"; cdlmarubozu, cdlmarubozu_open, cdlmarubozu_lookback),
    pattern!("matchingLow", "Matching low"; cdlmatchinglow, cdlmatchinglow_open, cdlmatchinglow_lookback),
    pattern!("matHold", "Mat hold"; cdlmathold, cdlmathold_open, cdlmathold_lookback; penetration 0.5),
    pattern!("morningDojiStar", "Morning doji star"; cdlmorningdojistar, cdlmorningdojistar_open, cdlmorningdojistar_lookback; penetration 0.3),
    pattern!("morningStar", "Morning star"; cdlmorningstar, cdlmorningstar_open, cdlmorningstar_lookback; penetration 0.3),
    pattern!("onNeck", "On-neck"; cdlonneck, cdlonneck_open, cdlonneck_lookback),
    pattern!("piercing", "Piercing"; cdlpiercing, cdlpiercing_open, cdlpiercing_lookback),
    pattern!("rickshawMan", "Rickshaw man"; cdlrickshawman, cdlrickshawman_open, cdlrickshawman_lookback),
    pattern!("risingFallingThreeMethods", "Rising or falling three methods"; cdlrisefall3methods, cdlrisefall3methods_open, cdlrisefall3methods_lookback),
    pattern!("separatingLines", "Separating lines"; cdlseparatinglines, cdlseparatinglines_open, cdlseparatinglines_lookback),
    pattern!("shootingStar", "Shooting star"; cdlshootingstar, cdlshootingstar_open, cdlshootingstar_lookback),
    pattern!("shortLine", "Short line"; cdlshortline, cdlshortline_open, cdlshortline_lookback),
    pattern!("spinningTop", "Spinning top"; cdlspinningtop, cdlspinningtop_open, cdlspinningtop_lookback),
    pattern!("stalled", "Stalled pattern"; cdlstalledpattern, cdlstalledpattern_open, cdlstalledpattern_lookback),
    pattern!("stickSandwich", "Stick sandwich"; cdlsticksandwich, cdlsticksandwich_open, cdlsticksandwich_lookback),
    pattern!("takuri", "Takuri: a dragonfly doji with a very long lower shadow"; cdltakuri, cdltakuri_open, cdltakuri_lookback),
    pattern!("tasukiGap", "Tasuki gap"; cdltasukigap, cdltasukigap_open, cdltasukigap_lookback),
    pattern!("thrusting", "Thrusting"; cdlthrusting, cdlthrusting_open, cdlthrusting_lookback),
    pattern!("tristar", "Tristar"; cdltristar, cdltristar_open, cdltristar_lookback),
    pattern!("uniqueThreeRiver", "Unique three river"; cdlunique3river, cdlunique3river_open, cdlunique3river_lookback),
    pattern!("upsideGapTwoCrows", "Upside gap two crows"; cdlupsidegap2crows, cdlupsidegap2crows_open, cdlupsidegap2crows_lookback),
    pattern!("gapThreeMethods", "Upside or downside gap three methods"; cdlxsidegap3methods, cdlxsidegap3methods_open, cdlxsidegap3methods_lookback),
];
