use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
};
use kit::{App, Error, Guard, Operation, Result, SignedIn};
use std::ops::Deref;
use users::Role;

/// A signed-in user who runs the platform.
pub(crate) struct Administrator(SignedIn);

impl Deref for Administrator {
    type Target = SignedIn;

    fn deref(&self) -> &SignedIn {
        &self.0
    }
}

impl FromRequestParts<App> for Administrator {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let user = SignedIn::from_request_parts(parts, app).await?;
        if Role::parse(&user.user().role).is_none_or(|role| role < Role::Admin) {
            return Err(Error::forbidden("FORBIDDEN", "This needs an administrator of the platform."));
        }
        Ok(Self(user))
    }
}

impl Guard for Administrator {
    fn describe(operation: &mut Operation) {
        SignedIn::describe(operation);
        operation.set("x-platform-role", Role::Admin.as_str());
        operation.error(StatusCode::FORBIDDEN);
    }
}
