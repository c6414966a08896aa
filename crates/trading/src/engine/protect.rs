//! How an open position is left without a signal: stops, targets and the longest time.

use arrayvec::ArrayVec;

use super::io::Effects;
use super::machine::{Engine, Phase};
use super::{Strategy, trade::OpenTrade};
use crate::money::{Percent, Price, Quantity};
use crate::order::{Order, OrderKind, Purpose, Side, Size};
use crate::strategy::plan::{MAX_TARGETS, Pairing, Protect};
use crate::time::Timestamp;

impl<S: Strategy> Engine<S> {
    /// Looks after an open position at the close of a candle that went up to `high`.
    #[inline]
    pub(super) fn tend(&mut self, at: Timestamp, high: Price, effects: &mut Effects) {
        if let Some(purpose) = self.leaving {
            if self.waits_to_leave() && self.is_held_too_long(at) {
                self.leave(Purpose::MaxHold, effects);
            } else if !self.book.has(|order| order.purpose == purpose) {
                // The sale was refused by the venue, taken back or ended: the position is still there.
                self.sell(purpose, effects);
            }
            return;
        }
        if self.phase != Phase::Stopped && self.is_held_too_long(at) {
            return self.leave(Purpose::MaxHold, effects);
        }
        let Some(trade) = &mut self.trade else { return };
        let protect = &self.config.plan.protect;
        if self.phase == Phase::Stopped {
            return;
        }
        let rises = protect.trailing_stop.is_some() && high > trade.highest;
        if rises {
            trade.highest = high;
        }
        if rises || self.stop.is_none() && stops(trade, protect) {
            self.follow(effects);
        }
    }

    fn is_held_too_long(&self, at: Timestamp) -> bool {
        let most = self.config.plan.protect.max_hold;
        most.zip(self.trade.as_ref()).is_some_and(|(most, trade)| at >= trade.entry_time.after(most))
    }

    /// Places the stop and all targets anew, for a position that has just grown.
    pub(super) fn arm(&mut self, effects: &mut Effects) {
        self.book.cancel(|order| order.purpose != Purpose::Entry, |id| effects.cancel(id));
        self.stop = None;
        if self.arm_pairs(effects) {
            return;
        }
        if let Some((trigger, purpose)) = self.wanted_stop() {
            self.stand(trigger, purpose, effects);
        }
        for (target, price, coins) in self.wanted_targets() {
            let kind = OrderKind::Limit { price };
            self.place(Side::Sell, kind, Size::Base(coins), Purpose::TakeProfit, Some(target), effects);
        }
    }

    /// Places each target and a stop for its coins as a pair, and a stop for the rest; nothing
    /// where pairs are not asked for, or the venue would not take one of them.
    fn arm_pairs(&mut self, effects: &mut Effects) -> bool {
        let orders = self.config.plan.orders;
        let (Pairing::Oco, Some((trigger, purpose))) = (orders.pair, self.wanted_stop()) else { return false };
        let stop = orders.stop.kind(trigger, &self.config.instrument);
        let mut rest = self.position.quantity();
        let mut wanted: ArrayVec<(Order, Option<u8>), { 2 * MAX_TARGETS + 1 }> = ArrayVec::new();
        for ((target, price, coins), ahead) in self.wanted_targets().into_iter().zip((1..).step_by(2)) {
            let (size, ids) = (Size::Base(coins), (self.id(ahead), self.id(ahead + 1)));
            let limit = Order::new(ids.1, Side::Sell, OrderKind::Limit { price }, size, Purpose::TakeProfit);
            let stop = Order::new(ids.0, Side::Sell, stop, size, purpose);
            wanted.push((Order { pair: Some(ids.1), ..stop }, None));
            wanted.push((Order { pair: Some(ids.0), ..limit }, Some(target)));
            rest = rest.saturating_sub(coins);
        }
        let id = self.id(wanted.len() as u64 + 1);
        let rest = Order::new(id, Side::Sell, stop, Size::Base(self.sellable(rest)), purpose);
        if wanted.is_empty() || wanted.iter().any(|(order, _)| self.check(*order).is_err()) {
            return false;
        }
        match self.check(rest) {
            Ok(_) => wanted.push((rest, None)),
            Err(refusal) if !refusal.is_dust() => return false,
            Err(_) => {}
        }
        self.stop = Some(trigger);
        wanted.into_iter().for_each(|(order, target)| {
            self.send(order, target, effects);
        });
        true
    }

    /// Moves the stop to where it should stand.
    fn follow(&mut self, effects: &mut Effects) {
        let Some((trigger, purpose)) = self.wanted_stop() else { return };
        if self.stop == Some(trigger) {
            return;
        }
        if self.config.plan.orders.pair == Pairing::Oco {
            self.arm(effects);
        } else {
            self.stand(trigger, purpose, effects);
        }
    }

    /// Places one stop for all that is held.
    fn stand(&mut self, trigger: Price, purpose: Purpose, effects: &mut Effects) {
        self.book.cancel(|order| order.is_stop(), |id| effects.cancel(id));
        self.stop = Some(trigger);
        let size = Size::Base(self.sellable(self.position.quantity()));
        let kind = self.config.plan.orders.stop.kind(trigger, &self.config.instrument);
        self.place(Side::Sell, kind, size, purpose, None, effects);
    }

    /// Where the stop should stand, on the tick.
    fn wanted_stop(&self) -> Option<(Price, Purpose)> {
        let (trigger, purpose) = trigger(self.trade.as_ref()?, &self.config.plan.protect)?;
        Some((self.config.instrument.price_down(trigger), purpose))
    }

    /// The number, the price and the coins of each target that has still something to sell.
    fn wanted_targets(&self) -> ArrayVec<(u8, Price, Quantity), MAX_TARGETS> {
        let Some(trade) = &self.trade else { return ArrayVec::new() };
        let wanted = (0_u8..).zip(targets(trade, &self.config.plan.protect));
        let on_grid = |(target, (price, coins))| (target, self.config.instrument.price_up(price), self.sellable(coins));
        wanted.map(on_grid).filter(|(_, _, coins)| !coins.is_zero()).collect()
    }
}

/// Whether a stop of some kind is asked for.
fn stops(trade: &OpenTrade, protect: &Protect) -> bool {
    protect.stop_loss.is_some() || protect.trailing_stop.is_some() || trade.risk_distance.is_some()
}

/// Where the stop should stand: the higher of the stop loss and the trailing stop.
fn trigger(trade: &OpenTrade, protect: &Protect) -> Option<(Price, Purpose)> {
    let entry = trade.entry_price;
    let below = |price: Price, percent: Percent| price.moved_by(-percent.fraction());
    let fixed = match (protect.stop_loss, trade.risk_distance) {
        (Some(stop), _) => Some(below(entry, stop.percent)),
        (None, Some(distance)) => entry.minus(distance),
        (None, None) => None,
    };
    let trailing = protect.trailing_stop.filter(|stop| trade.highest >= entry.moved_by(stop.after.fraction()));
    let trailing = trailing.map(|stop| (below(trade.highest, stop.percent), Purpose::TrailingStop));
    let fixed = fixed.map(|price| (price, Purpose::StopLoss));
    match (fixed, trailing) {
        (Some(fixed), Some(trailing)) => Some(if trailing.0 > fixed.0 { trailing } else { fixed }),
        (fixed, trailing) => fixed.or(trailing),
    }
}

/// The price of each target and what it has still to sell. Parts are counted from the sum of the
/// targets so far, so that the last one of a full set leaves no rest.
fn targets(trade: &OpenTrade, protect: &Protect) -> impl Iterator<Item = (Price, Quantity)> + use<> {
    let (entry, mut percent, mut before) = (trade.entry_price, Percent::default(), Quantity::ZERO);
    let wanted: ArrayVec<_, MAX_TARGETS> = protect
        .take_profit
        .iter()
        .zip(&trade.taken)
        .map(|(target, taken)| {
            percent = percent.plus(target.sell);
            let up_to_here = trade.arrived.part(percent);
            let coins = up_to_here.saturating_sub(before).saturating_sub(*taken);
            before = up_to_here;
            (entry.moved_by(target.percent.fraction()), coins)
        })
        .collect();
    wanted.into_iter()
}
