use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::{HeaderValue, request::Parts},
};
use kit::{App, Caller, CallerInAnyState, Error, Guard, Operation, Permission, Result};
use schemars::JsonSchema;
use std::ops::Deref;
use uuid::Uuid;

/// A signed-in member who holds the permission `P` in the tenant that the path names as `{id}`,
/// whichever tenant the request is about otherwise.
pub struct Inside<P>(Caller<P>);

/// The same, where the tenant may be closed or suspended.
pub struct InsideInAnyState<P>(CallerInAnyState<P>);

#[derive(JsonSchema)]
#[expect(dead_code, reason = "the document's view of the path")]
struct TenantPath {
    /// The tenant.
    id: Uuid,
}

impl<P> Deref for Inside<P> {
    type Target = Caller<P>;

    fn deref(&self) -> &Caller<P> {
        &self.0
    }
}

impl<P> Deref for InsideInAnyState<P> {
    type Target = Caller<P>;

    fn deref(&self) -> &Caller<P> {
        &self.0
    }
}

impl<P: Permission> FromRequestParts<App> for Inside<P> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        mean_the_one_of_the_path(parts, app).await?;
        Caller::from_request_parts(parts, app).await.map(Self)
    }
}

impl<P: Permission> FromRequestParts<App> for InsideInAnyState<P> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        mean_the_one_of_the_path(parts, app).await?;
        CallerInAnyState::from_request_parts(parts, app).await.map(Self)
    }
}

async fn mean_the_one_of_the_path(parts: &mut Parts, app: &App) -> Result<()> {
    let path = RawPathParams::from_request_parts(parts, app).await.map_err(Error::internal)?;
    let id = path.iter().find(|(name, _)| *name == "id").map(|(_, id)| id).unwrap_or_default();
    let id = HeaderValue::from_str(id).map_err(|_| Error::not_found("tenant"))?;
    parts.headers.insert("x-tenant-id", id);
    Ok(())
}

impl<P: Permission> Guard for Inside<P> {
    fn describe(operation: &mut Operation) {
        Caller::<P>::describe(operation);
        operation.path_parameters::<TenantPath>();
        operation.error(axum::http::StatusCode::NOT_FOUND);
    }
}

impl<P: Permission> Guard for InsideInAnyState<P> {
    fn describe(operation: &mut Operation) {
        Inside::<P>::describe(operation);
    }
}
