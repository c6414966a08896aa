mod lifecycle;
mod members;

pub(crate) use lifecycle::{
    close, count_all, delete, find_and_lock, held_slugs, list_all, restore, suspend, unsuspend,
};
pub(crate) use members::{
    count_members, count_with_role, delete_member, find_member, insert_member, list_members, members_with_role,
    platform_standing, role_permissions, set_role, standing,
};

use crate::{
    Kind,
    view::{NewTenant, Own, Place, Status, Tenant, TenantPatch},
};
use kit::{Paging, Result, SystemTx, TenantTx, Time, UserTx};
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;

/// A statement that answers tenants: what stands before the list of their columns, and what after it.
macro_rules! tenant {
    ($before:tt, $after:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            Tenant,
            $before
                + r#"tenants.id, tenants.kind as "kind: Kind", tenants.name, tenants.slug, tenants.logo,
                     tenants.metadata, tenants.suspension_reason, tenants.erase_at as "erase_at: Time",
                     case when tenants.closed_at is not null then 'closed'
                          when tenants.suspended_at is not null then 'suspended'
                          else 'active' end as "status!: Status",
                     tenants.created_at, tenants.updated_at "#
                + $after
            $(, $argument)*
        )
    };
}
pub(crate) use tenant;

/// The user's own places; what narrows them comes after.
macro_rules! own {
    ($after:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            OwnRow,
            r#"select t.id, t.kind as "kind: Kind", t.name, t.slug, t.logo, t.metadata, t.suspension_reason,
                      t.erase_at as "erase_at: Time",
                      case when t.closed_at is not null then 'closed'
                           when t.suspended_at is not null then 'suspended'
                           else 'active' end as "status!: Status",
                      t.created_at, t.updated_at, m.role, u.default_tenant_id is not distinct from t.id as "is_default!"
               from tenant_members m
               join tenants t on t.id = m.tenant_id
               join users u on u.id = m.user_id "#
                + $after
            $(, $argument)*
        )
    };
}

struct OwnRow {
    id: Uuid,
    kind: Kind,
    name: String,
    slug: String,
    logo: Option<String>,
    metadata: Option<Value>,
    status: Status,
    suspension_reason: Option<String>,
    erase_at: Option<Time>,
    created_at: Time,
    updated_at: Time,
    role: String,
    is_default: bool,
}

impl From<OwnRow> for Own {
    fn from(row: OwnRow) -> Self {
        let OwnRow { id, kind, name, slug, logo, metadata, role, is_default, .. } = row;
        let OwnRow { status, suspension_reason, erase_at, created_at, updated_at, .. } = row;
        let tenant = Tenant {
            id,
            kind,
            name,
            slug,
            logo,
            metadata,
            status,
            suspension_reason,
            erase_at,
            created_at,
            updated_at,
        };
        Self { tenant, role, is_default }
    }
}

/// Answers `None` when the slug is taken.
pub(crate) async fn insert(tx: &mut SystemTx, new: &NewTenant, slug: &str) -> Result<Option<Tenant>> {
    let (id, now) = (tx.new_id(), tx.now());
    let tenant = tenant!(
        "insert into tenants (id, kind, name, slug, logo, metadata, created_at, updated_at)
         select $1, $2, $3, $4, $5, $6, $7, $7
         where not exists (select from tenant_slugs where slug = $4 and held_until > $7)
         on conflict (slug) do nothing
         returning ",
        "",
        id,
        new.kind.as_str(),
        new.name,
        slug,
        new.logo,
        new.metadata.as_ref().map(Json) as _,
        now.utc()
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(tenant)
}

/// Lets one transaction at a time go on for this user.
pub(crate) async fn one_at_a_time(tx: &mut SystemTx, user: Uuid) -> Result<()> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended($1::uuid::text, 0))", user).execute(tx.conn()).await?;
    Ok(())
}

pub(crate) async fn count_owned(tx: &mut SystemTx, user: Uuid) -> Result<i64> {
    let founders = [Kind::Company, Kind::Trader, Kind::Influencer].map(|kind| kind.founder().to_owned());
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from tenant_members where user_id = $1 and role = any ($2)"#,
        user,
        &founders
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(count)
}

pub(crate) async fn is_slug_taken(tx: &mut SystemTx, slug: &str) -> Result<bool> {
    let now = tx.now();
    let taken = sqlx::query_scalar!(
        r#"select exists (select from tenants where slug = $1)
               or exists (select from tenant_slugs where slug = $1 and held_until > $2) as "taken!""#,
        slug,
        now.utc()
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(taken)
}

pub(crate) async fn role_in(tx: &mut SystemTx, tenant: Uuid, user: Uuid) -> Result<Option<String>> {
    let role =
        sqlx::query_scalar!("select role from tenant_members where tenant_id = $1 and user_id = $2", tenant, user)
            .fetch_optional(tx.conn())
            .await?;
    Ok(role)
}

pub(crate) async fn upsert_role(tx: &mut TenantTx, name: &str, permissions: &[String]) -> Result<()> {
    tx.takes_away();
    let now = tx.now();
    sqlx::query!(
        "insert into tenant_roles (name, permissions, created_at, updated_at) values ($1, $2, $3, $3)
         on conflict (tenant_id, name) do update
         set permissions = excluded.permissions, updated_at = excluded.updated_at",
        name,
        permissions,
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn kind(tx: &mut TenantTx) -> Result<Kind> {
    let kind = sqlx::query_scalar!(r#"select kind as "kind: Kind" from tenants where id = current_tenant()"#)
        .fetch_one(tx.conn())
        .await?;
    Ok(kind)
}

/// The key stays free for those who refer to the tenant.
pub(crate) async fn lock(tx: &mut TenantTx) -> Result<Option<Tenant>> {
    let tenant = tenant!("select ", "from tenants where id = current_tenant() for no key update");
    Ok(tenant.fetch_optional(tx.conn()).await?)
}

pub(crate) async fn change(tx: &mut TenantTx, patch: &TenantPatch) -> Result<Tenant> {
    let now = tx.now();
    let tenant = tenant!(
        "update tenants set name = coalesce($1, name), slug = coalesce($2, slug),
                            logo = case when $3 then $4 else logo end,
                            metadata = coalesce($5, metadata), updated_at = $6
         where id = current_tenant()
         returning ",
        "",
        patch.name,
        patch.slug,
        patch.logo.is_some(),
        patch.logo.clone().flatten(),
        patch.metadata.as_ref().map(Json) as _,
        now.utc()
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(tenant)
}

pub(crate) async fn show(tx: &mut TenantTx) -> Result<Option<Own>> {
    let own = own!("where m.tenant_id = current_tenant() and m.user_id = current_user_id()");
    Ok(own.fetch_optional(tx.conn()).await?.map(Own::from))
}

pub(crate) async fn look(tx: &mut TenantTx) -> Result<Option<Tenant>> {
    let tenant = tenant!("select ", "from tenants where id = current_tenant()").fetch_optional(tx.conn()).await?;
    Ok(tenant)
}

pub(crate) async fn place(tx: &mut TenantTx, user: Uuid) -> Result<Option<Place>> {
    let Some(membership) = standing(tx, user).await?.membership() else { return Ok(None) };
    let tenant = look(tx).await?;
    Ok(tenant.map(|tenant| Place { tenant, role: membership.role, permissions: membership.permissions }))
}

pub(crate) async fn find_own(tx: &mut UserTx, user: Uuid, tenant: Uuid) -> Result<Option<Own>> {
    let own = own!("where m.user_id = $1 and m.tenant_id = $2", user, tenant).fetch_optional(tx.conn()).await?;
    Ok(own.map(Own::from))
}

pub(crate) async fn find_own_by_slug(tx: &mut UserTx, slug: &str) -> Result<Option<Uuid>> {
    let tenant = sqlx::query_scalar!(
        "select t.id from tenants t join tenant_members m on m.tenant_id = t.id
         where m.user_id = current_user_id() and t.slug = $1",
        slug
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(tenant)
}

pub(crate) async fn own_of_kind(tx: &mut UserTx, kind: Kind) -> Result<Vec<Tenant>> {
    let tenants = tenant!(
        "select ",
        "from tenants join tenant_members m on m.tenant_id = tenants.id
         where m.user_id = current_user_id() and tenants.kind = $1 and tenants.closed_at is null
         order by m.created_at, tenants.id limit 1000",
        kind.as_str()
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(tenants)
}

pub(crate) async fn list_own(tx: &mut UserTx, user: Uuid, paging: &Paging) -> Result<Vec<Own>> {
    let (limit, offset) = (paging.limit, paging.offset());
    let own = own!("where m.user_id = $1 order by t.name, t.id limit $2 offset $3", user, limit, offset);
    Ok(own.fetch_all(tx.conn()).await?.into_iter().map(Own::from).collect())
}

pub(crate) async fn count_own(tx: &mut UserTx, user: Uuid) -> Result<i64> {
    let count = sqlx::query_scalar!(r#"select count(*) as "count!" from tenant_members where user_id = $1"#, user)
        .fetch_one(tx.conn())
        .await?;
    Ok(count)
}

pub(crate) async fn is_member(tx: &mut UserTx, user: Uuid, tenant: Uuid) -> Result<bool> {
    let member = sqlx::query_scalar!(
        r#"select exists (select from tenant_members where user_id = $1 and tenant_id = $2) as "member!""#,
        user,
        tenant
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(member)
}

/// Keeps the user's tenants as they are until the transaction ends: who leaves one at the same time waits.
pub(crate) async fn lock_tenants_of(tx: &mut SystemTx, user: Uuid) -> Result<()> {
    sqlx::query!(
        "select id from tenants where id in (select tenant_id from tenant_members where user_id = $1)
         order by id for update",
        user
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(())
}

/// The tenants that their founder alone is in, those that are one person's anyway, and those that they have closed if
/// nobody else could restore them.
pub(crate) async fn own_alone(tx: &mut SystemTx, user: Uuid) -> Result<Vec<Uuid>> {
    let owner = Kind::Company.founder();
    let tenants = sqlx::query_scalar!(
        "select t.id from tenants t
         join tenant_members m on m.tenant_id = t.id and m.user_id = $1
         where m.role = t.kind
            or m.role = $2 and not exists (select from tenant_members o where o.tenant_id = t.id and o.user_id <> $1
                                           and (t.closed_at is null or o.role = $2))
         order by t.id",
        user,
        owner
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(tenants)
}

/// The companies that other people work in and that nobody but this user owns.
pub(crate) async fn solely_owned(tx: &mut SystemTx, user: Uuid) -> Result<Vec<Uuid>> {
    let owner = Kind::Company.founder();
    let companies = sqlx::query_scalar!(
        "select t.id from tenants t
         join tenant_members m on m.tenant_id = t.id and m.user_id = $1 and m.role = $2
         where t.kind = 'company' and t.closed_at is null
           and exists (select from tenant_members o where o.tenant_id = t.id and o.user_id <> $1)
           and not exists (select from tenant_members o where o.tenant_id = t.id and o.user_id <> $1 and o.role = $2)
         order by t.id",
        user,
        owner
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(companies)
}
