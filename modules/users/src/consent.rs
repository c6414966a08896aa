use garde::Validate;
use kit::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a user may agree to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, sqlx::Type)]
#[serde(rename_all = "kebab-case")]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
#[schemars(rename = "ConsentKind")]
pub(crate) enum ConsentKind {
    /// The terms of use.
    Terms,
    /// The privacy policy.
    Privacy,
    /// Offers by mail and the like.
    Marketing,
    /// Statistics of use.
    Analytics,
    /// Passing data on to partners.
    DataSharing,
}

impl ConsentKind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Terms => "terms",
            Self::Privacy => "privacy",
            Self::Marketing => "marketing",
            Self::Analytics => "analytics",
            Self::DataSharing => "data-sharing",
        }
    }
}

/// Something that a user agreed to, or took back.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Consent {
    pub(crate) id: Uuid,
    pub(crate) kind: ConsentKind,
    /// The version of the text.
    pub(crate) version: String,
    /// `false`: taken back.
    pub(crate) granted: bool,
    pub(crate) at: Time,
    /// From where.
    pub(crate) ip: Option<String>,
    /// By what client.
    pub(crate) user_agent: Option<String>,
}

/// What a user agrees to or takes back.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ConsentInput {
    #[garde(skip)]
    pub(crate) kind: ConsentKind,
    /// The version of the text, such as `2026-11`.
    #[garde(length(chars, min = 1, max = 64))]
    pub(crate) version: String,
    /// `false` takes it back.
    #[garde(skip)]
    pub(crate) granted: bool,
}
