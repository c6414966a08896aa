use schemars::JsonSchema;
use serde::Serialize;

/// Whether a connection works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema, sqlx::Type)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ConnectionStatus")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub(crate) enum Status {
    /// The exchange takes the key.
    Active,
    /// The exchange does not take the key, or the key may do what it should not.
    Refused,
    /// The exchange did not answer when it was last asked.
    Unreachable,
}

/// What has come of asking an exchange about a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It may be used.
    Sound,
    /// It may not.
    Refused,
    /// Nothing is known: there was no answer.
    Silent,
}

impl Status {
    /// The only transitions there are. Silence tells nothing of a key, so one that was refused stays so.
    pub(crate) const fn after(self, outcome: Outcome) -> Self {
        match (self, outcome) {
            (_, Outcome::Sound) => Self::Active,
            (_, Outcome::Refused) => Self::Refused,
            (Self::Refused, Outcome::Silent) => Self::Refused,
            (Self::Active | Self::Unreachable, Outcome::Silent) => Self::Unreachable,
        }
    }
}
