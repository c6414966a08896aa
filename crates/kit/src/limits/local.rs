use super::{Charge, Limiter, State, Subject, Verdict, gcra::REST};
use crate::{Result, Time};
use futures::{FutureExt, future::BoxFuture};
use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Keeps the limits in the memory of this process, for so many callers at most.
pub struct Local {
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
}

/// How many are counted at the same time without waiting for each other.
const SHARDS: usize = 16;
/// How many standings are kept: about 20 MB of them.
const MOST: usize = 131_072;

type Standings = HashMap<(Subject, &'static str), State>;

/// Two generations: who is seen again moves to the new one, and when that is full or old enough the other is
/// forgotten. So the memory is bounded, and forgetting costs no search.
#[derive(Default)]
struct Shard {
    new: Standings,
    old: Standings,
    turned: i64,
}

impl Default for Local {
    fn default() -> Self {
        Self { hasher: RandomState::new(), shards: std::array::from_fn(|_| Mutex::default()) }
    }
}

impl Local {
    pub(super) fn count(&self, charge: &Charge, now: i64) -> Verdict {
        let mut shard = self.shard(charge.subject);
        let key = (charge.subject, charge.bucket);
        let known = shard.take(&key, now);
        let (state, verdict) = known.charge(charge.limit.into(), now);
        shard.new.insert(key, state);
        verdict
    }

    pub(super) fn known(&self, subject: Subject) -> Vec<(String, State)> {
        let shard = self.shard(subject);
        let all = shard.old.iter().chain(&shard.new);
        all.filter(|((whose, _), _)| *whose == subject)
            .map(|((_, bucket), state)| ((*bucket).to_owned(), *state))
            .collect()
    }

    pub(super) fn forget_all(&self, subject: Subject) {
        let mut shard = self.shard(subject);
        shard.old.retain(|(whose, _), _| *whose != subject);
        shard.new.retain(|(whose, _), _| *whose != subject);
    }

    /// How many standings are kept at present.
    pub fn kept(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard)).map(|shard| shard.old.len() + shard.new.len()).sum()
    }

    fn shard(&self, subject: Subject) -> MutexGuard<'_, Shard> {
        let hash = self.hasher.hash_one(subject);
        #[expect(clippy::cast_possible_truncation, reason = "the remainder is small")]
        lock(&self.shards[(hash % SHARDS as u64) as usize])
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shard {
    /// What is known; the caller puts it into the new generation.
    fn take(&mut self, key: &(Subject, &'static str), now: i64) -> State {
        if now - self.turned > REST || self.new.len() >= MOST / SHARDS / 2 {
            self.old = mem::take(&mut self.new);
            self.turned = now;
        }
        self.new.get(key).copied().or_else(|| self.old.remove(key)).unwrap_or_default()
    }
}

impl Limiter for Local {
    fn charge<'a>(&'a self, charge: &'a Charge, now: Time) -> BoxFuture<'a, Result<Verdict>> {
        async move { Ok(self.count(charge, super::micros(now))) }.boxed()
    }

    fn states(&self, subject: Subject) -> BoxFuture<'_, Result<Vec<(String, State)>>> {
        async move { Ok(self.known(subject)) }.boxed()
    }

    fn forget(&self, subject: Subject) -> BoxFuture<'_, Result<()>> {
        async move {
            self.forget_all(subject);
            Ok(())
        }
        .boxed()
    }
}
