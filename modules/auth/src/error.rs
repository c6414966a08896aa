//! The failures of the Better Auth protocol, by its own statuses, codes and words.

use axum::http::StatusCode;
use kit::Error;

/// Functions that make failures of the protocol, each by its status, code and sentence:
/// `failures! { key_not_found = NOT_FOUND "KEY_NOT_FOUND" "API key not found"; }`.
#[macro_export]
macro_rules! failures {
    ($($name:ident = $status:ident $code:literal $message:literal;)*) => {$(
        pub(crate) fn $name() -> kit::Error {
            kit::Error::new(axum::http::StatusCode::$status, $code, $message)
        }
    )*};
}

failures! {
    unauthorized = UNAUTHORIZED "UNAUTHORIZED" "Unauthorized";
    broken_json = BAD_REQUEST "BAD_REQUEST" "Invalid JSON in request body";
    unsupported_media_type = UNSUPPORTED_MEDIA_TYPE "UNSUPPORTED_MEDIA_TYPE" "Send `Content-Type: application/json`.";
    invalid_origin = FORBIDDEN "INVALID_ORIGIN" "Invalid origin";
    missing_origin = FORBIDDEN "MISSING_OR_NULL_ORIGIN" "Missing or null Origin";
    cross_site = FORBIDDEN "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED" "Cross-site navigation login blocked. This request appears to be a CSRF attack.";
    invalid_email = BAD_REQUEST "INVALID_EMAIL" "Invalid email";
    invalid_email_or_password = UNAUTHORIZED "INVALID_EMAIL_OR_PASSWORD" "Invalid email or password";
    banned_user = FORBIDDEN "BANNED_USER" "You have been banned from this application";
    email_not_verified = FORBIDDEN "EMAIL_NOT_VERIFIED" "Email not verified";
    email_mismatch = BAD_REQUEST "EMAIL_MISMATCH" "Email mismatch";
    email_already_verified = BAD_REQUEST "EMAIL_ALREADY_VERIFIED" "Email is already verified";
    password_too_short = BAD_REQUEST "PASSWORD_TOO_SHORT" "Password too short";
    password_too_long = BAD_REQUEST "PASSWORD_TOO_LONG" "Password too long";
    session_not_fresh = FORBIDDEN "SESSION_NOT_FRESH" "Session is not fresh";
    invalid_token = UNAUTHORIZED "INVALID_TOKEN" "Invalid token";
    token_expired = UNAUTHORIZED "TOKEN_EXPIRED" "Token expired";
    not_impersonating = BAD_REQUEST "NOT_IMPERSONATING" "You are not impersonating anyone";
    admin_session_not_found = UNAUTHORIZED "ADMIN_SESSION_NOT_FOUND" "Failed to find admin session";
    address_taken = CONFLICT "USER_ALREADY_EXISTS" "Somebody has this address already.";
}

/// 400 for one field of the body or the query: `[body.email] Invalid email address`.
pub fn invalid(place: &str, field: &str, message: &str) -> Error {
    let path = if field.is_empty() { place.to_owned() } else { format!("{place}.{field}") };
    Error::new(StatusCode::BAD_REQUEST, "VALIDATION_ERROR", format!("[{path}] {message}"))
}

/// 400 for a field that is not the caller's to set.
pub(crate) fn not_allowed(field: &str) -> Error {
    Error::new(StatusCode::BAD_REQUEST, "FIELD_NOT_ALLOWED", format!("{field} is not allowed to be set"))
}
