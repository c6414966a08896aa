use crate::provider::Refusal;
use chrono::TimeDelta;
use kit::Time;
use std::sync::Arc;
use tokio::sync::Mutex;

/// What another platform has said and will say again. Those who ask at the same time wait for one answer.
pub(crate) struct Remembered<T>(Mutex<State<T>>);

struct State<T> {
    known: Option<(Time, Arc<T>)>,
    failed: Option<(Time, Refusal)>,
}

/// How long a failure is everybody's answer, so that nobody waits for what has just failed.
const PAUSE: TimeDelta = TimeDelta::seconds(2);

impl<T> Remembered<T> {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(State { known: None, failed: None }))
    }

    /// What is known, unless it is older than this; then what `load` brings.
    pub(crate) async fn get(
        &self,
        now: Time,
        most: TimeDelta,
        load: impl AsyncFnOnce() -> Result<T, Refusal>,
    ) -> Result<Arc<T>, Refusal> {
        let mut state = self.0.lock().await;
        match (&state.known, &state.failed) {
            (Some((at, known)), _) if now - *at < most => return Ok(known.clone()),
            (_, Some((at, refusal))) if now - *at < PAUSE => return Err(refusal.clone()),
            _ => {}
        }
        match load().await {
            Ok(value) => {
                let value = Arc::new(value);
                *state = State { known: Some((now, value.clone())), failed: None };
                Ok(value)
            }
            Err(refusal) => {
                state.failed = Some((now, refusal.clone()));
                Err(refusal)
            }
        }
    }
}
