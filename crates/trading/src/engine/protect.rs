//! How an open position is left without a signal: stops, targets and the longest time.

use super::desk::{Desk, Draft};
use super::io::Effects;
use super::machine::Phase;
use super::trade::OpenTrade;
use super::trips::Trips;
use crate::money::{Percent, Price, Quantity};
use crate::order::{OrderKind, Purpose};
use crate::strategy::plan::Protect;
use crate::time::Timestamp;

impl Trips {
    /// Looks after an open position at the close of a candle that went up to `high`.
    #[inline]
    pub(super) fn tend(&mut self, desk: &mut Desk, at: Timestamp, high: Price, effects: &mut Effects) {
        if let Some(purpose) = self.leaving {
            // The sale was refused by the venue or taken back: the position is still there.
            if !desk.book.has(|order| order.purpose == purpose) {
                desk.sell_all(purpose, effects);
            }
            return;
        }
        let Some(trade) = &mut self.trade else { return };
        let protect = &self.plan.protect;
        if desk.phase == Phase::Stopped {
            return;
        }
        if protect.max_hold.is_some_and(|most| at >= trade.entry_time.after(most)) {
            return self.leave(desk, Purpose::MaxHold, effects);
        }
        let rises = protect.trailing_stop.is_some() && high > trade.highest;
        if rises {
            trade.highest = high;
        }
        if rises || self.stop.is_none() && stops(trade, protect) {
            self.follow(desk, effects);
        }
    }

    /// Places the stop and all targets anew, for a position that has just grown.
    pub(super) fn arm(&mut self, desk: &mut Desk, effects: &mut Effects) {
        desk.cancel(|order| order.purpose != Purpose::Entry, effects);
        self.stop = None;
        self.follow(desk, effects);
        let Some(trade) = &self.trade else { return };
        let wanted = targets(trade, &self.plan.protect);
        for (target, (price, coins)) in (0_u8..).zip(wanted) {
            let (price, coins) = (desk.instrument.price_up(price), desk.sellable(coins));
            if !coins.is_zero() {
                let draft = Draft::sale(OrderKind::Limit { price }, coins, Purpose::TakeProfit);
                desk.place(draft.slot(target), effects);
            }
        }
    }

    /// Moves the stop to where it should stand.
    fn follow(&mut self, desk: &mut Desk, effects: &mut Effects) {
        let Some((trigger, purpose)) = self.trade.as_ref().and_then(|trade| trigger(trade, &self.plan.protect)) else {
            return;
        };
        let trigger = desk.instrument.price_down(trigger);
        if self.stop == Some(trigger) {
            return;
        }
        desk.cancel(|order| order.is_stop(), effects);
        self.stop = Some(trigger);
        let coins = desk.sellable(desk.position.quantity());
        desk.place(Draft::sale(OrderKind::StopMarket { trigger }, coins, purpose), effects);
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
    let wanted: arrayvec::ArrayVec<_, { crate::strategy::plan::MAX_TARGETS }> = protect
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
