use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Serialize;

/// A setting that people change while the platform runs, as the module declares it that acts by it.
#[derive(Clone, Copy, Debug)]
pub struct Declaration {
    /// `module.what`, such as `invitations.valid-hours`.
    pub name: &'static str,
    /// Where it may be set. The last level that has a value decides, else the preset.
    pub levels: &'static [Level],
    /// What it may be.
    pub values: Values,
    /// What it is while nobody has set it.
    pub preset: Preset,
    /// What it does.
    pub description: &'static str,
}

/// Whose a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "SettingLevel")]
pub enum Level {
    /// The platform's.
    System,
    /// A tenant's.
    Tenant,
    /// A user's.
    User,
}

/// What a setting may be.
#[derive(Clone, Copy, Debug)]
pub enum Values {
    Truth,
    Integer {
        least: i64,
        most: i64,
    },
    /// On the wire a text.
    Decimal {
        least: Decimal,
        most: Decimal,
    },
    /// A text of so many characters at most.
    Text {
        most: usize,
    },
    /// One of these.
    Choice(&'static [&'static str]),
    /// So many texts at most, each of so many characters at most.
    Texts {
        most: usize,
        length: usize,
    },
    /// By http or https.
    WebAddress,
    Email,
    /// A text of so many characters at most that is sealed and never shown.
    Secret {
        most: usize,
    },
}

/// What a setting is while nobody has set it.
#[derive(Clone, Copy, Debug)]
pub enum Preset {
    Nothing,
    Truth(bool),
    Integer(i64),
    Decimal(Decimal),
    Text(&'static str),
    Texts(&'static [&'static str]),
}
