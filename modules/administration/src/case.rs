use crate::{
    error,
    guard::{Act, Administrator},
};
use audit::Change;
use auth::protocol::UserView;
use kit::{Error, Result, SystemTx, User};
use users::Role;
use uuid::Uuid;

/// A user whom an administrator may work on, and the transaction in which nobody else does.
pub(crate) struct Case {
    pub(crate) tx: SystemTx,
    /// The user, as they were when the case was opened.
    pub(crate) user: User,
    /// Whether the administrator works on themselves.
    pub(crate) is_self: bool,
    role: Role,
    home: Option<Uuid>,
}

impl Case {
    /// Opens the case of a user. The administrator's role is looked up again: since the request was recognised,
    /// another may have taken it away.
    ///
    /// # Errors
    /// The act's refusal for who is no administrator any more, and for an administrator's case, which is their own
    /// or a super administrator's; 404 `USER_NOT_FOUND`.
    pub(crate) async fn open<A: Act>(by: &Administrator<A>, user: Option<Uuid>) -> Result<Self> {
        let (mut tx, own) = (by.begin_across().await?, by.user().id);
        let id = user.unwrap_or_default();
        let locked = users::lock_all(&mut tx, &[own, id]).await?;
        let role = locked.iter().find(|it| it.id == own && !it.is_banned(tx.now())).map_or(Role::User, Role::of);
        if role < Role::Admin {
            return Err(A::refusal());
        }
        let user = locked.into_iter().find(|it| it.id == id).ok_or_else(error::user_not_found)?;
        if Role::of(&user) > Role::User && role < Role::SuperAdmin && user.id != own {
            return Err(A::refusal());
        }
        let home = auth::home_of(&mut tx, user.id).await?;
        Ok(Self { tx, is_self: user.id == own, user, role, home })
    }

    /// Makes sure that the administrator does not work on themselves.
    pub(crate) fn refuse_self(&self, refusal: fn() -> Error) -> Result<()> {
        if self.is_self { Err(refusal()) } else { Ok(()) }
    }

    /// Gives the user a role, and ends the sessions in which they act as others or others as them.
    ///
    /// # Errors
    /// 403 unless a super administrator does it, where it is about an administrator's role.
    pub(crate) async fn set_role(&mut self, role: Role) -> Result<User> {
        may_grant(self.role, role.max(Role::of(&self.user)))?;
        auth::close_impersonations_of(&mut self.tx, self.user.id).await?;
        users::set_role(&mut self.tx, &self.user, role).await
    }

    /// Ends the case and records what was done; `after` is the user as they are now, or `None` where nothing of
    /// them can be seen to have changed.
    pub(crate) async fn close(self, action: &'static str, after: Option<&User>) -> Result<()> {
        let mut change = Change::new("user", self.user.id, action);
        if let Some(after) = after {
            change = change.before(UserView::from(self.user)).after(UserView::from(after.clone()));
        }
        auth::commit_at(self.tx, self.home, change).await
    }
}

/// Makes sure that an administrator of the one role may give or take the other.
pub(crate) fn may_grant(own: Role, role: Role) -> Result<()> {
    if role == Role::User || own == Role::SuperAdmin { Ok(()) } else { Err(error::role_not_yours()) }
}
