//! How a tenant is closed by its owner, restored and erased, and suspended by the platform.

use super::{go_on_in, owner_only};
use crate::{
    jobs::EraseTenant,
    store,
    view::{AllFilter, Overview, Status, Tenant},
};
use audit::Change;
use kit::{Error, OnConstraint, Paging, Result, SystemTx, TenantTx, chrono::TimeDelta, enqueue_job_at};
use serde_json::json;
use uuid::Uuid;

/// How long an owner may think better of it.
const GRACE: TimeDelta = TimeDelta::days(30);

/// Closes a tenant, in the name of its owner; when the time of grace is over it is erased. `confirm` is its slug, where
/// the owner had to repeat it. Goes on in the tenant's name.
///
/// # Errors
/// 403 `OWNER_ONLY`, `TENANT_SUSPENDED`, `TENANT_CLOSED`, and `SESSION_REQUIRED` for a key; 404 for who is no member; 409
/// `TENANT_HAS_RUNNING_BOTS`; 422 for another slug.
pub async fn close(mut tx: SystemTx, tenant: Uuid, owner: Uuid, confirm: Option<&str>) -> Result<(TenantTx, Tenant)> {
    let before = owned(&mut tx, tenant, owner).await?;
    before.admit()?;
    if confirm.is_some_and(|slug| slug != before.slug) {
        let message = format!("Repeat the tenant's slug, `{}`, to close it.", before.slug);
        return Err(Error::invalid("confirm", "NOT_THE_SLUG", message));
    }
    let erase_at = tx.now() + GRACE;
    let after = store::close(&mut tx, tenant, erase_at).await.on_constraint("tenants_bots_run", bots_run)?;
    enqueue_job_at(&mut tx, &EraseTenant { closed: tenant }, erase_at).await?;
    turned(tx, owner, "tenant.closed", &before, after).await
}

/// Takes the closing of a tenant back, in the name of its owner. Goes on in its name.
///
/// # Errors
/// 403 `OWNER_ONLY`, and `SESSION_REQUIRED` for a key; 404 for who is no member; 409 `TENANT_NOT_CLOSED`.
pub async fn restore(mut tx: SystemTx, tenant: Uuid, owner: Uuid) -> Result<(TenantTx, Tenant)> {
    let before = owned(&mut tx, tenant, owner).await?;
    if before.status != Status::Closed {
        return Err(Error::conflict("TENANT_NOT_CLOSED", "The tenant is not closed."));
    }
    let after = store::restore(&mut tx, tenant).await?;
    turned(tx, owner, "tenant.restored", &before, after).await
}

/// Suspends a tenant for a reason that its members are shown, in the name of an operator.
///
/// # Errors
/// 404 for one that there is not; 409 `TENANT_SUSPENDED_ALREADY`.
pub(crate) async fn suspend(
    mut tx: SystemTx,
    tenant: Uuid,
    operator: Uuid,
    reason: &str,
) -> Result<(TenantTx, Tenant)> {
    let before = found(&mut tx, tenant).await?;
    if before.suspension_reason.is_some() {
        return Err(Error::conflict("TENANT_SUSPENDED_ALREADY", "The tenant is suspended already."));
    }
    let after = store::suspend(&mut tx, tenant, reason).await?;
    turned(tx, operator, "tenant.suspended", &before, after).await
}

/// Lifts the suspension of a tenant, in the name of an operator.
///
/// # Errors
/// 404 for one that there is not; 409 `TENANT_NOT_SUSPENDED`.
pub(crate) async fn unsuspend(mut tx: SystemTx, tenant: Uuid, operator: Uuid) -> Result<(TenantTx, Tenant)> {
    let before = found(&mut tx, tenant).await?;
    if before.suspension_reason.is_none() {
        return Err(Error::conflict("TENANT_NOT_SUSPENDED", "The tenant is not suspended."));
    }
    let after = store::unsuspend(&mut tx, tenant).await?;
    turned(tx, operator, "tenant.unsuspended", &before, after).await
}

/// Erases a tenant that was closed, when its time is over. It may have been restored since, and closed again.
pub(crate) async fn erase(tx: &mut SystemTx, tenant: Uuid) -> Result<()> {
    let now = tx.now();
    let Some(before) = store::find_and_lock(tx, tenant).await? else { return Ok(()) };
    if before.erase_at.is_none_or(|at| at > now) {
        return Ok(());
    }
    store::delete(tx, tenant, now + GRACE).await?;
    audit::record(tx, Change::new("tenant", tenant, "tenant.deleted").before(&before)).await
}

/// Deletes a tenant at once with all that is its own, as its owner goes too. What remains is the entry in the
/// platform's own trail.
///
/// # Errors
/// 403 `OWNER_ONLY`, and `SESSION_REQUIRED` for a key; 404 for who is no member; 409 `TENANT_HAS_RUNNING_BOTS`.
pub async fn delete(tx: &mut SystemTx, tenant: Uuid, owner: Uuid) -> Result<Tenant> {
    let (before, free_at) = (owned(tx, tenant, owner).await?, tx.now() + GRACE);
    store::delete(tx, tenant, free_at).await.on_constraint("tenants_bots_run", bots_run)?;
    let change = Change::new("tenant", tenant, "tenant.deleted").before(&before);
    audit::record(tx, change.after(json!({ "deletedBy": owner }))).await?;
    Ok(before)
}

pub(crate) async fn list_all(tx: &mut SystemTx, filter: &AllFilter, paging: &Paging) -> Result<(Vec<Overview>, i64)> {
    let columns = [("createdAt", "created_at"), ("name", "name"), ("slug", "slug"), ("members", "members")];
    let order = paging.order(&columns, "created_at desc")?;
    Ok((store::list_all(tx, filter, &order, paging).await?, store::count_all(tx, filter).await?))
}

/// The tenant, which nobody else changes until the transaction ends, if this user owns it.
async fn owned(tx: &mut SystemTx, tenant: Uuid, owner: Uuid) -> Result<Tenant> {
    if tx.actor().api_key.is_some() {
        return Err(Error::session_required());
    }
    let found = found(tx, tenant).await?;
    let role = store::role_in(tx, tenant, owner).await?.ok_or_else(|| Error::not_found("tenant"))?;
    if role == found.kind.founder() { Ok(found) } else { Err(owner_only()) }
}

async fn found(tx: &mut SystemTx, tenant: Uuid) -> Result<Tenant> {
    store::find_and_lock(tx, tenant).await?.ok_or_else(|| Error::not_found("tenant"))
}

/// Writes into the tenant's own trail how it stands now.
async fn turned(
    tx: SystemTx,
    by: Uuid,
    action: &'static str,
    before: &Tenant,
    after: Tenant,
) -> Result<(TenantTx, Tenant)> {
    let mut tx = go_on_in(tx, after.id, by).await?;
    audit::record(&mut tx, Change::new("tenant", after.id, action).before(before).after(&after)).await?;
    Ok((tx, after))
}

fn bots_run() -> Error {
    Error::conflict("TENANT_HAS_RUNNING_BOTS", "Stop the tenant's bots first.")
}
