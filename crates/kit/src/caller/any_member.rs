use super::{Caller, Credential, Guard, no_tenant, recognise};
use crate::{App, Error, Operation, Result, db::UserTx};
use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
};
use serde_json::json;
use std::{marker::PhantomData, ops::Deref};

/// A member of the tenant of the request, by session or by key, whatever they may do in it.
pub struct AnyMember(Caller<()>);

impl AnyMember {
    /// A transaction that sees what is the user's own and nobody else's.
    ///
    /// # Errors
    /// 403 `SESSION_REQUIRED` for a key, which is bound to its tenant.
    pub async fn begin_own(&self) -> Result<UserTx> {
        let Caller { app, identity, request, .. } = &self.0;
        if let Credential::ApiKey(_) = identity.credential {
            return Err(Error::session_required());
        }
        let tx = app.db().begin_personal(identity.user.id, request.origin.clone()).await?;
        Ok(tx.acting(identity))
    }
}

impl Deref for AnyMember {
    type Target = Caller<()>;

    fn deref(&self) -> &Caller<()> {
        &self.0
    }
}

impl FromRequestParts<App> for AnyMember {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let (identity, request) = recognise(parts, app).await?;
        let membership = identity.membership.clone().ok_or_else(no_tenant)?;
        membership.state.admit()?;
        Ok(Self(Caller { app: app.clone(), identity, membership, request, may: PhantomData }))
    }
}

impl Guard for AnyMember {
    fn describe(operation: &mut Operation) {
        operation.set("security", json!([{ "session": [] }, { "bearer": [] }, { "apiKey": [] }]));
        operation.error(StatusCode::UNAUTHORIZED);
        operation.error(StatusCode::FORBIDDEN);
    }
}
