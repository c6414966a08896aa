//! The failures of the protocol's administration, by its own statuses, codes and words.

auth::failures! {
    user_not_found = NOT_FOUND "USER_NOT_FOUND" "User not found";
    invalid_email = BAD_REQUEST "INVALID_EMAIL" "Invalid email";
    address_taken = BAD_REQUEST "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL" "User already exists. Use another email.";
    unknown_role = BAD_REQUEST "YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE" "You are not allowed to set a non-existent role value";
    role_not_yours = FORBIDDEN "YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE" "You are not allowed to change users role";
    not_yourself_ban = BAD_REQUEST "YOU_CANNOT_BAN_YOURSELF" "You cannot ban yourself";
    not_yourself_remove = BAD_REQUEST "YOU_CANNOT_REMOVE_YOURSELF" "You cannot remove yourself";
    not_yourself_password = FORBIDDEN "YOU_ARE_NOT_ALLOWED_TO_SET_USERS_PASSWORD" "You are not allowed to set users password";
    not_yourself_email = FORBIDDEN "YOU_ARE_NOT_ALLOWED_TO_SET_USERS_EMAIL" "You are not allowed to update users email";
    not_administrators = FORBIDDEN "YOU_CANNOT_IMPERSONATE_ADMINS" "You cannot impersonate admins";
    nothing_to_update = BAD_REQUEST "NO_DATA_TO_UPDATE" "No data to update";
    password_elsewhere = BAD_REQUEST "PASSWORD_CANNOT_BE_UPDATED_VIA_UPDATE_USER" "Password cannot be updated through update-user. Use the set-user-password endpoint instead";
    id_stays = BAD_REQUEST "USER_ID_CANNOT_BE_UPDATED" "User id cannot be updated";
    second_factor_is_theirs = BAD_REQUEST "FIELD_NOT_ALLOWED" "twoFactorEnabled is not allowed to be set";
    no_permissions = BAD_REQUEST "BAD_REQUEST" "invalid permission check. no permission(s) were passed.";
}
