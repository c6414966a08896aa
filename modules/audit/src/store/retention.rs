use kit::{Result, SystemTx, TenantTx, Time};
use uuid::Uuid;

pub(crate) async fn months(tx: &mut TenantTx) -> Result<Option<i32>> {
    let months = sqlx::query_scalar!("select months from audit_retention where tenant_id = current_tenant()");
    Ok(months.fetch_optional(tx.conn()).await?)
}

pub(crate) async fn set_months(tx: &mut TenantTx, months: Option<i32>) -> Result<()> {
    let Some(months) = months else {
        sqlx::query!("delete from audit_retention where tenant_id = current_tenant()").execute(tx.conn()).await?;
        return Ok(());
    };
    sqlx::query!(
        "insert into audit_retention (months) values ($1) on conflict (tenant_id) do update set months = excluded.months",
        months
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The tenants that do not keep their trail for ever, and for how many months they do.
pub(crate) async fn all(tx: &mut SystemTx) -> Result<Vec<(Uuid, i32)>> {
    let all = sqlx::query!("select tenant_id, months from audit_retention order by tenant_id");
    let all = all.fetch_all(tx.conn()).await?;
    Ok(all.into_iter().map(|it| (it.tenant_id, it.months)).collect())
}

/// Removes the entries of the tenant's seals that are older than this; answers the last of these seals, and how many
/// entries that were.
pub(crate) async fn prune(tx: &mut SystemTx, tenant: Uuid, before: Time) -> Result<(Option<i64>, i64)> {
    let pruned =
        sqlx::query!(r#"select through, removed as "removed!" from prune_audit($1, $2)"#, tenant, before.utc());
    let pruned = pruned.fetch_one(tx.conn()).await?;
    Ok((pruned.through, pruned.removed))
}

/// Makes the part of the trail for the month of this moment, unless it is there.
pub(crate) async fn make_month(tx: &mut SystemTx, moment: Time) -> Result<()> {
    sqlx::query!("select make_audit_month($1)", moment.utc()).fetch_one(tx.conn()).await?;
    Ok(())
}
