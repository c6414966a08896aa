use super::{AnyMember, Guard};
use crate::{App, Error, Mark, Operation, RequestInfo, Result, stay::Open};
use axum::{
    extract::FromRequestParts,
    http::{Request, request::Parts},
};
use std::{ops::Deref, time::Duration};
use tokio::time::Instant;
use uuid::Uuid;

/// How many connections of a user are open at once at one server.
const MOST_OPEN: usize = 20;
/// How long somebody is believed to be who they were: what ends by the clock alone is noticed after so long.
const BELIEVED: Duration = Duration::from_secs(60);

/// A member who stays connected, by session or by key: recognised anew as soon as something has changed of who they
/// are. It counts as one of the user's open connections until it is dropped.
pub struct Presence {
    member: AnyMember,
    /// What the request carried.
    parts: Parts,
    /// When they were last recognised.
    mark: Option<Mark>,
    until: Instant,
    _open: Open,
}

impl Presence {
    /// Whether nothing has changed of who they are.
    pub fn is_certain(&self) -> bool {
        let about = [self.user().id, self.credential().id(), self.membership().tenant];
        let memory = self.app().db().memory();
        self.mark.is_some_and(|mark| memory.holds(mark, &about)) && Instant::now() < self.until
    }

    /// Finds out anew who they are.
    ///
    /// # Errors
    /// What a request of theirs would be refused with now.
    pub async fn recognise(&mut self) -> Result<()> {
        let app = self.app().clone();
        let (mark, now, tenant) = (app.db().memory().mark(), Instant::now(), self.membership().tenant);
        self.member = AnyMember::from_request_parts(&mut self.parts, &app).await?;
        if self.membership().tenant != tenant {
            return Err(Error::not_found("tenant"));
        }
        (self.mark, self.until) = (mark, now + BELIEVED);
        Ok(())
    }

    /// Makes sure that they hold a permission.
    ///
    /// # Errors
    /// 403 `FORBIDDEN`.
    pub fn may(&self, permission: &'static str) -> Result<()> {
        if self.membership().permissions.hold(permission) { Ok(()) } else { Err(Error::lacks(permission)) }
    }

    /// The tenant that they were let into.
    pub fn tenant(&self) -> Uuid {
        self.membership().tenant
    }
}

impl Deref for Presence {
    type Target = AnyMember;

    fn deref(&self) -> &AnyMember {
        &self.member
    }
}

impl FromRequestParts<App> for Presence {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let carried = carried(parts)?;
        let member = AnyMember::from_request_parts(parts, app).await?;
        let open = Open::one_more(app, member.user().id, "connections", MOST_OPEN)?;
        // since when the answer holds is not known: it is asked for once more before anything is told
        Ok(Self { member, parts: carried, mark: None, until: Instant::now(), _open: open })
    }
}

/// As much of the request as its sender is recognised by.
fn carried(parts: &Parts) -> Result<Parts> {
    let (mut carried, ()) = Request::new(()).into_parts();
    (carried.method, carried.uri, carried.headers) = (parts.method.clone(), parts.uri.clone(), parts.headers.clone());
    carried.extensions.insert(RequestInfo::of(parts)?);
    Ok(carried)
}

impl Guard for Presence {
    fn describe(operation: &mut Operation) {
        AnyMember::describe(operation);
    }
}
