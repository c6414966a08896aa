mod members;

pub(crate) use members::{
    choose_primary, count_members, delete_member, fill_primary, find_member, insert_member, is_member, list_members,
    members_among, move_members, set_title, users_of,
};

use crate::{
    Department,
    view::{DepartmentPatch, Filter, NewDepartment, Own},
};
use kit::{Error, OnConstraint, Paging, Result, TenantTx, Time};
use sqlx::{AssertSqlSafe, Postgres, QueryBuilder};
use uuid::Uuid;

/// Departments of the tenant; what narrows or orders them comes after.
macro_rules! department {
    ($after:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            Department,
            r#"select d.id, d.key, d.name, d.description, d.parent_id, d.head_id, d.permissions,
                      (select count(*) from department_members m
                       where m.tenant_id = d.tenant_id and m.department_id = d.id) as "member_count!",
                      d.created_at, d.updated_at
               from departments d where d.tenant_id = current_tenant() "#
                + $after
            $(, $argument)*
        )
    };
}

pub(crate) async fn find(tx: &mut TenantTx, id: Uuid) -> Result<Option<Department>> {
    Ok(department!("and d.id = $1", id).fetch_optional(tx.conn()).await?)
}

pub(crate) async fn all(tx: &mut TenantTx) -> Result<Vec<Department>> {
    Ok(department!("order by lower(d.name), d.id").fetch_all(tx.conn()).await?)
}

/// Each department and the one above it.
pub(crate) async fn tree(tx: &mut TenantTx) -> Result<Vec<(Uuid, Option<Uuid>)>> {
    let rows = sqlx::query!("select id, parent_id from departments where tenant_id = current_tenant()");
    Ok(rows.fetch_all(tx.conn()).await?.into_iter().map(|row| (row.id, row.parent_id)).collect())
}

const SORTS: [(&str, &str); 3] =
    [("name", "lower(d.name)"), ("createdAt", "d.created_at"), ("memberCount", "member_count")];

pub(crate) async fn list(tx: &mut TenantTx, filter: &Filter, paging: &Paging) -> Result<Vec<Department>> {
    let order = paging.order(&SORTS, "lower(d.name) asc")?;
    let mut select = QueryBuilder::<Postgres>::new(
        "select d.id, d.key, d.name, d.description, d.parent_id, d.head_id, d.permissions,
                (select count(*) from department_members m
                 where m.tenant_id = d.tenant_id and m.department_id = d.id) as member_count,
                d.created_at, d.updated_at
         from departments d
         where d.tenant_id = current_tenant()
           and ($1::text is null or strpos(lower(d.name), lower($1)) > 0 or strpos(d.key, lower($1)) > 0)
           and ($2::uuid is null or d.parent_id = $2) order by ",
    );
    select.push(order).push(", d.id limit $3 offset $4");
    let departments = sqlx::query_as(AssertSqlSafe(select.into_string()))
        .bind(&filter.q)
        .bind(filter.parent)
        .bind(paging.limit)
        .bind(paging.offset())
        .fetch_all(tx.conn())
        .await?;
    Ok(departments)
}

pub(crate) async fn count(tx: &mut TenantTx, filter: &Filter) -> Result<i64> {
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from departments d
           where d.tenant_id = current_tenant()
             and ($1::text is null or strpos(lower(d.name), lower($1)) > 0 or strpos(d.key, lower($1)) > 0)
             and ($2::uuid is null or d.parent_id = $2)"#,
        filter.q,
        filter.parent
    );
    Ok(count.fetch_one(tx.conn()).await?)
}

struct OwnRow {
    id: Uuid,
    key: Option<String>,
    name: String,
    description: Option<String>,
    parent_id: Option<Uuid>,
    head_id: Option<Uuid>,
    permissions: Vec<String>,
    member_count: i64,
    created_at: Time,
    updated_at: Time,
    title: Option<String>,
    is_primary: bool,
}

impl OwnRow {
    fn of(self, user: Uuid) -> Own {
        let Self { id, key, name, description, parent_id, head_id, permissions, member_count, .. } = self;
        let (created_at, updated_at) = (self.created_at, self.updated_at);
        let department = Department {
            id,
            key,
            name,
            description,
            parent_id,
            head_id,
            permissions,
            member_count,
            created_at,
            updated_at,
        };
        Own { department, title: self.title, is_primary: self.is_primary, is_head: head_id == Some(user) }
    }
}

pub(crate) async fn of_user(tx: &mut TenantTx, user: Uuid) -> Result<Vec<Own>> {
    let rows = sqlx::query_as!(
        OwnRow,
        r#"select d.id, d.key, d.name, d.description, d.parent_id, d.head_id, d.permissions,
                  (select count(*) from department_members o
                   where o.tenant_id = d.tenant_id and o.department_id = d.id) as "member_count!",
                  d.created_at, d.updated_at, m.title, m.is_primary
           from department_members m
           join departments d on d.tenant_id = m.tenant_id and d.id = m.department_id
           where m.tenant_id = current_tenant() and m.user_id = $1
           order by m.is_primary desc, lower(d.name), d.id"#,
        user
    );
    Ok(rows.fetch_all(tx.conn()).await?.into_iter().map(|row| row.of(user)).collect())
}

fn name_taken() -> Error {
    Error::conflict("DEPARTMENT_NAME_TAKEN", "Another department has this name.")
}

pub(crate) async fn insert(tx: &mut TenantTx, id: Uuid, new: &NewDepartment, permissions: &[String]) -> Result<()> {
    let now = tx.now();
    sqlx::query!(
        "insert into departments (id, key, name, description, parent_id, permissions, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7)",
        id,
        new.key,
        new.name,
        new.description,
        new.parent_id,
        permissions,
        now.utc()
    )
    .execute(tx.conn())
    .await
    .on_constraint("departments_name_taken", name_taken)
    .on_constraint("departments_key_taken", || {
        Error::conflict("DEPARTMENT_KEY_TAKEN", "Another department has this key.")
    })?;
    Ok(())
}

/// Changes its name and what is said of it.
pub(crate) async fn describe(tx: &mut TenantTx, id: Uuid, patch: &DepartmentPatch) -> Result<()> {
    let now = tx.now();
    sqlx::query!(
        "update departments set name = coalesce($2, name),
                                description = case when $3 then $4 else description end, updated_at = $5
         where tenant_id = current_tenant() and id = $1",
        id,
        patch.name,
        patch.description.is_some(),
        patch.description.clone().flatten(),
        now.utc()
    )
    .execute(tx.conn())
    .await
    .on_constraint("departments_name_taken", name_taken)?;
    Ok(())
}

pub(crate) async fn permit(tx: &mut TenantTx, id: Uuid, permissions: &[String]) -> Result<()> {
    tx.takes_away();
    let now = tx.now();
    sqlx::query!(
        "update departments set permissions = $2, updated_at = $3 where tenant_id = current_tenant() and id = $1",
        id,
        permissions,
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn set_head(tx: &mut TenantTx, id: Uuid, head: Option<Uuid>) -> Result<()> {
    let now = tx.now();
    sqlx::query!(
        "update departments set head_id = $2, updated_at = $3 where tenant_id = current_tenant() and id = $1",
        id,
        head,
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn place(tx: &mut TenantTx, id: Uuid, parent: Option<Uuid>) -> Result<()> {
    let now = tx.now();
    sqlx::query!(
        "update departments set parent_id = $2, updated_at = $3 where tenant_id = current_tenant() and id = $1",
        id,
        parent,
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn delete(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    sqlx::query!("delete from departments where tenant_id = current_tenant() and id = $1", id)
        .execute(tx.conn())
        .await?;
    Ok(())
}
