//! Round trips: one entry, what protects it, one way out.

use super::Signal;
use super::atr::Atr;
use super::book::Working;
use super::desk::Desk;
use super::io::{Effects, Input, Note, Reason, Rejection, Stop};
use super::machine::Phase;
use super::sizing::{self, Entry, Means};
use super::trade::OpenTrade;
use crate::candle::Candle;
use crate::money::{Notional, Price};
use crate::order::{ClientOrderId, Order, OrderStatus, Purpose, Side};
use crate::position::Fill;
use crate::strategy::plan::{ExitOrder, Plan, Sizing};
use crate::time::Timestamp;

#[derive(Clone, Debug)]
pub(super) struct Trips {
    pub(super) plan: Plan,
    pub(super) trade: Option<OpenTrade>,
    /// The position is being left, and why.
    pub(super) leaving: Option<Purpose>,
    /// The trigger of the stop that stands.
    pub(super) stop: Option<Price>,
    last_exit: Option<Timestamp>,
    atr: Option<Atr>,
    /// The stop distance by which the pending entry was sized.
    risk_distance: Option<Notional>,
}

impl Trips {
    pub(super) fn new(plan: &Plan) -> Self {
        let atr = match plan.sizing {
            Sizing::AtrRisk { period, .. } => Some(Atr::new(period)),
            _ => None,
        };
        Self { plan: plan.clone(), trade: None, leaving: None, stop: None, last_exit: None, atr, risk_distance: None }
    }

    pub(super) fn is_open(&self) -> bool {
        self.trade.is_some()
    }

    /// What the sizing wants to know of a candle.
    #[inline]
    pub(super) fn observe(&mut self, candle: &Candle) {
        if let Some(atr) = &mut self.atr {
            atr.update(candle);
        }
    }

    /// Whether a candle without a signal changes nothing here, for a desk that rests too.
    #[inline]
    pub(super) fn rests(&self, desk: &Desk) -> bool {
        // what a trade has left below the smallest order is worth something too
        let watched = desk.account.guard.watches() && !desk.position.quantity().is_zero();
        let tended = self.trade.as_ref().is_some_and(|trade| self.is_tended(trade));
        !(watched || tended) && self.atr.is_none() && self.leaving.is_none()
    }

    /// Looks after what is open, at the close of a candle.
    #[inline]
    pub(super) fn on_candle(&mut self, desk: &mut Desk, at: Timestamp, candle: &Candle, effects: &mut Effects) {
        if desk.drawn_down() && desk.phase < Phase::Halted {
            desk.phase = Phase::Halted;
            effects.note(Note::Halted);
            self.leave(desk, Purpose::MaxDrawdown, effects);
        }
        if self.trade.is_some() {
            self.tend(desk, at, candle.high, effects);
        }
    }

    pub(super) fn on_signal(&mut self, desk: &mut Desk, at: Timestamp, signal: Signal, effects: &mut Effects) {
        if desk.warms_up(at) {
            return;
        }
        match signal {
            Signal::Enter => self.enter(desk, at, effects),
            Signal::Exit => self.leave(desk, Purpose::Exit, effects),
        }
    }

    fn enter(&mut self, desk: &mut Desk, at: Timestamp, effects: &mut Effects) {
        if self.trade.is_some() || !desk.book.is_empty() || desk.phase >= Phase::Halted {
            return;
        }
        if let Some(reason) = self.refuses(desk, at) {
            return effects.note(Note::Skipped(reason));
        }
        let atr = self.atr.as_ref().and_then(Atr::value);
        let means = Means { equity: desk.equity(), cash: desk.free_cash() };
        match sizing::entry(&self.plan, &desk.instrument, means, desk.last_close, atr) {
            Ok(Entry { size, risk_distance }) => {
                self.risk_distance = risk_distance;
                let entry = self.plan.orders.entry;
                let order = desk.buy(entry.kind(desk.last_close, &desk.instrument), size);
                self.buy(desk, at, Order { expires: desk.until(entry.expires()), ..order }, effects);
            }
            Err(reason) => effects.note(Note::Skipped(reason)),
        }
    }

    /// Why no entry may be made at `at`, if so.
    pub(super) fn refuses(&self, desk: &mut Desk, at: Timestamp) -> Option<Reason> {
        if desk.phase == Phase::Paused {
            return Some(Reason::Paused);
        }
        if self.cools_down(at) {
            return Some(Reason::Cooldown);
        }
        let entries = desk.account.day.of(at).entries();
        desk.account.guard.refuses(at, entries, desk.account.others_open)
    }

    /// Whether the last exit of this symbol is too near.
    fn cools_down(&self, at: Timestamp) -> bool {
        let cooldown = self.plan.guards.cooldown.zip(self.last_exit);
        cooldown.is_some_and(|(cooldown, exit)| at < exit.after(cooldown))
    }

    /// Sends a purchase; says whether the limits let it.
    pub(super) fn buy(&self, desk: &mut Desk, at: Timestamp, order: Order, effects: &mut Effects) -> bool {
        let placed = desk.place(order, None, effects);
        if placed {
            desk.account.day.of(at).count_entry();
        }
        placed
    }

    /// Takes all orders back and sells what is held, and what a pending entry may yet bring. An
    /// exit that waits for its price leaves the stops where they are, and gives way to any other.
    pub(super) fn leave(&mut self, desk: &mut Desk, purpose: Purpose, effects: &mut Effects) {
        let gives_way = purpose != Purpose::Exit && self.waits_to_leave();
        if self.leaving.is_some() && !gives_way || self.trade.is_none() && desk.book.is_empty() {
            return;
        }
        self.leaving = Some(purpose);
        let waits = self.waits_to_leave() && self.trade.is_some();
        desk.cancel(|order| !(waits && order.is_stop()), effects);
        if waits {
            return self.offer(desk, effects);
        }
        self.stop = None;
        if self.trade.is_some() {
            desk.sell_all(purpose, effects);
        }
    }

    /// Whether the strategy's exit is under way by an order that waits for its price.
    pub(super) fn waits_to_leave(&self) -> bool {
        self.leaving == Some(Purpose::Exit) && self.plan.orders.exit != ExitOrder::Market {}
    }

    /// Offers what is held at the price of the strategy's exit.
    fn offer(&self, desk: &mut Desk, effects: &mut Effects) {
        let exit = self.plan.orders.exit;
        let kind = exit.kind(desk.last_close, &desk.instrument);
        let order = desk.sale(kind, desk.sellable(desk.position.quantity()), Purpose::Exit);
        desk.place(Order { expires: desk.until(exit.expires()), ..order }, None, effects);
    }

    /// An order is gone: where nothing is held and nothing can come any more, nothing is left.
    fn forget(&mut self, desk: &Desk) {
        if self.trade.is_none() && desk.book.is_empty() {
            self.leaving = None;
        }
    }

    /// Everything but candles, fills and pauses.
    pub(super) fn on_other(&mut self, desk: &mut Desk, at: Timestamp, input: &Input, effects: &mut Effects) {
        match *input {
            Input::Rejected(rejection) => self.on_rejected(desk, rejection, effects),
            Input::Cancelled(id) => self.on_gone(desk, id, OrderStatus::Cancelled, effects),
            Input::Expired(id) => self.on_gone(desk, id, OrderStatus::Expired, effects),
            Input::Signal(signal) => self.on_signal(desk, at, signal, effects),
            Input::Stop(stop) => self.on_stop(desk, stop, effects),
            Input::Candle(_)
            | Input::Filled(_)
            | Input::Quoted(_)
            | Input::Adopted(_)
            | Input::Funding(_)
            | Input::Hold(_)
            | Input::Pause
            | Input::Resume => {}
        }
    }

    pub(super) fn on_fill(
        &mut self,
        desk: &mut Desk,
        fill: &Fill,
        order: Working,
        profit: Notional,
        effects: &mut Effects,
    ) {
        match fill.side {
            Side::Buy => self.on_buy(desk, fill, effects),
            Side::Sell => self.on_sale(desk, fill, profit, order, effects),
        }
    }

    fn on_buy(&mut self, desk: &mut Desk, fill: &Fill, effects: &mut Effects) {
        let (index, distance) = (desk.index_of(fill.at), self.risk_distance);
        let trade = self.trade.get_or_insert_with(|| OpenTrade::new(index, fill, distance));
        trade.on_buy(fill);
        match self.leaving {
            // The entry filled before the venue heard that it was taken back.
            Some(purpose) if !desk.book.has(|order| order.purpose == purpose) => desk.sell_all(purpose, effects),
            None if desk.phase != Phase::Stopped => self.arm(desk, effects),
            _ => {}
        }
    }

    fn on_sale(&mut self, desk: &mut Desk, fill: &Fill, profit: Notional, order: Working, effects: &mut Effects) {
        if let Some(trade) = &mut self.trade {
            trade.on_sale(fill, profit, order.slot);
        }
        if desk.is_dust(desk.position.quantity(), fill.price) {
            self.close_trade(desk, fill.at, order.purpose, effects);
        } else if let (true, Some(purpose)) = (fill.done, self.leaving) {
            desk.sell_all(purpose, effects);
        }
    }

    fn close_trade(&mut self, desk: &mut Desk, at: Timestamp, reason: Purpose, effects: &mut Effects) {
        let index = desk.index_of(at);
        desk.position.settle();
        let closed = self.trade.take().and_then(|trade| trade.close(index, at, reason));
        self.leaving = desk.book.has_entry().then_some(reason);
        self.stop = None;
        desk.cancel(|_| true, effects);
        if let Some(trade) = closed {
            self.last_exit = Some(at);
            desk.account.guard.on_trade(at, trade.pnl);
            effects.note(Note::Closed(trade));
        }
    }

    fn on_rejected(&mut self, desk: &mut Desk, rejection: Rejection, effects: &mut Effects) {
        if let Some(order) = desk.book_rejection(rejection, effects) {
            if order.is_stop() && !order.cancelling {
                self.leave(desk, order.purpose, effects);
            }
            self.forget(desk);
        }
    }

    fn on_gone(&mut self, desk: &mut Desk, id: ClientOrderId, status: OrderStatus, effects: &mut Effects) {
        match desk.book_end(id, status, effects) {
            None => {}
            Some(order) if order.is_stop() && !order.cancelling => self.stop = None,
            Some(_) => self.forget(desk),
        }
    }

    fn on_stop(&mut self, desk: &mut Desk, stop: Stop, effects: &mut Effects) {
        desk.phase = Phase::Stopped;
        match stop {
            Stop::Sell => self.leave(desk, Purpose::Stopped, effects),
            Stop::Keep => {
                self.leaving = None;
                self.stop = None;
                desk.cancel(|_| true, effects);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_cooldown_ends_to_the_millisecond() {
        let plan = json!({"sizing": {"kind": "allIn"}, "guards": {"cooldown": "30m"}});
        let at = |millis: i64| Timestamp::from_millis(millis);
        let mut trips = Trips::new(&serde_json::from_value(plan).unwrap());
        trips.last_exit = Some(at(600_000));
        assert!(trips.cools_down(at(40 * 60_000 - 1)));
        assert!(!trips.cools_down(at(40 * 60_000)));
    }
}
