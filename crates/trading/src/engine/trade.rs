//! A round trip in the making.

use arrayvec::ArrayVec;

use crate::money::{Notional, Price, Quantity};
use crate::order::Purpose;
use crate::position::{Fill, Trade};
use crate::strategy::plan::MAX_TARGETS;
use crate::time::Timestamp;

#[derive(Clone, Debug)]
pub(super) struct OpenTrade {
    pub(super) entry_index: u64,
    pub(super) entry_time: Timestamp,
    bought: Quantity,
    spent: Notional,
    sold: Quantity,
    received: Notional,
    fees: Notional,
    pnl: Notional,
    /// Coins that arrived, after a fee in coins: what the targets share out.
    pub(super) arrived: Quantity,
    /// The average price of the buys, without fees.
    pub(super) entry_price: Price,
    /// The highest price since the entry, as far as a trailing stop asks for it.
    pub(super) highest: Price,
    /// The distance of the stop that the sizing asked for.
    pub(super) risk_distance: Option<Notional>,
    /// Coins that each take-profit target has sold.
    pub(super) taken: ArrayVec<Quantity, MAX_TARGETS>,
}

impl OpenTrade {
    pub(super) fn new(index: u64, fill: &Fill, risk_distance: Option<Notional>) -> Self {
        Self {
            entry_index: index,
            entry_time: fill.at,
            bought: Quantity::ZERO,
            spent: Notional::ZERO,
            sold: Quantity::ZERO,
            received: Notional::ZERO,
            fees: Notional::ZERO,
            pnl: Notional::ZERO,
            arrived: Quantity::ZERO,
            entry_price: fill.price,
            highest: fill.price,
            risk_distance,
            taken: [Quantity::ZERO; MAX_TARGETS].into(),
        }
    }

    pub(super) fn on_buy(&mut self, fill: &Fill) {
        self.bought += fill.quantity;
        self.arrived += fill.coins();
        self.spent += fill.value();
        self.fees += fill.fee_value();
        self.entry_price = self.spent.per(self.bought).unwrap_or(fill.price);
        self.highest = self.highest.max(fill.price);
    }

    pub(super) fn on_sale(&mut self, fill: &Fill, profit: Notional, target: Option<u8>) {
        self.sold += fill.quantity;
        self.received += fill.value();
        self.fees += fill.fee_value();
        self.pnl += profit;
        if let Some(taken) = target.and_then(|target| self.taken.get_mut(usize::from(target))) {
            *taken += fill.quantity;
        }
    }

    /// Counts another trade as a part of this one.
    pub(super) fn join(&mut self, other: &Self) {
        self.entry_index = self.entry_index.min(other.entry_index);
        self.entry_time = self.entry_time.min(other.entry_time);
        self.bought += other.bought;
        self.spent += other.spent;
        self.sold += other.sold;
        self.received += other.received;
        self.fees += other.fees;
        self.pnl += other.pnl;
        self.arrived += other.arrived;
        self.entry_price = self.spent.per(self.bought).unwrap_or(self.entry_price);
    }

    /// The finished trade, or `None` while nothing was sold.
    pub(super) fn close(&self, index: u64, at: Timestamp, reason: Purpose) -> Option<Trade> {
        Some(Trade {
            symbol: None,
            entry_index: self.entry_index,
            entry_time: self.entry_time,
            entry_price: self.entry_price,
            exit_index: index,
            exit_time: at,
            exit_price: self.received.per(self.sold)?,
            quantity: self.bought,
            fees: self.fees,
            pnl: self.pnl,
            reason,
        })
    }
}
