use crate::{
    forms::{BanUser, CreateUser, OfUser, RevokeSession, SetPassword, SetRole, UpdateUser, Wanted},
    guard::{
        self, Administrator, BanUsers, ChangeRoles, CreateUsers, DeleteUsers, GetUser, Impersonate, ListSessions,
        RevokeSessions, SetPasswords, UpdateUsers,
    },
    listing::{ListUsers, Users},
    permissions::{HasPermission, Verdict},
    service,
};
use auth::protocol::{Asked, Body, Current, Done, Holder, Nothing, Reply, SessionView, Success, UserView};
use kit::{Result, Route, User, get, post, routes};
use schemars::JsonSchema;
use serde::Serialize;
use users::Role;

pub(crate) static ROUTES: &[Route] = routes![
    list_users,
    get_user,
    create_user,
    update_user,
    set_role,
    ban_user,
    unban_user,
    unlock_user,
    impersonate_user,
    stop_impersonating,
    list_user_sessions,
    revoke_user_session,
    revoke_user_sessions,
    remove_user,
    set_user_password,
    has_permission,
];

/// A user.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AdminUser")]
struct OfOne {
    user: UserView,
}

/// The sessions of a user.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AdminSessions")]
struct Sessions {
    sessions: Vec<SessionView>,
}

fn one(user: User) -> Reply<Success<OfOne>> {
    Reply::success(OfOne { user: user.into() })
}

/// Lists the platform's users: searched, filtered and sorted by fields of theirs.
#[get("/api/auth/admin/list-users")]
async fn list_users(
    by: Administrator<guard::ListUsers>,
    Asked(form): Asked<ListUsers>,
) -> Result<Reply<Success<Users>>> {
    let search = form.search()?;
    let (users, total) = users::search(&mut by.begin_across().await?, &search).await?;
    let users = users.into_iter().map(UserView::from).collect();
    Ok(Reply::success(Users { users, total, limit: form.limit(), offset: form.offset() }))
}

/// Shows a user.
#[get("/api/auth/admin/get-user")]
async fn get_user(by: Administrator<GetUser>, Asked(form): Asked<Wanted>) -> Result<Reply<Success<UserView>>> {
    service::show(&by, form.id.0).await.map(Reply::success)
}

/// Makes a user, with an account and a tenant of their own.
#[post("/api/auth/admin/create-user")]
async fn create_user(by: Administrator<CreateUsers>, Body(form): Body<CreateUser>) -> Result<Reply<Success<OfOne>>> {
    service::create(&by, &form).await.map(one)
}

/// Changes a user's fields, role and ban.
#[post("/api/auth/admin/update-user")]
async fn update_user(by: Administrator<UpdateUsers>, Body(form): Body<UpdateUser>) -> Result<Reply<Success<UserView>>> {
    let user = service::update(&by, &form).await?;
    Ok(Reply::success(user.into()))
}

/// Gives a user a role on the platform; only a super administrator makes or unmakes administrators.
#[post("/api/auth/admin/set-role")]
async fn set_role(by: Administrator<ChangeRoles>, Body(form): Body<SetRole>) -> Result<Reply<Success<OfOne>>> {
    service::set_role(&by, &form).await.map(one)
}

/// Shuts a user out, for good or for a time, and closes their sessions.
#[post("/api/auth/admin/ban-user")]
async fn ban_user(by: Administrator<BanUsers>, Body(form): Body<BanUser>) -> Result<Reply<Success<OfOne>>> {
    service::ban(&by, &form).await.map(one)
}

/// Lets a user in again who was shut out.
#[post("/api/auth/admin/unban-user")]
async fn unban_user(by: Administrator<BanUsers>, Body(form): Body<OfUser>) -> Result<Reply<Success<OfOne>>> {
    service::unban(&by, form.user_id.0).await.map(one)
}

/// Lifts the locks of a user whom wrong passwords or codes have locked.
#[post("/api/auth/admin/unlock-user")]
async fn unlock_user(by: Administrator<BanUsers>, Body(form): Body<OfUser>) -> Result<Reply<Success<OfOne>>> {
    service::unlock(&by, form.user_id.0).await.map(one)
}

/// Opens a session of an hour in which the administrator acts as a user.
#[post("/api/auth/admin/impersonate-user")]
async fn impersonate_user(by: Administrator<Impersonate>, Body(form): Body<OfUser>) -> Result<Reply<Success<Current>>> {
    let (tx, user) = service::to_impersonate(&by, form.user_id.0).await?;
    auth::impersonate(tx, &by, user).await
}

/// Closes the session in which an administrator acts as a user, and goes back to their own.
#[post("/api/auth/admin/stop-impersonating")]
async fn stop_impersonating(holder: Holder) -> Result<Reply<Success<Current>>> {
    auth::stop_impersonating(&holder).await
}

/// Lists the sessions of a user, with what closes each in the place of its token.
#[post("/api/auth/admin/list-user-sessions")]
async fn list_user_sessions(
    by: Administrator<ListSessions>,
    Body(form): Body<OfUser>,
) -> Result<Reply<Success<Sessions>>> {
    let sessions = service::sessions(&by, form.user_id.0).await?;
    Ok(Reply::success(Sessions { sessions }))
}

/// Closes a session of a user.
#[post("/api/auth/admin/revoke-user-session")]
async fn revoke_user_session(
    by: Administrator<RevokeSessions>,
    Body(form): Body<RevokeSession>,
) -> Result<Reply<Success<Nothing>>> {
    service::revoke_session(&by, &form.session_token).await?;
    Ok(Reply::success(Nothing {}))
}

/// Closes all sessions of a user.
#[post("/api/auth/admin/revoke-user-sessions")]
async fn revoke_user_sessions(
    by: Administrator<RevokeSessions>,
    Body(form): Body<OfUser>,
) -> Result<Reply<Success<Nothing>>> {
    service::revoke_sessions(&by, form.user_id.0).await?;
    Ok(Reply::success(Nothing {}))
}

/// Removes a user, with their accounts, sessions and memberships.
#[post("/api/auth/admin/remove-user")]
async fn remove_user(by: Administrator<DeleteUsers>, Body(form): Body<OfUser>) -> Result<Reply<Success<Nothing>>> {
    service::remove(&by, form.user_id.0).await?;
    Ok(Reply::success(Nothing {}))
}

/// Gives a user a password and closes their sessions.
#[post("/api/auth/admin/set-user-password")]
async fn set_user_password(
    by: Administrator<SetPasswords>,
    Body(form): Body<SetPassword>,
) -> Result<Reply<Success<Done>>> {
    service::set_password(&by, &form).await?;
    Ok(Reply::success(Done { status: true }))
}

/// Says whether the caller may do something as an administrator.
#[post("/api/auth/admin/has-permission")]
async fn has_permission(holder: Holder, Body(form): Body<HasPermission>) -> Result<Reply<Verdict>> {
    form.verdict(Role::of(holder.user())).map(Reply::bare)
}
