//! The failures of the protocol around other platforms, by its own statuses, codes and words.

use kit::Error;

auth::failures! {
    provider_not_found = NOT_FOUND "PROVIDER_NOT_FOUND" "Provider not found";
    id_token_not_supported = NOT_FOUND "ID_TOKEN_NOT_SUPPORTED" "id_token not supported";
    invalid_token = UNAUTHORIZED "INVALID_TOKEN" "Invalid token";
    no_user_info = UNAUTHORIZED "FAILED_TO_GET_USER_INFO" "Failed to get user info";
    no_user_email = UNAUTHORIZED "USER_EMAIL_NOT_FOUND" "User email not found";
    banned_user = FORBIDDEN "BANNED_USER" "You have been banned from this application";
    email_not_verified = FORBIDDEN "EMAIL_NOT_VERIFIED" "Email not verified";
    account_taken = CONFLICT "SOCIAL_ACCOUNT_ALREADY_LINKED" "Social account already linked";
    linking_not_allowed = UNAUTHORIZED "LINKING_NOT_ALLOWED" "Account not linked - linking not allowed";
    other_address = UNAUTHORIZED "LINKING_DIFFERENT_EMAILS_NOT_ALLOWED" "Account not linked - different emails not allowed";
    last_account = BAD_REQUEST "FAILED_TO_UNLINK_LAST_ACCOUNT" "You can't unlink your last account";
    account_not_found = BAD_REQUEST "ACCOUNT_NOT_FOUND" "Account not found";
    no_access_token = BAD_REQUEST "ACCESS_TOKEN_NOT_FOUND" "Access token not found";
    no_refresh_token = BAD_REQUEST "REFRESH_TOKEN_NOT_FOUND" "Refresh token not found";
    token_not_valid = BAD_REQUEST "FAILED_TO_GET_ACCESS_TOKEN" "Failed to get a valid access token";
    token_not_refreshed = BAD_REQUEST "FAILED_TO_REFRESH_ACCESS_TOKEN" "Failed to refresh access token";
    provider_not_configured = BAD_REQUEST "PROVIDER_NOT_CONFIGURED" "Account is not associated with a configured social provider.";
}

/// 401 for an account that cannot be brought together with a user.
pub(crate) fn not_linked(why: &str) -> Error {
    Error::new(axum::http::StatusCode::UNAUTHORIZED, "OAUTH_LINK_ERROR", why.replace('_', " "))
}

/// 400 for an account at a platform that is not, or no longer, one of ours.
pub(crate) fn not_supported(provider: &str) -> Error {
    Error::bad_request("PROVIDER_NOT_SUPPORTED", format!("Provider {provider} is not supported."))
}
