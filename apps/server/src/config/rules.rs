//! What the values of settings may be: each rule reads a text into its type or says what is wrong with it.

use std::borrow::Cow;
use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use tracing_subscriber::EnvFilter;
use url::Url;

use super::Secret;
use super::table::is_loopback;

/// The longest value of any setting, in bytes.
pub(super) const LONGEST: usize = 8 * 1024;

type Problem = Cow<'static, str>;

/// Reads the text of a setting.
pub(super) trait Rule {
    /// What the text is read into.
    type Value;

    /// What the setting takes, to stand after "expected".
    fn expected(&self) -> String;

    /// The value, or what is wrong with the text, to stand after it. The problem of a secret does not quote it.
    fn read(&self, text: &str) -> Result<Self::Value, Problem>;

    /// Whether the text is never shown.
    fn secret(&self) -> bool {
        false
    }
}

/// A whole number within bounds.
pub(super) struct Whole<T>(pub(super) RangeInclusive<T>);

impl<T: FromStr + PartialOrd + Display> Rule for Whole<T> {
    type Value = T;

    fn expected(&self) -> String {
        format!("a whole number from {} to {}", self.0.start(), self.0.end())
    }

    fn read(&self, text: &str) -> Result<T, Problem> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err("is not a whole number".into());
        }
        let value = text.parse().map_err(|_| "is too large")?;
        match value {
            value if value < *self.0.start() => Err("is too small".into()),
            value if value > *self.0.end() => Err("is too large".into()),
            value => Ok(value),
        }
    }
}

/// A time in whole seconds.
pub(super) struct Seconds(pub(super) RangeInclusive<u64>);

impl Rule for Seconds {
    type Value = Duration;

    fn expected(&self) -> String {
        format!("whole seconds from {} to {}", self.0.start(), self.0.end())
    }

    fn read(&self, text: &str) -> Result<Duration, Problem> {
        Whole(self.0.clone()).read(text).map(Duration::from_secs)
    }
}

/// One of a few words.
pub(super) struct OneOf<T: 'static>(pub(super) &'static [(&'static str, T)]);

impl<T: Copy> Rule for OneOf<T> {
    type Value = T;

    fn expected(&self) -> String {
        let names: Vec<_> = self.0.iter().map(|(name, _)| *name).collect();
        match names.split_last() {
            Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
            None => String::new(),
        }
    }

    fn read(&self, text: &str) -> Result<T, Problem> {
        let known = self.0.iter().find(|(name, _)| *name == text);
        known.map(|(_, value)| *value).ok_or(Problem::Borrowed("is not known"))
    }
}

/// An IP address to listen on.
pub(super) struct Address;

impl Rule for Address {
    type Value = IpAddr;

    fn expected(&self) -> String {
        "an IP address such as 127.0.0.1, 0.0.0.0 or ::, or localhost".to_owned()
    }

    fn read(&self, text: &str) -> Result<IpAddr, Problem> {
        if text == "localhost" {
            return Ok(Ipv4Addr::LOCALHOST.into());
        }
        text.parse().map_err(|_| "is not an IP address".into())
    }
}

/// A network, or a single address.
pub(super) struct Network;

impl Rule for Network {
    type Value = IpNet;

    fn expected(&self) -> String {
        "networks or addresses such as 10.0.0.0/8 or ::1".to_owned()
    }

    fn read(&self, text: &str) -> Result<IpNet, Problem> {
        let address = text.parse::<IpAddr>().map(IpNet::from);
        address.or_else(|_| text.parse()).map_err(|_| format!("has {text:?}, which is not a network").into())
    }
}

/// Values with commas between them; none at all is an empty list.
pub(super) struct List<R>(pub(super) R);

impl<R: Rule> Rule for List<R> {
    type Value = Vec<R::Value>;

    fn expected(&self) -> String {
        format!("{}, with commas between them", self.0.expected())
    }

    fn read(&self, text: &str) -> Result<Self::Value, Problem> {
        const MOST: usize = 256;
        let items: Vec<_> = text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
        if items.len() > MOST {
            return Err(format!("has more than {MOST} entries").into());
        }
        items.into_iter().map(|item| self.0.read(item)).collect()
    }
}

/// The path of a directory, which need not exist yet.
pub(super) struct Directory;

impl Rule for Directory {
    type Value = PathBuf;

    fn expected(&self) -> String {
        "the path of a directory".to_owned()
    }

    fn read(&self, text: &str) -> Result<PathBuf, Problem> {
        let path = PathBuf::from(text);
        if path.exists() && !path.is_dir() {
            return Err("is not a directory".into());
        }
        Ok(path)
    }
}

/// The path of a file that is there.
pub(super) struct KnownFile;

impl Rule for KnownFile {
    type Value = PathBuf;

    fn expected(&self) -> String {
        "the path of a file".to_owned()
    }

    fn read(&self, text: &str) -> Result<PathBuf, Problem> {
        let path = PathBuf::from(text);
        if path.is_file() { Ok(path) } else { Err("is not a file that is there".into()) }
    }
}

fn web_url(text: &str) -> Result<Url, Problem> {
    let url = Url::parse(text).map_err(|error| format!("is not a URL ({error})"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err("is not an http or https URL".into());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds a user or password".into());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("holds a query or fragment".into());
    }
    Ok(url)
}

/// The address of the product in a browser: origin only, because cookies and links are made for the root.
pub(super) struct BaseUrl;

impl Rule for BaseUrl {
    type Value = Url;

    fn expected(&self) -> String {
        "an http or https URL without a path, such as https://bots.example.com".to_owned()
    }

    fn read(&self, text: &str) -> Result<Url, Problem> {
        let url = web_url(text)?;
        if url.path() != "/" {
            return Err("has a path".into());
        }
        Ok(url)
    }
}

/// The address of a service that holds no secret.
pub(super) struct ServiceUrl;

impl Rule for ServiceUrl {
    type Value = Url;

    fn expected(&self) -> String {
        "an https URL such as https://login.example.com/realms/bots, or an http one of a loopback address".to_owned()
    }

    fn read(&self, text: &str) -> Result<Url, Problem> {
        let url = web_url(text)?;
        if url.scheme() != "https" && !url.host_str().is_some_and(is_loopback) {
            return Err("is not https".into());
        }
        Ok(url)
    }
}

/// What a service calls us: no secret.
pub(super) struct ClientId;

impl Rule for ClientId {
    type Value = String;

    fn expected(&self) -> String {
        "1 to 255 visible characters".to_owned()
    }

    fn read(&self, text: &str) -> Result<String, Problem> {
        match text.len() {
            1..=255 if text.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(text.to_owned()),
            256.. => Err("is too long".into()),
            _ => Err("holds another character".into()),
        }
    }
}

/// An origin as browsers send it.
pub(super) struct OriginUrl;

impl Rule for OriginUrl {
    type Value = String;

    fn expected(&self) -> String {
        "origins such as https://app.example.com".to_owned()
    }

    fn read(&self, text: &str) -> Result<String, Problem> {
        let url = BaseUrl.read(text).map_err(|problem| format!("has {text:?}, which {problem}"))?;
        Ok(url.origin().ascii_serialization())
    }
}

/// The address of a service, which may hold a password.
pub(super) struct SecretUrl(pub(super) &'static [&'static str]);

impl Rule for SecretUrl {
    type Value = Secret;

    fn expected(&self) -> String {
        let schemes: Vec<_> = self.0.iter().map(|scheme| format!("{scheme}://")).collect();
        format!("a URL that begins with {}", schemes.join(" or "))
    }

    fn read(&self, text: &str) -> Result<Secret, Problem> {
        let url = Url::parse(text).map_err(|error| format!("is not a URL ({error})"))?;
        if !self.0.contains(&url.scheme()) {
            return Err("is a URL of another kind".into());
        }
        Ok(Secret::new(text))
    }

    fn secret(&self) -> bool {
        true
    }
}

/// A secret word.
pub(super) struct SecretText;

impl Rule for SecretText {
    type Value = Secret;

    fn expected(&self) -> String {
        "a secret text of 8 to 1024 characters".to_owned()
    }

    fn read(&self, text: &str) -> Result<Secret, Problem> {
        match text.chars().count() {
            ..8 => Err("is too short".into()),
            8..=1024 => Ok(Secret::new(text)),
            _ => Err("is too long".into()),
        }
    }

    fn secret(&self) -> bool {
        true
    }
}

/// 32 bytes in base64.
pub(super) struct SecretKey;

impl Rule for SecretKey {
    type Value = Secret;

    fn expected(&self) -> String {
        "32 random bytes in base64, as `openssl rand -base64 32` prints; or several such keys, by commas or lines"
            .to_owned()
    }

    fn read(&self, text: &str) -> Result<Secret, Problem> {
        match super::secret::keys(text) {
            Some(_) => Ok(Secret::new(text)),
            None => Err("is no such key".into()),
        }
    }

    fn secret(&self) -> bool {
        true
    }
}

/// The beginning of a cookie's name (RFC 6265: a token).
pub(super) struct CookiePrefix;

impl Rule for CookiePrefix {
    type Value = String;

    fn expected(&self) -> String {
        "1 to 64 letters, digits, hyphens, dots or underscores".to_owned()
    }

    fn read(&self, text: &str) -> Result<String, Problem> {
        if text.len() > 64 {
            return Err("is too long".into());
        }
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)) {
            return Err("holds another character".into());
        }
        Ok(text.to_owned())
    }
}

/// The name of a domain.
pub(super) struct Domain;

impl Rule for Domain {
    type Value = String;

    fn expected(&self) -> String {
        "a domain such as example.com".to_owned()
    }

    fn read(&self, text: &str) -> Result<String, Problem> {
        match url::Host::parse(text) {
            Ok(url::Host::Domain(domain)) if !domain.ends_with('.') => Ok(domain),
            _ => Err("is not a domain".into()),
        }
    }
}

/// Which events are logged, in the language of `EnvFilter`.
pub(super) struct Directives;

impl Rule for Directives {
    type Value = String;

    fn expected(&self) -> String {
        "off, error, warn, info, debug or trace, or directives such as info,sqlx=warn".to_owned()
    }

    fn read(&self, text: &str) -> Result<String, Problem> {
        const LEVELS: &[&str] = &["off", "error", "warn", "info", "debug", "trace"];
        // A lone word that is no level would be taken for a module's name, and a misspelt level silence the logs.
        let lone = text.split(',').map(str::trim).find(|part| {
            !part.contains(['=', '[', ']', '{', '}', ':']) && !LEVELS.contains(&part.to_ascii_lowercase().as_str())
        });
        if let (Some(word), false) = (lone, text.contains('[')) {
            return Err(format!("has {word:?}, which is not a level").into());
        }
        EnvFilter::try_new(text).map_err(|error| format!("is not a filter ({error})"))?;
        Ok(text.to_owned())
    }
}

/// The sender of mails: an address, or a name and an address in angle brackets.
pub(super) struct Mailbox;

impl Rule for Mailbox {
    type Value = String;

    fn expected(&self) -> String {
        "an address such as bots@example.com or Bots <bots@example.com>".to_owned()
    }

    fn read(&self, text: &str) -> Result<String, Problem> {
        let address = match text.split_once('<') {
            Some((_, rest)) => rest.strip_suffix('>').ok_or("lacks a closing angle bracket")?,
            None => text,
        };
        let (user, host) = address.split_once('@').ok_or("lacks an address")?;
        let plain = |part: &str| {
            !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control() || "<>@,;".contains(c))
        };
        if text.len() > 320 || text.contains(char::is_control) || !plain(user) || !plain(host) {
            return Err("is not an address".into());
        }
        Ok(text.to_owned())
    }
}
