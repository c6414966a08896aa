use crate::view::{Member, MemberFilter};
use kit::{Paging, Result, TenantTx};
use sqlx::{AssertSqlSafe, Postgres, QueryBuilder};
use uuid::Uuid;

/// Members of a department, `$1`; what narrows them comes after.
macro_rules! member {
    ($after:tt, $department:expr $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            Member,
            r#"select m.user_id, u.name, u.email, u.image, m.title, m.is_primary,
                      d.head_id is not distinct from m.user_id as "is_head!", m.created_at
               from department_members m
               join departments d on d.tenant_id = m.tenant_id and d.id = m.department_id
               join users u on u.id = m.user_id
               where m.tenant_id = current_tenant() and m.department_id = $1 "#
                + $after,
            $department
            $(, $argument)*
        )
    };
}

pub(crate) async fn find_member(tx: &mut TenantTx, department: Uuid, user: Uuid) -> Result<Option<Member>> {
    Ok(member!("and m.user_id = $2", department, user).fetch_optional(tx.conn()).await?)
}

/// Those of these users who work in it.
pub(crate) async fn members_among(tx: &mut TenantTx, department: Uuid, users: &[Uuid]) -> Result<Vec<Member>> {
    let members = member!("and m.user_id = any ($2) order by u.name, m.user_id", department, users);
    Ok(members.fetch_all(tx.conn()).await?)
}

pub(crate) async fn is_member(tx: &mut TenantTx, department: Uuid, user: Uuid) -> Result<bool> {
    Ok(find_member(tx, department, user).await?.is_some())
}

pub(crate) async fn users_of(tx: &mut TenantTx, department: Uuid) -> Result<Vec<Uuid>> {
    let users = sqlx::query_scalar!(
        "select user_id from department_members where tenant_id = current_tenant() and department_id = $1",
        department
    );
    Ok(users.fetch_all(tx.conn()).await?)
}

const SORTS: [(&str, &str); 4] =
    [("name", "u.name"), ("email", "u.email"), ("title", "m.title"), ("createdAt", "m.created_at")];

pub(crate) async fn list_members(
    tx: &mut TenantTx,
    department: Uuid,
    filter: &MemberFilter,
    paging: &Paging,
) -> Result<Vec<Member>> {
    let order = paging.order(&SORTS, "u.name asc")?;
    let mut select = QueryBuilder::<Postgres>::new(
        "select m.user_id, u.name, u.email, u.image, m.title, m.is_primary,
                d.head_id is not distinct from m.user_id as is_head, m.created_at
         from department_members m
         join departments d on d.tenant_id = m.tenant_id and d.id = m.department_id
         join users u on u.id = m.user_id
         where m.tenant_id = current_tenant() and m.department_id = $1
           and ($2::text is null or strpos(lower(concat_ws(' ', u.name, u.email, m.title)), lower($2)) > 0)
         order by ",
    );
    select.push(order).push(", m.user_id limit $3 offset $4");
    let members = sqlx::query_as(AssertSqlSafe(select.into_string()))
        .bind(department)
        .bind(&filter.q)
        .bind(paging.limit)
        .bind(paging.offset())
        .fetch_all(tx.conn())
        .await?;
    Ok(members)
}

pub(crate) async fn count_members(tx: &mut TenantTx, department: Uuid, filter: &MemberFilter) -> Result<i64> {
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from department_members m join users u on u.id = m.user_id
           where m.tenant_id = current_tenant() and m.department_id = $1
             and ($2::text is null or strpos(lower(concat_ws(' ', u.name, u.email, m.title)), lower($2)) > 0)"#,
        department,
        filter.q
    );
    Ok(count.fetch_one(tx.conn()).await?)
}

pub(crate) async fn insert_member(tx: &mut TenantTx, department: Uuid, user: Uuid, title: Option<&str>) -> Result<()> {
    // whoever asks next is to hold what the department permits, wherever they ask
    tx.takes_away();
    let now = tx.now();
    sqlx::query!(
        "insert into department_members (department_id, user_id, title, is_primary, created_at)
         values ($1, $2, $3, false, $4)",
        department,
        user,
        title,
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn set_title(tx: &mut TenantTx, department: Uuid, user: Uuid, title: Option<&str>) -> Result<()> {
    sqlx::query!(
        "update department_members set title = $3
         where tenant_id = current_tenant() and department_id = $1 and user_id = $2",
        department,
        user,
        title
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Makes it the department that the user stands for, in the place of another.
pub(crate) async fn choose_primary(tx: &mut TenantTx, department: Uuid, user: Uuid) -> Result<()> {
    sqlx::query!(
        "update department_members set is_primary = false
         where tenant_id = current_tenant() and user_id = $2 and department_id <> $1 and is_primary",
        department,
        user
    )
    .execute(tx.conn())
    .await?;
    sqlx::query!(
        "update department_members set is_primary = true
         where tenant_id = current_tenant() and user_id = $2 and department_id = $1 and not is_primary",
        department,
        user
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Lets those of the users who stand for no department stand for the one they are in the longest.
pub(crate) async fn fill_primary(tx: &mut TenantTx, users: &[Uuid]) -> Result<()> {
    sqlx::query!(
        "update department_members m set is_primary = true
         from (select distinct on (user_id) user_id, department_id
               from department_members
               where tenant_id = current_tenant() and user_id = any ($1)
               order by user_id, is_primary desc, created_at, department_id) first
         where m.tenant_id = current_tenant() and m.user_id = first.user_id and m.department_id = first.department_id
           and not m.is_primary",
        users
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn delete_member(tx: &mut TenantTx, department: Uuid, user: Uuid) -> Result<()> {
    tx.takes_away();
    sqlx::query!(
        "delete from department_members where tenant_id = current_tenant() and department_id = $1 and user_id = $2",
        department,
        user
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Moves these members with their titles. Who is in the other department already keeps the title of there.
pub(crate) async fn move_members(tx: &mut TenantTx, from: Uuid, to: Uuid, users: &[Uuid]) -> Result<()> {
    tx.takes_away();
    let now = tx.now();
    sqlx::query!(
        "with gone as (
             delete from department_members
             where tenant_id = current_tenant() and department_id = $1 and user_id = any ($3)
             returning user_id, title, is_primary)
         insert into department_members as there (department_id, user_id, title, is_primary, created_at)
         select $2, user_id, title, is_primary, $4 from gone
         on conflict (tenant_id, department_id, user_id)
         do update set is_primary = there.is_primary or excluded.is_primary",
        from,
        to,
        users,
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
