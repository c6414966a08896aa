//! What many ask at once, the exchange is asked once.

use crate::SourceError;
use chrono::TimeDelta;
use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use kit::Time;
use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
};

/// How long an answer holds.
const FRESH: TimeDelta = TimeDelta::seconds(2);
/// How long an answer is waited for by those who come later.
const PATIENCE: TimeDelta = TimeDelta::seconds(15);
/// The most questions that are remembered.
const MOST: usize = 1_000;

type Answer<T> = Shared<BoxFuture<'static, Result<T, SourceError>>>;

struct Asked<T: Clone> {
    at: Time,
    answer: Answer<T>,
}

impl<T: Clone> Asked<T> {
    fn holds(&self, now: Time) -> bool {
        let age = now - self.at;
        age < FRESH || age < PATIENCE && self.answer.peek().is_none()
    }
}

/// What was last told of each thing.
pub(crate) struct Answers<K, T: Clone>(Mutex<HashMap<K, Asked<T>>>);

impl<K, T: Clone> Default for Answers<K, T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, T: Clone> Answers<K, T> {
    /// What the exchange says, or said a moment ago to somebody else.
    pub(crate) async fn ask(
        &self,
        key: K,
        question: impl Future<Output = Result<T, SourceError>> + Send + 'static,
        now: Time,
    ) -> Result<T, SourceError> {
        // nothing is locked while it is waited for
        let answer = self.answer(key, question, now);
        answer.await
    }

    fn answer(
        &self,
        key: K,
        question: impl Future<Output = Result<T, SourceError>> + Send + 'static,
        now: Time,
    ) -> Answer<T> {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = asked.get(&key).filter(|asked| asked.holds(now)) {
            return known.answer.clone();
        }
        let answer = question.boxed().shared();
        keep(&mut asked, key, Asked { at: now, answer: answer.clone() });
        answer
    }

    /// Takes what the exchange has told by itself for its answer.
    pub(crate) fn learn(&self, key: K, told: T, now: Time)
    where
        T: Send + 'static,
    {
        let answer = async { Ok(told) }.boxed().shared();
        keep(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner), key, Asked { at: now, answer });
    }
}

fn keep<K: Eq + Hash, T: Clone>(asked: &mut HashMap<K, Asked<T>>, key: K, it: Asked<T>) {
    if asked.len() >= MOST {
        asked.retain(|_, asked| asked.holds(it.at));
    }
    if asked.len() < MOST {
        asked.insert(key, it);
    }
}
