use crate::{error, provider::Refusal};
use kit::Error;
use std::borrow::Cow;

/// Why somebody who comes back is not let in.
#[derive(Debug)]
pub(crate) enum Setback {
    /// What the page is told that they go on to, by the protocol's names.
    Told(Cow<'static, str>, Option<String>),
    /// It is our own fault.
    Broken(Error),
}

impl Setback {
    pub(crate) const fn told(code: &'static str) -> Self {
        Self::Told(Cow::Borrowed(code), None)
    }

    /// The same for a caller who waits for an answer instead of a page.
    pub(crate) fn into_error(self) -> Error {
        let code = match self {
            Self::Broken(error) => return error,
            Self::Told(code, _) => code,
        };
        match code.as_ref() {
            "banned" => error::banned_user(),
            "email_not_found" => error::no_user_email(),
            "email_not_verified" => error::email_not_verified(),
            "unable_to_link_account" => error::linking_not_allowed(),
            "email_does_not_match" => error::other_address(),
            "account_already_linked_to_different_user" => error::account_taken(),
            other => error::not_linked(other),
        }
    }
}

impl From<Error> for Setback {
    fn from(error: Error) -> Self {
        match error.code() {
            "BANNED_USER" => Self::Told("banned".into(), Some(error.message().to_owned())),
            "USER_ALREADY_EXISTS" => Self::told("unable_to_create_user"),
            "PROVIDER_NOT_FOUND" => Self::told("oauth_provider_not_found"),
            _ => Self::Broken(error),
        }
    }
}

impl From<Refusal> for Setback {
    fn from(refusal: Refusal) -> Self {
        tracing::warn!("sign-in by another platform: {refusal}");
        Self::told(refusal.code())
    }
}
