//! Keeping the weights of an account: at each interval, where one is off by more than the
//! threshold, first everything that is too much is sold, then what is missing is bought.

use super::io::{Effects, Input};
use super::{Lanes, Seat, Strategy};
use crate::money::{Notional, Percent};
use crate::strategy;
use crate::time::Timestamp;

/// Where a rebalancing stands.
#[derive(Clone, Debug)]
pub struct Rebalancer {
    /// By lane.
    weights: Vec<Percent>,
    rules: strategy::Rebalance,
    due: Option<Timestamp>,
    /// Sales are under way, and purchases follow.
    selling: bool,
}

impl Rebalancer {
    /// For lanes in the order of their symbols.
    #[must_use]
    pub fn new(rules: strategy::Rebalance) -> Self {
        Self { weights: rules.weights.values().copied().collect(), rules, due: None, selling: false }
    }

    /// Looks at the account at closes of a moment: `at` is when they were.
    pub fn on_closes<S: Strategy>(
        &mut self,
        at: Timestamp,
        lanes: &mut Lanes<S>,
        mut record: impl FnMut(usize, Timestamp, &Input, &Effects),
    ) {
        if !self.selling {
            if !self.is_due(at) || !self.is_off(lanes) {
                return;
            }
            self.selling = true;
            self.send(at, lanes, |held, target| held > target, &mut record);
        }
        self.go_on(at, lanes, record);
    }

    /// Buys what is missing once nothing is being sold any more.
    pub fn go_on<S: Strategy>(
        &mut self,
        at: Timestamp,
        lanes: &mut Lanes<S>,
        mut record: impl FnMut(usize, Timestamp, &Input, &Effects),
    ) {
        if self.selling && lanes.seats().all(Seat::is_idle) {
            self.selling = false;
            self.send(at, lanes, |held, target| held < target, &mut record);
        }
    }

    fn is_due(&mut self, at: Timestamp) -> bool {
        let mut due = self.due.unwrap_or(at);
        let is_due = at >= due;
        while at >= due {
            due = due.after(self.rules.every);
        }
        self.due = Some(due);
        is_due
    }

    /// Whether a weight is off by more than the threshold, in parts of the equity.
    fn is_off<S: Strategy>(&self, lanes: &Lanes<S>) -> bool {
        let equity = lanes.equity();
        let allowed = equity.part(self.rules.threshold);
        let off = |(held, weight): (Notional, &Percent)| {
            let target = equity.part(*weight);
            held.max(target) - held.min(target) > allowed
        };
        lanes.worths().zip(&self.weights).any(off)
    }

    /// Tells the lanes that `which` describes how much to hold.
    fn send<S: Strategy>(
        &self,
        at: Timestamp,
        lanes: &mut Lanes<S>,
        which: impl Fn(Notional, Notional) -> bool,
        mut record: impl FnMut(usize, Timestamp, &Input, &Effects),
    ) {
        let (equity, held) = (lanes.equity(), lanes.worths().collect::<Vec<_>>());
        for (lane, (held, weight)) in held.into_iter().zip(&self.weights).enumerate() {
            let target = equity.part(*weight);
            if which(held, target) {
                lanes.on_input(lane, at, Input::Hold(target), |at, input, effects| record(lane, at, input, effects));
            }
        }
    }
}
