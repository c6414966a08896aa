use super::{
    commit_at,
    sessions::{Found, Live},
};
use crate::{
    AuthSettings,
    cookie::{ADMIN_SESSION, Cookies, DONT_REMEMBER},
    error,
    guard::{Holder, carry},
    reply::{Reply, Success},
    store,
    token::{self, LENGTH},
    view::{Current, SessionView},
};
use audit::Change;
use kit::{Reason, Result, SystemTx, TenantHint, User};
use serde_json::json;
use uuid::Uuid;

/// The live sessions of a user. Their tokens are nowhere; each shows what [`find_session`] takes in their place.
pub async fn sessions_of(tx: &mut SystemTx, user: Uuid) -> Result<Vec<SessionView>> {
    let sessions = store::sessions_of(tx, user).await?;
    Ok(sessions.into_iter().map(|session| SessionView::handle(session, user)).collect())
}

/// The session of a token or of what a list shows in its place, and whose it is.
pub async fn find_session(tx: &mut SystemTx, token: &str) -> Result<Option<(Uuid, Uuid)>> {
    store::owner_of(tx, &token::hash(token), Uuid::parse_str(token).ok()).await
}

/// Closes a session; whoever asks records it.
pub async fn close_session(tx: &mut SystemTx, session: Uuid) -> Result<()> {
    store::remove_session(tx, session).await
}

/// Closes every session of a user, and those in which they act as others; none of their devices is trusted any more.
/// Each is recorded.
pub async fn close_sessions_of(tx: &mut SystemTx, user: Uuid) -> Result<()> {
    store::remove_trust(tx, user).await?;
    let closed = store::remove_sessions_of(tx, user).await?;
    record(tx, &closed, user).await
}

/// Closes the sessions in which a user acts as another, or another as them. Each is recorded.
pub async fn close_impersonations_of(tx: &mut SystemTx, user: Uuid) -> Result<()> {
    let closed = store::remove_impersonations_of(tx, user).await?;
    record(tx, &closed, user).await
}

async fn record(tx: &mut SystemTx, closed: &[Uuid], user: Uuid) -> Result<()> {
    let change = |id| Change::new("session", id, "session.revoked").before(json!({ "userId": user }));
    audit::record_all(tx, &closed.iter().map(change).collect::<Vec<_>>()).await
}

/// Gives a user the password of this hash, whether they had one or not, closes their sessions and voids the links
/// that were mailed to them; whoever asks records it.
pub async fn set_password(tx: &mut SystemTx, user: Uuid, hash: &str) -> Result<()> {
    store::set_password(tx, user, Some(hash)).await?;
    store::remove_links(tx, user).await?;
    close_sessions_of(tx, user).await
}

/// The tenant whose trail tells what is done to a user: their default one.
pub async fn home_of(tx: &mut SystemTx, user: Uuid) -> Result<Option<Uuid>> {
    store::home(tx, user).await
}

/// Opens a session in which the holder of another acts as a user, until the browser ends and for an hour at most, and
/// ends the transaction. The holder's own session waits in a cookie.
///
/// # Errors
/// 403 `BANNED_USER`.
pub async fn impersonate(mut tx: SystemTx, holder: &Holder, user: User) -> Result<Reply<Success<Current>>> {
    if user.is_banned(tx.now()) {
        return Err(error::banned_user());
    }
    let (app, now, administrator) = (holder.app(), tx.now(), holder.user().id);
    let live = Live {
        id: tx.new_id(),
        created_at: now,
        updated_at: now,
        expires_at: now + AuthSettings::IMPERSONATION_AGE,
        remembered: false,
        ip: holder.origin().ip.map(|ip| ip.to_string()),
        user_agent: holder.origin().user_agent.clone(),
        impersonated_by: Some(administrator),
        active_tenant_id: None,
        renewed: false,
    };
    let token = app.ids().token(LENGTH);
    store::insert_session(&mut tx, user.id, &live, &token::hash(&token)).await?;
    let home = store::home(&mut tx, user.id).await?;
    let change = Change::new("session", live.id, "session.impersonation-started").after(json!({ "userId": user.id }));
    commit_at(tx, home, change).await?;

    let cookies = Cookies::of(app)?;
    let waiting = format!("{}:{}", holder.token, if holder.session.remembered { "" } else { "true" });
    let waiting = cookies.signed(ADMIN_SESSION, &waiting, Some(app.the::<AuthSettings>()?.session_max_age));
    let session = SessionView::new(live, user.id, token.clone());
    let reply = Reply::success(Current { session, user: user.into() });
    carry(app, reply.cookies(cookies.clear()).cookies(waiting.into_iter().collect()), &token, false)
}

/// Closes the session in which an administrator acts as a user, and goes back to their own.
///
/// # Errors
/// 400 `NOT_IMPERSONATING`; 401 `ADMIN_SESSION_NOT_FOUND` when the administrator's own session has ended meanwhile.
pub async fn stop_impersonating(holder: &Holder) -> Result<Reply<Success<Current>>> {
    let (app, impersonated) = (holder.app(), &holder.session);
    let administrator = impersonated.impersonated_by.ok_or_else(error::not_impersonating)?;
    let mut tx = app.db().system(Reason::Administration, holder.origin().clone()).await?.by(administrator);
    store::remove_session(&mut tx, impersonated.id).await?;
    let home = store::home(&mut tx, holder.user().id).await?;
    let change = Change::new("session", impersonated.id, "session.impersonation-stopped");
    commit_at(tx, home, change.before(json!({ "userId": holder.user().id }))).await?;

    let waiting = holder.cookie(ADMIN_SESSION).ok_or_else(error::admin_session_not_found)?;
    let token = waiting.split(':').next().unwrap_or_default().to_owned();
    let found = super::find(app, &token, TenantHint::default()).await?;
    let found = found.filter(|found| found.user.id == administrator && found.session.impersonated_by.is_none());
    let Found { user, session, .. } = found.ok_or_else(error::admin_session_not_found)?;
    let (cookies, remembered) = (Cookies::of(app)?, session.remembered);
    let session = SessionView::new(session, user.id, token.clone());
    let reply = Reply::success(Current { session, user: user.into() });
    let gone = [ADMIN_SESSION, DONT_REMEMBER].map(|name| cookies.expire(name));
    carry(app, reply.cookies(gone.into_iter().flatten().collect()), &token, remembered)
}
