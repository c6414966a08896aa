//! The failures of the protocol's passkeys, by its own statuses, codes and words.

auth::failures! {
    challenge_not_found = BAD_REQUEST "CHALLENGE_NOT_FOUND" "Challenge not found";
    not_yours_to_register = UNAUTHORIZED "YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY" "You are not allowed to register this passkey";
    registration_failed = BAD_REQUEST "FAILED_TO_VERIFY_REGISTRATION" "Failed to verify registration";
    previously_registered = BAD_REQUEST "PREVIOUSLY_REGISTERED" "Previously registered";
    too_many = CONFLICT "TOO_MANY_PASSKEYS" "You have as many passkeys as there may be; remove one first.";
    not_found = NOT_FOUND "PASSKEY_NOT_FOUND" "Passkey not found";
    unknown = UNAUTHORIZED "PASSKEY_NOT_FOUND" "Passkey not found";
    authentication_failed = BAD_REQUEST "AUTHENTICATION_FAILED" "Authentication failed";
    badly_signed = UNAUTHORIZED "AUTHENTICATION_FAILED" "Authentication failed";
    no_domain = CONFLICT "PASSKEYS_NEED_A_DOMAIN" "Passkeys belong to a domain name, but the platform is reached by a bare address.";
}
