//! What has happened.

use super::{
    account::{AccountId, AssetId, Balance, Fill},
    order::{Order, OrderList},
    words::Side,
};
use rust_decimal::Decimal;

/// What has happened to an order.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Execution {
    /// It is accepted, or begins to work.
    New,
    /// It has traded.
    Trade,
    /// Its owner has taken it back.
    Canceled,
    /// It has ended by its own terms.
    Expired,
    /// It has ended since the account would have traded with itself.
    TradePrevention,
}

impl Execution {
    /// As the protocol writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "NEW",
            Self::Trade => "TRADE",
            Self::Canceled => "CANCELED",
            Self::Expired => "EXPIRED",
            Self::TradePrevention => "TRADE_PREVENTION",
        }
    }
}

/// A trade as everybody sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trade {
    /// The symbol's number.
    pub market: usize,
    /// Ascends by one within a symbol.
    pub id: u64,
    /// Quote currency per coin.
    pub price: Decimal,
    /// Coins.
    pub quantity: Decimal,
    /// When, in milliseconds.
    pub time: i64,
    /// Whether the buyer's order was in the book.
    pub is_buyer_maker: bool,
    /// The order that took.
    pub taker: u64,
}

/// What a command has led to, in its order.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// An order has changed; none of the house's are told.
    Execution {
        /// As it is now.
        order: Box<Order>,
        /// What has happened.
        what: Execution,
        /// The trade.
        fill: Option<Box<Fill>>,
        /// The name of the request that took it back.
        by: Option<String>,
    },
    /// What an account has of some assets after a command.
    Positions(AccountId, Vec<(AssetId, Balance)>),
    /// Money came or went from outside.
    Balance(AccountId, AssetId, Decimal),
    /// There was a trade.
    Trade(Trade),
    /// A level of a book has changed.
    Level {
        /// The symbol's number.
        market: usize,
        /// The side of the book.
        side: Side,
        /// The level.
        price: Decimal,
        /// What stands there; nought for nothing.
        quantity: Decimal,
        /// The number of the change.
        update_id: u64,
    },
    /// A pair of orders has begun or ended.
    List(Box<OrderList>),
}
