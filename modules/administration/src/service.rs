//! What administrators do to users, each in one transaction.

use crate::{
    case::{Case, may_grant},
    error,
    forms::{BanUser, CreateUser, SetPassword, SetRole, UpdateUser, UserData, address},
    guard::{
        Act, Administrator, BanUsers, ChangeRoles, CreateUsers, DeleteUsers, Impersonate, SetPasswords, UpdateUsers,
    },
};
use audit::Change;
use auth::{
    NewAccount, SignedUp,
    protocol::{SessionView, UserView},
};
use chrono::TimeDelta;
use kit::{Error, Result, SystemTx, Time, User};
use serde_json::json;
use tenants::Kind;
use users::{Correction, NewUser, Role};
use uuid::Uuid;

/// Why somebody is shut out if nobody says.
const NO_REASON: &str = "No reason";

/// Makes a user with an account and a tenant of their own.
pub(crate) async fn create(by: &Administrator<CreateUsers>, form: &CreateUser) -> Result<User> {
    let data = form.data.as_ref();
    let role = form.role.as_ref().or(data.and_then(|data| data.role.as_ref()));
    let role = role.map_or(Ok(Role::User), crate::forms::OneOrMany::role)?;
    may_grant(Role::of(by.user()), role)?;
    let email = address(&form.email)?;
    let password_hash = match form.password.as_deref() {
        Some(password) if !password.is_empty() => Some(auth::hash_new_password(by.app(), password).await?),
        _ => None,
    };
    let user = NewUser {
        email: &email,
        name: &form.name,
        image: data.and_then(|data| data.image.as_ref()?.as_deref()),
        email_verified: data.and_then(|data| data.email_verified).unwrap_or(false),
    };
    let tenant_name =
        if form.name.trim().is_empty() { form.email.split('@').next().unwrap_or_default() } else { form.name.trim() };
    let new = NewAccount { user, password_hash: password_hash.as_deref(), kind: Kind::Trader, tenant_name };
    let mut tx = by.begin_across().await?;
    refuse_demoted(by, &mut tx, role).await?;
    let SignedUp { mut tx, user, .. } = auth::sign_up(tx, &new).await.map_err(in_the_protocols_words)?;
    let user = users::appoint(&mut tx, user.id, role).await?;
    if role > Role::User {
        let change = Change::new("user", user.id, "user.role-changed");
        audit::record(&mut tx, change.before(json!({ "role": "user" })).after(json!({ "role": user.role }))).await?;
    }
    tx.commit().await?;
    Ok(user)
}

/// Makes sure that the administrator still is one, of a role that may give this one.
async fn refuse_demoted<A: Act>(by: &Administrator<A>, tx: &mut SystemTx, role: Role) -> Result<()> {
    let own = users::lock_all(tx, &[by.user().id]).await?.iter().map(Role::of).next();
    match own.filter(|own| *own >= Role::Admin) {
        Some(own) => may_grant(own, role),
        None => Err(A::refusal()),
    }
}

fn in_the_protocols_words(failure: Error) -> Error {
    if failure.code() == "USER_ALREADY_EXISTS" { error::address_taken() } else { failure }
}

/// Changes a user's fields, role and ban.
pub(crate) async fn update(by: &Administrator<UpdateUsers>, form: &UpdateUser) -> Result<User> {
    let data = &form.data;
    data.check()?;
    let role = data.role.as_ref().map(crate::forms::OneOrMany::role).transpose()?;
    let mut case = Case::open(by, form.user_id.0).await?;
    let mut user = case.user.clone();
    if data.corrects() {
        user = correct(&mut case, data).await?;
    }
    if let Some(role) = role {
        user = case.set_role(role).await?;
    }
    match data.banned {
        Some(true) => user = shut_out(&mut case, data.ban_reason.as_deref(), data.ban_expires).await?,
        Some(false) => user = users::unban(&mut case.tx, user.id).await?,
        None => {}
    }
    case.close("user.changed", Some(&user)).await?;
    Ok(user)
}

/// An administrator's own address is proved to be theirs as everybody's is.
async fn correct(case: &mut Case, data: &UserData) -> Result<User> {
    let email = data.email.as_deref().map(address).transpose()?;
    if email.is_some() || data.email_verified.is_some() {
        case.refuse_self(error::not_yourself_email)?;
    }
    let to = Correction {
        name: data.name.as_deref(),
        email: email.as_ref(),
        email_verified: data.email_verified,
        image: data.image.as_ref().map(Option::as_deref),
    };
    users::correct(&mut case.tx, case.user.id, &to).await.map_err(in_the_protocols_words)
}

/// Gives a user a role on the platform.
pub(crate) async fn set_role(by: &Administrator<ChangeRoles>, form: &SetRole) -> Result<User> {
    let role = form.role.role()?;
    let mut case = Case::open(by, form.user_id.0).await?;
    let user = case.set_role(role).await?;
    case.close("user.role-changed", Some(&user)).await?;
    Ok(user)
}

/// Shuts a user out and closes their sessions.
pub(crate) async fn ban(by: &Administrator<BanUsers>, form: &BanUser) -> Result<User> {
    let mut case = Case::open(by, form.user_id.0).await?;
    let until = form.ban_expires_in.filter(|seconds| *seconds > 0.0).map(|seconds| case.tx.now() + span(seconds));
    let user = shut_out(&mut case, form.ban_reason.as_deref(), until).await?;
    case.close("user.banned", Some(&user)).await?;
    Ok(user)
}

/// So many seconds, to the millisecond.
fn span(seconds: f64) -> TimeDelta {
    #[expect(clippy::cast_possible_truncation, reason = "the form allows a hundred years at most")]
    let millis = (seconds * 1000.0) as i64;
    TimeDelta::milliseconds(millis)
}

async fn shut_out(case: &mut Case, reason: Option<&str>, until: Option<Time>) -> Result<User> {
    case.refuse_self(error::not_yourself_ban)?;
    let reason = reason.filter(|reason| !reason.is_empty()).unwrap_or(NO_REASON);
    let user = users::ban(&mut case.tx, &case.user, reason, until).await?;
    auth::close_sessions_of(&mut case.tx, user.id).await?;
    Ok(user)
}

/// Lets a user in again.
pub(crate) async fn unban(by: &Administrator<BanUsers>, user: Option<Uuid>) -> Result<User> {
    let mut case = Case::open(by, user).await?;
    let user = users::unban(&mut case.tx, case.user.id).await?;
    case.close("user.unbanned", Some(&user)).await?;
    Ok(user)
}

/// Lifts the locks of a user whom wrong passwords or codes have locked.
pub(crate) async fn unlock(by: &Administrator<BanUsers>, user: Option<Uuid>) -> Result<User> {
    let mut case = Case::open(by, user).await?;
    let user = case.user.clone();
    auth::unlock(&mut case.tx, &user).await?;
    case.close("user.unlocked", None).await?;
    Ok(user)
}

/// The user whom an administrator is about to act as.
pub(crate) async fn to_impersonate(by: &Administrator<Impersonate>, user: Option<Uuid>) -> Result<(SystemTx, User)> {
    let case = Case::open(by, user).await.map_err(|refused| {
        // who is spared is an administrator: who asks is one beyond doubt
        if refused.code() == Impersonate::CODE { error::not_administrators() } else { refused }
    })?;
    if Role::of(&case.user) > Role::User {
        return Err(error::not_administrators());
    }
    Ok((case.tx, case.user))
}

/// Removes a user and all that is theirs alone.
pub(crate) async fn remove(by: &Administrator<DeleteUsers>, user: Option<Uuid>) -> Result<()> {
    let mut case = Case::open(by, user).await?;
    case.refuse_self(error::not_yourself_remove)?;
    tenants::refuse_sole_owner(&mut case.tx, case.user.id).await?;
    auth::close_sessions_of(&mut case.tx, case.user.id).await?;
    users::remove(&mut case.tx, &case.user).await?;
    case.close("user.removed", None).await
}

/// Gives a user a password and closes their sessions. Administrators change their own with the old one.
pub(crate) async fn set_password(by: &Administrator<SetPasswords>, form: &SetPassword) -> Result<()> {
    let hash = auth::hash_new_password(by.app(), &form.new_password).await?;
    let mut case = Case::open(by, form.user_id.0).await?;
    case.refuse_self(error::not_yourself_password)?;
    auth::set_password(&mut case.tx, case.user.id, &hash).await?;
    case.close("user.password-set", None).await
}

/// The live sessions of a user; of nobody's id there are none.
pub(crate) async fn sessions<A: Act>(by: &Administrator<A>, user: Option<Uuid>) -> Result<Vec<SessionView>> {
    match Case::open(by, user).await {
        Ok(mut case) => auth::sessions_of(&mut case.tx, case.user.id).await,
        Err(unknown) if unknown.code() == "USER_NOT_FOUND" => Ok(vec![]),
        Err(refused) => Err(refused),
    }
}

/// Closes a session, by its token or what the list shows in its place; what is nobody's is left alone.
pub(crate) async fn revoke_session<A: Act>(by: &Administrator<A>, token: &str) -> Result<()> {
    let mut tx = by.begin_across().await?;
    let Some((session, user)) = auth::find_session(&mut tx, token).await? else { return Ok(()) };
    drop(tx);
    let mut case = Case::open(by, Some(user)).await?;
    auth::close_session(&mut case.tx, session).await?;
    case.close("user.session-revoked", None).await
}

/// Closes all sessions of a user; nobody has none.
pub(crate) async fn revoke_sessions<A: Act>(by: &Administrator<A>, user: Option<Uuid>) -> Result<()> {
    match Case::open(by, user).await {
        Ok(mut case) => {
            auth::close_sessions_of(&mut case.tx, case.user.id).await?;
            case.close("user.sessions-revoked", None).await
        }
        Err(unknown) if unknown.code() == "USER_NOT_FOUND" => Ok(()),
        Err(refused) => Err(refused),
    }
}

/// A user, as any administrator may see them.
pub(crate) async fn show<A: Act>(by: &Administrator<A>, user: Option<Uuid>) -> Result<UserView> {
    let user = users::find(&mut by.begin_across().await?, user.unwrap_or_default()).await?;
    user.map(UserView::from).ok_or_else(error::user_not_found)
}
