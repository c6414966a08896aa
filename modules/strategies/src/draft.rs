use garde::Validate;
use kit::{Error, Fault, Result};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;
use trading::strategy::Document;

/// A strategy document as somebody wrote it, which may still break every rule.
#[derive(Clone, Debug, Deserialize, Validate)]
#[serde(transparent)]
#[garde(allow_unvalidated)]
pub struct Draft(pub Value);

impl Draft {
    /// The document, if it keeps every rule.
    ///
    /// # Errors
    /// 422 with every fault by its path.
    pub fn document(&self) -> Result<Document> {
        Document::parse(&self.0).map_err(|found| Error::faults(faults(found)))
    }
}

/// To the API's client a draft is a strategy.
impl JsonSchema for Draft {
    fn inline_schema() -> bool {
        Document::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        Document::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        Document::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Document::json_schema(generator)
    }
}

/// The faults of a document as the API tells them.
pub fn faults(found: Vec<trading::strategy::Fault>) -> Vec<Fault> {
    found.into_iter().map(|fault| Fault::new(fault.path, fault.code, fault.message)).collect()
}
