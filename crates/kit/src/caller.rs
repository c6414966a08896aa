use crate::{
    App, Credential, Error, Identity, Membership, Mode, Operation, Permission, Reason, Result, Scope, SystemTx,
    TenantHint, TenantTx, User,
    db::UserTx,
    http::{Origin, RequestInfo},
    recognised,
};
use axum::{
    extract::FromRequestParts,
    http::{HeaderName, StatusCode, request::Parts},
};
use serde_json::json;
use std::{marker::PhantomData, ops::Deref, sync::Arc};
use uuid::Uuid;

mod any_member;
mod presence;

pub use any_member::AnyMember;
pub use presence::Presence;

/// The header in which bots and services present their key.
pub const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Who may call: the first argument of every handler. It runs first, so a refused caller's body
/// is never read.
#[diagnostic::on_unimplemented(
    message = "the first argument of a handler says who may call it, and `{Self}` does not",
    note = "begin with `caller: Caller<SomePermission>`, `AnyMember` for what every member may, `user: SignedIn` for what is the user's own, or `_: Public`"
)]
pub trait Guard: FromRequestParts<App> {
    fn describe(operation: &mut Operation);
}

/// A member who holds the permission `P` in the tenant of the request, by session or by key.
pub struct Caller<P> {
    app: App,
    identity: Identity,
    membership: Membership,
    request: Arc<RequestInfo>,
    may: PhantomData<P>,
}

impl<P> Caller<P> {
    /// The user.
    pub fn user(&self) -> &User {
        &self.identity.user
    }

    /// By what the user was recognised.
    pub fn credential(&self) -> Credential {
        self.identity.credential
    }

    /// The user's place in the tenant of the request.
    pub fn membership(&self) -> &Membership {
        &self.membership
    }

    /// What every request can reach.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// A transaction across tenants, for what ends the tenant itself.
    pub async fn begin_across(&self, reason: Reason) -> Result<SystemTx> {
        Ok(self.app.db().system(reason, self.request.origin.clone()).await?.acting(&self.identity))
    }

    /// A transaction that sees this tenant and no other.
    pub async fn begin(&self) -> Result<TenantTx> {
        #[expect(clippy::disallowed_methods, reason = "the caller has been recognised as a member with the permission")]
        let scope = Scope::new(self.membership.tenant, Some(self.identity.user.id));
        let tx = self.app.db().begin(scope, self.request.origin.clone()).await?;
        Ok(tx.acting(&self.identity))
    }
}

impl<P: Permission> Caller<P> {
    pub(crate) async fn in_any_state(parts: &mut Parts, app: &App) -> Result<Self> {
        let (identity, request) = recognise(parts, app).await?;
        let Some(membership) = identity.membership.clone() else {
            return Err(no_tenant());
        };
        request.enter(membership.tenant);
        if !membership.permissions.hold(P::NAME) {
            return Err(Error::lacks(P::NAME));
        }
        Ok(Self { app: app.clone(), identity, membership, request, may: PhantomData })
    }
}

impl<P: Permission> FromRequestParts<App> for Caller<P> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let caller = Self::in_any_state(parts, app).await?;
        caller.membership.state.admit()?;
        Ok(caller)
    }
}

impl<P: Permission> Guard for Caller<P> {
    fn describe(operation: &mut Operation) {
        operation.set("security", json!([{ "session": [P::NAME] }, { "bearer": [P::NAME] }, { "apiKey": [P::NAME] }]));
        operation.set("x-permission", P::NAME);
        operation.error(StatusCode::UNAUTHORIZED);
        operation.error(StatusCode::FORBIDDEN);
    }
}

/// A signed-in user, for what is the user's own. A key does not do: one that leaked must not change the account.
pub struct SignedIn {
    app: App,
    identity: Identity,
    request: Arc<RequestInfo>,
}

impl SignedIn {
    /// The user.
    pub fn user(&self) -> &User {
        &self.identity.user
    }

    /// The user, the session and the tenant.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// What every request can reach.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// A transaction that sees what is the user's own and nobody else's.
    pub async fn begin(&self) -> Result<UserTx> {
        let tx = self.app.db().begin_personal(self.identity.user.id, self.request.origin.clone()).await?;
        Ok(tx.acting(&self.identity))
    }

    /// A transaction that sees the tenant of the request, for what is the user's own in it.
    ///
    /// # Errors
    /// 403 `NO_TENANT` for a user who is a member of none.
    pub async fn begin_in_tenant(&self) -> Result<TenantTx> {
        let membership = self.identity.membership.as_ref().ok_or_else(no_tenant)?;
        membership.state.admit()?;
        self.request.enter(membership.tenant);
        #[expect(clippy::disallowed_methods, reason = "the user has been recognised as a member")]
        let scope = Scope::new(membership.tenant, Some(self.identity.user.id));
        let tx = self.app.db().begin(scope, self.request.origin.clone()).await?;
        Ok(tx.acting(&self.identity))
    }

    /// Where the request came from.
    pub fn origin(&self) -> &Origin {
        &self.request.origin
    }

    /// A transaction across tenants, for what the user may do where they are no member.
    pub async fn begin_across(&self, reason: Reason) -> Result<SystemTx> {
        Ok(self.app.db().system(reason, self.request.origin.clone()).await?.acting(&self.identity))
    }

    /// Makes sure that it is the user themselves, for what an administrator who acts as them may not do.
    ///
    /// # Errors
    /// 403 `IMPERSONATED`.
    pub fn own(&self) -> Result<()> {
        match self.identity.impersonated_by {
            Some(_) => Err(Error::forbidden("IMPERSONATED", "Only the user themselves may do this.")),
            None => Ok(()),
        }
    }
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let (identity, request) = recognise(parts, app).await?;
        match identity.credential {
            Credential::Session(_) => Ok(Self { app: app.clone(), identity, request }),
            Credential::ApiKey(_) => Err(Error::session_required()),
        }
    }
}

impl Guard for SignedIn {
    fn describe(operation: &mut Operation) {
        operation.set("security", json!([{ "session": [] }, { "bearer": [] }]));
        operation.error(StatusCode::UNAUTHORIZED);
        operation.error(StatusCode::FORBIDDEN);
    }
}

/// A user who holds the permission `P` on the whole platform, by session and in their own name.
pub struct Operator<P> {
    user: SignedIn,
    may: PhantomData<P>,
}

impl<P> Deref for Operator<P> {
    type Target = SignedIn;

    fn deref(&self) -> &SignedIn {
        &self.user
    }
}

impl<P: Permission> FromRequestParts<App> for Operator<P> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let user = SignedIn::from_request_parts(parts, app).await?;
        if !user.identity.platform.hold(P::NAME) {
            return Err(Error::lacks(P::NAME));
        }
        user.own()?;
        Ok(Self { user, may: PhantomData })
    }
}

impl<P: Permission> Guard for Operator<P> {
    fn describe(operation: &mut Operation) {
        operation.set("security", json!([{ "session": [P::NAME] }, { "bearer": [P::NAME] }]));
        operation.set("x-permission", P::NAME);
        operation.set("x-scope", "platform");
        operation.error(StatusCode::UNAUTHORIZED);
        operation.error(StatusCode::FORBIDDEN);
    }
}

/// Anyone, without a session.
pub struct Public {
    app: App,
    request: Arc<RequestInfo>,
}

impl Public {
    /// What every request can reach.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Where the request came from.
    pub fn request(&self) -> &Arc<RequestInfo> {
        &self.request
    }
}

impl FromRequestParts<App> for Public {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        Ok(Self { app: app.clone(), request: RequestInfo::of(parts)? })
    }
}

impl Guard for Public {
    fn describe(operation: &mut Operation) {
        operation.set("x-public", true);
    }
}

impl TenantHint {
    /// The tenant that the request names: by header, else sub-domain, else query.
    ///
    /// # Errors
    /// 404 for a name that cannot be a tenant's, as for one that is not the user's.
    pub(crate) fn of(parts: &Parts, app: &App) -> Result<Self> {
        if let Some(header) = parts.headers.get("x-tenant-id") {
            return Self::id(header.to_str().unwrap_or_default());
        }
        if let Some(slug) = sub_domain(parts, app) {
            return Ok(Self { id: None, slug: Some(slug) });
        }
        let query = parts.uri.query().unwrap_or_default();
        match query.split('&').find_map(|pair| pair.strip_prefix("tenant_id=")) {
            Some(id) => Self::id(id),
            None => Ok(Self::default()),
        }
    }

    fn id(text: &str) -> Result<Self> {
        let id = Uuid::parse_str(text.trim()).map_err(|_| Error::not_found("tenant"))?;
        Ok(Self { id: Some(id), slug: None })
    }
}

/// `acme` of `acme.example.com`, where the platform is at `example.com`.
fn sub_domain(parts: &Parts, app: &App) -> Option<String> {
    let home = host_of(app.settings().base_url.split("://").nth(1)?);
    let host = parts.headers.get("host")?.to_str().ok()?;
    let slug = host_of(host).strip_suffix(home)?.strip_suffix('.')?;
    (!slug.is_empty() && slug != "www").then(|| slug.to_ascii_lowercase())
}

fn host_of(authority: &str) -> &str {
    let end = authority.rfind(':').filter(|at| !authority[*at..].contains(']')).unwrap_or(authority.len());
    authority[..end].split('/').next().unwrap_or_default()
}

/// Who the request is from, by whatever it carries.
async fn recognise(parts: &mut Parts, app: &App) -> Result<(Identity, Arc<RequestInfo>)> {
    let request = RequestInfo::of(parts)?;
    refuse_foreign_pages(parts, app)?;
    let identity = recognised::identity(app, parts).await?.ok_or_else(Error::unauthenticated)?;
    request.recognise(&identity);
    Ok((identity, request))
}

fn no_tenant() -> Error {
    Error::forbidden("NO_TENANT", "You are a member of no tenant.")
}

/// A browser sends the user's cookie with whatever page asks: a page of another origin may not
/// change anything, nor open a WebSocket, whose answers no browser keeps from it.
fn refuse_foreign_pages(parts: &Parts, app: &App) -> Result<()> {
    let only_reads = parts.method.is_safe() && !parts.headers.contains_key("upgrade");
    if only_reads || !parts.headers.contains_key("cookie") {
        return Ok(());
    }
    match parts.headers.get("origin").map(|origin| origin.to_str().unwrap_or("null")) {
        Some(origin) if !app.settings().trusts(origin) => {
            Err(Error::forbidden("INVALID_ORIGIN", "The page's origin is not trusted.").with("origin", origin))
        }
        None if app.settings().mode == Mode::Production && parts.headers.contains_key("sec-fetch-site") => {
            Err(Error::forbidden("MISSING_OR_NULL_ORIGIN", "A browser's request needs its origin."))
        }
        _ => Ok(()),
    }
}
