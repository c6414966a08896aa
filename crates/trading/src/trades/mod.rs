//! Trades: what was traded one by one, the files they come in, and the candles that they make.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::money::{Notional, Price, Quantity};
use crate::time::Timestamp;

mod candles;
pub mod csv;

pub use candles::TradeCandles;

/// A trade, or those of one order at one price taken as one.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Trade {
    /// The exchange's number of it, from 0; it ascends within a market.
    pub id: i64,
    /// When it happened.
    pub time: Timestamp,
    /// Quote currency per coin.
    pub price: Price,
    /// Coins.
    pub quantity: Quantity,
    /// Quote currency that changed hands, where that is not exactly price times quantity.
    pub quote: Option<Notional>,
    /// Whether the buyer's order was in the book, and the seller took it.
    pub buyer_is_maker: bool,
    /// The first and the last of the trades that are taken as one.
    pub parts: Option<(i64, i64)>,
}

/// Whether each trade is told, or those of one order at one price are told as one. Their numbers have nothing to do
/// with each other.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum TradeKind {
    /// Each trade.
    Single,
    /// Those of one order at one price as one.
    Aggregate,
}

/// Why a trade was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum TradeError {
    #[error("the trade {id} has a negative number")]
    Number { id: i64 },
    #[error("the trade {id} has a price that is not above 0")]
    NoPrice { id: i64 },
    #[error("the trade {id} is of no coins")]
    NoQuantity { id: i64 },
    #[error("the trade {id} is of less than no money")]
    NegativeQuote { id: i64 },
    #[error("the trade {id} is made of trades of which the first comes after the last, or of none")]
    Parts { id: i64 },
    #[error("the trade {id} follows {last}; trades must ascend")]
    NotAscending { id: i64, last: i64 },
}

impl TradeKind {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Aggregate => "aggregate",
        }
    }
}

impl FromStr for TradeKind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = [Self::Single, Self::Aggregate].into_iter().find(|kind| kind.as_str() == name);
        found.ok_or_else(|| format!("`{}` is no kind of trades", name.chars().take(40).collect::<String>()))
    }
}

impl Trade {
    /// Quote currency that changed hands.
    #[must_use]
    pub fn value(&self) -> Notional {
        self.quote.unwrap_or_else(|| self.price * self.quantity)
    }

    /// Whether it can have happened, as one of its kind.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check(&self, kind: TradeKind) -> Result<(), TradeError> {
        let id = self.id;
        if id < 0 {
            return Err(TradeError::Number { id });
        }
        if self.price.is_zero() {
            return Err(TradeError::NoPrice { id });
        }
        if self.quantity.is_zero() {
            return Err(TradeError::NoQuantity { id });
        }
        if self.quote.is_some_and(Notional::is_negative) {
            return Err(TradeError::NegativeQuote { id });
        }
        let sound = match (kind, self.parts) {
            (TradeKind::Single, None) => true,
            (TradeKind::Aggregate, Some((first, last))) => 0 <= first && first <= last,
            _ => false,
        };
        if sound { Ok(()) } else { Err(TradeError::Parts { id }) }
    }
}

/// Whether trades are what an exchange can have told: each sound, and their numbers ascending.
///
/// # Errors
/// The first rule that is broken.
pub fn check_all(kind: TradeKind, trades: &[Trade]) -> Result<(), TradeError> {
    trades.iter().try_for_each(|trade| trade.check(kind))?;
    match trades.windows(2).find(|pair| pair[0].id >= pair[1].id) {
        Some(pair) => Err(TradeError::NotAscending { id: pair[1].id, last: pair[0].id }),
        None => Ok(()),
    }
}
