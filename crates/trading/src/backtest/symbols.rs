//! What each symbol contributed to an account.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::money::{Notional, Symbol};
use crate::position::Trade;

/// What the closed trades of one symbol came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Contribution {
    /// Of which symbol.
    pub symbol: Symbol,
    /// Closed trades.
    pub trades: u64,
    /// Their profit, fees included.
    pub pnl: Notional,
    /// Their fees.
    pub fees: Notional,
}

/// The contributions by symbol; none of trades that name no symbol.
#[must_use]
pub fn contributions(trades: &[Trade]) -> Vec<Contribution> {
    let mut found: BTreeMap<Symbol, Contribution> = BTreeMap::new();
    for trade in trades {
        let Some(symbol) = trade.symbol else { continue };
        let nothing = Contribution { symbol, trades: 0, pnl: Notional::ZERO, fees: Notional::ZERO };
        let sum = found.entry(symbol).or_insert(nothing);
        sum.trades += 1;
        sum.pnl += trade.pnl;
        sum.fees += trade.fees;
    }
    found.into_values().collect()
}
