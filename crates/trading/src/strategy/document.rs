//! A strategy as a document that was checked.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Number, Value, json};

use super::condition::Condition;
use super::plan::{Guards, Plan, Protect, Sizing};
use crate::candle::Field;
use crate::indicator::{Indicator, Inputs, Kind, Parameter, shapes};
use crate::money::Symbol;
use crate::time::Timeframe;

/// A strategy: indicators, when to enter and to leave, how much to buy and what protects it.
///
/// There is none that breaks a rule: [`Document::parse`] is the only way to make one.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Strategy")]
pub struct Document {
    /// What people call it.
    #[schemars(length(min = 1, max = 100))]
    pub(super) name: String,
    pub(super) market: Market,
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
}

/// What is traded, where, and on which candles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Market {
    /// The exchange's short name: lower-case letters, digits and `-`.
    #[schemars(regex(pattern = "^[a-z0-9-]{1,32}$"))]
    pub exchange: String,
    /// Base and quote currency.
    pub symbol: Symbol,
    /// The candles on which the strategy decides.
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
        Plan { sizing: self.sizing, protect: self.protect.clone(), guards: self.guards.clone() }
    }

    /// The document as JSON, every indicator with all of its parameters.
    #[must_use]
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
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
fn shortest(value: f64) -> Option<Number> {
    let whole = value.fract() == 0.0 && value.abs() < 1e15;
    if whole { Some(Number::from(value as i64)) } else { Number::from_f64(value) }
}

impl JsonSchema for Declared {
    fn schema_name() -> Cow<'static, str> {
        "Indicator".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let kinds: Vec<Value> = shapes().iter().map(|kinds| shape_schema(kinds, generator)).collect();
        json_schema!({"description": "An indicator: its kind and that kind's parameters.", "oneOf": kinds})
    }
}

/// The schema of one kind, or of several patterns that are declared alike.
fn shape_schema(kinds: &[&Kind], generator: &mut SchemaGenerator) -> Value {
    let kind = kinds[0];
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name).collect();
    let (title, word) = match names[..] {
        [name] => (kind.title, json!({"const": name})),
        _ => ("Candlestick pattern", json!({"enum": names})),
    };
    let mut properties = serde_json::Map::new();
    properties.insert("kind".to_owned(), word);
    for parameter in kind.parameters {
        properties.insert(parameter.name.to_owned(), parameter_schema(parameter));
    }
    if kind.inputs == Inputs::Chosen {
        properties.insert("input".to_owned(), generator.subschema_for::<Field>().to_value());
    }
    properties.insert("timeframe".to_owned(), generator.subschema_for::<Timeframe>().to_value());
    json!({
        "title": title,
        "type": "object",
        "properties": properties,
        "required": ["kind"],
        "additionalProperties": false,
    })
}

fn parameter_schema(parameter: &Parameter) -> Value {
    json!({
        "type": if parameter.integer { "integer" } else { "number" },
        "minimum": shortest(parameter.minimum),
        "maximum": shortest(parameter.maximum),
        "default": shortest(parameter.default),
    })
}
