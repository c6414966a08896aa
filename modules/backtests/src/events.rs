//! What becomes of a back-test, told while it happens.

use crate::{ReadBacktests, service};
use axum::{
    extract::FromRequestParts,
    http::request::Parts,
    response::{IntoResponse, Response},
};
use futures::{Stream, stream};
use kit::{
    Answer, App, Caller, Error, Event, Events, Input, JobFailure, JobState, NoContent, Operation, Result, Stay, Time,
    follow_job,
};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};
use uuid::Uuid;

/// How many events may wait for a reader; one for whom more do is left behind.
const MOST_WAITING: usize = 32;

/// Where a back-test stands.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "BacktestNews")]
pub(crate) struct News {
    status: service::Status,
    /// Its place among the tenant's back-tests that wait, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<i64>,
    /// Candles, or combinations of a sweep.
    done: i64,
    total: i64,
    percent: i64,
    /// How many of them are done a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    per_second: Option<i64>,
    /// How many seconds it will take still, at that speed.
    #[serde(skip_serializing_if = "Option::is_none")]
    eta_seconds: Option<i64>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<JobFailure>,
}

impl News {
    fn of(state: &JobState, now: Time) -> Self {
        let status = service::Status::of_job(&state.status);
        let running = status == service::Status::Running;
        let millis = state.started_at.filter(|_| running).map(|at| (now.millis() - at.millis()).max(1));
        let per_second = millis.filter(|_| state.done > 0).map(|millis| state.done.saturating_mul(1_000) / millis);
        let left = state.total.saturating_sub(state.done);
        Self {
            status,
            place: state.place,
            done: state.done,
            total: state.total,
            percent: service::percent(status, state.done, state.total),
            per_second,
            eta_seconds: per_second.filter(|speed| *speed > 0).map(|speed| left.div_euclid(speed)),
            error: state.failure.clone(),
        }
    }

    fn event(&self, id: String) -> Option<Event> {
        Event::default().event(self.status.as_str()).id(id).json_data(self).ok()
    }
}

/// Names a state, so that whoever comes back is not told again what they know.
fn name(state: &JobState) -> String {
    let JobState { status, attempts, done, place, .. } = state;
    format!("{status}-{attempts}-{done}-{}", place.unwrap_or_default())
}

/// The events of a back-test, or nothing where the caller has been told of its end.
pub(crate) enum Told {
    Events(Events),
    Nothing,
}

/// Tells what becomes of a back-test until it has ended.
///
/// # Errors
/// 404, 429 `TOO_MANY_STREAMS`.
pub(crate) async fn tell(caller: Caller<ReadBacktests>, id: Uuid, last: Option<String>) -> Result<Told> {
    service::get(&mut caller.begin().await?, id).await?;
    let stay = Stay::begin(&caller)?;
    let states = follow_job(caller.app(), id).await?;
    let ended = states.borrow().has_ended() && last.as_deref() == Some(&name(&states.borrow()));
    if ended {
        return Ok(Told::Nothing);
    }
    let (events, waiting) = mpsc::channel(MOST_WAITING);
    tokio::spawn(pass_on(caller, stay, states, last, events));
    Ok(Told::Events(Events::new(from(waiting))))
}

fn from(waiting: mpsc::Receiver<Event>) -> impl Stream<Item = Event> {
    stream::unfold(waiting, |mut waiting| async { waiting.recv().await.map(|event| (event, waiting)) })
}

/// Nobody waits for a reader: one who has left, or does not keep up, is told nothing more.
async fn pass_on(
    caller: Caller<ReadBacktests>,
    stay: Stay,
    mut states: watch::Receiver<JobState>,
    mut last: Option<String>,
    events: mpsc::Sender<Event>,
) {
    loop {
        let state = states.borrow_and_update().clone();
        let id = name(&state);
        if last.as_deref() != Some(&id) {
            let Some(event) = News::of(&state, caller.app().clock().now()).event(id.clone()) else { return };
            if events.try_send(event).is_err() {
                return;
            }
            last = Some(id);
        }
        if state.has_ended() {
            return;
        }
        let news = tokio::select! {
            news = timeout(Stay::LOOK, states.changed()) => news,
            () = events.closed() => return,
        };
        if matches!(news, Ok(Err(_))) || !stay.may_go_on() {
            return;
        }
    }
}

impl IntoResponse for Told {
    fn into_response(self) -> Response {
        match self {
            Self::Events(events) => events.into_response(),
            Self::Nothing => NoContent.into_response(),
        }
    }
}

impl Answer for Told {
    fn describe(operation: &mut Operation) {
        Events::describe(operation);
    }
}

/// The last event that a client which comes back has heard.
pub(crate) struct LastHeard(pub(crate) Option<String>);

impl FromRequestParts<App> for LastHeard {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self> {
        Ok(Self(parts.headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(str::to_owned)))
    }
}

impl Input for LastHeard {
    fn describe(_operation: &mut Operation) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(status: &str, done: i64) -> JobState {
        let mut state = JobState::default();
        state.status = status.to_owned();
        (state.done, state.total) = (done, 1_000);
        state.started_at = Some(Time::from_millis(1_000));
        state
    }

    #[test]
    fn speed_and_what_is_left_follow_from_how_long_it_has_run() {
        let news = News::of(&state("running", 250), Time::from_millis(1_500));
        assert_eq!((news.percent, news.per_second, news.eta_seconds), (25, Some(500), Some(1)));
        let news = News::of(&state("running", 0), Time::from_millis(1_500));
        assert_eq!((news.per_second, news.eta_seconds), (None, None));
        let news = News::of(&state("done", 1_000), Time::from_millis(1_500));
        assert_eq!((news.percent, news.per_second), (100, None));
    }
}
