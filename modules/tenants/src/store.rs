use crate::{
    Kind,
    service::{Member, MemberFilter, Own, Tenant},
};
use kit::{Paging, Result, SystemTx, TenantTx, Time, UserTx};
use sqlx::{AssertSqlSafe, Postgres, QueryBuilder};
use uuid::Uuid;

struct OwnRow {
    id: Uuid,
    kind: Kind,
    name: String,
    slug: String,
    created_at: Time,
    updated_at: Time,
    role: String,
    is_default: bool,
}

impl From<OwnRow> for Own {
    fn from(row: OwnRow) -> Self {
        let OwnRow { id, kind, name, slug, created_at, updated_at, role, is_default } = row;
        Self { tenant: Tenant { id, kind, name, slug, created_at, updated_at }, role, is_default }
    }
}

/// Answers `None` when the slug is taken.
pub(crate) async fn insert(tx: &mut SystemTx, kind: Kind, name: &str, slug: &str) -> Result<Option<Tenant>> {
    let (id, now) = (tx.new_id(), tx.now());
    let tenant = sqlx::query_as!(
        Tenant,
        r#"insert into tenants (id, kind, name, slug, created_at, updated_at) values ($1, $2, $3, $4, $5, $5)
           on conflict (slug) do nothing
           returning id, kind as "kind: Kind", name, slug, created_at, updated_at"#,
        id,
        kind.as_str(),
        name,
        slug,
        now.utc()
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(tenant)
}

pub(crate) async fn insert_member(tx: &mut TenantTx, user: Uuid, role: &str) -> Result<()> {
    let now = tx.now();
    sqlx::query!("insert into tenant_members (user_id, role, created_at) values ($1, $2, $3)", user, role, now.utc())
        .execute(tx.conn())
        .await?;
    Ok(())
}

pub(crate) async fn set_role(tx: &mut TenantTx, user: Uuid, role: &str) -> Result<bool> {
    tx.takes_away();
    let done = sqlx::query!(
        "update tenant_members set role = $2 where tenant_id = current_tenant() and user_id = $1",
        user,
        role
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(crate) async fn upsert_role(tx: &mut TenantTx, name: &str, permissions: &[String]) -> Result<()> {
    tx.takes_away();
    sqlx::query!(
        "insert into tenant_roles (name, permissions) values ($1, $2)
         on conflict (tenant_id, name) do update set permissions = excluded.permissions",
        name,
        permissions
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn has_role(tx: &mut TenantTx, name: &str) -> Result<bool> {
    let known = sqlx::query_scalar!(
        r#"select exists (select from tenant_roles where tenant_id = current_tenant() and name = $1) as "known!""#,
        name
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(known)
}

pub(crate) async fn kind(tx: &mut TenantTx) -> Result<Kind> {
    let kind = sqlx::query_scalar!(r#"select kind as "kind: Kind" from tenants where id = current_tenant()"#)
        .fetch_one(tx.conn())
        .await?;
    Ok(kind)
}

pub(crate) async fn lock(tx: &mut TenantTx) -> Result<Option<Tenant>> {
    let tenant = sqlx::query_as!(
        Tenant,
        r#"select id, kind as "kind: Kind", name, slug, created_at, updated_at from tenants
           where id = current_tenant() for update"#
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(tenant)
}

pub(crate) async fn change(tx: &mut TenantTx, name: Option<&str>, slug: Option<&str>) -> Result<Tenant> {
    let now = tx.now();
    let tenant = sqlx::query_as!(
        Tenant,
        r#"update tenants set name = coalesce($1, name), slug = coalesce($2, slug), updated_at = $3
           where id = current_tenant()
           returning id, kind as "kind: Kind", name, slug, created_at, updated_at"#,
        name,
        slug,
        now.utc()
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(tenant)
}

pub(crate) async fn show(tx: &mut TenantTx) -> Result<Option<Own>> {
    let own = sqlx::query_as!(
        OwnRow,
        r#"select t.id, t.kind as "kind: Kind", t.name, t.slug, t.created_at, t.updated_at, m.role,
                  u.default_tenant_id is not distinct from t.id as "is_default!"
           from tenants t
           join tenant_members m on m.tenant_id = t.id and m.user_id = current_user_id()
           join users u on u.id = m.user_id
           where t.id = current_tenant()"#
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(own.map(Own::from))
}

pub(crate) async fn find_own(tx: &mut UserTx, user: Uuid, tenant: Uuid) -> Result<Option<Own>> {
    let own = sqlx::query_as!(
        OwnRow,
        r#"select t.id, t.kind as "kind: Kind", t.name, t.slug, t.created_at, t.updated_at, m.role,
                  u.default_tenant_id is not distinct from t.id as "is_default!"
           from tenant_members m
           join tenants t on t.id = m.tenant_id
           join users u on u.id = m.user_id
           where m.user_id = $1 and m.tenant_id = $2"#,
        user,
        tenant
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(own.map(Own::from))
}

pub(crate) async fn list_own(tx: &mut UserTx, user: Uuid, paging: &Paging) -> Result<Vec<Own>> {
    let own = sqlx::query_as!(
        OwnRow,
        r#"select t.id, t.kind as "kind: Kind", t.name, t.slug, t.created_at, t.updated_at, m.role,
                  u.default_tenant_id is not distinct from t.id as "is_default!"
           from tenant_members m
           join tenants t on t.id = m.tenant_id
           join users u on u.id = m.user_id
           where m.user_id = $1
           order by t.name, t.id limit $2 offset $3"#,
        user,
        paging.limit,
        paging.offset()
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(own.into_iter().map(Own::from).collect())
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

/// `order` is made of the names of columns that this module knows.
pub(crate) async fn list_members(
    tx: &mut TenantTx,
    filter: &MemberFilter,
    order: &str,
    paging: &Paging,
) -> Result<Vec<Member>> {
    let mut query = QueryBuilder::<Postgres>::new(
        "select m.user_id, u.name, u.email, u.image, m.role, m.created_at
         from tenant_members m join users u on u.id = m.user_id
         where m.tenant_id = current_tenant() and ($1::text is null or u.name ilike $1 or u.email ilike $1)
           and ($2::text is null or m.role = $2) order by ",
    );
    query.push(order).push(", m.user_id limit $3 offset $4");
    let members = sqlx::query_as(AssertSqlSafe(query.into_string()))
        .bind(pattern(filter))
        .bind(&filter.role)
        .bind(paging.limit)
        .bind(paging.offset())
        .fetch_all(tx.conn())
        .await?;
    Ok(members)
}

pub(crate) async fn count_members(tx: &mut TenantTx, filter: &MemberFilter) -> Result<i64> {
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from tenant_members m join users u on u.id = m.user_id
           where m.tenant_id = current_tenant() and ($1::text is null or u.name ilike $1 or u.email ilike $1)
             and ($2::text is null or m.role = $2)"#,
        pattern(filter),
        filter.role
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(count)
}

/// What `ilike` takes for “contains”, with its own signs taken as plain ones.
fn pattern(filter: &MemberFilter) -> Option<String> {
    let text = filter.q.as_deref()?.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    Some(format!("%{text}%"))
}

/// The companies that other people work in and that nobody but this user owns.
pub(crate) async fn solely_owned(tx: &mut SystemTx, user: Uuid) -> Result<Vec<Uuid>> {
    let owner = Kind::Company.founder();
    let companies = sqlx::query_scalar!(
        "select t.id from tenants t
         join tenant_members m on m.tenant_id = t.id and m.user_id = $1 and m.role = $2
         where t.kind = 'company'
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
