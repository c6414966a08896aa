//! How an open position is left without a signal: stops, targets and the longest time.

use arrayvec::ArrayVec;

use super::desk::Desk;
use super::io::Effects;
use super::machine::Phase;
use super::trade::OpenTrade;
use super::trips::Trips;
use crate::money::{Percent, Price, Quantity};
use crate::order::{Order, OrderKind, Purpose, Side, Size};
use crate::strategy::plan::{MAX_TARGETS, Pairing, Protect};
use crate::time::Timestamp;

impl Trips {
    /// Looks after an open position at the close of a candle that went up to `high`.
    #[inline]
    pub(super) fn tend(&mut self, desk: &mut Desk, at: Timestamp, high: Price, effects: &mut Effects) {
        if let Some(purpose) = self.leaving {
            if self.waits_to_leave() && self.is_held_too_long(at) {
                self.leave(desk, Purpose::MaxHold, effects);
            } else if !desk.book.has(|order| order.purpose == purpose) {
                // The sale was refused by the venue, taken back or ended: the position is still there.
                desk.sell_all(purpose, effects);
            }
            return;
        }
        if desk.phase != Phase::Stopped && self.is_held_too_long(at) {
            return self.leave(desk, Purpose::MaxHold, effects);
        }
        let Some(trade) = &mut self.trade else { return };
        let protect = &self.plan.protect;
        if desk.phase == Phase::Stopped {
            return;
        }
        let rises = protect.trailing_stop.is_some() && high > trade.highest;
        if rises {
            trade.highest = high;
        }
        if rises || self.stop.is_none() && stops(trade, protect) {
            self.follow(desk, effects);
        }
    }

    /// Whether an open trade is looked after at each close.
    pub(super) fn is_tended(&self, trade: &OpenTrade) -> bool {
        self.plan.protect.max_hold.is_some() || stops(trade, &self.plan.protect)
    }

    fn is_held_too_long(&self, at: Timestamp) -> bool {
        let most = self.plan.protect.max_hold;
        most.zip(self.trade.as_ref()).is_some_and(|(most, trade)| at >= trade.entry_time.after(most))
    }

    /// Places the stop and all targets anew, for a position that has just grown.
    pub(super) fn arm(&mut self, desk: &mut Desk, effects: &mut Effects) {
        desk.cancel(|order| order.purpose != Purpose::Entry, effects);
        self.stop = None;
        if self.arm_pairs(desk, effects) {
            return;
        }
        if let Some((trigger, purpose)) = self.wanted_stop(desk) {
            self.stand(desk, trigger, purpose, effects);
        }
        for (target, price, coins) in self.wanted_targets(desk) {
            let kind = OrderKind::Limit { price };
            desk.place(desk.sale(kind, coins, Purpose::TakeProfit), Some(target), effects);
        }
    }

    /// Places each target and a stop for its coins as a pair, and a stop for the rest; nothing
    /// where pairs are not asked for, or the venue would not take one of them.
    fn arm_pairs(&mut self, desk: &mut Desk, effects: &mut Effects) -> bool {
        let orders = self.plan.orders;
        let (Pairing::Oco, Some((trigger, purpose))) = (orders.pair, self.wanted_stop(desk)) else { return false };
        let stop = orders.stop.kind(trigger, &desk.instrument);
        let mut rest = desk.position.quantity();
        let mut wanted: ArrayVec<(Order, Option<u8>), { 2 * MAX_TARGETS + 1 }> = ArrayVec::new();
        for ((target, price, coins), ahead) in self.wanted_targets(desk).into_iter().zip((1..).step_by(2)) {
            let (size, ids) = (Size::Base(coins), (desk.id(ahead), desk.id(ahead + 1)));
            let limit = Order::new(ids.1, Side::Sell, OrderKind::Limit { price }, size, Purpose::TakeProfit);
            let stop = Order::new(ids.0, Side::Sell, stop, size, purpose);
            wanted.push((Order { pair: Some(ids.1), ..stop }, None));
            wanted.push((Order { pair: Some(ids.0), ..limit }, Some(target)));
            rest = rest.saturating_sub(coins);
        }
        let id = desk.id(wanted.len() as u64 + 1);
        let rest = Order::new(id, Side::Sell, stop, Size::Base(desk.sellable(rest)), purpose);
        if wanted.is_empty() || wanted.iter().any(|(order, _)| desk.check(*order).is_err()) {
            return false;
        }
        match desk.check(rest) {
            Ok(_) => wanted.push((rest, None)),
            Err(refusal) if !refusal.is_dust() => return false,
            Err(_) => {}
        }
        self.stop = Some(trigger);
        wanted.into_iter().for_each(|(order, target)| {
            desk.place(order, target, effects);
        });
        true
    }

    /// Moves the stop to where it should stand.
    fn follow(&mut self, desk: &mut Desk, effects: &mut Effects) {
        let Some((trigger, purpose)) = self.wanted_stop(desk) else { return };
        if self.stop == Some(trigger) {
            return;
        }
        if self.plan.orders.pair == Pairing::Oco {
            self.arm(desk, effects);
        } else {
            self.stand(desk, trigger, purpose, effects);
        }
    }

    /// Places one stop for all that is held.
    fn stand(&mut self, desk: &mut Desk, trigger: Price, purpose: Purpose, effects: &mut Effects) {
        desk.cancel(|order| order.is_stop(), effects);
        self.stop = Some(trigger);
        let coins = desk.sellable(desk.position.quantity());
        let kind = self.plan.orders.stop.kind(trigger, &desk.instrument);
        desk.place(desk.sale(kind, coins, purpose), None, effects);
    }

    /// Where the stop should stand, on the tick.
    fn wanted_stop(&self, desk: &Desk) -> Option<(Price, Purpose)> {
        let (trigger, purpose) = trigger(self.trade.as_ref()?, &self.plan.protect)?;
        Some((desk.instrument.price_down(trigger), purpose))
    }

    /// The number, the price and the coins of each target that has still something to sell.
    fn wanted_targets(&self, desk: &Desk) -> ArrayVec<(u8, Price, Quantity), MAX_TARGETS> {
        let Some(trade) = &self.trade else { return ArrayVec::new() };
        let wanted = (0_u8..).zip(targets(trade, &self.plan.protect));
        let on_grid = |(target, (price, coins))| (target, desk.instrument.price_up(price), desk.sellable(coins));
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
