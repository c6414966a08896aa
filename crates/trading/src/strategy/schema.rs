//! The published schema of the language.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::MAX_SYMBOLS;
use super::document::{Declared, Document, Market, Outside, Rules, Scripted, shortest};
use super::kinds::{Dca, Grid, Rebalance};
use super::validate::MAX_NAME;
use crate::candle::Field;
use crate::indicator::{Inputs, Kind, Parameter, shapes};
use crate::money::Symbol;
use crate::time::Timeframe;

/// The JSON Schema (draft 2020-12) of a document. It says all that a schema can; what it cannot,
/// such as that every name is declared, [`Document::parse`] adds.
#[must_use]
pub fn schema() -> Value {
    SchemaSettings::draft2020_12().for_deserialize().into_generator().into_root_schema_for::<Document>().to_value()
}

/// One schema for each kind of bot, with the keys that all have in common.
impl JsonSchema for Document {
    fn schema_name() -> Cow<'static, str> {
        "Strategy".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let kinds = [
            kind::<Rules>("Rules", generator),
            kind::<Scripted>("Script", generator),
            kind::<GridBody>("Grid", generator),
            kind::<DcaBody>("Cost averaging", generator),
            kind::<RebalanceBody>("Rebalancing", generator),
            kind::<Outside>("Signals from outside", generator),
        ];
        json_schema!({"description": "A bot: its name, what it trades, and one of several kinds.", "oneOf": kinds})
    }
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema's view of a body")]
struct GridBody {
    grid: Grid,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema's view of a body")]
struct RebalanceBody {
    rebalance: Rebalance,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema's view of a body")]
struct DcaBody {
    dca: Dca,
}

/// The object of a body, with `name` and `market` in front.
fn kind<T: JsonSchema>(title: &str, generator: &mut SchemaGenerator) -> Value {
    let mut schema = T::json_schema(generator).to_value();
    let mut properties = serde_json::Map::new();
    let name = json!({
        "description": "What people call it.", "type": "string", "minLength": 1, "maxLength": MAX_NAME
    });
    properties.insert("name".to_owned(), name);
    properties.insert("market".to_owned(), generator.subschema_for::<Market>().to_value());
    if let Some(Value::Object(own)) = schema.get_mut("properties").map(Value::take) {
        properties.extend(own);
    }
    let mut required = vec![json!("name"), json!("market")];
    if let Some(Value::Array(own)) = schema.get_mut("required").map(Value::take) {
        required.extend(own);
    }
    schema["title"] = json!(title);
    schema["properties"] = Value::Object(properties);
    schema["required"] = Value::Array(required);
    schema
}

impl JsonSchema for Market {
    fn schema_name() -> Cow<'static, str> {
        "Market".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let symbol = generator.subschema_for::<Symbol>();
        json_schema!({
            "description": "What is traded, where, and on which candles: one `symbol`, or several `symbols` \
                            of one quote currency on one account.",
            "type": "object",
            "properties": {
                "exchange": {
                    "description": "The exchange's short name: lower-case letters, digits and `-`.",
                    "type": "string", "pattern": "^[a-z0-9-]{1,32}$"
                },
                "symbol": symbol,
                "symbols": {
                    "description": "Several symbols of one quote currency.",
                    "type": "array", "items": symbol, "minItems": 1, "maxItems": MAX_SYMBOLS, "uniqueItems": true
                },
                "timeframe": generator.subschema_for::<Timeframe>()
            },
            "required": ["exchange", "timeframe"],
            "oneOf": [{"required": ["symbol"]}, {"required": ["symbols"]}],
            "additionalProperties": false
        })
    }
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
