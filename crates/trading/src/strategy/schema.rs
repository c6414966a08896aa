//! The published schema of the language.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::document::Document;

/// The JSON Schema (draft 2020-12) of a strategy. It says all that a schema can; what it cannot,
/// such as that every name is declared, [`Document::parse`] adds.
#[must_use]
pub fn schema() -> Value {
    SchemaSettings::draft2020_12().for_deserialize().into_generator().into_root_schema_for::<Document>().to_value()
}
