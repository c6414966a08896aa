use crate::{
    AuthSettings, cookie,
    service::{self, Found},
    token::{self, Presented},
};
use axum::http::request::Parts;
use futures::future::BoxFuture;
use kit::{App, Credential, Error, Identity, RequestInfo, Result, TenantHint};
use std::sync::Arc;

/// Recognises the user by the session that the request carries, and their place in the tenant it asks for.
///
/// # Errors
/// 403 `BLOCKED`; 404 `TENANT_NOT_FOUND` when the user is no member of the tenant that the request names.
pub fn identify<'a>(app: &'a App, parts: &'a Parts, hint: TenantHint) -> BoxFuture<'a, Result<Option<Identity>>> {
    Box::pin(async move {
        let settings: &AuthSettings = app.the()?;
        let Some(presented) = Presented::of(&parts.headers, settings, cookie::is_secure(app)) else { return Ok(None) };
        let origin = &RequestInfo::of(parts)?.origin;
        let Some(found) = service::find(app, &presented.token, hint.clone()).await? else {
            // what a cookie says is signed, so it is old and no guess
            if !presented.by_cookie {
                security::guessed(app, origin, &token::hash(&presented.token)).await;
            }
            return Ok(None);
        };
        let Found { user, mut session, membership, platform, .. } = found;
        let tenant = membership.as_ref().map(|it| it.tenant);
        security::admit(app, origin, user.id, None, tenant).await?;
        if membership.is_none() && hint != TenantHint::default() {
            security::strayed(app, origin, user.id, None, &hint).await;
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
