//! Tenants as they are closed, suspended and erased, and as the platform's operators list them.

use super::tenant;
use crate::{
    Kind,
    view::{AllFilter, Overview, Status, Tenant},
};
use kit::{Paging, Result, SystemTx, TenantTx, Time};
use sqlx::{AssertSqlSafe, Postgres, QueryBuilder};
use uuid::Uuid;

pub(crate) async fn find_and_lock(tx: &mut SystemTx, tenant: Uuid) -> Result<Option<Tenant>> {
    let tenant = tenant!("select ", "from tenants where id = $1 for update", tenant).fetch_optional(tx.conn()).await?;
    Ok(tenant)
}

pub(crate) async fn close(tx: &mut SystemTx, tenant: Uuid, erase_at: Time) -> Result<Tenant> {
    tx.takes_away();
    let now = tx.now();
    let closed = tenant!(
        "update tenants set closed_at = $2, erase_at = $3, updated_at = $2 where id = $1 returning ",
        "",
        tenant,
        now.utc(),
        erase_at.utc()
    );
    Ok(closed.fetch_one(tx.conn()).await?)
}

pub(crate) async fn restore(tx: &mut SystemTx, tenant: Uuid) -> Result<Tenant> {
    tx.takes_away();
    let now = tx.now();
    let restored = tenant!(
        "update tenants set closed_at = null, erase_at = null, updated_at = $2 where id = $1 returning ",
        "",
        tenant,
        now.utc()
    );
    Ok(restored.fetch_one(tx.conn()).await?)
}

pub(crate) async fn suspend(tx: &mut SystemTx, tenant: Uuid, reason: &str) -> Result<Tenant> {
    tx.takes_away();
    let now = tx.now();
    let suspended = tenant!(
        "update tenants set suspended_at = $2, suspension_reason = $3, updated_at = $2 where id = $1 returning ",
        "",
        tenant,
        now.utc(),
        reason
    );
    Ok(suspended.fetch_one(tx.conn()).await?)
}

pub(crate) async fn unsuspend(tx: &mut SystemTx, tenant: Uuid) -> Result<Tenant> {
    tx.takes_away();
    let now = tx.now();
    let active = tenant!(
        "update tenants set suspended_at = null, suspension_reason = null, updated_at = $2 where id = $1 returning ",
        "",
        tenant,
        now.utc()
    );
    Ok(active.fetch_one(tx.conn()).await?)
}

/// Nobody gets its slug before that moment.
pub(crate) async fn delete(tx: &mut SystemTx, tenant: Uuid, held_until: Time) -> Result<()> {
    tx.takes_away();
    sqlx::query!(
        "with gone as (delete from tenants where id = $1 returning id, slug)
         insert into tenant_slugs (tenant_id, slug, held_until) select id, slug, $2 from gone
         on conflict (slug) do update set held_until = excluded.held_until",
        tenant,
        held_until.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The slugs that the transaction's tenant has given up and nobody else gets yet.
pub(crate) async fn held_slugs(tx: &mut TenantTx) -> Result<Vec<String>> {
    let now = tx.now();
    let held = sqlx::query_scalar!(
        "select slug from tenant_slugs where tenant_id = current_tenant() and held_until > $1",
        now.utc()
    );
    Ok(held.fetch_all(tx.conn()).await?)
}

/// Every tenant with how it stands, by what is asked for.
const ALL: &str = "from (select t.*, case when t.closed_at is not null then 'closed'
                                          when t.suspended_at is not null then 'suspended'
                                          else 'active' end as status
                         from tenants t) t
                   where ($1::text is null or t.name ilike $1 or t.slug ilike $1)
                     and ($2::text is null or t.kind = $2) and ($3::text is null or t.status = $3)";

/// `order` is made of the names of columns that this module knows.
pub(crate) async fn list_all(
    tx: &mut SystemTx,
    filter: &AllFilter,
    order: &str,
    paging: &Paging,
) -> Result<Vec<Overview>> {
    let mut query = QueryBuilder::<Postgres>::new(
        "select t.*, (select count(*) from tenant_members m where m.tenant_id = t.id) as members ",
    );
    query.push(ALL).push(" order by ").push(order).push(", id limit $4 offset $5");
    let all = sqlx::query_as(AssertSqlSafe(query.into_string()))
        .bind(pattern(filter))
        .bind(filter.kind.map(Kind::as_str))
        .bind(filter.status.map(Status::as_str))
        .bind(paging.limit)
        .bind(paging.offset())
        .fetch_all(tx.conn())
        .await?;
    Ok(all)
}

pub(crate) async fn count_all(tx: &mut SystemTx, filter: &AllFilter) -> Result<i64> {
    let count = sqlx::query_scalar(AssertSqlSafe(format!("select count(*) {ALL}")))
        .bind(pattern(filter))
        .bind(filter.kind.map(Kind::as_str))
        .bind(filter.status.map(Status::as_str))
        .fetch_one(tx.conn())
        .await?;
    Ok(count)
}

fn pattern(filter: &AllFilter) -> Option<String> {
    filter.q.as_deref().map(super::members::containing)
}
