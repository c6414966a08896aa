//! What keeps the engine from entering.

use arrayvec::ArrayVec;

use super::io::Reason;
use crate::money::Notional;
use crate::strategy::plan::{Guards, MAX_LOSSES};
use crate::time::Timestamp;

/// The memory of the guards.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    rules: Guards,
    last_exit: Option<Timestamp>,
    losses: ArrayVec<Timestamp, MAX_LOSSES>,
    paused_until: Option<Timestamp>,
    peak: Notional,
}

impl Guard {
    pub(super) fn new(rules: Guards, cash: Notional) -> Self {
        Self { rules, last_exit: None, losses: ArrayVec::new(), paused_until: None, peak: cash }
    }

    /// Why no entry may be made at `at`, if so.
    pub(super) fn refuses(&self, at: Timestamp, entries_today: u32) -> Option<Reason> {
        if let (Some(cooldown), Some(exit)) = (self.rules.cooldown, self.last_exit)
            && at < exit.after(cooldown)
        {
            return Some(Reason::Cooldown);
        }
        if self.rules.max_trades_per_day.is_some_and(|most| entries_today >= most) {
            return Some(Reason::MaxTradesPerDay);
        }
        self.paused_until.is_some_and(|until| at < until).then_some(Reason::PauseAfterLosses)
    }

    /// Remembers a trade that ended.
    pub(super) fn on_trade(&mut self, at: Timestamp, pnl: Notional) {
        self.last_exit = Some(at);
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

    /// Whether the equity, which `equity` computes when a rule asks for it, has fallen too far
    /// from its peak.
    #[inline]
    pub(super) fn drawn_down(&mut self, equity: impl FnOnce() -> Notional) -> bool {
        let Some(rule) = self.rules.max_drawdown else { return false };
        let equity = equity();
        self.peak = self.peak.max(equity);
        self.peak - equity >= self.peak.part(rule.percent)
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
    fn the_cooldown_ends_to_the_millisecond() {
        let mut guard = guard(json!({"cooldown": "30m"}));
        guard.on_trade(at(10), Notional::ZERO);
        assert_eq!(guard.refuses(Timestamp::from_millis(40 * 60_000 - 1), 0), Some(Reason::Cooldown));
        assert_eq!(guard.refuses(at(40), 0), None);
    }

    #[test]
    fn a_series_of_losses_within_the_time_pauses_and_a_win_breaks_it() {
        let mut guard = guard(json!({"pauseAfterLosses": {"losses": 2, "within": "1h", "pause": "4h"}}));
        let (loss, win) = ("-1".parse().unwrap(), "1".parse().unwrap());
        for (minute, pnl) in [(0, loss), (10, win), (20, loss), (90, loss)] {
            guard.on_trade(at(minute), pnl);
            assert_eq!(guard.refuses(at(minute), 0), None, "{minute}");
        }
        guard.on_trade(at(140), loss);
        assert_eq!(guard.refuses(at(140 + 239), 0), Some(Reason::PauseAfterLosses));
        assert_eq!(guard.refuses(at(140 + 240), 0), None);
    }

    #[test]
    fn the_drawdown_is_measured_from_the_peak() {
        let mut guard = guard(json!({"maxDrawdown": {"percent": "10"}}));
        let mut drawn = |equity: &str| guard.drawn_down(|| equity.parse().unwrap());
        assert_eq!(["950", "2000", "1801", "1800"].map(&mut drawn), [false, false, false, true]);
    }
}
