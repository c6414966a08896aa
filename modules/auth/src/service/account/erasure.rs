use crate::{
    form::Form,
    guard::Holder,
    jobs::EraseUser,
    service::{Event, close_sessions_of, commit_for, confirm_password, notify},
    store,
};
use audit::Change;
use chrono::TimeDelta;
use garde::Validate;
use kit::{JobContext, Reason, Result, SystemTx, Time, enqueue_job_at};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

/// How long a user may think better of it.
const GRACE: TimeDelta = TimeDelta::days(14);

/// The wish of a user to be forgotten.
#[derive(Deserialize, JsonSchema, Validate)]
pub(crate) struct AskErasure {
    /// Needed where the session is older than a day.
    #[garde(length(max = 1000))]
    password: Option<String>,
}

impl Form for AskErasure {}

/// What will come of the wish.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Erasure {
    /// Until then, signing in takes the wish back.
    pub(crate) erase_at: Time,
}

/// Ends all of the user's sessions, and has them forgotten when the time of grace is over.
///
/// # Errors
/// 400 `INVALID_PASSWORD`; 403 `SESSION_NOT_FRESH` when nothing but an old session speaks for the wish; 409
/// `SOLE_OWNER`.
pub(crate) async fn ask_erasure(holder: &Holder, form: &AskErasure) -> Result<Erasure> {
    holder.own()?;
    match &form.password {
        Some(password) => confirm_password(holder, password).await?,
        None => holder.require_fresh()?,
    }
    let user = holder.user();
    let mut tx = holder.app().db().system(Reason::Session, holder.origin().clone()).await?;
    tenants::refuse_sole_owner(&mut tx, user.id).await?;
    let erase_at = tx.now() + GRACE;
    users::set_erasure(&mut tx, user.id, Some(erase_at)).await?;
    close_sessions_of(&mut tx, user.id).await?;
    notify(&mut tx, user.id, Event::ErasurePlanned).await?;
    enqueue_job_at(&mut tx, &EraseUser { user: user.id }, erase_at).await?;
    let home = store::home(&mut tx, user.id).await?;
    let change = Change::new("user", user.id, "user.erasure-planned").after(json!({ "eraseAt": erase_at }));
    commit_for(tx, user.id, home, change).await?;
    Ok(Erasure { erase_at })
}

/// Takes the wish back of a user who signs in.
pub(crate) async fn withdraw_erasure(tx: &mut SystemTx, user: Uuid) -> Result<()> {
    if users::set_erasure(tx, user, None).await? {
        audit::record(tx, Change::new("user", user, "user.erasure-withdrawn")).await?;
    }
    Ok(())
}

/// Forgets a user whose time of grace is over: with them go their own tenants, and all that hangs on either. What the
/// trail keeps of what they did names them by an id that leads nowhere.
///
/// # Errors
/// 409 `SOLE_OWNER` and `TENANT_HAS_RUNNING_BOTS`, which somebody has to look into.
pub(crate) async fn erase(context: &JobContext, user: Uuid) -> Result<()> {
    let mut tx = context.system().await?;
    let Some(user) = users::lock_all(&mut tx, &[user]).await?.pop() else { return Ok(()) };
    if users::erasure(&mut tx, user.id).await?.is_none_or(|at| at > tx.now()) {
        return Ok(());
    }
    tenants::refuse_sole_owner(&mut tx, user.id).await?;
    for tenant in tenants::own_alone(&mut tx, user.id).await? {
        tenants::delete(&mut tx, tenant, user.id).await?;
    }
    notify(&mut tx, &user, Event::UserDeleted).await?;
    users::remove(&mut tx, &user).await?;
    audit::record(&mut tx, Change::new("user", user.id, "user.erased")).await?;
    tx.commit().await
}
