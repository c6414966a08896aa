use crate::{
    AuthSettings,
    cookie::Cookies,
    error,
    lookup::Wish,
    store,
    token::{self, LENGTH},
    view::SessionView,
};
use audit::Change;
use axum::http::HeaderValue;
use kit::{App, Membership, Origin, Permissions, Reason, Result, SystemTx, TenantHint, Time, Tx, User, UserTx};
use serde_json::json;
use uuid::Uuid;

/// A session that lives.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    pub(crate) id: Uuid,
    pub(crate) created_at: Time,
    pub(crate) updated_at: Time,
    pub(crate) expires_at: Time,
    /// Whether it outlives the browser, and is refreshed.
    pub(crate) remembered: bool,
    pub(crate) ip: Option<String>,
    pub(crate) user_agent: Option<String>,
    /// The administrator who acts as the user.
    pub(crate) impersonated_by: Option<Uuid>,
    /// The tenant that the organisation routes are about.
    pub(crate) active_tenant_id: Option<Uuid>,
    /// Whether it has been refreshed by this very request.
    pub(crate) renewed: bool,
}

impl Live {
    /// Refuses a session that is too old for what is delicate.
    ///
    /// # Errors
    /// 403 `SESSION_NOT_FRESH`.
    pub(crate) fn require_fresh(&self, now: Time) -> Result<()> {
        let fresh = self.created_at + AuthSettings::FRESH_AGE > now;
        if fresh { Ok(()) } else { Err(error::session_not_fresh()) }
    }
}

/// Who holds a session.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) user: User,
    pub(crate) session: Live,
    /// Their place in the tenant that was asked for, or in the default one.
    pub(crate) membership: Option<Membership>,
    /// What they may do on the whole platform.
    pub(crate) platform: Permissions,
    /// Until when all of it holds, if something in it ends by itself.
    pub(crate) until: Option<Time>,
}

impl Found {
    /// Whether it holds at this moment, if nothing has changed.
    pub(crate) fn holds(&self, at: Time) -> bool {
        self.until.is_none_or(|until| until > at)
    }
}

/// A session that has just been opened.
#[derive(Clone)]
pub struct OpenSession {
    pub id: Uuid,
    /// 32 letters and digits; nobody but the user ever has them again.
    pub token: String,
    /// What the `Cookie` header says to be recognised by it.
    pub cookie: String,
    pub(crate) live: Live,
    /// What else its browser is to keep, such as that it is trusted.
    pub(crate) cookies: Vec<HeaderValue>,
}

impl OpenSession {
    /// The session, as the protocol shows it to whoever opened it.
    pub fn show(&self, user: Uuid) -> SessionView {
        SessionView::new(self.live.clone(), user, self.token.clone())
    }
}

/// Opens a session of a user, from where the transaction's wish came. The user's dead sessions are removed.
pub async fn open_session<K>(app: &App, tx: &mut Tx<K>, user: Uuid, remembered: bool) -> Result<OpenSession> {
    let live = begun(app, tx, remembered)?;
    keep(app, tx, user, live).await
}

/// Opens a session in the place of another of the same user, whose privileges change: who knew the old one's token
/// knows nothing.
pub(crate) async fn replace_session<K>(app: &App, tx: &mut Tx<K>, user: Uuid, old: &Live) -> Result<OpenSession> {
    store::remove_session(tx, old.id).await?;
    let live = Live { active_tenant_id: old.active_tenant_id, ..begun(app, tx, old.remembered)? };
    keep(app, tx, user, live).await
}

/// A session that begins at this moment.
fn begun<K>(app: &App, tx: &Tx<K>, remembered: bool) -> Result<Live> {
    let age = if remembered { app.the::<AuthSettings>()?.session_max_age } else { AuthSettings::SHORT_AGE };
    let (now, origin) = (tx.now(), tx.actor().origin.clone());
    Ok(Live {
        id: tx.new_id(),
        created_at: now,
        updated_at: now,
        expires_at: now + age,
        remembered,
        ip: origin.ip.map(|ip| ip.to_string()),
        user_agent: origin.user_agent,
        impersonated_by: None,
        active_tenant_id: None,
        renewed: false,
    })
}

async fn keep<K>(app: &App, tx: &mut Tx<K>, user: Uuid, live: Live) -> Result<OpenSession> {
    let token = app.ids().token(LENGTH);
    store::remove_dead(tx, user).await?;
    store::insert_session(tx, user, &live, &token::hash(&token)).await?;
    Ok(OpenSession { id: live.id, cookie: Cookies::of(app)?.pair(&token), token, live, cookies: vec![] })
}

/// Who holds the token's session, if it lives.
pub(crate) async fn find(app: &App, token: &str, hint: TenantHint) -> Result<Option<Found>> {
    let wish = Wish { hash: token::hash(token), hint };
    let found = app.the::<AuthSettings>()?.lookups.find(app, wish).await?;
    // a session that was opened while its user was being shut out is none
    Ok(found.filter(|found| !found.user.is_banned(app.clock().now())))
}

/// Gives a session its full life again when it is due.
pub(crate) async fn refresh(app: &App, session: &mut Live) -> Result<()> {
    let (settings, now) = (app.the::<AuthSettings>()?, app.clock().now());
    let due = session.expires_at - settings.session_max_age + settings.session_update_age <= now;
    if !session.remembered || !due {
        return Ok(());
    }
    let mut tx = app.db().system(Reason::Session, Origin::internal("session-refresh")).await?;
    session.expires_at = now + settings.session_max_age;
    session.updated_at = now;
    session.renewed = store::refresh(&mut tx, session).await?;
    tx.commit().await
}

/// Chooses the tenant that the organisation routes are about in a session of whoever acts; without one they name it
/// themselves. Whether the user is a member of it, the caller knows.
pub async fn choose_tenant<K>(tx: &mut Tx<K>, session: Uuid, tenant: Option<Uuid>) -> Result<()> {
    store::set_active_tenant(tx, session, tenant).await?;
    let change = Change::new("session", session, "session.tenant-chosen");
    audit::record(tx, change.after(json!({ "activeTenantId": tenant }))).await
}

/// Closes the token's session, if there is one.
pub(crate) async fn close(mut tx: SystemTx, token: &str) -> Result<()> {
    match store::remove_by_token(&mut tx, &token::hash(token)).await? {
        None => Ok(()),
        Some(closed) => {
            let change =
                Change::new("session", closed.id, "session.closed").before(json!({ "userId": closed.user_id }));
            super::commit_for(tx, closed.user_id, closed.tenant_id, change).await
        }
    }
}

/// The user's live sessions, the newest first.
///
/// # Errors
/// 403 `SESSION_NOT_FRESH` when the one that asks is too old for that.
pub(crate) async fn list(tx: &mut UserTx, asking: &Live) -> Result<Vec<Live>> {
    asking.require_fresh(tx.now())?;
    store::list_sessions(tx).await
}

/// Closes one of the user's own sessions, by its token or the handle that the list shows.
/// What is unknown or somebody else's is left alone.
pub(crate) async fn revoke(tx: &mut UserTx, token: &str) -> Result<()> {
    let removed = store::remove_own(tx, &token::hash(token), Uuid::parse_str(token).ok()).await?;
    record(tx, removed).await
}

/// Closes all of the user's sessions, and trusts none of their devices any more.
pub(crate) async fn revoke_all(tx: &mut UserTx, user: Uuid) -> Result<()> {
    store::remove_trust(tx, user).await?;
    let removed = store::remove_all(tx, None).await?;
    record(tx, removed).await
}

/// Closes all of the user's sessions but one, and trusts none of their devices any more.
pub(crate) async fn revoke_others(tx: &mut UserTx, user: Uuid, keep: Uuid) -> Result<()> {
    store::remove_trust(tx, user).await?;
    let removed = store::remove_all(tx, Some(keep)).await?;
    record(tx, removed).await
}

async fn record(tx: &mut UserTx, removed: Vec<Uuid>) -> Result<()> {
    for id in removed {
        audit::record(tx, Change::new("session", id, "session.revoked")).await?;
    }
    Ok(())
}
