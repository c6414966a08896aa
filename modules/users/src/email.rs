use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de};
use std::fmt;

/// An e-mail address, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Email(#[schemars(email, length(max = 254))] String);

impl Email {
    /// The longest address that mail servers take, in bytes (RFC 5321).
    const LONGEST: usize = 254;

    /// The address that the text is, or `None` when it is none. The rule is that of Zod, by which the clients
    /// of the Better Auth protocol go: plain ASCII, no quotes, a domain with a top level of letters.
    pub fn parse(text: &str) -> Option<Self> {
        let (local, domain) = text.rsplit_once('@')?;
        let (name, top) = domain.rsplit_once('.')?;
        let sound = text.len() <= Self::LONGEST
            && is_local_part(local)
            && name.split('.').all(is_label)
            && top.len() >= 2
            && top.bytes().all(|byte| byte.is_ascii_alphabetic());
        sound.then(|| Self(text.to_ascii_lowercase()))
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_local_part(local: &str) -> bool {
    let last = local.bytes().last();
    !local.starts_with('.')
        && !local.contains("..")
        && local.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_'+-.".contains(&byte))
        && last.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_+-".contains(&byte))
}

fn is_label(label: &str) -> bool {
    label.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Email {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("Invalid email address"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_what_is_none() {
        for sound in ["a@b.co", "ana.maria+bots@mail.example.com.br", "o'neil@example.org", "A_B-1@EXAMPLE.COM"] {
            assert_eq!(Email::parse(sound).map(|it| it.0), Some(sound.to_lowercase()), "{sound}");
        }
        let long = format!("{}@example.com", "a".repeat(243));
        for bad in [
            "",
            "ana",
            "ana@",
            "@example.com",
            "ana@example",
            "ana@.com",
            "ana@example.c",
            "ana@example.c0m",
            ".ana@example.com",
            "ana.@example.com",
            "a..b@example.com",
            "a b@example.com",
            "ana@exa_mple.com",
            "ana@-example.com",
            "ana@example.com\r\nBcc: x@y.zz",
            "añа@example.com",
            "a@b@example.com",
            &long,
        ] {
            assert_eq!(Email::parse(bad), None, "{bad}");
        }
    }
}
