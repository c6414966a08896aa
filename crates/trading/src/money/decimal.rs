//! A newtype over `Decimal`: bounds, text, serde and JSON Schema.

use rust_decimal::Decimal;

/// Text or a number that is no price, quantity, amount, percentage or rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not decimal digits.
    #[error("`{0}` is not a decimal number such as \"12.5\"")]
    Text(String),
    /// Outside the bounds of its type.
    #[error("a {what} must be {bounds}, not {value}")]
    OutOfBounds {
        /// Which type refused.
        what: &'static str,
        /// The bounds in words.
        bounds: &'static str,
        /// What was given.
        value: Decimal,
    },
}

pub(super) fn parse(text: &str) -> Result<Decimal, MoneyError> {
    let refused = || MoneyError::Text(text.chars().take(40).collect());
    let plain = text.len() <= 64 && text.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'-');
    if plain { Decimal::from_str_exact(text).map_err(|_| refused()) } else { Err(refused()) }
}

/// A newtype over `Decimal` with bounds, written as a decimal string.
macro_rules! decimal_type {
    ($(#[$doc:meta])* $name:ident, $what:literal, $bounds:literal, $pattern:literal, |$value:ident| $inside:expr) => {
        $(#[$doc])*
        #[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Decimal);

        impl $name {
            /// Refuses a number outside the type's bounds.
            ///
            /// # Errors
            /// [`MoneyError::OutOfBounds`].
            pub fn new($value: Decimal) -> Result<Self, MoneyError> {
                if $inside {
                    Ok(Self($value))
                } else {
                    Err(MoneyError::OutOfBounds { what: $what, bounds: $bounds, value: $value })
                }
            }

            /// The bare number.
            #[must_use]
            pub const fn decimal(self) -> Decimal {
                self.0
            }

            /// Whether it is nought.
            #[must_use]
            pub const fn is_zero(self) -> bool {
                self.0.is_zero()
            }
        }

        impl TryFrom<Decimal> for $name {
            type Error = MoneyError;

            fn try_from(value: Decimal) -> Result<Self, MoneyError> {
                Self::new(value)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.normalize().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = MoneyError;

            fn from_str(text: &str) -> Result<Self, MoneyError> {
                Self::new(parse(text)?)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "description": concat!("A ", $what, " as a decimal string, ", $bounds, "."),
                    "type": "string", "pattern": $pattern
                })
            }
        }
    };
}

pub(super) use decimal_type;
