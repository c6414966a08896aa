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
    let sound = |asset: &str| (1..=LONGEST_ASSET).contains(&asset.chars().count()) && !asset.contains(char::is_control);
    if let Some(odd) = balances.iter().find(|held| !sound(&held.asset)) {
        let start: String = odd.asset.chars().take(LONGEST_ASSET).collect();
        return Err(Failure::Malformed(format!("{start:?} is not the name of an asset")));
    }
    let balances = balances.into_iter().map(|Held { asset, free, locked }| Balance { asset, free, locked });
    Ok(Account { can_trade, balances: balances.collect() })
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
