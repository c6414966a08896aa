use crate::error;
use auth::protocol::Holder;
use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
};
use kit::{App, Error, Guard, Operation, Permissions, Result};
use std::ops::Deref;

/// Whoever holds a fresh session of their own, since what a key is given outlives the session.
pub(crate) struct Maker(Holder);

impl Deref for Maker {
    type Target = Holder;

    fn deref(&self) -> &Holder {
        &self.0
    }
}

impl Maker {
    /// What the user may do in the tenant of the request.
    pub(crate) fn held(&self) -> Permissions {
        let membership = self.identity().membership.as_ref();
        membership.map_or_else(Permissions::default, |it| it.permissions.clone())
    }

    /// Refuses a wish for somebody else.
    pub(crate) fn ensure_meant(&self, user: Option<&str>) -> Result<()> {
        let other = user.is_some_and(|user| user != self.user().id.to_string());
        if other { Err(error::unauthorized_session()) } else { Ok(()) }
    }
}

impl FromRequestParts<App> for Maker {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let holder = Holder::from_request_parts(parts, app).await.map_err(|refused| {
            if refused.status() == StatusCode::UNAUTHORIZED { error::unauthorized_session() } else { refused }
        })?;
        holder.own()?;
        holder.require_fresh()?;
        Ok(Self(holder))
    }
}

impl Guard for Maker {
    fn describe(operation: &mut Operation) {
        Holder::describe(operation);
    }
}
