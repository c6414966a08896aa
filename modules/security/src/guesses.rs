use chrono::TimeDelta;
use kit::Time;
use moka::sync::Cache;
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

/// The wrong keys and tokens of each network within an hour, as far as this server was told.
pub(crate) struct Guesses(Cache<ipnet::IpNet, Arc<Mutex<Window>>>);

struct Window {
    began: Time,
    /// What was guessed, by hashes: the same wrong key again is no further guess.
    guessed: HashSet<u64>,
}

/// How many networks are watched at a time.
const MOST_NETWORKS: u64 = 10_000;
/// How long guesses count together.
const WINDOW: TimeDelta = TimeDelta::hours(1);

impl Default for Guesses {
    fn default() -> Self {
        Self(Cache::new(MOST_NETWORKS))
    }
}

impl Guesses {
    /// Counts a guess. Answers whether it is one too many; then counting begins anew.
    pub(crate) fn count(&self, network: ipnet::IpNet, guess: u64, most: usize, now: Time) -> bool {
        let fresh = || Arc::new(Mutex::new(Window { began: now, guessed: HashSet::new() }));
        let window = self.0.get_with(network, fresh);
        let mut window = window.lock().unwrap_or_else(PoisonError::into_inner);
        if window.began + WINDOW <= now {
            *window = Window { began: now, guessed: HashSet::new() };
        }
        window.guessed.insert(guess);
        let enough = window.guessed.len() >= most;
        if enough {
            window.guessed.clear();
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_guesses_of_an_hour_count_together_and_the_same_one_once() {
        let (guesses, network) = (Guesses::default(), "192.0.2.1/32".parse().unwrap());
        let at = |minutes: i64| Time::from_millis(minutes * 60_000);
        assert!((0..50).all(|_| !guesses.count(network, 7, 3, at(0))));
        assert!(!guesses.count(network, 8, 3, at(1)));
        assert!(!guesses.count("192.0.2.2/32".parse().unwrap(), 9, 3, at(1)), "another network");
        assert!(guesses.count(network, 9, 3, at(59)));
        assert!(!guesses.count(network, 9, 3, at(59)), "it begins anew");
        assert!(!guesses.count(network, 10, 3, at(59)));
        assert!(!guesses.count(network, 11, 3, at(130)), "the others were too long ago");
    }
}
