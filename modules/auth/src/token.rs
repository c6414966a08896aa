use crate::{AuthSettings, cookie};
use axum::http::{HeaderMap, header};
use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// How many letters and digits a session's token has: 190 bits.
pub(crate) const LENGTH: usize = 32;

/// A session's token as somebody presents it; whether the session lives is not known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Presented {
    pub(crate) token: String,
    /// By cookie, else as bearer.
    pub(crate) by_cookie: bool,
}

impl Presented {
    /// The token that the request carries: as bearer, else in the cookie. What is not well signed is none.
    pub(crate) fn of(headers: &HeaderMap, settings: &AuthSettings, secure: bool) -> Option<Self> {
        match bearer(headers) {
            Some(bearer) => Self::by_bearer(&decoded(bearer), settings),
            None => {
                let value = decoded(cookie::find(headers, settings, secure, cookie::SESSION)?);
                let token = settings.signer.unsigned(&value)?.to_owned();
                Some(Self { token, by_cookie: true })
            }
        }
    }

    fn by_bearer(value: &str, settings: &AuthSettings) -> Option<Self> {
        let token = if value.contains('.') { settings.signer.unsigned(value)? } else { value };
        let sound = token.len() == LENGTH && token.bytes().all(|byte| byte.is_ascii_alphanumeric());
        sound.then(|| Self { token: token.to_owned(), by_cookie: false })
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, credentials) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| credentials.trim())
}

fn decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

/// What the database knows of a token.
pub(crate) fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}
