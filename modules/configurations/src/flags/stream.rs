use super::{Verdict, verdicts};
use crate::ReadConfigurations;
use axum::http::{HeaderValue, StatusCode, header::RETRY_AFTER};
use kit::{App, Caller, Error, Event, Events, Mark, Result, Signal};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, sleep};
use tracing::warn;
use uuid::Uuid;

/// What tells of changes of flags; with a tenant before it, of the tenant's choices.
pub(super) const TOPIC: &str = "flags";
/// How many streams of a user are open at once at one server.
const MOST_STREAMS: usize = 5;
/// How often is looked whether the caller may still listen.
const LOOK: Duration = Duration::from_secs(10);
/// How long a stream goes on; then the client connects again and is recognised anew.
const LONGEST: Duration = Duration::from_secs(300);

/// A caller who listens to what is on for them.
struct Listening {
    caller: Caller<ReadConfigurations>,
    flags: Signal,
    choices: Signal,
    /// When the caller was recognised.
    mark: Option<Mark>,
    until: Instant,
    told: Option<BTreeMap<String, Verdict>>,
    _open: Open,
}

/// What is on for the caller, at once and again whenever it changes.
///
/// # Errors
/// 429 `TOO_MANY_STREAMS`.
pub(crate) async fn stream(caller: Caller<ReadConfigurations>) -> Result<Events> {
    let app = caller.app().clone();
    let tenant = caller.begin().await?.scope().key(TOPIC);
    let listening = Listening {
        _open: Open::one_more(&app, caller.user().id)?,
        mark: app.db().memory().mark(),
        flags: app.signals().subscribe(TOPIC),
        choices: app.signals().subscribe(&tenant),
        until: Instant::now() + LONGEST,
        told: None,
        caller,
    };
    Ok(Events::new(futures::stream::unfold(listening, Listening::next)))
}

impl Listening {
    async fn next(mut self) -> Option<(Event, Self)> {
        while self.told.is_none() || self.has_news().await {
            match self.verdicts().await {
                Ok(now) if self.told.as_ref() == Some(&now) => {}
                Ok(now) => {
                    let event = Event::default().event(TOPIC).json_data(&now).ok()?;
                    self.told = Some(now);
                    return Some((event, self));
                }
                Err(failure) => {
                    warn!("a stream of flags ends: {failure}");
                    return None;
                }
            }
        }
        None
    }

    async fn verdicts(&self) -> Result<BTreeMap<String, Verdict>> {
        verdicts(&mut self.caller.begin().await?).await
    }

    /// Waits for news; `false` once the stream is to end.
    async fn has_news(&mut self) -> bool {
        loop {
            let news = tokio::select! {
                heard = self.flags.changed() => Some(heard),
                heard = self.choices.changed() => Some(heard),
                () = sleep(LOOK) => None,
            };
            if news == Some(false) || !self.may_go_on() {
                return false;
            }
            if news == Some(true) {
                return true;
            }
        }
    }

    /// Whether the server goes on and nothing has changed of who the caller is.
    fn may_go_on(&self) -> bool {
        let app = self.caller.app();
        let about = [self.caller.user().id, self.caller.credential().id()];
        let same = self.mark.is_some_and(|mark| app.db().memory().holds(mark, &about));
        same && !app.health().is_stopping() && Instant::now() < self.until
    }
}

/// How many streams each user has open.
#[derive(Clone, Default)]
struct Streams(Arc<Mutex<HashMap<Uuid, usize>>>);

/// A stream that is counted while it is open.
struct Open {
    streams: Streams,
    user: Uuid,
}

impl Open {
    fn one_more(app: &App, user: Uuid) -> Result<Self> {
        let streams: Streams = app.db().memory().kept();
        let mut open = streams.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(user).or_default();
        if *count >= MOST_STREAMS {
            let message = format!("{MOST_STREAMS} streams may be open at once; close one first.");
            return Err(Error::new(StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_STREAMS", message)
                .header(RETRY_AFTER, HeaderValue::from(LOOK.as_secs())));
        }
        *count += 1;
        drop(open);
        Ok(Self { streams, user })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut open = self.streams.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.user);
            }
        }
    }
}
