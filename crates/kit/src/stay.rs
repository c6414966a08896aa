use crate::{App, Caller, Error, Mark, Permission, Result};
use axum::http::{HeaderValue, StatusCode, header::RETRY_AFTER};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;
use uuid::Uuid;

/// How many streams of a user are open at once at one server.
const MOST_STREAMS: usize = 5;
/// How long a stream goes on; then the client connects again and is recognised anew.
const LONGEST: Duration = Duration::from_secs(300);

/// A caller who stays to listen. It counts as one of the user's open streams until it is dropped.
pub struct Stay {
    app: App,
    /// When the caller was recognised.
    mark: Option<Mark>,
    about: [Uuid; 2],
    until: Instant,
    _open: Open,
}

impl Stay {
    /// How often it should be looked whether the caller may still stay.
    pub const LOOK: Duration = Duration::from_secs(10);

    /// The caller stays.
    ///
    /// # Errors
    /// 429 `TOO_MANY_STREAMS`.
    pub fn begin<P: Permission>(caller: &Caller<P>) -> Result<Self> {
        let (app, user) = (caller.app().clone(), caller.user().id);
        Ok(Self {
            _open: Open::one_more(&app, user, "streams", MOST_STREAMS)?,
            mark: app.db().memory().mark(),
            about: [user, caller.credential().id()],
            until: Instant::now() + LONGEST,
            app,
        })
    }

    /// Whether the server goes on and nothing has changed of who the caller is.
    pub fn may_go_on(&self) -> bool {
        let same = self.mark.is_some_and(|mark| self.app.db().memory().holds(mark, &self.about));
        same && !self.app.health().is_stopping() && Instant::now() < self.until
    }
}

/// How many streams and the like each user has open.
#[derive(Clone, Default)]
struct Streams(Arc<Mutex<HashMap<Whose, usize>>>);

/// The user, and what is counted.
type Whose = (Uuid, &'static str);

/// Something of a user's that is counted while it is open.
pub(crate) struct Open {
    streams: Streams,
    whose: Whose,
}

impl Open {
    /// One more of what may be open so many times.
    pub(crate) fn one_more(app: &App, user: Uuid, what: &'static str, most: usize) -> Result<Self> {
        let whose = (user, what);
        let streams: Streams = app.db().memory().kept();
        let mut open = streams.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(whose).or_default();
        if *count >= most {
            let message = format!("{most} {what} may be open at once; close one first.");
            return Err(Error::new(StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_STREAMS", message)
                .header(RETRY_AFTER, HeaderValue::from(Stay::LOOK.as_secs())));
        }
        *count += 1;
        drop(open);
        Ok(Self { streams, whose })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut open = self.streams.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.whose) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.whose);
            }
        }
    }
}
