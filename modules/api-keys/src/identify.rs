use crate::{
    ApiKeys, error,
    lookup::{self, Found},
    service,
};
use axum::http::{HeaderValue, request::Parts};
use futures::future::BoxFuture;
use kit::{
    API_KEY, App, Credential, Error, Identity, Origin, Permissions, RequestInfo, Result, TenantHint, Time, User,
};

/// How many letters a key has behind its prefix.
pub(crate) const LENGTH: usize = 64;
/// How long its prefix may be.
pub(crate) const LONGEST_PREFIX: usize = 32;

/// Recognises the user by the key that the request carries, else by its session.
///
/// # Errors
/// 401, 403 or 429 for a key that may not be used, or not so; 404 `TENANT_NOT_FOUND` when the request names a tenant
/// that is not the key's, or not the user's.
pub fn identify<'a>(app: &'a App, parts: &'a Parts, hint: TenantHint) -> BoxFuture<'a, Result<Option<Identity>>> {
    match parts.headers.get(API_KEY) {
        None => auth::identify(app, parts, hint),
        Some(key) => Box::pin(async move {
            let origin = &RequestInfo::of(parts)?.origin;
            by_key(app, key, origin, &hint).await.map(Some)
        }),
    }
}

async fn by_key(app: &App, key: &HeaderValue, origin: &Origin, hint: &TenantHint) -> Result<Identity> {
    let key = well_formed(key).ok_or_else(error::malformed_key)?;
    let ApiKeys { lookups, usage } = app.the()?;
    let hash = lookup::hash(key);
    let Some(found) = lookups.find(app, hash).await? else {
        security::guessed(app, origin, &hash).await;
        return Err(error::unknown_key());
    };
    let now = app.clock().now();
    found.usable(now)?;
    let allowed = kit::allows(&found.addresses, origin.ip);
    if !usage.knows(found.id, origin.ip, allowed) {
        service::notice(app, &found, origin, allowed).await?;
        usage.learn(found.id, origin.ip, allowed);
    }
    if !allowed {
        return Err(error::address_not_allowed());
    }
    security::admit(app, origin, found.user.id, Some(found.id), Some(found.membership.tenant)).await?;
    if let Err(refused) = found.means(hint) {
        security::strayed(app, origin, found.user.id, Some(found.id), hint).await;
        return Err(refused);
    }
    usage.count(found.id, found.limit, now)?;
    if found.limited && !service::spend(app, found.id).await? {
        return Err(error::usage_exceeded());
    }
    Ok(found.identity())
}

/// The text of what may be a key. What is too long for one is looked up like any other wrong key.
fn well_formed(key: &HeaderValue) -> Option<&str> {
    let key = key.to_str().ok()?;
    (LENGTH..=4 * (LENGTH + LONGEST_PREFIX)).contains(&key.len()).then_some(key)
}

impl Found {
    fn usable(&self, now: Time) -> Result<()> {
        let User { banned, ban_expires, .. } = &self.user;
        match () {
            () if !self.enabled => Err(error::key_disabled()),
            () if self.expires_at.is_some_and(|end| end <= now) => Err(error::key_expired()),
            () if *banned && ban_expires.is_none_or(|end| end > now) => Err(error::banned_user()),
            () => Ok(()),
        }
    }

    /// Refuses a request that is about another tenant than the key's.
    fn means(&self, hint: &TenantHint) -> Result<()> {
        let other = hint.id.is_some_and(|id| id != self.membership.tenant)
            || hint.slug.as_ref().is_some_and(|slug| *slug != self.tenant_slug);
        if other { Err(Error::not_found("tenant")) } else { Ok(()) }
    }

    fn identity(&self) -> Identity {
        Identity {
            user: self.user.clone(),
            credential: Credential::ApiKey(self.id),
            impersonated_by: None,
            membership: Some(self.membership.clone()),
            note: None,
            // a key opens its tenant and nothing of the platform's
            platform: Permissions::default(),
        }
    }
}
