//! How long a tenant keeps its trail.

use crate::{Change, record, store::retention as store, view::Retention};
use chrono::Months;
use kit::{App, Origin, Reason, Result, Scope, TenantTx};
use serde_json::json;
use tracing::info;
use uuid::Uuid;

/// How many months the trail has parts for ahead.
const MONTHS_AHEAD: u32 = 3;

pub(crate) async fn show(tx: &mut TenantTx) -> Result<Retention> {
    Ok(Retention { months: store::months(tx).await? })
}

pub(crate) async fn set(tx: &mut TenantTx, new: &Retention) -> Result<()> {
    let before = show(tx).await?;
    store::set_months(tx, new.months).await?;
    let change = Change::new("audit", tx.tenant(), "audit.retention-changed").before(&before).after(new);
    record(tx, change).await
}

/// Removes what no tenant wants to keep any longer. The seals stay, and each removal is in the trail.
pub(crate) async fn prune(app: &App) -> Result<()> {
    let mut tx = app.db().system(Reason::Audit, Origin::internal("audit-keeper")).await?;
    let tenants = store::all(&mut tx).await?;
    drop(tx);
    for (tenant, months) in tenants {
        prune_tenant(app, tenant, months.unsigned_abs()).await?;
    }
    Ok(())
}

async fn prune_tenant(app: &App, tenant: Uuid, months: u32) -> Result<()> {
    let mut tx = app.db().system(Reason::Audit, Origin::internal("audit-keeper")).await?;
    let Some(before) = tx.now().utc().checked_sub_months(Months::new(months)) else { return Ok(()) };
    let (through, removed) = store::prune(&mut tx, tenant, before.into()).await?;
    if removed == 0 {
        return Ok(());
    }
    #[expect(clippy::disallowed_methods, reason = "the tenant has said how long it keeps its trail")]
    let mut tx = tx.enter(Scope::new(tenant, None)).await?;
    let about = json!({ "throughSeal": through, "entries": removed, "months": months });
    record(&mut tx, Change::new("audit", tenant, "audit.pruned").after(about)).await?;
    tx.commit().await?;
    info!(%tenant, removed, "entries of the audit trail were removed, as the tenant wishes");
    Ok(())
}

/// Makes the parts of the trail for this month and those ahead.
pub(crate) async fn make_months(app: &App) -> Result<()> {
    for month in 0..=MONTHS_AHEAD {
        let mut tx = app.db().system(Reason::Audit, Origin::internal("audit-keeper")).await?;
        let Some(moment) = tx.now().utc().checked_add_months(Months::new(month)) else { return Ok(()) };
        store::make_month(&mut tx, moment.into()).await?;
        tx.commit().await?;
    }
    Ok(())
}
