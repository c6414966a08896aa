use kit::Time;
use std::time::Duration;

/// How often a key may be used: so often in a window, and never more at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    pub most: i32,
    /// In milliseconds.
    pub window: i64,
}

/// The generic cell rate algorithm, whose whole state is one moment: when the window is empty again, in nanoseconds.
/// Written out here since the quota is each key's own and may change between two calls.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Meter(i64);

impl Limit {
    /// What a trading bot needs: twenty calls a second, all of a minute's at once if it likes.
    pub const DEFAULT: Self = Self { most: 1_200, window: 60_000 };
    /// The most calls in a window, whatever its length.
    pub(crate) const MOST: i32 = 6_000;
    /// The most calls a minute in the long run.
    const FASTEST: i64 = 6_000;
    /// The longest window: a day.
    pub(crate) const LONGEST: i64 = 86_400_000;

    /// Whether it stays below the ceiling.
    pub(crate) fn is_sound(self) -> bool {
        (1..=Self::MOST).contains(&self.most)
            && (1_000..=Self::LONGEST).contains(&self.window)
            && i64::from(self.most) * 60_000 <= Self::FASTEST * self.window
    }
}

impl Meter {
    /// Counts a call, or says how long to wait for the next one.
    pub(crate) fn count(&mut self, limit: Limit, now: Time) -> Result<(), Duration> {
        let (now, window) = (nanos(now.millis()), nanos(limit.window));
        let filled = self.0.max(now).saturating_add(window / i64::from(limit.most.max(1)));
        let over = filled.saturating_sub(now).saturating_sub(window);
        if over > 0 {
            return Err(Duration::from_nanos(over.unsigned_abs()));
        }
        self.0 = filled;
        Ok(())
    }

    /// Whether nothing of it is left to remember.
    pub(crate) fn is_idle(self, now: Time) -> bool {
        self.0 <= nanos(now.millis())
    }
}

fn nanos(millis: i64) -> i64 {
    millis.saturating_mul(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_holds_so_many_and_empties_steadily() {
        let limit = Limit { most: 3, window: 3_000 };
        let (mut meter, at) = (Meter::default(), Time::from_millis);
        for _ in 0..3 {
            assert_eq!(meter.count(limit, at(10_000)), Ok(()));
        }
        assert_eq!(meter.count(limit, at(10_000)), Err(Duration::from_secs(1)));
        assert_eq!(meter.count(limit, at(10_999)), Err(Duration::from_millis(1)));
        assert_eq!(meter.count(limit, at(11_000)), Ok(()));
        assert!(meter.count(limit, at(11_000)).is_err() && !meter.is_idle(at(13_999)) && meter.is_idle(at(14_000)));
    }

    #[test]
    fn no_limit_passes_the_ceiling() {
        assert!(Limit::DEFAULT.is_sound());
        for (most, window, sound) in [
            (6_000, 60_000, true),
            (100, 1_000, true),
            (6_000, Limit::LONGEST, true),
            (6_001, Limit::LONGEST, false),
            (101, 1_000, false),
            (1, 999, false),
            (0, 1_000, false),
            (1, Limit::LONGEST + 1, false),
        ] {
            assert_eq!(Limit { most, window }.is_sound(), sound, "{most} in {window}");
        }
    }
}
