//! The catalogue: everything that is known of each kind of indicator, said once.

use serde::Serialize;
use ta_lib::{MAType, RetCode};

use super::talib::{CORE, Code, Opened, Step, integer, number, talib};
use crate::candle::Field;

/// The most outputs that any kind has.
pub const MAX_OUTPUTS: usize = 3;

/// The longest period of any indicator, in candles.
const LONGEST: f64 = 10_000.0;

/// One kind of indicator.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Kind {
    /// The word in a strategy, e.g. `sma`.
    pub name: &'static str,
    /// The name in English.
    pub title: &'static str,
    /// What it reads.
    pub inputs: Inputs,
    /// What one can set, in the order of the values of [`Indicator::parameters`](super::Indicator::parameters).
    pub parameters: &'static [Parameter],
    /// Names of the outputs, in order. An operand must name one where there are several.
    pub outputs: &'static [&'static str],
    /// Two parameters by index, the first of which must be the smaller.
    #[serde(skip)]
    pub ascending: Option<(usize, usize)>,
    /// Where the formula is written.
    pub source: &'static str,
    #[serde(skip)]
    pub(super) code: Code,
}

/// What an indicator reads of a candle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Inputs {
    /// One field that the strategy may choose (`input`), else the close.
    Chosen,
    /// These fields, always.
    Fixed(&'static [Field]),
}

/// A parameter: a number between two bounds, both included.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Parameter {
    /// The key in a strategy, e.g. `period`.
    pub name: &'static str,
    /// Whether only whole numbers are meant.
    pub integer: bool,
    /// The least value.
    pub minimum: f64,
    /// The greatest value.
    pub maximum: f64,
    /// The value where a strategy gives none.
    pub default: f64,
}

const fn period(name: &'static str, minimum: f64, default: f64) -> Parameter {
    Parameter { name, integer: true, minimum, maximum: LONGEST, default }
}

const fn factor(name: &'static str, minimum: f64, maximum: f64, default: f64) -> Parameter {
    Parameter { name, integer: false, minimum, maximum, default }
}

const RANGE: Inputs = Inputs::Fixed(&[Field::High, Field::Low, Field::Close]);

/// Every kind of indicator that a strategy can name.
#[allow(unused_parens, reason = "the macro is written for any number of outputs")]
pub static CATALOGUE: &[Kind] = &[
    Kind {
        name: "sma",
        title: "Simple moving average",
        inputs: Inputs::Chosen,
        parameters: &[period("period", 1.0, 30.0)],
        outputs: &["value"],
        ascending: None,
        source: "https://ta-lib.org/functions/sma",
        code: talib!(sma, sma_open, sma_lookback; (input) [integer] -> (value)),
    },
    Kind {
        name: "ema",
        title: "Exponential moving average, seeded by a simple one",
        inputs: Inputs::Chosen,
        parameters: &[period("period", 1.0, 30.0)],
        outputs: &["value"],
        ascending: None,
        source: "https://ta-lib.org/functions/ema",
        code: talib!(ema, ema_open, ema_lookback; (input) [integer] -> (value)),
    },
    Kind {
        name: "rsi",
        title: "Relative strength index, by Wilder's smoothing",
        inputs: Inputs::Chosen,
        parameters: &[period("period", 2.0, 14.0)],
        outputs: &["value"],
        ascending: None,
        source: "https://ta-lib.org/functions/rsi",
        code: talib!(rsi, rsi_open, rsi_lookback; (input) [integer] -> (value)),
    },
    Kind {
        name: "macd",
        title: "Moving average convergence/divergence",
        inputs: Inputs::Chosen,
        parameters: &[
            period("fastPeriod", 2.0, 12.0),
            period("slowPeriod", 2.0, 26.0),
            period("signalPeriod", 1.0, 9.0),
        ],
        outputs: &["macd", "signal", "hist"],
        ascending: Some((0, 1)),
        source: "https://ta-lib.org/functions/macd",
        code: talib!(macd, macd_open, macd_lookback; (input) [integer, integer, integer] -> (macd, signal, hist)),
    },
    Kind {
        name: "atr",
        title: "Average true range, by Wilder's smoothing",
        inputs: RANGE,
        parameters: &[period("period", 1.0, 14.0)],
        outputs: &["value"],
        ascending: None,
        source: "https://ta-lib.org/functions/atr",
        code: talib!(atr, atr_open, atr_lookback; (high, low, close) [integer] -> (value)),
    },
    Kind {
        name: "bbands",
        title: "Bollinger bands around a simple moving average, by the population deviation",
        inputs: Inputs::Chosen,
        parameters: &[
            period("period", 2.0, 20.0),
            factor("deviationsUp", 0.0, 100.0, 2.0),
            factor("deviationsDown", 0.0, 100.0, 2.0),
        ],
        outputs: &["upper", "middle", "lower"],
        ascending: None,
        source: "https://ta-lib.org/functions/bbands",
        code: talib!(bbands, bbands_open, bbands_lookback;
            (input) [integer, number, number, (MAType::SMA)] -> (upper, middle, lower)),
    },
];

/// The kind of that name.
pub fn find(name: &str) -> Option<&'static Kind> {
    CATALOGUE.iter().find(|kind| kind.name == name)
}
