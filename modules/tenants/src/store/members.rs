use crate::{
    Standing,
    view::{Member, MemberFilter},
};
use kit::{Paging, Result, SystemTx, TenantTx};
use sqlx::{AssertSqlSafe, Postgres, QueryBuilder, types::Json};
use uuid::Uuid;

pub(crate) async fn insert_member(tx: &mut TenantTx, user: Uuid, role: &str) -> Result<()> {
    let (id, now) = (tx.new_id(), tx.now());
    sqlx::query!(
        "insert into tenant_members (id, user_id, role, created_at) values ($1, $2, $3, $4)",
        id,
        user,
        role,
        now.utc()
    )
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

pub(crate) async fn delete_member(tx: &mut TenantTx, user: Uuid) -> Result<()> {
    tx.takes_away();
    sqlx::query!("delete from tenant_members where tenant_id = current_tenant() and user_id = $1", user)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// What a role of the tenant's own making may do; `None` when there is none of this name.
pub(crate) async fn role_permissions(tx: &mut TenantTx, name: &str) -> Result<Option<Vec<String>>> {
    let permissions = sqlx::query_scalar!(
        "select permissions from tenant_roles where tenant_id = current_tenant() and name = $1",
        name
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(permissions)
}

/// A user's place in the transaction's tenant and all that gives them permissions in it.
pub(crate) async fn standing(tx: &mut TenantTx, user: Uuid) -> Result<Standing> {
    let now = tx.now();
    let standing =
        sqlx::query_scalar!(r#"select standing_here($1, $2) as "standing!: Json<Standing>""#, user, now.utc())
            .fetch_one(tx.conn())
            .await?;
    Ok(standing.0)
}

/// What gives a user permissions on the whole platform.
pub(crate) async fn platform_standing(tx: &mut SystemTx, user: Uuid) -> Result<Standing> {
    let now = tx.now();
    let standing =
        sqlx::query_scalar!(r#"select standing_of($1, null, $2) as "standing!: Json<Standing>""#, user, now.utc())
            .fetch_one(tx.conn())
            .await?;
    Ok(standing.0)
}

/// The users who have this role as their first one.
pub(crate) async fn members_with_role(tx: &mut TenantTx, role: &str) -> Result<Vec<Uuid>> {
    let users = sqlx::query_scalar!(
        "select user_id from tenant_members where tenant_id = current_tenant() and role = $1 order by user_id",
        role
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(users)
}

pub(crate) async fn find_member(tx: &mut TenantTx, user: Uuid) -> Result<Option<Member>> {
    let member = sqlx::query_as!(
        Member,
        "select m.id, m.user_id, u.name, u.email, u.image, m.role, m.created_at
         from tenant_members m join users u on u.id = m.user_id
         where m.tenant_id = current_tenant() and m.user_id = $1",
        user
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(member)
}

pub(crate) async fn count_with_role(tx: &mut TenantTx, role: &str) -> Result<i64> {
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from tenant_members where tenant_id = current_tenant() and role = $1"#,
        role
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(count)
}

/// `order` is made of the names of columns that this module knows.
pub(crate) async fn list_members(
    tx: &mut TenantTx,
    filter: &MemberFilter,
    order: &str,
    paging: &Paging,
) -> Result<Vec<Member>> {
    let mut query = QueryBuilder::<Postgres>::new(
        "select m.id, m.user_id, u.name, u.email, u.image, m.role, m.created_at
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

fn pattern(filter: &MemberFilter) -> Option<String> {
    filter.q.as_deref().map(containing)
}

/// What `ilike` takes for “contains”, with its own signs taken as plain ones.
pub(super) fn containing(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{text}%")
}
