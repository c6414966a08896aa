//! What keeps the engine from entering.

use arrayvec::ArrayVec;

use super::io::Reason;
use crate::money::Notional;
use crate::strategy::plan::{Guards, MAX_LOSSES};
use crate::time::Timestamp;

/// The memory of the guards that bind the whole account.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    rules: Guards,
    losses: ArrayVec<Timestamp, MAX_LOSSES>,
    paused_until: Option<Timestamp>,
    peak: Notional,
    /// The equity once fell too far: that is not forgotten, so that every lane hears of it.
    fallen: bool,
}

impl Guard {
    pub(super) fn new(rules: Guards, cash: Notional) -> Self {
        Self { rules, losses: ArrayVec::new(), paused_until: None, peak: cash, fallen: false }
    }

    /// Why no entry may be made at `at`, if so, where so many other lanes are open.
    pub(super) fn refuses(&self, at: Timestamp, entries_today: u32, others_open: u32) -> Option<Reason> {
        if self.rules.max_trades_per_day.is_some_and(|most| entries_today >= most) {
            return Some(Reason::MaxTradesPerDay);
        }
        if self.rules.max_open_positions.is_some_and(|most| others_open >= most) {
            return Some(Reason::MaxOpenPositions);
        }
        self.paused_until.is_some_and(|until| at < until).then_some(Reason::PauseAfterLosses)
    }

    /// Remembers a trade that ended.
    pub(super) fn on_trade(&mut self, at: Timestamp, pnl: Notional) {
        let Some(rule) = self.rules.pause_after_losses else { return };
        if !pnl.is_negative() {
            self.losses.clear();
            return;
        }
        if self.losses.is_full() {
            self.losses.remove(0);
        }
        self.losses.push(at);
        let earliest = self.losses.len().checked_sub(usize::from(rule.losses)).and_then(|i| self.losses.get(i));
        if earliest.is_some_and(|&first| at <= first.after(rule.within)) {
            self.paused_until = Some(at.after(rule.pause));
            self.losses.clear();
        }
    }

    /// Whether the equity is looked at, which changes with prices while coins are held.
    pub(super) fn watches(&self) -> bool {
        self.rules.max_drawdown.is_some()
    }

    /// Whether the equity, which `equity` computes when a rule asks for it, has fallen too far
    /// from its peak.
    #[inline]
    pub(super) fn drawn_down(&mut self, equity: impl FnOnce() -> Notional) -> bool {
        let Some(rule) = self.rules.max_drawdown else { return false };
        let equity = equity();
        self.peak = self.peak.max(equity);
        self.fallen |= self.peak - equity >= self.peak.part(rule.percent);
        self.fallen
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_millis(minute * 60_000)
    }

    fn guard(rules: serde_json::Value) -> Guard {
        Guard::new(serde_json::from_value(rules).unwrap(), "1000".parse().unwrap())
    }

    #[test]
    fn a_series_of_losses_within_the_time_pauses_and_a_win_breaks_it() {
        let mut guard = guard(json!({"pauseAfterLosses": {"losses": 2, "within": "1h", "pause": "4h"}}));
        let (loss, win) = ("-1".parse().unwrap(), "1".parse().unwrap());
        for (minute, pnl) in [(0, loss), (10, win), (20, loss), (90, loss)] {
            guard.on_trade(at(minute), pnl);
            assert_eq!(guard.refuses(at(minute), 0, 0), None, "{minute}");
        }
        guard.on_trade(at(140), loss);
        assert_eq!(guard.refuses(at(140 + 239), 0, 0), Some(Reason::PauseAfterLosses));
        assert_eq!(guard.refuses(at(140 + 240), 0, 0), None);
    }

    #[test]
    fn other_open_positions_count_against_the_most() {
        let guard = guard(json!({"maxOpenPositions": 2}));
        assert_eq!(guard.refuses(at(0), 0, 1), None);
        assert_eq!(guard.refuses(at(0), 0, 2), Some(Reason::MaxOpenPositions));
    }

    #[test]
    fn the_drawdown_is_measured_from_the_peak() {
        let mut guard = guard(json!({"maxDrawdown": {"percent": "10"}}));
        let mut drawn = |equity: &str| guard.drawn_down(|| equity.parse().unwrap());
        assert_eq!(["950", "2000", "1801", "1800"].map(&mut drawn), [false, false, false, true]);
    }
}
