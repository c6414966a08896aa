//! What many ask at once, the exchange is asked once.

use crate::{
    SourceError,
    source::{Source, Ticker},
};
use chrono::TimeDelta;
use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use kit::Time;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use trading::money::Symbol;

/// How long an answer holds.
const FRESH: TimeDelta = TimeDelta::seconds(2);
/// How long an answer is waited for by those who come later.
const PATIENCE: TimeDelta = TimeDelta::seconds(15);
/// The most questions that are remembered.
const MOST: usize = 1_000;

type Answer = Shared<BoxFuture<'static, Result<Ticker, SourceError>>>;

struct Asked {
    at: Time,
    answer: Answer,
}

impl Asked {
    fn holds(&self, now: Time) -> bool {
        let age = now - self.at;
        age < FRESH || age < PATIENCE && self.answer.peek().is_none()
    }
}

/// What was last told of prices.
#[derive(Default)]
pub(crate) struct Tickers(Mutex<HashMap<(&'static str, Symbol), Asked>>);

impl Tickers {
    /// What the exchange says, or said a moment ago to somebody else.
    pub(crate) async fn ask(&self, source: Arc<dyn Source>, symbol: Symbol, now: Time) -> Result<Ticker, SourceError> {
        // nothing is locked while it is waited for
        let answer = self.answer(source, symbol, now);
        answer.await
    }

    fn answer(&self, source: Arc<dyn Source>, symbol: Symbol, now: Time) -> Answer {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (source.exchange(), symbol);
        if let Some(known) = asked.get(&key).filter(|asked| asked.holds(now)) {
            return known.answer.clone();
        }
        let answer = async move { source.ticker(&symbol).await }.boxed().shared();
        if asked.len() >= MOST {
            asked.retain(|_, asked| asked.holds(now));
        }
        if asked.len() < MOST {
            asked.insert(key, Asked { at: now, answer: answer.clone() });
        }
        answer
    }
}
