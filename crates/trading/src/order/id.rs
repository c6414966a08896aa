//! The names of orders.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use arrayvec::ArrayString;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The most characters of an order id that every venue takes.
pub const ID_LENGTH: usize = 36;
/// The most characters of a bot's prefix; the rest is a hyphen and the sequence number.
pub const PREFIX_LENGTH: usize = 24;

/// The name that we give an order: the bot's prefix, a hyphen and a sequence number. The same
/// inputs give the same ids, so that an order sent twice after a crash is recognised by the venue.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientOrderId(ArrayString<ID_LENGTH>);

/// Text that is no order id.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an order id is 1 to 36 letters, digits, hyphens and underscores")]
pub struct IdError;

/// The part of the order ids that is a bot's own: 1 to 24 letters, digits and underscores.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdPrefix(ArrayString<PREFIX_LENGTH>);

/// `bot`, for orders that no venue sees.
impl Default for IdPrefix {
    fn default() -> Self {
        let mut text = ArrayString::new();
        text.push_str("bot");
        Self(text)
    }
}

fn spelled(text: &str, extra: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(c))
}

impl ClientOrderId {
    /// The id of a bot's `sequence`th order. Sequences above 10^11 − 1 wrap; no bot gets there.
    #[must_use]
    pub fn new(prefix: IdPrefix, sequence: u64) -> Self {
        let mut text = ArrayString::new();
        // 24 + 1 + 11 characters are exactly the capacity, so that no push is refused.
        let _ = text.try_push_str(&prefix.0);
        let _ = text.try_push('-');
        let mut divisor = 10_u64.pow(10);
        let number = sequence % 10_u64.pow(11);
        while divisor > number.max(1) {
            divisor /= 10;
        }
        while divisor > 0 {
            let digit = u8::try_from(number / divisor % 10).unwrap_or(0);
            let _ = text.try_push(char::from(b'0' + digit));
            divisor /= 10;
        }
        Self(text)
    }

    /// Which of a bot's orders it names; `None` where it is no bot's of this prefix.
    #[must_use]
    pub fn sequence(&self, prefix: IdPrefix) -> Option<u64> {
        self.0.strip_prefix(prefix.0.as_str())?.strip_prefix('-')?.parse().ok()
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl IdPrefix {
    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ClientOrderId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if !spelled(text, "-_") {
            return Err(IdError);
        }
        ArrayString::from(text).map(Self).map_err(|_| IdError)
    }
}

impl FromStr for IdPrefix {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if !spelled(text, "_") {
            return Err(IdError);
        }
        ArrayString::from(text).map(Self).map_err(|_| IdError)
    }
}

/// Display, serde and JSON Schema as plain text.
macro_rules! id_text {
    ($type:ident, $pattern:literal) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": "string", "pattern": $pattern})
            }
        }
    };
}

id_text!(ClientOrderId, "^[A-Za-z0-9_-]{1,36}$");
id_text!(IdPrefix, "^[A-Za-z0-9_]{1,24}$");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_id_is_the_prefix_and_the_sequence_and_fits_every_venue() {
        let id = |prefix: &str, sequence| ClientOrderId::new(prefix.parse().unwrap(), sequence).to_string();
        assert_eq!(id("bot", 0), "bot-0");
        assert_eq!(id("bot", 1_234_567_890), "bot-1234567890");
        let longest = id("abcdefghijklmnopqrstuvwx", 99_999_999_999);
        assert_eq!((longest.len(), longest.as_str()), (36, "abcdefghijklmnopqrstuvwx-99999999999"));
        let numbered = |id: &str| id.parse::<ClientOrderId>().unwrap().sequence("bot".parse().unwrap());
        assert_eq!(["bot-17", "bot-x", "bots-1", "other-1"].map(numbered), [Some(17), None, None, None]);
        assert!("abcdefghijklmnopqrstuvwxy".parse::<IdPrefix>().is_err());
        for wrong in ["", "a b", "ä", "0123456789012345678901234567890123456"] {
            assert!(wrong.parse::<ClientOrderId>().is_err(), "{wrong}");
        }
    }
}
