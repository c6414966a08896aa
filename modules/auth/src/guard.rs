use crate::{
    AuthSettings, cookie,
    cookie::Cookies,
    error, origin,
    reply::Reply,
    service::{self, Found, Live},
    token::Presented,
    view::SessionView,
};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, StatusCode, request::Parts},
};
use kit::{
    API_KEY, App, Error, Guard, Identity, Operation, Recognised, RequestInfo, Result, SignedIn, TenantHint, User,
};
use percent_encoding::percent_decode_str;
use std::{ops::Deref, sync::Arc};
use uuid::Uuid;

/// Anyone, from a page that may call; perhaps with the token of a session.
pub struct Visitor {
    /// What every request can reach.
    pub app: App,
    /// Where the request came from.
    pub request: Arc<RequestInfo>,
    headers: HeaderMap,
    pub(crate) presented: Option<Presented>,
    recognised: Option<Recognised>,
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        if parts.headers.contains_key(API_KEY) {
            return Err(Error::session_required());
        }
        origin::check(parts, app)?;
        let presented = Presented::of(&parts.headers, app.the::<AuthSettings>()?, cookie::is_secure(app));
        let (request, headers) = (RequestInfo::of(parts)?, parts.headers.clone());
        Ok(Self { app: app.clone(), request, headers, presented, recognised: Recognised::of(parts) })
    }
}

impl Visitor {
    /// What a cookie of ours says, if it is there and well signed.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let settings = self.app.the::<AuthSettings>().ok()?;
        let value = cookie::find(&self.headers, settings, cookie::is_secure(&self.app), name)?;
        let value = percent_decode_str(value).decode_utf8().ok()?;
        settings.signer.unsigned(&value).map(str::to_owned)
    }

    /// The user whose session it is, if there is one that lives.
    pub async fn user(&self) -> Result<Option<User>> {
        Ok(self.recognise().await?.map(|found| found.user))
    }

    /// Who holds the session of the token, if it lives.
    pub(crate) async fn recognise(&self) -> Result<Option<Found>> {
        if let Some(identity) = self.recognised.as_ref().and_then(Recognised::identity)
            && let Some(session) = identity.note::<Live>()
        {
            let Identity { user, membership, platform, .. } = identity.clone();
            return Ok(Some(Found { user, session: session.clone(), membership, platform, until: None }));
        }
        match &self.presented {
            Some(_) if self.recognised.as_ref().is_some_and(Recognised::is_nobody) => Ok(None),
            Some(presented) => {
                let found = service::find(&self.app, &presented.token, TenantHint::default()).await?;
                if let Some(found) = &found {
                    security::admit(&self.app, &self.request.origin, found.user.id, None, None).await?;
                }
                Ok(found)
            }
            None => Ok(None),
        }
    }
}

impl Guard for Visitor {
    fn describe(operation: &mut Operation) {
        operation.set("x-public", true);
        operation.error(StatusCode::FORBIDDEN);
    }
}

/// Whoever holds a session, from a page that may call.
pub struct Holder {
    signed_in: SignedIn,
    visitor: Visitor,
    pub(crate) token: String,
    pub(crate) session: Live,
}

impl Deref for Holder {
    type Target = SignedIn;

    fn deref(&self) -> &SignedIn {
        &self.signed_in
    }
}

impl FromRequestParts<App> for Holder {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let mut visitor = Visitor::from_request_parts(parts, app).await?;
        let token = visitor.presented.take().ok_or_else(error::unauthorized)?.token;
        let signed_in = SignedIn::from_request_parts(parts, app).await.map_err(|refused| {
            if refused.status() == StatusCode::UNAUTHORIZED { error::unauthorized() } else { refused }
        })?;
        let mut session = signed_in.identity().note::<Live>().cloned().ok_or_else(error::unauthorized)?;
        service::refresh(app, &mut session).await?;
        Ok(Self { signed_in, visitor, token, session })
    }
}

impl Guard for Holder {
    fn describe(operation: &mut Operation) {
        SignedIn::describe(operation);
        operation.error(StatusCode::FORBIDDEN);
    }
}

impl Holder {
    /// What a cookie of ours says, if it is there and well signed.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.visitor.cookie(name)
    }

    /// The id of their session.
    pub fn session_id(&self) -> Uuid {
        self.session.id
    }

    /// Refuses a session that is too old for what is delicate.
    ///
    /// # Errors
    /// 403 `SESSION_NOT_FRESH`.
    pub fn require_fresh(&self) -> Result<()> {
        self.session.require_fresh(self.app().clock().now())
    }

    /// A session of the user's. Only the token of the one that asks is known; others show a handle.
    pub(crate) fn show(&self, session: Live) -> SessionView {
        let known = session.id == self.session.id;
        let token = if known { self.token.clone() } else { session.id.to_string() };
        SessionView::new(session, self.user().id, token)
    }

    /// The session's own id.
    pub fn session(&self) -> Uuid {
        self.session.id
    }

    /// The tenant that the organisation routes are about when they name none.
    pub fn active_tenant(&self) -> Option<Uuid> {
        self.session.active_tenant_id
    }

    /// The reply, with the session's cookie where the session has just been refreshed.
    pub fn renew<T>(&self, reply: Reply<T>) -> Result<Reply<T>> {
        if self.session.renewed { carry(self.app(), reply, &self.token, true) } else { Ok(reply) }
    }
}

/// The reply, with the cookie of an open session and the header that says the same to clients without cookies.
pub(crate) fn carry<T>(app: &App, reply: Reply<T>, token: &str, remembered: bool) -> Result<Reply<T>> {
    let cookies = Cookies::of(app)?;
    let bearer = HeaderName::from_static("set-auth-token");
    Ok(reply.cookies(cookies.open(token, remembered)).header(bearer, Some(&cookies.value(token))))
}
