use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::borrow::Cow;

const SHORTEST: usize = 16;
const LONGEST: usize = 256;

/// What opens an account at an exchange. It is wiped when it is dropped, and `Debug` shows nothing of it.
#[derive(Clone, Debug)]
pub struct Credentials {
    key: SecretString,
    secret: SecretString,
}

impl Credentials {
    /// A key with its secret.
    #[must_use]
    pub fn new(key: String, secret: String) -> Self {
        Self { key: key.into(), secret: secret.into() }
    }

    /// The key, which the exchange is told.
    #[must_use]
    pub fn key(&self) -> &str {
        self.key.expose_secret()
    }

    /// The secret, which signs and is told nobody.
    #[must_use]
    pub fn secret(&self) -> &str {
        self.secret.expose_secret()
    }
}

/// A key or a secret as it is typed in.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Typed(SecretString);

impl Typed {
    /// The two of a connection.
    pub(crate) fn pair(key: &Self, secret: &Self) -> Credentials {
        Credentials { key: key.0.clone(), secret: secret.0.clone() }
    }
}

impl TryFrom<String> for Typed {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let text = SecretString::from(text);
        let typed = text.expose_secret().as_bytes();
        if (SHORTEST..=LONGEST).contains(&typed.len()) && typed.iter().all(u8::is_ascii_graphic) {
            return Ok(Self(text));
        }
        Err(format!("expected {SHORTEST} to {LONGEST} letters, digits and signs, without spaces"))
    }
}

impl JsonSchema for Typed {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ExchangeSecret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "minLength": SHORTEST, "maxLength": LONGEST, "pattern": "^[!-~]+$",
            "format": "password", "writeOnly": true
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_neither_the_key_nor_the_secret() {
        let shown = format!("{:?}", Credentials::new("the key".to_owned(), "the secret".to_owned()));
        assert!(shown.starts_with("Credentials") && !shown.contains("the "), "{shown}");
    }
}
