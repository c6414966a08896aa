use auth::protocol::Holder;
use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
};
use kit::{App, Error, Guard, Operation, Reason, Result, SystemTx};
use std::{marker::PhantomData, ops::Deref};
use users::Role;

/// Something that only administrators do.
pub(crate) trait Act: Send + Sync + 'static {
    /// What is answered to those who may not.
    const CODE: &'static str;
    const MESSAGE: &'static str;

    fn refusal() -> Error {
        Error::forbidden(Self::CODE, Self::MESSAGE)
    }
}

macro_rules! acts {
    ($($act:ident = $code:literal $message:literal;)*) => {$(
        pub(crate) struct $act;
        impl Act for $act {
            const CODE: &'static str = $code;
            const MESSAGE: &'static str = $message;
        }
    )*};
}

acts! {
    ListUsers = "YOU_ARE_NOT_ALLOWED_TO_LIST_USERS" "You are not allowed to list users";
    GetUser = "YOU_ARE_NOT_ALLOWED_TO_GET_USER" "You are not allowed to get user";
    CreateUsers = "YOU_ARE_NOT_ALLOWED_TO_CREATE_USERS" "You are not allowed to create users";
    UpdateUsers = "YOU_ARE_NOT_ALLOWED_TO_UPDATE_USERS" "You are not allowed to update users";
    ChangeRoles = "YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE" "You are not allowed to change users role";
    BanUsers = "YOU_ARE_NOT_ALLOWED_TO_BAN_USERS" "You are not allowed to ban users";
    Impersonate = "YOU_ARE_NOT_ALLOWED_TO_IMPERSONATE_USERS" "You are not allowed to impersonate users";
    ListSessions = "YOU_ARE_NOT_ALLOWED_TO_LIST_USERS_SESSIONS" "You are not allowed to list users sessions";
    RevokeSessions = "YOU_ARE_NOT_ALLOWED_TO_REVOKE_USERS_SESSIONS" "You are not allowed to revoke users sessions";
    DeleteUsers = "YOU_ARE_NOT_ALLOWED_TO_DELETE_USERS" "You are not allowed to delete users";
    SetPasswords = "YOU_ARE_NOT_ALLOWED_TO_SET_USERS_PASSWORD" "You are not allowed to set users password";
}

/// A signed-in administrator of the platform, in their own name.
pub(crate) struct Administrator<A> {
    holder: Holder,
    acts: PhantomData<A>,
}

impl<A> Deref for Administrator<A> {
    type Target = Holder;

    fn deref(&self) -> &Holder {
        &self.holder
    }
}

impl<A> Administrator<A> {
    /// A transaction across tenants in which the administrator acts.
    pub(crate) async fn begin_across(&self) -> Result<SystemTx> {
        let tx = self.app().db().system(Reason::Administration, self.origin().clone()).await?;
        Ok(tx.by(self.user().id))
    }
}

impl<A: Act> FromRequestParts<App> for Administrator<A> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let holder = Holder::from_request_parts(parts, app).await?;
        if Role::of(holder.user()) < Role::Admin {
            return Err(A::refusal());
        }
        holder.own()?;
        Ok(Self { holder, acts: PhantomData })
    }
}

impl<A: Act> Guard for Administrator<A> {
    fn describe(operation: &mut Operation) {
        Holder::describe(operation);
        operation.set("x-platform-role", "admin");
        operation.error(StatusCode::NOT_FOUND);
    }
}
