//! Orders and their states.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use arrayvec::ArrayString;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::money::{Notional, Price, Quantity};

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

/// Which way coins go.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Side {
    Buy,
    Sell,
}

/// What an order is for. All but `Entry` only ever reduce the position.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Purpose {
    /// Opens the position.
    Entry,
    /// The strategy's own exit.
    Exit,
    /// The stop loss was reached.
    StopLoss,
    /// The trailing stop was reached.
    TrailingStop,
    /// A take-profit target was reached.
    TakeProfit,
    /// Held for the longest time allowed.
    MaxHold,
    /// The largest drawdown allowed was reached.
    MaxDrawdown,
    /// The bot was stopped and told to sell.
    Stopped,
}

/// When an order executes.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", tag = "kind", deny_unknown_fields)]
pub enum OrderKind {
    /// At once, at the best price.
    Market {},
    /// At this price or a better one.
    Limit {
        /// The worst price.
        price: Price,
    },
    /// At the market once the price has come to the trigger.
    StopMarket {
        /// The price that releases the order.
        trigger: Price,
    },
}

/// How much an order trades.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Size {
    /// So many coins.
    Base(Quantity),
    /// As many coins as this much quote currency buys, the fee included.
    Quote(Notional),
}

/// An intent to trade.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Order {
    /// Our name for it.
    pub client_order_id: ClientOrderId,
    /// Buy or sell.
    pub side: Side,
    /// When it executes.
    pub kind: OrderKind,
    /// How much.
    pub size: Size,
    /// What for.
    pub purpose: Purpose,
}

impl Order {
    /// Whether it may only sell what is held: an execution is cut to the position.
    #[must_use]
    pub fn reduces_only(&self) -> bool {
        self.purpose != Purpose::Entry
    }
}

/// The life of an order.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OrderStatus {
    /// Decided and written down, not yet sent.
    Pending,
    /// Sent, no answer yet.
    Submitted,
    /// In the venue's book.
    Accepted,
    /// Executed in part.
    PartiallyFilled,
    /// Executed in full.
    Filled,
    /// Taken back.
    Cancelled,
    /// Refused by the venue.
    Rejected,
    /// Ended by the venue's time limit.
    Expired,
}

/// A change of state that no order makes.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an order that is {from} cannot become {to}")]
pub struct TransitionError {
    /// Where it stands.
    pub from: OrderStatus,
    /// Where it should have gone.
    pub to: OrderStatus,
}

impl OrderStatus {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Submitted,
        Self::Accepted,
        Self::PartiallyFilled,
        Self::Filled,
        Self::Cancelled,
        Self::Rejected,
        Self::Expired,
    ];

    /// The only transitions there are. Fills may overtake the venue's acceptance, and a pending
    /// order may be withdrawn before it is sent.
    #[must_use]
    pub const fn next(self) -> &'static [Self] {
        use OrderStatus::{Accepted, Cancelled, Expired, Filled, PartiallyFilled, Pending, Rejected, Submitted};
        match self {
            Pending => &[Submitted, Cancelled],
            Submitted => &[Accepted, PartiallyFilled, Filled, Cancelled, Rejected, Expired],
            Accepted => &[PartiallyFilled, Filled, Cancelled, Rejected, Expired],
            PartiallyFilled => &[PartiallyFilled, Filled, Cancelled, Expired],
            Filled | Cancelled | Rejected | Expired => &[],
        }
    }

    /// Whether nothing can happen to the order any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        self.next().is_empty()
    }

    /// Moves on.
    ///
    /// # Errors
    /// Where the table of transitions has no such step; the state stays.
    pub fn advance(&mut self, to: Self) -> Result<(), TransitionError> {
        if !self.next().contains(&to) {
            return Err(TransitionError { from: *self, to });
        }
        *self = to;
        Ok(())
    }

    /// The name used in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Submitted => "submitted",
            Self::Accepted => "accepted",
            Self::PartiallyFilled => "partiallyFilled",
            Self::Filled => "filled",
            Self::Cancelled => "cancelled",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
        }
    }
}

impl fmt::Display for OrderStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

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
        assert!("abcdefghijklmnopqrstuvwxy".parse::<IdPrefix>().is_err());
        for wrong in ["", "a b", "ä", "0123456789012345678901234567890123456"] {
            assert!(wrong.parse::<ClientOrderId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_name_of_a_state_is_its_name_in_json() {
        for status in OrderStatus::ALL {
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
    }
}
