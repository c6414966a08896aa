//! Who trades, and with what.

use crate::signing::Proof;
use rust_decimal::Decimal;
use std::collections::{HashMap, VecDeque};

/// An account's number.
pub type AccountId = usize;
/// An asset's number.
pub type AssetId = usize;
/// The market maker; its money has no end.
pub const HOUSE: AccountId = 0;
/// Where fees go.
pub const FEES: AccountId = 1;

/// Of one asset.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// What can be spent.
    pub free: Decimal,
    /// What open orders hold.
    pub locked: Decimal,
}

/// A trade as one of its sides sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fill {
    /// The trade, ascending within a symbol.
    pub trade: u64,
    /// The symbol's number.
    pub market: usize,
    /// The order.
    pub order: u64,
    /// The list that it belongs to.
    pub list: Option<u64>,
    /// Quote currency per coin.
    pub price: Decimal,
    /// Coins.
    pub quantity: Decimal,
    /// Quote currency.
    pub value: Decimal,
    /// What the exchange has kept.
    pub commission: Decimal,
    /// Of which asset.
    pub commission_asset: AssetId,
    /// When, in milliseconds.
    pub time: i64,
    /// Whether it bought.
    pub is_buyer: bool,
    /// Whether its order was in the book.
    pub is_maker: bool,
}

/// An account.
#[derive(Clone, Debug)]
pub struct Account {
    /// By asset.
    pub(super) balances: Vec<Balance>,
    /// The fee of orders that were in the book, as a fraction.
    pub maker: Decimal,
    /// The fee of orders that took.
    pub taker: Decimal,
    /// Whether fees are paid in BNB while there is some, a quarter cheaper.
    pub pays_in_bnb: bool,
    /// Client order ids of open orders.
    pub(super) open: HashMap<String, u64>,
    /// All orders that are remembered, the oldest first.
    pub(super) orders: VecDeque<u64>,
    /// All trades that are remembered, the oldest first.
    pub(super) fills: Vec<Fill>,
}

impl Account {
    pub(super) fn new(fee: Decimal) -> Self {
        let (balances, open, orders, fills) = Default::default();
        Self { balances, maker: fee, taker: fee, pays_in_bnb: false, open, orders, fills }
    }

    /// Of an asset.
    #[must_use]
    pub fn balance(&self, asset: AssetId) -> Balance {
        self.balances.get(asset).copied().unwrap_or_default()
    }

    pub(super) fn balance_mut(&mut self, asset: AssetId) -> &mut Balance {
        if self.balances.len() <= asset {
            self.balances.resize(asset + 1, Balance::default());
        }
        &mut self.balances[asset]
    }
}

/// A key by which an account is reached.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// Whose it is.
    pub account: AccountId,
    /// What its signatures are checked by.
    pub proof: Proof,
    /// Whether it may read.
    pub reading: bool,
    /// Whether it may trade.
    pub trading: bool,
    /// Whether it may withdraw.
    pub withdrawals: bool,
}
