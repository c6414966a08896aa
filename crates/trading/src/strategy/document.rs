//! A strategy as a document that was checked.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Number, Value};

use super::condition::Condition;
use super::kinds::{Dca, Grid, Rebalance};
use super::plan::{Guards, Orders, Plan, Protect, Sizing};
use super::script::Script;
use crate::candle::Field;
use crate::indicator::{Indicator, Inputs};
use crate::is_default;
use crate::money::Symbol;
use crate::time::Timeframe;

/// A bot as a document: its name, what it trades, and the body that says which kind of bot it is.
///
/// There is none that breaks a rule: [`Document::parse`] is the only way to make one. In JSON the
/// body's keys stand beside `name` and `market`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Document {
    pub(super) name: String,
    pub(super) market: Market,
    #[serde(flatten)]
    pub(super) body: Body,
}

/// What a bot does: one of several kinds.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Body {
    /// Round trips by conditions on indicators.
    Rules(Rules),
    /// Round trips by a script.
    Script(Scripted),
    /// Purchases and sales on the levels of a range.
    Grid {
        /// The range and its levels.
        grid: Grid,
    },
    /// Cost averaging.
    Dca {
        /// When to buy, how much, and when to sell.
        dca: Dca,
    },
    /// Several symbols at fixed weights.
    Rebalance {
        /// The weights, and when they are looked at.
        rebalance: Rebalance,
    },
    /// Round trips as somebody outside says.
    Signal(Outside),
}

/// How much to buy and what protects it, where entries and exits come from outside.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "OutsideSignals")]
pub struct Outside {
    /// Says that they do.
    signal: Empty,
    sizing: Sizing,
    #[schemars(default)]
    protect: Protect,
    #[schemars(default)]
    guards: Guards,
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(default)]
    orders: Orders,
}

/// An object without keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct Empty {}

/// Indicators, when to enter and to leave, how much to buy and what protects it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rules {
    /// Indicators by the ids that the conditions use: a letter, then letters, digits and `_`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(default)]
    pub(super) indicators: BTreeMap<String, Declared>,
    /// When to buy.
    pub(super) entry: Condition,
    /// When to sell; may be left out where `protect` sells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) exit: Option<Condition>,
    pub(super) sizing: Sizing,
    #[schemars(default)]
    pub(super) protect: Protect,
    #[schemars(default)]
    pub(super) guards: Guards,
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(default)]
    pub(super) orders: Orders,
}

/// Indicators, a script that enters and leaves by them, how much to buy and what protects it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scripted {
    /// Indicators by the ids that the script uses: a letter, then letters, digits and `_`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(default)]
    pub(super) indicators: BTreeMap<String, Declared>,
    pub(super) script: Script,
    pub(super) sizing: Sizing,
    #[schemars(default)]
    pub(super) protect: Protect,
    #[schemars(default)]
    pub(super) guards: Guards,
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(default)]
    pub(super) orders: Orders,
}

/// What is traded, where, and on which candles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Market {
    /// The exchange's short name: lower-case letters, digits and `-`.
    pub exchange: String,
    /// One to [`MAX_SYMBOLS`](super::MAX_SYMBOLS), no two alike, all of one quote currency.
    pub(super) symbols: Vec<Symbol>,
    /// The candles on which the bot decides.
    pub timeframe: Timeframe,
}

/// An indicator as a document declares it.
#[derive(Debug, Clone, PartialEq)]
pub struct Declared {
    /// What is computed.
    pub indicator: Indicator,
    /// Of which candles, where these are longer than the market's.
    pub timeframe: Option<Timeframe>,
}

impl Document {
    /// What people call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is traded, where, and on which candles.
    #[must_use]
    pub fn market(&self) -> &Market {
        &self.market
    }

    /// Which kind of bot it is, and all of that kind.
    #[must_use]
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// The rules, where that is its kind.
    #[must_use]
    pub fn rules(&self) -> Option<&Rules> {
        match &self.body {
            Body::Rules(rules) => Some(rules),
            _ => None,
        }
    }

    /// The indicators by their ids, where it is of a kind that has some.
    #[must_use]
    pub fn indicators(&self) -> Option<&BTreeMap<String, Declared>> {
        match &self.body {
            Body::Rules(rules) => Some(&rules.indicators),
            Body::Script(scripted) => Some(&scripted.indicators),
            _ => None,
        }
    }

    /// Sizing, protection and guards. A grid spends as much on each level; cost averaging begins
    /// with as much, and its target takes the profit.
    #[must_use]
    pub fn plan(&self) -> Plan {
        match &self.body {
            Body::Rules(rules) => rules.plan(),
            Body::Script(scripted) => scripted.plan(),
            Body::Grid { grid } => Plan::sized(Sizing::FixedQuote { quote: grid.quote }),
            Body::Dca { dca } => dca.plan(),
            Body::Rebalance { .. } => Plan::sized(Sizing::AllIn {}),
            Body::Signal(outside) => outside.plan(),
        }
    }

    /// The document as JSON, every indicator with all of its parameters.
    #[must_use]
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

impl Rules {
    /// The indicators by their ids.
    #[must_use]
    pub fn indicators(&self) -> &BTreeMap<String, Declared> {
        &self.indicators
    }

    /// When to buy.
    #[must_use]
    pub fn entry(&self) -> &Condition {
        &self.entry
    }

    /// When to sell, where a signal does.
    #[must_use]
    pub fn exit(&self) -> Option<&Condition> {
        self.exit.as_ref()
    }

    /// Everything but the signals.
    #[must_use]
    pub fn plan(&self) -> Plan {
        Plan { sizing: self.sizing, protect: self.protect.clone(), guards: self.guards.clone(), orders: self.orders }
    }
}

impl Outside {
    pub(super) fn new(plan: Plan) -> Self {
        let Plan { sizing, protect, guards, orders } = plan;
        Self { signal: Empty {}, sizing, protect, guards, orders }
    }

    fn plan(&self) -> Plan {
        Plan { sizing: self.sizing, protect: self.protect.clone(), guards: self.guards.clone(), orders: self.orders }
    }
}

impl Scripted {
    /// The indicators by their ids.
    #[must_use]
    pub fn indicators(&self) -> &BTreeMap<String, Declared> {
        &self.indicators
    }

    /// What decides.
    #[must_use]
    pub fn script(&self) -> &Script {
        &self.script
    }

    /// Everything but the signals.
    #[must_use]
    pub fn plan(&self) -> Plan {
        Plan { sizing: self.sizing, protect: self.protect.clone(), guards: self.guards.clone(), orders: self.orders }
    }
}

impl Market {
    /// Everything that is traded, in the order of the document.
    #[must_use]
    pub fn symbols(&self) -> &[Symbol] {
        &self.symbols
    }

    /// What is traded, where that is one symbol only.
    #[must_use]
    pub fn symbol(&self) -> Option<&Symbol> {
        match self.symbols.as_slice() {
            [symbol] => Some(symbol),
            _ => None,
        }
    }

    /// The currency that pays.
    #[must_use]
    pub fn quote(&self) -> &str {
        self.symbols.first().map_or("", Symbol::quote)
    }
}

/// `symbol` for one, `symbols` for several.
impl Serialize for Market {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("exchange", &self.exchange)?;
        match self.symbol() {
            Some(symbol) => map.serialize_entry("symbol", symbol)?,
            None => map.serialize_entry("symbols", &self.symbols)?,
        }
        map.serialize_entry("timeframe", &self.timeframe)?;
        map.end()
    }
}

/// Tells the first fault only; [`Document::parse`] tells all.
impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::parse(&value).map_err(|faults| match faults.first() {
            Some(fault) => de::Error::custom(fault),
            None => de::Error::custom("not a strategy"),
        })
    }
}

impl Serialize for Declared {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let kind = self.indicator.kind();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", kind.name)?;
        for (parameter, value) in kind.parameters.iter().zip(self.indicator.parameters()) {
            map.serialize_entry(parameter.name, &shortest(*value))?;
        }
        if kind.inputs == Inputs::Chosen {
            map.serialize_entry("input", &self.indicator.inputs().first().copied().unwrap_or(Field::Close))?;
        }
        if let Some(timeframe) = self.timeframe {
            map.serialize_entry("timeframe", &timeframe)?;
        }
        map.end()
    }
}

/// `20` rather than `20.0`.
#[expect(clippy::cast_possible_truncation, reason = "whole numbers below 2^53 only")]
pub(super) fn shortest(value: f64) -> Option<Number> {
    let whole = value.fract() == 0.0 && value.abs() < 1e15;
    if whole { Some(Number::from(value as i64)) } else { Number::from_f64(value) }
}
