use crate::ManageDepartments;
use axum::{extract::FromRequestParts, http::request::Parts};
use kit::{App, Caller, Error, Guard, Operation, Permission, Result};
use std::ops::Deref;

/// A caller with the permission `P`, of whom the service asks for `departments:manage` too, as the wish may be.
pub(crate) struct Steward<P>(Caller<P>);

impl<P> Deref for Steward<P> {
    type Target = Caller<P>;

    fn deref(&self) -> &Caller<P> {
        &self.0
    }
}

impl<P: Permission> FromRequestParts<App> for Steward<P> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        Caller::from_request_parts(parts, app).await.map(Self)
    }
}

impl<P: Permission> Guard for Steward<P> {
    fn describe(operation: &mut Operation) {
        Caller::<P>::describe(operation);
        operation.set("x-may-need", ManageDepartments::NAME);
    }
}
