//! The failures of the Better Auth protocol, by its own statuses, codes and words.

use axum::http::{HeaderName, HeaderValue, StatusCode, header::RETRY_AFTER};
use chrono::TimeDelta;
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
    invalid_password = BAD_REQUEST "INVALID_PASSWORD" "Invalid password";
    invalid_code = UNAUTHORIZED "INVALID_CODE" "Invalid code";
    invalid_backup_code = UNAUTHORIZED "INVALID_BACKUP_CODE" "Invalid backup code";
    invalid_two_factor_cookie = UNAUTHORIZED "INVALID_TWO_FACTOR_COOKIE" "Invalid two factor cookie";
    too_many_attempts = BAD_REQUEST "TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE" "Too many attempts. Please request a new code.";
    totp_already_enabled = BAD_REQUEST "TOTP_ALREADY_ENABLED" "TOTP is already enabled";
    totp_not_enabled = BAD_REQUEST "TOTP_NOT_ENABLED" "TOTP not enabled";
    otp_not_configured = BAD_REQUEST "OTP_NOT_CONFIGURED" "OTP is not available";
    two_factor_not_enabled = BAD_REQUEST "TWO_FACTOR_NOT_ENABLED" "Two factor isn't enabled";
    backup_codes_not_enabled = BAD_REQUEST "BACKUP_CODES_NOT_ENABLED" "Backup codes aren't enabled";
    bad_token = BAD_REQUEST "INVALID_TOKEN" "Invalid token";
    unknown_token = NOT_FOUND "INVALID_TOKEN" "Invalid token";
    no_session_to_delete = NOT_FOUND "FAILED_TO_GET_USER_INFO" "Failed to get user info";
    password_compromised = BAD_REQUEST "PASSWORD_COMPROMISED" "The password you entered is too common. Please choose another one.";
    email_can_not_be_updated = BAD_REQUEST "EMAIL_CAN_NOT_BE_UPDATED" "Email can not be updated";
    no_fields_to_update = BAD_REQUEST "NO_FIELDS_TO_UPDATE" "No fields to update";
    email_is_the_same = BAD_REQUEST "EMAIL_IS_THE_SAME" "Email is the same";
    sign_up_closed = FORBIDDEN "SIGN_UP_CLOSED" "Nobody can sign up at the moment";
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

/// 429 for an account that is locked for so long.
pub(crate) fn account_locked(wait: TimeDelta) -> Error {
    let message = "Too many failed verification attempts. Your account is temporarily locked. Please try again later.";
    let seconds = HeaderValue::from(wait.num_milliseconds().unsigned_abs().div_ceil(1000));
    Error::new(StatusCode::TOO_MANY_REQUESTS, "ACCOUNT_TEMPORARILY_LOCKED", message)
        .header(RETRY_AFTER, seconds.clone())
        .header(HeaderName::from_static("x-retry-after"), seconds)
}
