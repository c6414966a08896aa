use std::{fmt, str::FromStr};

/// The time in which a limit counts, in microseconds.
pub(super) const WINDOW: i64 = 60_000_000;
/// How often a limit is halved at most.
const LOWEST: i64 = 4;
/// The longest that anything of a standing outlasts its last use: after that, nothing known is the same as nothing to know.
pub(super) const REST: i64 = (LOWEST + 2) * WINDOW;

/// What is known of a caller in one bucket: the generic cell rate algorithm with a limit that shrinks under violations.
/// Moments are whole microseconds since 1970, which a Lua script reckons with as exactly as this does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// When all of the limit is there again.
    full: i64,
    /// How often the limit is halved.
    halved: i64,
    /// When it was halved the last time.
    since: i64,
    /// When a request was refused the last time, less the good conduct that has been rewarded.
    refused: i64,
}

/// What a limiter says of a request. Times are microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub admitted: bool,
    /// How many a minute this caller may send at present.
    pub limit: i64,
    /// How many may follow at once.
    pub remaining: i64,
    /// In what time all of the limit is there again.
    pub reset: i64,
    /// In what time a refused request would be admitted; 0 for one that is.
    pub retry: i64,
}

impl Verdict {
    /// In how many seconds all of the limit is there again.
    pub fn reset_seconds(&self) -> i64 {
        seconds(self.reset)
    }

    /// In how many seconds a refused request would be admitted.
    pub fn retry_seconds(&self) -> i64 {
        seconds(self.retry)
    }
}

/// Whole seconds, the last of which may have begun.
fn seconds(micros: i64) -> i64 {
    (micros + 999_999) / 1_000_000
}

impl State {
    /// The state after a request, and what is said of it.
    pub(super) fn charge(self, limit: i64, now: i64) -> (Self, Verdict) {
        let mut state = self.rewarded(now);
        let pace = Pace::of(limit, state.halved);
        let debt = state.full.max(now) + pace.interval - now;
        if debt <= pace.capacity {
            state.full = now + debt;
            let remaining = (pace.capacity - debt) / pace.interval;
            return (state, Verdict { admitted: true, limit: pace.limit, remaining, reset: debt, retry: 0 });
        }
        if state.halved == 0 || now - state.since >= WINDOW {
            state.halved = (state.halved + 1).min(LOWEST);
            state.since = now;
        }
        state.refused = now;
        let Pace { limit, interval, capacity } = Pace::of(limit, state.halved);
        let reset = (state.full - now).max(0);
        let retry = (reset + interval - capacity).max(0);
        (state, Verdict { admitted: false, limit, remaining: 0, reset, retry })
    }

    /// What would be said of nothing more.
    pub(super) fn look(self, limit: i64, now: i64) -> Verdict {
        let state = self.rewarded(now);
        let Pace { limit, interval, capacity } = Pace::of(limit, state.halved);
        let reset = (state.full - now).max(0);
        let remaining = ((capacity - reset) / interval).max(0);
        let retry = if remaining == 0 { (reset + interval - capacity).max(0) } else { 0 };
        Verdict { admitted: remaining > 0, limit, remaining, reset, retry }
    }

    /// One step back up for each window in which nothing was refused.
    fn rewarded(mut self, now: i64) -> Self {
        let steps = ((now - self.refused) / WINDOW).clamp(0, self.halved);
        self.halved -= steps;
        self.refused += steps * WINDOW;
        self
    }
}

/// A limit as time.
struct Pace {
    limit: i64,
    interval: i64,
    capacity: i64,
}

impl Pace {
    /// The limit, halved so often, but never less than its tenth.
    fn of(limit: i64, halved: i64) -> Self {
        let limit = (limit >> halved).max((limit + 9) / 10).clamp(1, WINDOW);
        let interval = WINDOW / limit;
        Self { limit, interval, capacity: interval * limit }
    }
}

/// How stores outside write it down.
impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.full, self.halved, self.since, self.refused)
    }
}

impl FromStr for State {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut fields = text.split(' ').map(str::parse);
        let mut next = || fields.next().unwrap_or(Ok(0));
        Ok(Self { full: next()?, halved: next()?, since: next()?, refused: next()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOON: i64 = 1_767_614_400_000_000;

    fn pauses() -> impl Strategy<Value = Vec<i64>> {
        prop::collection::vec(prop_oneof![6 => Just(0), 3 => 0..2_000_000_i64, 1 => 0..8 * WINDOW], 1..80)
    }

    /// How many requests at once are admitted.
    fn at_once(mut state: State, limit: i64, now: i64) -> i64 {
        (0..=limit)
            .take_while(|_| {
                let (next, verdict) = state.charge(limit, now);
                state = next;
                verdict.admitted
            })
            .count() as i64
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5_000))]

        #[test]
        fn what_is_said_is_what_will_happen(limit in 1..300_i64, pauses in pauses()) {
            let (mut state, mut now) = (State::default(), NOON);
            for pause in pauses {
                now += pause;
                let (next, verdict) = state.charge(limit, now);
                state = next;
                prop_assert_eq!(state.to_string().parse::<State>(), Ok(state));
                prop_assert!((1..=limit).contains(&verdict.limit) && verdict.limit * 10 >= limit);
                prop_assert_eq!(at_once(state, limit, now), verdict.remaining);
                prop_assert_eq!(at_once(state, limit, now + REST), limit, "after a rest all is forgotten");
                if verdict.admitted {
                    let full = state.look(limit, now + verdict.reset);
                    prop_assert_eq!(full.remaining, full.limit);
                } else {
                    prop_assert!(!state.charge(limit, now + verdict.retry - 1).1.admitted);
                    prop_assert!(state.charge(limit, now + verdict.retry).1.admitted);
                }
            }
        }

        #[test]
        fn no_stretch_of_time_sees_more_than_a_burst_and_what_it_gives_back(limit in 1..300_i64, pauses in pauses()) {
            let (mut state, mut now, mut admitted) = (State::default(), NOON, vec![]);
            for pause in pauses {
                now += pause;
                let (next, verdict) = state.charge(limit, now);
                state = next;
                admitted.extend(verdict.admitted.then_some(now));
            }
            for (first, from) in admitted.iter().enumerate() {
                for (until, count) in admitted[first..].iter().zip(1..) {
                    prop_assert!(count <= limit + (until - from) / (WINDOW / limit));
                }
            }
        }
    }

    #[test]
    fn a_limit_is_halved_down_to_its_tenth() {
        let limits = |limit| [0, 1, 2, 3, 4].map(|halved| Pace::of(limit, halved).limit);
        assert_eq!(limits(100), [100, 50, 25, 12, 10]);
        assert_eq!(limits(5), [5, 2, 1, 1, 1]);
        assert_eq!(limits(1), [1, 1, 1, 1, 1]);
    }
}
