use crate::{App, Caller, Error, Guard, Operation, Permission, Result};
use axum::{extract::FromRequestParts, http::request::Parts};
use std::ops::Deref;

/// A [`Caller`] whose tenant may be closed or suspended: for the little that its members still do then, such as
/// looking at what it is and taking its trail along.
pub struct CallerInAnyState<P>(Caller<P>);

impl<P> Deref for CallerInAnyState<P> {
    type Target = Caller<P>;

    fn deref(&self) -> &Caller<P> {
        &self.0
    }
}

impl<P: Permission> FromRequestParts<App> for CallerInAnyState<P> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        Caller::in_any_state(parts, app).await.map(Self)
    }
}

impl<P: Permission> Guard for CallerInAnyState<P> {
    fn describe(operation: &mut Operation) {
        Caller::<P>::describe(operation);
    }
}
