//! A connection as it is shown, and as it is asked for.

use crate::{Credentials, catalogue::PAPER, credentials::Typed, status::Status};
use garde::Validate;
use kit::{Fault, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An account at an exchange, connected by a key that is never shown.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ExchangeConnection")]
pub(crate) struct Connection {
    pub(crate) id: Uuid,
    pub(crate) exchange: String,
    pub(crate) label: String,
    /// The last characters of the key.
    pub(crate) key_mask: String,
    /// Tells one key from another.
    pub(crate) fingerprint: String,
    pub(crate) status: Status,
    /// Why it is not active.
    pub(crate) message: Option<String>,
    pub(crate) permissions: KeyPermissions,
    /// Whether the key works from named addresses alone.
    pub(crate) ip_restricted: bool,
    /// Whether the key may be one that can withdraw.
    pub(crate) allow_withdrawals: bool,
    /// What works and is worth a second look.
    pub(crate) warnings: Vec<Fault>,
    /// When the exchange was last asked.
    pub(crate) probed_at: Time,
    /// Who made it.
    pub(crate) created_by: Option<Uuid>,
    pub(crate) created_at: Time,
    pub(crate) updated_at: Time,
}

/// What the exchange said that the key may do, when it last answered.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "ExchangeKeyPermissions")]
pub(crate) struct KeyPermissions {
    /// Read the account.
    pub(crate) read: bool,
    /// Place orders.
    pub(crate) trade: bool,
    /// Take money out.
    pub(crate) withdraw: bool,
}

/// What is worth a second look in a key that works.
pub(crate) fn warnings(permissions: &KeyPermissions, ip_restricted: bool) -> Vec<Fault> {
    let found = [
        (
            permissions.withdraw,
            Fault::new("permissions.withdraw", "KEY_CAN_WITHDRAW", "Whoever gets this key can take the money out."),
        ),
        (
            !permissions.trade,
            Fault::new("permissions.trade", "KEY_CANNOT_TRADE", "This key reads only; it places no orders."),
        ),
        (
            !ip_restricted,
            Fault::new(
                "ipRestricted",
                "KEY_WORKS_ANYWHERE",
                "Restrict this key, at the exchange, to the address of this server.",
            ),
        ),
    ];
    found.into_iter().filter_map(|(holds, warning)| holds.then_some(warning)).collect()
}

/// What an account holds.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ExchangeBalances")]
pub(crate) struct Balances {
    pub(crate) connection_id: Uuid,
    /// When the exchange was asked.
    pub(crate) at: Time,
    /// By asset; those of nothing are left out.
    pub(crate) balances: Vec<Holding>,
}

/// What an account holds of an asset.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ExchangeBalance")]
pub(crate) struct Holding {
    pub(crate) asset: String,
    /// What can be spent.
    pub(crate) free: trading::money::Quantity,
    /// What open orders hold.
    pub(crate) locked: trading::money::Quantity,
}

/// An account to connect.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "NewExchangeConnection")]
#[garde(allow_unvalidated)]
pub(crate) struct NewConnection {
    /// An exchange of the catalogue that takes connections, such as `binance`.
    #[schemars(with = "String", length(min = 1, max = 32))]
    pub(crate) exchange: Name,
    /// What the tenant calls it.
    #[garde(length(min = 1, max = 100))]
    pub(crate) label: String,
    pub(crate) api_key: Typed,
    pub(crate) api_secret: Typed,
    /// Whether a key that can withdraw is taken.
    #[serde(default)]
    pub(crate) allow_withdrawals: bool,
}

impl NewConnection {
    /// What opens the account.
    pub(crate) fn credentials(&self) -> Credentials {
        Typed::pair(&self.api_key, &self.api_secret)
    }
}

/// What is to change of a connection. What is not said stays.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "ExchangeConnectionChange")]
#[garde(allow_unvalidated)]
pub(crate) struct ConnectionChange {
    #[garde(length(min = 1, max = 100))]
    pub(crate) label: Option<String>,
    pub(crate) allow_withdrawals: Option<bool>,
}

/// The name of an exchange that takes connections, as far as a name tells.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Name(String);

impl Name {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name == PAPER {
            return Err("paper bots need no connection: create a bot with `\"mode\": \"paper\"`".to_owned());
        }
        if (1..=32).contains(&name.len()) && name.bytes().all(plain) {
            return Ok(Self(name));
        }
        Err("expected the name of an exchange in lower case, such as binance".to_owned())
    }
}
