use crate::{Email, Role, store};
use audit::Change;
use kit::{Error, OnConstraint, Result, SystemTx, Time, Tx, User};
use serde_json::json;
use uuid::Uuid;

/// What an administrator sets right of a user; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct Correction<'a> {
    pub name: Option<&'a str>,
    pub email: Option<&'a Email>,
    pub email_verified: Option<bool>,
    /// The address of a picture; `Some(None)` takes it away.
    pub image: Option<Option<&'a str>>,
}

/// The users of these ids, whom nobody else changes until the transaction ends.
pub async fn lock_all(tx: &mut SystemTx, ids: &[Uuid]) -> Result<Vec<User>> {
    store::lock_all(tx, ids).await
}

/// Gives a user a role on the whole platform, and records it.
///
/// # Errors
/// 409 `LAST_SUPER_ADMIN` where nobody would be left to look after administrators.
pub async fn promote(tx: &mut SystemTx, user: &User, role: Role) -> Result<User> {
    let promoted = set_role(tx, user, role).await?;
    let change = Change::new("user", user.id, "user.role-changed");
    let change = change.before(json!({ "role": user.role })).after(json!({ "role": promoted.role }));
    audit::record(tx, change).await?;
    Ok(promoted)
}

/// Gives a user a role on the whole platform; whoever asks records it.
///
/// # Errors
/// 409 `LAST_SUPER_ADMIN` where nobody would be left to look after administrators.
pub async fn set_role(tx: &mut SystemTx, user: &User, role: Role) -> Result<User> {
    if role != Role::SuperAdmin {
        keep_a_super_admin(tx, user).await?;
    }
    store::set_role(tx, user.id, role).await
}

/// Gives a user who has just been made their first role on the whole platform; whoever asks records it.
pub async fn appoint<K>(tx: &mut Tx<K>, user: Uuid, role: Role) -> Result<User> {
    store::set_role(tx, user, role).await
}

/// Shuts a user out, for ever or until a moment; whoever asks closes their sessions and records it.
///
/// # Errors
/// 409 `LAST_SUPER_ADMIN` where nobody would be left to look after administrators.
pub async fn ban(tx: &mut SystemTx, user: &User, reason: &str, until: Option<Time>) -> Result<User> {
    keep_a_super_admin(tx, user).await?;
    store::set_ban(tx, user.id, Some(reason), until).await
}

/// Lets a user in again who was shut out; whoever asks records it.
pub async fn unban(tx: &mut SystemTx, user: Uuid) -> Result<User> {
    store::set_ban(tx, user, None, None).await
}

/// Sets a user's own fields right; whoever asks records it.
///
/// # Errors
/// 409 `USER_ALREADY_EXISTS` for an address that somebody else has.
pub async fn correct(tx: &mut SystemTx, user: Uuid, to: &Correction<'_>) -> Result<User> {
    let corrected = store::correct(tx, user, to).await;
    corrected.on_constraint("users_email_taken", || {
        Error::conflict("USER_ALREADY_EXISTS", "Somebody has this address already.")
    })
}

/// Removes a user, with their accounts, sessions and memberships; whoever asks records it.
///
/// # Errors
/// 409 `LAST_SUPER_ADMIN` where nobody would be left to look after administrators.
pub async fn remove(tx: &mut SystemTx, user: &User) -> Result<()> {
    keep_a_super_admin(tx, user).await?;
    store::remove(tx, user.id).await
}

/// Refuses to go on where the user is the last super administrator who can sign in.
async fn keep_a_super_admin(tx: &mut SystemTx, user: &User) -> Result<()> {
    if Role::of(user) != Role::SuperAdmin || user.banned {
        return Ok(());
    }
    let others = store::lock_super_admins(tx).await?.into_iter().filter(|id| *id != user.id).count();
    match others {
        0 => Err(Error::conflict("LAST_SUPER_ADMIN", "The last super administrator stays.")),
        _ => Ok(()),
    }
}
