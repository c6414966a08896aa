//! What is asked for, and how it is read.

use crate::{error, identify::LONGEST_PREFIX, limit::Limit, scopes::Scopes};
use auth::protocol::{Form, invalid};
use chrono::TimeDelta;
use garde::Validate;
use kit::{Result, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A key that is to be made. The protocol leaves `permissions` and the rate limit to its server; here the user sets
/// them too, since a key that nobody can give a permission is of no use to a bot. `ipAllowlist` is ours.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ApiKeyCreate")]
pub(crate) struct CreateKey {
    /// What it is for: 1 to 32 characters.
    #[garde(length(chars, max = 1000))]
    pub(crate) name: Option<String>,
    /// How long it is to live, in seconds: a day to a year; left out, until it is deleted.
    #[garde(inner(range(min = 1)))]
    pub(crate) expires_in: Option<i64>,
    /// What it is to begin with: up to 32 letters, digits, `_` and `-`.
    #[garde(length(max = 1000), inner(custom(is_prefix)))]
    pub(crate) prefix: Option<String>,
    /// What it may do at most, of what the user holds: actions by resource.
    #[garde(skip)]
    pub(crate) permissions: Option<Scopes>,
    /// Up to 20 addresses and networks that it may be used from; left out, any.
    #[garde(length(max = 100), inner(inner(length(max = 64))))]
    pub(crate) ip_allowlist: Option<Vec<String>>,
    /// How often it may be used in the window; left out, 1200 times.
    #[garde(skip)]
    pub(crate) rate_limit_max: Option<i32>,
    /// The window in milliseconds; left out, a minute.
    #[garde(skip)]
    pub(crate) rate_limit_time_window: Option<i64>,
    #[serde(flatten)]
    #[garde(skip)]
    pub(crate) server_only: ServerOnly,
    /// Refused: keys have no metadata.
    #[garde(skip)]
    pub(crate) metadata: Option<Value>,
    /// The user themselves, if anybody.
    #[garde(length(max = 100))]
    pub(crate) user_id: Option<String>,
}

/// What of a key is to change; what is left out stays, what is `null` is taken away.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ApiKeyUpdate")]
pub(crate) struct UpdateKey {
    #[garde(length(max = 100))]
    pub(crate) key_id: String,
    /// What it is for: 1 to 32 characters.
    #[garde(length(chars, max = 1000))]
    pub(crate) name: Option<String>,
    /// Whether it may be used.
    #[garde(skip)]
    pub(crate) enabled: Option<bool>,
    /// How long it is to live from now on, in seconds: a day to a year; `null`: until it is deleted.
    #[serde(default, deserialize_with = "given")]
    #[garde(inner(inner(range(min = 1))))]
    pub(crate) expires_in: Option<Option<i64>>,
    /// What it may do at most, of what the user holds: actions by resource.
    #[serde(default, deserialize_with = "given")]
    #[garde(skip)]
    pub(crate) permissions: Option<Option<Scopes>>,
    /// Up to 20 addresses and networks that it may be used from; `null`: any.
    #[serde(default, deserialize_with = "given")]
    #[garde(inner(inner(length(max = 100), inner(length(max = 64)))))]
    pub(crate) ip_allowlist: Option<Option<Vec<String>>>,
    /// How often it may be used in the window.
    #[garde(skip)]
    pub(crate) rate_limit_max: Option<i32>,
    /// The window in milliseconds.
    #[garde(skip)]
    pub(crate) rate_limit_time_window: Option<i64>,
    #[serde(flatten)]
    #[garde(skip)]
    pub(crate) server_only: ServerOnly,
    /// The user themselves, if anybody.
    #[garde(length(max = 100))]
    pub(crate) user_id: Option<String>,
}

/// What only the server may set.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServerOnly {
    /// Refused: only the server sets it.
    remaining: Option<Value>,
    /// Refused: only the server sets it.
    refill_amount: Option<Value>,
    /// Refused: only the server sets it.
    refill_interval: Option<Value>,
    /// Only `true`: every key has a limit.
    rate_limit_enabled: Option<bool>,
}

/// Which key is to be ended.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ApiKeyDelete")]
pub(crate) struct DeleteKey {
    #[garde(length(max = 100))]
    pub(crate) key_id: String,
}

/// Which key is to be replaced by another like it.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ApiKeyRotate")]
pub(crate) struct RotateKey {
    #[garde(length(max = 100))]
    pub(crate) key_id: String,
    /// How long the old key may still be used, at most a week; left out, a day.
    #[garde(inner(range(min = 0, max = 604_800)))]
    pub(crate) overlap_seconds: Option<i64>,
}

/// Which key is to be shown.
#[derive(Deserialize, JsonSchema, Validate)]
pub(crate) struct GetKey {
    #[garde(length(max = 100))]
    pub(crate) id: String,
}

/// Which keys are to be listed, and in which order.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListKeys {
    /// So many at most.
    #[serde(default, deserialize_with = "number")]
    #[garde(skip)]
    pub(crate) limit: Option<usize>,
    /// Without the first so many.
    #[serde(default, deserialize_with = "number")]
    #[garde(skip)]
    pub(crate) offset: Option<usize>,
    /// `createdAt`, `updatedAt`, `name`, `expiresAt`, `lastRequest` or `requestCount`.
    #[garde(length(max = 50))]
    pub(crate) sort_by: Option<String>,
    /// `asc` or `desc`.
    #[garde(inner(custom(is_direction)))]
    pub(crate) sort_direction: Option<String>,
}

impl Form for CreateKey {}
impl Form for UpdateKey {}
impl Form for DeleteKey {}
impl Form for RotateKey {}
impl Form for GetKey {}
impl Form for ListKeys {}

impl ServerOnly {
    /// # Errors
    /// 400 `SERVER_ONLY_PROPERTY` where one is set.
    pub(super) fn refuse(&self) -> Result<()> {
        let uses = [&self.remaining, &self.refill_amount, &self.refill_interval];
        let set = uses.iter().any(|it| it.is_some()) || self.rate_limit_enabled == Some(false);
        if set { Err(error::server_only()) } else { Ok(()) }
    }

    /// Whether something is said that is not refused.
    pub(super) fn says_something(&self) -> bool {
        self.rate_limit_enabled.is_some()
    }
}

/// A name of a length that the protocol allows.
pub(super) fn name(name: &str) -> Result<String> {
    if (1..=32).contains(&name.chars().count()) { Ok(name.to_owned()) } else { Err(error::invalid_name()) }
}

/// A prefix of a length that the protocol allows.
pub(super) fn prefix(prefix: &str) -> Result<String> {
    if prefix.len() <= LONGEST_PREFIX { Ok(prefix.to_owned()) } else { Err(error::invalid_prefix()) }
}

/// When a life of so many seconds ends.
pub(super) fn end(seconds: i64, now: Time) -> Result<Time> {
    match TimeDelta::try_seconds(seconds) {
        Some(life) if life < TimeDelta::days(1) => Err(error::expires_too_soon()),
        Some(life) if life <= TimeDelta::days(365) => Ok(now + life),
        _ => Err(error::expires_too_late()),
    }
}

/// The limit with what is given of it changed.
pub(super) fn limit(most: Option<i32>, window: Option<i64>, present: Limit) -> Result<Limit> {
    let limit = Limit { most: most.unwrap_or(present.most), window: window.unwrap_or(present.window) };
    let place = if most.is_some() { "rateLimitMax" } else { "rateLimitTimeWindow" };
    let bounds = "Invalid input: expected at most 6000 in a window of a second to a day, and at most 6000 a minute";
    if limit.is_sound() { Ok(limit) } else { Err(invalid("body", place, bounds)) }
}

fn is_prefix(text: &str, (): &()) -> garde::Result {
    let sound =
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    let message = "Invalid prefix format, must be alphanumeric and contain only underscores and hyphens.";
    if sound { Ok(()) } else { Err(garde::Error::new(message)) }
}

fn is_direction(text: &str, (): &()) -> garde::Result {
    if matches!(text, "asc" | "desc") { Ok(()) } else { Err(garde::Error::new("expected `asc` or `desc`")) }
}

/// What may be left out, and may be `null`.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// A number, which a query can only spell.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    let number = text.map(|text| text.parse()).transpose();
    number.map_err(|_| serde::de::Error::custom("Invalid input: expected number, received NaN"))
}
