//! What the holder of a key is told.

use super::{json, number};
use crate::Failure;
use exchanges::Balance;
use serde::Deserialize;
use trading::money::Quantity;

/// The longest name of an asset that is believed.
const LONGEST_ASSET: usize = 32;

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Whether it may place orders, whatever its keys may do.
    pub can_trade: bool,
    /// What it holds.
    pub balances: Vec<Balance>,
}

/// Reads an account.
///
/// # Errors
/// [`Failure::Malformed`].
pub fn account(body: &[u8]) -> Result<Account, Failure> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        can_trade: bool,
        balances: Vec<Held>,
    }
    #[derive(Deserialize)]
    struct Held {
        asset: String,
        #[serde(deserialize_with = "number::text")]
        free: Quantity,
        #[serde(deserialize_with = "number::text")]
        locked: Quantity,
    }
    let Body { can_trade, balances } = json(body)?;
    balances.iter().try_for_each(|held| check_asset(&held.asset))?;
    let balances = balances.into_iter().map(|Held { asset, free, locked }| Balance { asset, free, locked });
    Ok(Account { can_trade, balances: balances.collect() })
}

/// Whether a text can be the name of an asset.
pub(super) fn check_asset(name: &str) -> Result<(), Failure> {
    if (1..=LONGEST_ASSET).contains(&name.chars().count()) && !name.contains(char::is_control) {
        return Ok(());
    }
    let start: String = name.chars().take(LONGEST_ASSET).collect();
    Err(Failure::Malformed(format!("{start:?} is not the name of an asset")))
}

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyRestrictions {
    /// Whether it works from named addresses alone.
    pub ip_restrict: bool,
    /// Whether it reads the account.
    pub enable_reading: bool,
    /// Whether it places orders.
    pub enable_spot_and_margin_trading: bool,
    /// Whether it takes money out.
    pub enable_withdrawals: bool,
}

/// Reads what a key may do.
///
/// # Errors
/// [`Failure::Malformed`], also where it does not say whether the key can withdraw.
pub fn key_restrictions(body: &[u8]) -> Result<KeyRestrictions, Failure> {
    json(body)
}
