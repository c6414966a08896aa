use crate::{
    AuthSettings, cookie,
    service::{self, Found},
    token::Presented,
};
use axum::http::request::Parts;
use futures::future::BoxFuture;
use kit::{App, Credential, Error, Identity, Result, TenantHint};
use std::sync::Arc;

/// Recognises the user by the session that the request carries, and their place in the tenant it asks for.
///
/// # Errors
/// 404 `TENANT_NOT_FOUND` when the user is no member of the tenant that the request names.
pub fn identify<'a>(app: &'a App, parts: &'a Parts, hint: TenantHint) -> BoxFuture<'a, Result<Option<Identity>>> {
    Box::pin(async move {
        let settings: &AuthSettings = app.the()?;
        let Some(presented) = Presented::of(&parts.headers, settings, cookie::is_secure(app)) else { return Ok(None) };
        let named = hint != TenantHint::default();
        let Some(found) = service::find(app, &presented.token, hint).await? else { return Ok(None) };
        let Found { user, mut session, membership, platform, .. } = found;
        if membership.is_none() && named {
            return Err(Error::not_found("tenant"));
        }
        // a cookie ends with its old session unless the answer can carry it again; a bearer's token does not end
        if !presented.by_cookie {
            service::refresh(app, &mut session).await?;
        }
        let (credential, impersonated_by) = (Credential::Session(session.id), session.impersonated_by);
        Ok(Some(Identity { user, credential, impersonated_by, membership, note: Some(Arc::new(session)), platform }))
    })
}
