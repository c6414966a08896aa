//! An order and what it holds back.

use super::{
    account::AccountId,
    words::{Kind, SelfTrade, Side, Status, TimeInForce},
};
use rust_decimal::Decimal;

/// What somebody wants to trade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrder {
    /// Who.
    pub account: AccountId,
    /// The symbol's number.
    pub market: usize,
    /// Whether coins are bought or sold.
    pub side: Side,
    /// What it does.
    pub kind: Kind,
    /// How long it stays.
    pub time_in_force: Option<TimeInForce>,
    /// Coins.
    pub quantity: Option<Decimal>,
    /// Quote currency, in the place of coins.
    pub quote_quantity: Option<Decimal>,
    /// The worst price.
    pub price: Option<Decimal>,
    /// The price that sets it off.
    pub stop_price: Option<Decimal>,
    /// How far the price may come back from its best, in basis points, before it is set off.
    pub trailing_delta: Option<u32>,
    /// The most of it that is seen in the book.
    pub iceberg: Option<Decimal>,
    /// Its name among the account's open orders; one is made up where there is none.
    pub client_id: Option<String>,
    /// What happens where the account would trade with itself.
    pub self_trade: SelfTrade,
}

impl NewOrder {
    /// An order of a side and kind without figures.
    #[must_use]
    pub const fn bare(account: AccountId, market: usize, side: Side, kind: Kind) -> Self {
        Self {
            account,
            market,
            side,
            kind,
            time_in_force: None,
            quantity: None,
            quote_quantity: None,
            price: None,
            stop_price: None,
            trailing_delta: None,
            iceberg: None,
            client_id: None,
            self_trade: SelfTrade::ExpireTaker,
        }
    }
}

/// An order as the exchange knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Ascends over all symbols.
    pub id: u64,
    /// Its name by its owner.
    pub client_id: String,
    /// Whose it is.
    pub account: AccountId,
    /// The symbol's number.
    pub market: usize,
    /// The list that it belongs to.
    pub list: Option<u64>,
    /// Whether coins are bought or sold.
    pub side: Side,
    /// What it does.
    pub kind: Kind,
    /// How long it stays.
    pub time_in_force: TimeInForce,
    /// The worst price; nought at the market.
    pub price: Decimal,
    /// What sets it off; nought for nothing.
    pub stop_price: Decimal,
    /// How far the price may come back, in basis points.
    pub trailing_delta: Option<u32>,
    /// The most of it that is seen in the book; nought for all.
    pub iceberg: Decimal,
    /// Coins; of an order for an amount of quote currency, those traded.
    pub quantity: Decimal,
    /// The amount of quote currency; nought for an order of coins.
    pub quote_quantity: Decimal,
    /// Coins traded.
    pub executed: Decimal,
    /// Quote currency traded.
    pub executed_value: Decimal,
    /// How far it has come.
    pub status: Status,
    /// What happens where the account would trade with itself.
    pub self_trade: SelfTrade,
    /// When it came.
    pub created: i64,
    /// When it changed.
    pub updated: i64,
    /// When it began to work; none while it waits for a price.
    pub working_since: Option<i64>,
    /// Since when a trailing order follows the price.
    pub trailing_since: Option<i64>,
    /// The best price since then.
    pub(super) extreme: Option<Decimal>,
    /// What it has locked: quote currency of a buyer, coins of a seller.
    pub reserved: Decimal,
    /// How much of it is seen, while it rests in the book.
    pub(super) shown: Decimal,
    /// Its place in the book while it rests there.
    pub(super) sequence: Option<u64>,
}

/// A step that an order cannot take.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an order that is {} does not become {}", .0.as_str(), .1.as_str())]
pub struct ForbiddenTurn(pub Status, pub Status);

impl Order {
    /// Coins that have not been traded.
    #[must_use]
    pub fn remaining(&self) -> Decimal {
        self.quantity - self.executed
    }

    /// Coins that come to be seen when it takes its place in the book.
    pub(super) fn part(&self) -> Decimal {
        if self.iceberg.is_zero() { self.remaining() } else { self.remaining().min(self.iceberg) }
    }

    /// Takes a step.
    ///
    /// # Errors
    /// [`ForbiddenTurn`], and it stays what it was.
    pub fn turn(&mut self, next: Status) -> Result<(), ForbiddenTurn> {
        if !self.status.may_become(next) {
            return Err(ForbiddenTurn(self.status, next));
        }
        self.status = next;
        Ok(())
    }

    /// Whether it still waits for a price.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        self.status.is_open() && self.working_since.is_none()
    }

    /// What the rest of an order with a price of its own needs.
    pub(super) fn needs(&self) -> Decimal {
        match self.side {
            Side::Buy => self.price * self.remaining(),
            Side::Sell => self.remaining(),
        }
    }
}

/// A pair of orders of which one ends the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderList {
    /// Ascends over all symbols.
    pub id: u64,
    /// Its name by its owner.
    pub client_id: String,
    /// Whose it is.
    pub account: AccountId,
    /// The symbol's number.
    pub market: usize,
    /// Its orders.
    pub legs: [u64; 2],
    /// When it came or ended.
    pub time: i64,
    /// Whether all is over.
    pub done: bool,
}
