use crate::{store::Version, values};
use kit::{Declaration, Level, Time};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

/// A setting as it holds.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Setting")]
pub(crate) struct SettingView {
    name: &'static str,
    /// The level that was asked for.
    level: Level,
    description: &'static str,
    /// What holds; never shown of a secret.
    value: Option<Value>,
    /// Which level it comes from; `null` for the preset.
    source: Option<Level>,
    /// What holds while nobody has set it.
    default: Option<Value>,
    /// Whether it is sealed and never shown.
    secret: bool,
    /// Whether it is set at this level.
    is_set: bool,
    /// How often it was changed at this level: to be told with the next change, so that nobody else's is lost.
    version: i32,
    changed_at: Option<Time>,
    changed_by: Option<Uuid>,
}

impl SettingView {
    /// A setting by what was set of it: at this level, and where its value comes from.
    pub(super) fn new(
        setting: &'static Declaration,
        level: Level,
        own: Option<&Version>,
        source: Option<(Level, &Version)>,
    ) -> Self {
        let secret = values::is_secret(setting);
        let default = Some(values::preset(setting)).filter(|it| !it.is_null());
        Self {
            name: setting.name,
            level,
            description: setting.description,
            value: source.map_or_else(|| default.clone(), |(_, it)| it.value.clone()),
            source: source.map(|(level, _)| level),
            default,
            secret,
            is_set: own.is_some_and(Version::is_set),
            version: own.map_or(0, |it| it.version),
            changed_at: own.map(|it| it.changed_at),
            changed_by: own.and_then(|it| it.changed_by),
        }
    }
}

/// A setting as it was set once.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SettingVersion {
    pub(crate) version: i32,
    /// What it was set to; never shown of a secret.
    value: Option<Value>,
    /// Whether it was set, or taken back.
    is_set: bool,
    changed_at: Time,
    changed_by: Option<Uuid>,
}

impl From<Version> for SettingVersion {
    fn from(version: Version) -> Self {
        Self {
            version: version.version,
            is_set: version.is_set(),
            value: version.value,
            changed_at: version.changed_at,
            changed_by: version.changed_by,
        }
    }
}

/// What a setting may be.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SettingSchema {
    name: &'static str,
    description: &'static str,
    /// Where it may be set: the user's value holds before the tenant's, that before the platform's.
    levels: &'static [Level],
    /// What holds while nobody has set it.
    default: Option<Value>,
    /// Whether it is sealed and never shown.
    secret: bool,
    /// The JSON Schema of its values.
    schema: Value,
}

impl From<&'static Declaration> for SettingSchema {
    fn from(setting: &'static Declaration) -> Self {
        Self {
            name: setting.name,
            description: setting.description,
            levels: setting.levels,
            default: Some(values::preset(setting)).filter(|it| !it.is_null()),
            secret: values::is_secret(setting),
            schema: values::schema(setting),
        }
    }
}

/// What the audit trail knows of a setting.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Trace {
    version: i32,
    is_set: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
}

impl From<&Version> for Trace {
    fn from(version: &Version) -> Self {
        Self { version: version.version, is_set: version.is_set(), value: version.value.clone() }
    }
}
