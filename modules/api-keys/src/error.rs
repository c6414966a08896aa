//! The failures of keys: the protocol's, and below them our own.

use axum::http::{HeaderName, HeaderValue, StatusCode, header::RETRY_AFTER};
use kit::Error;
use std::time::Duration;

auth::failures! {
    unauthorized_session = UNAUTHORIZED "UNAUTHORIZED_SESSION" "Unauthorized or invalid session";
    key_not_found = NOT_FOUND "KEY_NOT_FOUND" "API Key not found";
    server_only = BAD_REQUEST "SERVER_ONLY_PROPERTY" "The property you're trying to set can only be set from the server auth instance only.";
    metadata_disabled = BAD_REQUEST "METADATA_DISABLED" "Metadata is disabled.";
    expires_too_soon = BAD_REQUEST "EXPIRES_IN_IS_TOO_SMALL" "The expiresIn is smaller than the predefined minimum value.";
    expires_too_late = BAD_REQUEST "EXPIRES_IN_IS_TOO_LARGE" "The expiresIn is larger than the predefined maximum value.";
    invalid_name = BAD_REQUEST "INVALID_NAME_LENGTH" "The name length is either too large or too small.";
    invalid_prefix = BAD_REQUEST "INVALID_PREFIX_LENGTH" "The prefix length is either too large or too small.";
    nothing_to_update = BAD_REQUEST "NO_VALUES_TO_UPDATE" "No values to update.";
    malformed_key = FORBIDDEN "INVALID_API_KEY" "Invalid API key.";
    unknown_key = UNAUTHORIZED "INVALID_API_KEY" "Invalid API key.";
    key_disabled = UNAUTHORIZED "KEY_DISABLED" "API Key is disabled";
    key_expired = UNAUTHORIZED "KEY_EXPIRED" "API Key has expired";
    usage_exceeded = TOO_MANY_REQUESTS "USAGE_EXCEEDED" "API Key has reached its usage limit";
    banned_user = FORBIDDEN "BANNED_USER" "The user of this key has been banned.";
    address_not_allowed = FORBIDDEN "IP_NOT_ALLOWED" "The key may not be used from this address.";
    key_rotated = CONFLICT "KEY_ROTATED" "Another key has taken this one's place already.";
    too_many_keys = CONFLICT "TOO_MANY_KEYS" "You have as many keys as one may have; delete one first.";
}

/// 403: a key may not be given what its user does not hold.
pub(crate) fn not_held(permission: &str) -> Error {
    let message = format!("You cannot give a key the permission `{permission}`, which you do not hold.");
    Error::forbidden("INSUFFICIENT_API_KEY_PERMISSIONS", message).with("permission", permission)
}

/// 429: the key's own limit; come back after the wait.
pub(crate) fn rate_limited(wait: Duration) -> Error {
    let seconds = HeaderValue::from(wait.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX));
    Error::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", "Too many requests. Please try again later.")
        .header(RETRY_AFTER, seconds.clone())
        .header(HeaderName::from_static("x-retry-after"), seconds)
}
