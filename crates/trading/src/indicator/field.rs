//! The names of candle fields.

use std::borrow::Cow;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

use crate::candle::Field;

/// A word that names no field of a candle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected one of open, high, low, close, volume, typical, hl2")]
pub struct UnknownField;

impl Field {
    /// Every field that a strategy can name.
    pub const ALL: [Self; 7] = [Self::Open, Self::High, Self::Low, Self::Close, Self::Volume, Self::Typical, Self::Hl2];

    /// Every field that an indicator can read, in the order of their discriminants.
    pub const INPUTS: [Self; 8] = {
        let [open, high, low, close, volume, typical, hl2] = Self::ALL;
        [open, high, low, close, volume, typical, hl2, Self::OpenTime]
    };

    /// The word in a strategy and in the catalogue.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::High => "high",
            Self::Low => "low",
            Self::Close => "close",
            Self::Volume => "volume",
            Self::Typical => "typical",
            Self::Hl2 => "hl2",
            Self::OpenTime => "openTime",
        }
    }
}

impl FromStr for Field {
    type Err = UnknownField;

    fn from_str(word: &str) -> Result<Self, UnknownField> {
        Self::ALL.into_iter().find(|field| field.as_str() == word).ok_or(UnknownField)
    }
}

impl Serialize for Field {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl JsonSchema for Field {
    fn schema_name() -> Cow<'static, str> {
        "Field".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A field of a candle.",
            "type": "string", "enum": Self::ALL.map(Self::as_str)
        })
    }
}
