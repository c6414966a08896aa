//! Coins, what they cost, and the trade that they are a part of.

use crate::engine::trade::OpenTrade;
use crate::money::{Notional, Quantity};
use crate::order::Purpose;
use crate::position::{Fill, Trade};
use crate::time::Timestamp;

#[derive(Clone, Debug, Default)]
pub(super) struct Stock {
    pub(super) held: Quantity,
    /// Fees included.
    cost: Notional,
    trade: Option<OpenTrade>,
}

impl Stock {
    pub(super) fn is_open(&self) -> bool {
        self.trade.is_some()
    }

    pub(super) fn buy(&mut self, fill: &Fill, index: u64) {
        self.trade.get_or_insert_with(|| OpenTrade::new(index, fill, None)).on_buy(fill);
        self.held += fill.coins();
        self.cost -= fill.cash_flow();
    }

    pub(super) fn sell(&mut self, fill: &Fill) {
        let sold = fill.coins().min(self.held);
        let left = self.held.saturating_sub(sold);
        let cost = if left.is_zero() { self.cost } else { self.cost.share(sold, self.held) };
        self.held = left;
        self.cost -= cost;
        if let Some(trade) = &mut self.trade {
            trade.on_sale(fill, fill.cash_flow() - cost, None);
        }
    }

    /// Ends the trade; a rest too small to sell stays here with its cost.
    pub(super) fn close(&mut self, index: u64, at: Timestamp, reason: Purpose) -> Option<Trade> {
        self.trade.take().and_then(|trade| trade.close(index, at, reason))
    }

    /// Takes everything over.
    pub(super) fn take(&mut self, other: &mut Self) {
        let Self { held, cost, trade } = std::mem::take(other);
        self.held += held;
        self.cost += cost;
        match (&mut self.trade, trade) {
            (Some(own), Some(trade)) => own.join(&trade),
            (own @ None, trade) => *own = trade,
            (Some(_), None) => {}
        }
    }
}
