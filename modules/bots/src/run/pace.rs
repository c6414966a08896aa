use crate::config::Speed;
use chrono::TimeDelta;
use kit::Time;

/// The most candles of one transaction.
pub(super) const BATCH: usize = 1_000;
/// The same where a script follows them: it may take some ten milliseconds at each, and meanwhile the bot's row is held.
pub(super) const SCRIPT_BATCH: usize = 100;
/// Candles that are due sooner than this wait for each other.
const LEAST_WAIT: TimeDelta = TimeDelta::milliseconds(50);

/// When which candle of a replay is due.
pub(super) struct Pace {
    speed: Speed,
    since: Time,
    fed: u32,
}

impl Pace {
    /// From now on, the first candle at once.
    pub(super) fn new(speed: Speed, now: Time) -> Self {
        Self { speed, since: now, fed: 0 }
    }

    /// From now on again.
    pub(super) fn restart(&mut self, now: Time) {
        *self = Self::new(self.speed, now);
    }

    /// How many candles are due.
    pub(super) fn due(&self, now: Time) -> usize {
        let Speed::CandlesPerSecond(rate) = self.speed else { return BATCH };
        let passed = (now - self.since).as_seconds_f64().max(0.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to a small positive number"
        )]
        let due = (passed * rate + 1.0 - f64::from(self.fed)).clamp(0.0, BATCH as f64) as usize;
        due
    }

    /// So many were fed. What could not be kept up with is let go.
    pub(super) fn fed(&mut self, candles: usize, now: Time) {
        self.fed = self.fed.saturating_add(u32::try_from(candles).unwrap_or(u32::MAX));
        if self.fed > u32::MAX / 2 || (candles > 0 && self.due(now) >= BATCH) {
            self.restart(now);
        }
    }

    /// When to look again.
    pub(super) fn next(&self, now: Time) -> Time {
        let Speed::CandlesPerSecond(rate) = self.speed else { return now };
        let wait = f64::from(self.fed) / rate;
        #[expect(clippy::cast_possible_truncation, reason = "a wait of days at the most")]
        let due = self.since + TimeDelta::milliseconds((wait * 1_000.0).ceil() as i64);
        due.max(now + LEAST_WAIT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Time {
        Time::from_millis(1_700_000_000_000 + millis)
    }

    #[test]
    fn candles_come_at_the_rate_that_was_asked_for() {
        let mut pace = Pace::new(Speed::CandlesPerSecond(4.0), at(0));
        assert_eq!(pace.due(at(0)), 1);
        pace.fed(1, at(0));
        assert_eq!((pace.due(at(249)), pace.due(at(250)), pace.next(at(0))), (0, 1, at(250)));
        assert_eq!(pace.due(at(10_000)), 40);
    }

    #[test]
    fn fast_candles_wait_for_each_other() {
        let mut pace = Pace::new(Speed::CandlesPerSecond(1_000.0), at(0));
        pace.fed(1, at(0));
        assert_eq!(pace.next(at(0)), at(50));
        assert_eq!(pace.due(at(50)), 50);
    }

    #[test]
    fn a_bot_that_was_held_up_does_not_rush_after() {
        let mut pace = Pace::new(Speed::CandlesPerSecond(1_000.0), at(0));
        let late = at(3_600_000);
        assert_eq!(pace.due(late), BATCH);
        pace.fed(BATCH, late);
        assert_eq!(pace.due(late), 1);
    }
}
