use crate::AuthSettings;
use axum::http::{HeaderMap, HeaderValue, header};
use chrono::TimeDelta;
use kit::{App, Result};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What `encodeURIComponent` leaves as it is.
pub(crate) const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

pub(crate) const SESSION: &str = "session_token";
const SESSION_DATA: &str = "session_data";
pub(crate) const DONT_REMEMBER: &str = "dont_remember";
/// Where an administrator's own session waits while they act as another.
pub(crate) const ADMIN_SESSION: &str = "admin_session";
const SECURE: &str = "__Secure-";

/// Whether cookies travel by https only.
pub(crate) fn is_secure(app: &App) -> bool {
    app.settings().base_url.starts_with("https://")
}

/// The value of a cookie, as it was sent.
pub(crate) fn find<'a>(headers: &'a HeaderMap, settings: &AuthSettings, secure: bool, name: &str) -> Option<&'a str> {
    let prefix = if secure { SECURE } else { "" };
    let ours = |pair: &'a str| {
        let rest = pair.trim_start().strip_prefix(prefix)?.strip_prefix(settings.cookie_prefix.as_str())?;
        rest.strip_prefix('.')?.strip_prefix(name)?.strip_prefix('=')
    };
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(';')).find_map(ours).map(|value| value.trim_end().trim_matches('"'))
}

/// Writes cookies, by the names that the settings give them.
pub struct Cookies<'a> {
    settings: &'a AuthSettings,
    secure: bool,
}

impl<'a> Cookies<'a> {
    /// By the settings of the program.
    pub fn of(app: &'a App) -> Result<Self> {
        Ok(Self { settings: app.the()?, secure: is_secure(app) })
    }

    /// The value of the cookie of a session, and of `set-auth-token`: `<token>.<signature>`, percent-encoded.
    pub(crate) fn value(&self, token: &str) -> String {
        utf8_percent_encode(&self.settings.signer.signed(token), COMPONENT).to_string()
    }

    /// What the `Cookie` header of an open session says.
    pub(crate) fn pair(&self, token: &str) -> String {
        format!("{}={}", self.name(SESSION), self.value(token))
    }

    fn name(&self, name: &str) -> String {
        format!("{}{}.{name}", if self.secure { SECURE } else { "" }, self.settings.cookie_prefix)
    }

    /// A signed cookie, for this long; without an age, until the browser ends.
    pub fn signed(&self, name: &str, text: &str, max_age: Option<TimeDelta>) -> Option<HeaderValue> {
        self.set(name, &self.value(text), max_age)
    }

    /// Takes a cookie away.
    pub fn expire(&self, name: &str) -> Option<HeaderValue> {
        self.set(name, "", Some(TimeDelta::zero()))
    }

    /// The cookies of an open session. A user who is not to be remembered has them until the browser ends.
    pub(crate) fn open(&self, token: &str, remembered: bool) -> Vec<HeaderValue> {
        let value = self.value(token);
        if remembered {
            return self.set(SESSION, &value, Some(self.settings.session_max_age)).into_iter().collect();
        }
        let dont_remember = self.signed(DONT_REMEMBER, "true", None);
        self.set(SESSION, &value, None).into_iter().chain(dont_remember).collect()
    }

    /// Takes every cookie of a session away.
    pub(crate) fn clear(&self) -> Vec<HeaderValue> {
        let cleared = [SESSION, SESSION_DATA, DONT_REMEMBER].map(|name| self.expire(name));
        cleared.into_iter().flatten().collect()
    }

    fn set(&self, name: &str, value: &str, max_age: Option<TimeDelta>) -> Option<HeaderValue> {
        let name = self.name(name);
        let age = max_age.map(|age| format!("Max-Age={}; ", age.num_seconds())).unwrap_or_default();
        let secure = if self.secure { "Secure; " } else { "" };
        let cookie = format!("{name}={value}; {age}Path=/; HttpOnly; {secure}SameSite=Lax");
        HeaderValue::try_from(cookie).ok()
    }
}
