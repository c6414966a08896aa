use crate::{
    AuthSettings, cookie,
    guard::Place,
    service::{self, Found},
    token::Presented,
};
use axum::http::request::Parts;
use futures::future::BoxFuture;
use kit::{App, Credential, Error, Identity, Result, TenantHint};

/// Recognises the user by the session that the request carries, and their place in the tenant it asks for.
///
/// # Errors
/// 404 `TENANT_NOT_FOUND` when the user is no member of the tenant that the request names.
pub fn identify<'a>(app: &'a App, parts: &'a Parts, hint: TenantHint) -> BoxFuture<'a, Result<Option<Identity>>> {
    Box::pin(async move {
        let settings: &AuthSettings = app.the()?;
        let Some(presented) = Presented::of(&parts.headers, settings, cookie::is_secure(app)) else { return Ok(None) };
        let named = hint != TenantHint::default();
        let Some(Found { user, mut session, membership }) = service::find(app, &presented.token, hint).await? else {
            return Ok(None);
        };
        if membership.is_none() && named {
            return Err(Error::not_found("tenant"));
        }
        let place = parts.extensions.get::<Place>();
        // a cookie ends with its old session unless the answer can carry it again; a bearer's token does not end
        if !presented.by_cookie || place.is_some() {
            service::refresh(app, &mut session).await?;
        }
        let (id, impersonated_by) = (session.id, session.impersonated_by);
        if let Some(place) = place {
            let _ = place.set(session);
        }
        Ok(Some(Identity { user, credential: Credential::Session(id), impersonated_by, membership }))
    })
}
