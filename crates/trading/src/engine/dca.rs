//! Purchases step by step, sold together: cost averaging.

use super::desk::Desk;
use super::io::{Effects, Note, Reason};
use super::machine::Phase;
use super::trips::Trips;
use crate::candle::Candle;
use crate::money::{Notional, Price};
use crate::order::{OrderKind, Side, Size};
use crate::position::Fill;
use crate::strategy;
use crate::time::Timestamp;

/// Where a round of purchases stands. The coins, and the target above their average price, are
/// those of a round trip.
#[derive(Clone, Debug)]
pub(super) struct Dca {
    rules: strategy::Dca,
    /// Purchases of this round.
    orders: u32,
    /// What the next one spends.
    next: Notional,
    /// The price of the last one.
    last_price: Option<Price>,
    /// When the next one is due, where time decides.
    due: Option<Timestamp>,
}

impl Dca {
    pub(super) fn new(rules: strategy::Dca) -> Self {
        Self { next: rules.quote, rules, orders: 0, last_price: None, due: None }
    }

    pub(super) fn on_candle(
        &mut self,
        desk: &mut Desk,
        trips: &mut Trips,
        at: Timestamp,
        candle: &Candle,
        effects: &mut Effects,
    ) {
        trips.on_candle(desk, at, candle, effects);
        if !trips.is_open() && desk.book.is_empty() {
            (self.orders, self.next, self.last_price) = (0, self.rules.quote, None);
        }
        let busy = desk.book.has_entry() || trips.leaving.is_some() || desk.phase >= Phase::Halted;
        if busy || desk.warms_up(at) || self.orders >= self.rules.max_orders || !self.is_due(at, candle.close) {
            return;
        }
        if let Some(reason) = trips.refuses(desk, at) {
            return effects.note(Note::Skipped(reason));
        }
        if self.next > desk.free_cash() {
            return effects.note(Note::Skipped(Reason::NoCash));
        }
        let order = desk.buy(OrderKind::Market {}, Size::Quote(self.next));
        if trips.buy(desk, at, order, effects) {
            self.orders += 1;
            self.next = self.next.times(self.rules.scale);
        }
    }

    /// Whether the next purchase is due; where time decides, the one after it is planned then.
    fn is_due(&mut self, at: Timestamp, price: Price) -> bool {
        if let Some(every) = self.rules.every {
            let mut due = self.due.unwrap_or(at);
            let is_due = at >= due;
            while at >= due {
                due = due.after(every);
            }
            self.due = Some(due);
            return is_due;
        }
        let dip = self.rules.dip_percent.unwrap_or_default();
        self.last_price.is_none_or(|last| price <= last.moved_by(-dip.fraction()))
    }

    pub(super) fn on_fill(&mut self, fill: &Fill) {
        if fill.side == Side::Buy {
            self.last_price = Some(fill.price);
        }
    }
}
