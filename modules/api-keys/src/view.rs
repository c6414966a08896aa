//! What the protocol shows of keys, and what we add to it.

use crate::{scopes::Scopes, store::Key};
use kit::Time;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

/// A key, without its secret. `tenantId`, `ipAllowlist` and `replacedBy` are not the protocol's but ours.
#[derive(Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ApiKey")]
pub(crate) struct KeyView {
    id: Uuid,
    /// Always `default`.
    config_id: &'static str,
    name: Option<String>,
    /// The first characters of the key, by which one knows it again.
    start: String,
    prefix: Option<String>,
    /// The user for whom it acts.
    reference_id: Uuid,
    enabled: bool,
    expires_at: Option<Time>,
    created_at: Time,
    updated_at: Time,
    /// When it was last used, written down a few seconds later.
    last_request: Option<Time>,
    /// How often it was used, written down a few seconds later.
    request_count: i64,
    /// How often it may still be used; `null`: as often as it likes.
    remaining: Option<i64>,
    /// Always `null`: uses are not refilled.
    refill_interval: Option<i64>,
    /// Always `null`.
    refill_amount: Option<i64>,
    /// Always `null`.
    last_refill_at: Option<Time>,
    /// Always `true`.
    rate_limit_enabled: bool,
    /// In milliseconds.
    rate_limit_time_window: i64,
    /// How often it may be used in the window.
    rate_limit_max: i32,
    /// What it may do at most; `null`: nothing.
    permissions: Option<Scopes>,
    /// Always `null`.
    metadata: Option<Map<String, Value>>,
    /// The tenant in which it acts.
    tenant_id: Uuid,
    /// The networks that it may be used from; `null`: any.
    ip_allowlist: Option<Vec<String>>,
    /// The key that takes its place, once it has been rotated.
    replaced_by: Option<Uuid>,
}

impl From<&Key> for KeyView {
    fn from(key: &Key) -> Self {
        let Key { name, start, prefix, permissions, ip_allowlist, .. } = key.clone();
        Self {
            id: key.id,
            config_id: "default",
            name,
            start,
            prefix,
            reference_id: key.user_id,
            enabled: key.enabled,
            expires_at: key.expires_at,
            created_at: key.created_at,
            updated_at: key.updated_at,
            last_request: key.last_request,
            request_count: key.request_count,
            remaining: key.remaining,
            refill_interval: None,
            refill_amount: None,
            last_refill_at: None,
            rate_limit_enabled: true,
            rate_limit_time_window: key.rate_limit_time_window,
            rate_limit_max: key.rate_limit_max,
            permissions: (!permissions.is_empty()).then(|| Scopes::of(&permissions)),
            metadata: None,
            tenant_id: key.tenant_id,
            ip_allowlist,
            replaced_by: key.replaced_by,
        }
    }
}

/// A new key.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ApiKeyCreated")]
pub(crate) struct CreatedView {
    /// The key itself, which is never shown again.
    pub(crate) key: String,
    #[serde(flatten)]
    pub(crate) about: KeyView,
}

/// The key that takes another's place.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ApiKeyRotated")]
pub(crate) struct RotatedView {
    #[serde(flatten)]
    pub(crate) created: CreatedView,
    /// The key whose place it takes, with the end of the overlap.
    pub(crate) previous: KeyView,
}

/// Keys of the user's.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ApiKeyList")]
pub(crate) struct ListView {
    pub(crate) api_keys: Vec<KeyView>,
    /// How many there are in all.
    pub(crate) total: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) offset: Option<usize>,
}

/// The key is gone.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ApiKeyDeleted")]
pub(crate) struct DeletedView {}
