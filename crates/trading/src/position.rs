//! What a bot holds: cash and coins of one spot market, long only, as its fills have made it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::is_default;
use crate::money::{Notional, Price, Quantity, Symbol};
use crate::order::{ClientOrderId, Purpose, Side};
use crate::time::Timestamp;

/// What a fill cost.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Fee {
    /// Taken from the quote currency.
    Quote(Notional),
    /// Taken from the coins received.
    Base(Quantity),
}

/// Whether an order waited in the book or took from it.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Liquidity {
    Maker,
    Taker,
}

/// One execution of an order, or of a part of it.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fill {
    /// Whose order it was.
    pub client_order_id: ClientOrderId,
    /// When it happened.
    pub at: Timestamp,
    /// Bought or sold.
    pub side: Side,
    /// For how much a coin.
    pub price: Price,
    /// How many coins, before a fee in coins; above 0.
    pub quantity: Quantity,
    /// What it cost.
    pub fee: Fee,
    /// Waited or took.
    pub liquidity: Liquidity,
    /// Whether the order is done, so that no further fill follows.
    pub done: bool,
}

impl Fill {
    /// Price times quantity.
    #[must_use]
    pub fn value(&self) -> Notional {
        self.price * self.quantity
    }

    /// The fee in quote currency, coins at the fill's price.
    #[must_use]
    pub fn fee_value(&self) -> Notional {
        match self.fee {
            Fee::Quote(fee) => fee,
            Fee::Base(coins) => self.price * coins,
        }
    }

    /// What it moves in the quote currency: positive for a sale.
    #[must_use]
    pub fn cash_flow(&self) -> Notional {
        let fee = if let Fee::Quote(fee) = self.fee { fee } else { Notional::ZERO };
        match self.side {
            Side::Buy => -(self.value() + fee),
            Side::Sell => self.value() - fee,
        }
    }

    /// The coins that arrive or leave, a fee in coins included.
    #[must_use]
    pub fn coins(&self) -> Quantity {
        match (self.side, self.fee) {
            (_, Fee::Quote(_)) => self.quantity,
            (Side::Buy, Fee::Base(fee)) => self.quantity.saturating_sub(fee),
            (Side::Sell, Fee::Base(fee)) => self.quantity + fee,
        }
    }
}

/// A fill that cannot have happened to this position.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "code")]
#[allow(missing_docs, reason = "the messages say it")]
pub enum PositionError {
    #[error("the fill costs {needed} where {cash} is at hand")]
    NotEnoughCash { needed: Notional, cash: Notional },
    #[error("the fill sells {sold} coins where {held} are held")]
    NotEnoughCoins { sold: Quantity, held: Quantity },
    #[error("the fill moves no coins")]
    Empty,
    #[error("the fill is of a symbol that the account does not trade")]
    OtherSymbol,
}

/// Cash and coins. A function of the starting cash, the fills and the funding alone.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Position {
    cash: Notional,
    quantity: Quantity,
    cost: Notional,
    realised: Notional,
    fees: Notional,
    dust: Quantity,
    open: bool,
    /// All funding charged so far.
    #[serde(default, skip_serializing_if = "is_default")]
    funding: Notional,
    /// Funding that the cash did not suffice for yet.
    #[serde(default, skip_serializing_if = "is_default")]
    owed: Notional,
}

impl Position {
    /// Cash and no coins.
    #[must_use]
    pub fn with_cash(cash: Notional) -> Self {
        Self {
            cash,
            quantity: Quantity::ZERO,
            cost: Notional::ZERO,
            realised: Notional::ZERO,
            fees: Notional::ZERO,
            dust: Quantity::ZERO,
            open: false,
            funding: Notional::ZERO,
            owed: Notional::ZERO,
        }
    }

    /// Quote currency at hand; never negative.
    #[must_use]
    pub fn cash(&self) -> Notional {
        self.cash
    }

    /// Holds so much cash from now on, which its account lends it.
    pub(crate) fn hold_cash(&mut self, cash: Notional) {
        self.cash = cash;
    }

    /// Coins held; never negative.
    #[must_use]
    pub fn quantity(&self) -> Quantity {
        self.quantity
    }

    /// Whether more coins are held than the last round trip left as too few to sell.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// A round trip ends here: what is still held was too little to sell.
    pub(crate) fn settle(&mut self) {
        self.dust = self.quantity;
        self.open = false;
    }

    /// What the coins held cost, buying fees included.
    #[must_use]
    pub fn cost(&self) -> Notional {
        self.cost
    }

    /// What a coin held cost on average, buying fees included; `None` without coins.
    #[must_use]
    pub fn average_cost(&self) -> Option<Price> {
        self.cost.per(self.quantity)
    }

    /// Profit of all sales so far, fees included.
    #[must_use]
    pub fn realised(&self) -> Notional {
        self.realised
    }

    /// All fees so far, in quote currency.
    #[must_use]
    pub fn fees(&self) -> Notional {
        self.fees
    }

    /// All funding charged so far, negative where more was earned; no trade's profit counts it.
    #[must_use]
    pub fn funding(&self) -> Notional {
        self.funding
    }

    /// Funding that the cash did not suffice for yet.
    #[must_use]
    pub fn owed(&self) -> Notional {
        self.owed
    }

    /// Cash, and the coins at `price`, less what is owed.
    #[must_use]
    pub fn equity(&self, price: Price) -> Notional {
        self.cash + price * self.quantity - self.owed
    }

    /// Takes funding from the cash, and what is not there from what comes in next: coins are sold
    /// by orders alone.
    pub(crate) fn pay_funding(&mut self, due: Notional) {
        self.funding += due;
        self.owed += due;
        self.settle_owed();
    }

    fn settle_owed(&mut self) {
        let paid = self.owed.min(self.cash);
        self.cash -= paid;
        self.owed -= paid;
    }

    /// Profit of the coins held if they were worth `price`, before a selling fee.
    #[must_use]
    pub fn unrealised(&self, price: Price) -> Notional {
        price * self.quantity - self.cost
    }

    /// Books a fill and gives back the profit that it realised.
    ///
    /// # Errors
    /// Where cash or coins would become negative; nothing is changed then.
    pub fn apply(&mut self, fill: &Fill) -> Result<Notional, PositionError> {
        if fill.quantity.is_zero() {
            return Err(PositionError::Empty);
        }
        let cash = self.cash + fill.cash_flow();
        if cash.is_negative() {
            return Err(PositionError::NotEnoughCash { needed: -fill.cash_flow(), cash: self.cash });
        }
        let profit = match fill.side {
            Side::Buy => self.buy(fill),
            Side::Sell => self.sell(fill)?,
        };
        self.cash = cash;
        if !self.owed.is_zero() {
            self.settle_owed();
        }
        self.realised += profit;
        self.fees += fill.fee_value();
        self.open = self.quantity > self.dust;
        Ok(profit)
    }

    fn buy(&mut self, fill: &Fill) -> Notional {
        self.quantity += fill.coins();
        self.cost -= fill.cash_flow();
        Notional::ZERO
    }

    fn sell(&mut self, fill: &Fill) -> Result<Notional, PositionError> {
        let (sold, held) = (fill.coins(), self.quantity);
        let left = held.checked_sub(sold).ok_or(PositionError::NotEnoughCoins { sold, held })?;
        let cost = if left.is_zero() { self.cost } else { self.cost.share(sold, held) };
        self.quantity = left;
        self.dust = self.dust.min(left);
        self.cost -= cost;
        Ok(fill.cash_flow() - cost)
    }
}

/// What an account holds of several symbols. A function of them, the starting cash and the fills alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holdings(Vec<(Symbol, Position)>);

impl Holdings {
    /// Cash and no coins; the cash is with the first symbol.
    #[must_use]
    pub fn with_cash(symbols: impl IntoIterator<Item = Symbol>, cash: Notional) -> Self {
        let cash = std::iter::once(cash).chain(std::iter::repeat(Notional::ZERO));
        Self(symbols.into_iter().zip(cash.map(Position::with_cash)).collect())
    }

    /// The symbols and what is held of each.
    pub fn positions(&self) -> impl Iterator<Item = &(Symbol, Position)> {
        self.0.iter()
    }

    /// Books a fill of a symbol and gives back the profit that it realised.
    ///
    /// # Errors
    /// As [`Position::apply`], and for a symbol that is none of the account's.
    pub fn apply(&mut self, symbol: &Symbol, fill: &Fill) -> Result<Notional, PositionError> {
        let cash = self.0.first().map_or(Notional::ZERO, |(_, first)| first.cash);
        let (_, position) = self.0.iter_mut().find(|(it, _)| it == symbol).ok_or(PositionError::OtherSymbol)?;
        let own = std::mem::replace(&mut position.cash, cash);
        let profit = position.apply(fill);
        let left = std::mem::replace(&mut position.cash, own);
        if let Some((_, first)) = self.0.first_mut() {
            first.cash = left;
        }
        profit
    }
}

/// A round trip, from the first coin bought to the last one sold. Indices count candles from 0.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Trade {
    /// What was traded, where an account has several symbols.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<Symbol>,
    /// The candle of the first buy.
    pub entry_index: u64,
    /// The time of the first buy.
    pub entry_time: Timestamp,
    /// The average price of the buys, without fees.
    pub entry_price: Price,
    /// The candle of the last sale.
    pub exit_index: u64,
    /// The time of the last sale.
    pub exit_time: Timestamp,
    /// The average price of the sales, without fees.
    pub exit_price: Price,
    /// Coins bought, before a fee in coins.
    pub quantity: Quantity,
    /// All fees in quote currency.
    pub fees: Notional,
    /// What the trade earned, fees included.
    pub pnl: Notional,
    /// What the last sale was for.
    pub reason: Purpose,
}
