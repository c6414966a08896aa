//! One entry of the catalogue, and the words in which entries are written.

use serde::Serialize;

use super::LONGEST;
use crate::candle::Field;
use crate::indicator::talib::Code;

/// One kind of indicator.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Kind {
    /// The word in a strategy, e.g. `sma`.
    pub name: &'static str,
    /// The name in English.
    pub title: &'static str,
    /// What it tells of.
    pub group: Group,
    /// What it reads.
    pub inputs: Inputs,
    /// What one can set, in the order of the values of [`Indicator::parameters`](crate::indicator::Indicator::parameters).
    pub parameters: &'static [Parameter],
    /// Names of the outputs, in order. An operand must name one where there are several.
    pub outputs: &'static [&'static str],
    /// One for each output, or one for all: see [`Kind::drawing`].
    #[serde(skip)]
    pub(super) drawings: &'static [Drawing],
    /// Two parameters by index, the first of which must be the smaller.
    #[serde(skip)]
    pub ascending: Option<(usize, usize)>,
    /// Whether a value depends on all candles before it, so that it drifts with where they begin.
    pub recursive: bool,
    /// Where there is no value (NaN) even after the warm-up.
    pub nothing_where: Option<&'static str>,
    /// What is computed: words and simple mathematics, in Markdown.
    pub formula: &'static str,
    /// Where the formula is written.
    pub source: &'static str,
    #[serde(skip)]
    pub(in crate::indicator) code: Code,
}

/// What an indicator tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Group {
    /// Where prices go, and whether they go anywhere.
    Trend,
    /// How fast they go.
    Momentum,
    /// How wide they swing.
    Volatility,
    /// What is traded.
    Volume,
    /// Candles summed up in other ways.
    Price,
    /// Candles of a shape that people know by name.
    Pattern,
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

/// How an output is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drawing {
    /// Whether it is a price, to be drawn over the candles, and not a figure with an axis of its own.
    pub overlay: bool,
    /// What it is never below, where that is known.
    pub minimum: Option<f64>,
    /// What it is never above, where that is known.
    pub maximum: Option<f64>,
}

/// A period of up to [`LONGEST`] candles.
pub(super) const fn period(name: &'static str, minimum: f64, default: f64) -> Parameter {
    whole(name, minimum, LONGEST, default)
}

/// A window that is gone through anew at every candle, so that it must be short.
pub(super) const fn window(name: &'static str, minimum: f64, default: f64) -> Parameter {
    whole(name, minimum, 1_000.0, default)
}

pub(super) const fn whole(name: &'static str, minimum: f64, maximum: f64, default: f64) -> Parameter {
    Parameter { name, integer: true, minimum, maximum, default }
}

pub(super) const fn factor(name: &'static str, minimum: f64, maximum: f64, default: f64) -> Parameter {
    Parameter { name, integer: false, minimum, maximum, default }
}

pub(super) const HIGH_LOW: &[Field] = &[Field::High, Field::Low];
pub(super) const RANGE: &[Field] = &[Field::High, Field::Low, Field::Close];
pub(super) const RANGE_VOLUME: &[Field] = &[Field::High, Field::Low, Field::Close, Field::Volume];
pub(super) const CANDLE: &[Field] = &[Field::Open, Field::High, Field::Low, Field::Close];
pub(super) const BODY: &[Field] = &[Field::Open, Field::Close];
pub(super) const CLOSE_VOLUME: &[Field] = &[Field::Close, Field::Volume];
pub(super) const VOLUME: &[Field] = &[Field::Volume];

/// In a pane of its own, and of any size.
pub(super) const FREE: Drawing = Drawing { overlay: false, minimum: None, maximum: None };
/// Over the candles.
pub(super) const PRICE: Drawing = Drawing { overlay: true, ..FREE };
/// Never below nought.
pub(super) const POSITIVE: Drawing = Drawing { minimum: Some(0.0), ..FREE };
/// From 0 to 100.
pub(super) const PERCENT: Drawing = within(0.0, 100.0);
/// What a pattern tells.
pub(super) const SIGNAL: Drawing = within(-200.0, 200.0);
/// From −100 to 100.
pub(super) const BALANCE: Drawing = within(-100.0, 100.0);

pub(super) const fn within(minimum: f64, maximum: f64) -> Drawing {
    Drawing { minimum: Some(minimum), maximum: Some(maximum), ..FREE }
}

impl Code {
    /// A kind with one output in a pane of its own, which reads a field that the strategy chooses
    /// and has no parameters.
    pub(super) const fn kind(self, name: &'static str, group: Group, title: &'static str) -> Kind {
        Kind {
            name,
            title,
            group,
            inputs: Inputs::Chosen,
            parameters: &[],
            outputs: &["value"],
            drawings: &[FREE],
            ascending: None,
            recursive: false,
            nothing_where: None,
            formula: "",
            source: self.source,
            code: self,
        }
    }
}

impl Kind {
    /// How output `index` is drawn.
    pub fn drawing(&self, index: usize) -> Drawing {
        self.drawings.get(index).or(self.drawings.first()).copied().unwrap_or(FREE)
    }

    /// How many candles pass before the first value with these values of the parameters.
    pub fn warm_up(&self, parameters: &[f64]) -> usize {
        (self.code.lookback)(parameters).unwrap_or(usize::MAX)
    }

    /// The values of the parameters where a strategy gives none.
    pub fn defaults(&self) -> Vec<f64> {
        self.parameters.iter().map(|parameter| parameter.default).collect()
    }

    pub(super) const fn reads(self, fields: &'static [Field]) -> Self {
        Self { inputs: Inputs::Fixed(fields), ..self }
    }

    pub(super) const fn parameters(self, parameters: &'static [Parameter]) -> Self {
        Self { parameters, ..self }
    }

    pub(super) const fn outputs(self, outputs: &'static [&'static str]) -> Self {
        Self { outputs, ..self }
    }

    pub(super) const fn drawn(self, drawings: &'static [Drawing]) -> Self {
        Self { drawings, ..self }
    }

    pub(super) const fn ascending(self, smaller: usize, larger: usize) -> Self {
        Self { ascending: Some((smaller, larger)), ..self }
    }

    pub(super) const fn recursive(self) -> Self {
        Self { recursive: true, ..self }
    }

    pub(super) const fn nothing_where(self, nothing_where: &'static str) -> Self {
        Self { nothing_where: Some(nothing_where), ..self }
    }

    pub(super) const fn formula(self, formula: &'static str) -> Self {
        Self { formula, ..self }
    }
}
