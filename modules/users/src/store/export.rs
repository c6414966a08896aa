use crate::{avatar::Kept, export::Export};
use kit::{Paging, Result, SystemTx, UserTx};
use serde_json::Value;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

/// A table of which each row is one user's.
pub(crate) struct Table {
    pub(crate) name: String,
    /// The column that says whose, as SQL has it.
    key: String,
    /// The columns that are nobody's to read.
    secret: Vec<String>,
}

/// How many deeds of a user an archive tells, the newest of them.
const MOST_DEEDS: i64 = 50_000;

pub(crate) async fn export_under_way(tx: &mut UserTx) -> Result<bool> {
    let now = tx.now();
    let under_way = sqlx::query_scalar!(
        r#"select exists (select from user_exports
           where user_id = current_user_id() and ready_at is null and expires_at > $1) as "under_way!""#,
        now.utc()
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(under_way)
}

pub(crate) async fn remove_own_exports(tx: &mut UserTx) -> Result<()> {
    sqlx::query!("delete from user_exports where user_id = current_user_id()").execute(tx.conn()).await?;
    Ok(())
}

pub(crate) async fn insert_export(tx: &mut UserTx, export: &Export) -> Result<()> {
    sqlx::query!(
        "insert into user_exports (id, created_at, expires_at) values ($1, $2, $3)",
        export.id,
        export.created_at.utc(),
        export.expires_at.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn exports(tx: &mut UserTx, paging: &Paging) -> Result<Vec<Export>> {
    let now = tx.now();
    let exports = sqlx::query_as!(
        Export,
        r#"select id, created_at, ready_at as "ready_at: kit::Time", expires_at, length(content)::bigint as size
           from user_exports where user_id = current_user_id() and expires_at > $1
           order by created_at desc, id desc limit $2 offset $3"#,
        now.utc(),
        paging.limit,
        paging.offset()
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(exports)
}

pub(crate) async fn count_exports(tx: &mut UserTx) -> Result<i64> {
    let now = tx.now();
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from user_exports where user_id = current_user_id() and expires_at > $1"#,
        now.utc()
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(count)
}

/// The content of an archive that has not expired; none while it is being made.
pub(crate) async fn export_content(tx: &mut UserTx, id: Uuid) -> Result<Option<Option<Vec<u8>>>> {
    let now = tx.now();
    let content = sqlx::query_scalar!(
        "select content from user_exports where user_id = current_user_id() and id = $1 and expires_at > $2",
        id,
        now.utc()
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(content)
}

pub(crate) async fn remove_expired_exports(tx: &mut SystemTx) -> Result<()> {
    let now = tx.now();
    sqlx::query!("delete from user_exports where expires_at <= $1", now.utc()).execute(tx.conn()).await?;
    Ok(())
}

/// Whose archive it is, if it is still to be made.
pub(crate) async fn export_owner(tx: &mut SystemTx, id: Uuid) -> Result<Option<Uuid>> {
    let user =
        sqlx::query_scalar!("select user_id from user_exports where id = $1 and ready_at is null for update", id)
            .fetch_optional(tx.conn())
            .await?;
    Ok(user)
}

pub(crate) async fn fill_export(tx: &mut SystemTx, id: Uuid, content: &[u8]) -> Result<()> {
    let now = tx.now();
    sqlx::query!("update user_exports set content = $2, ready_at = $3 where id = $1", id, content, now.utc())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Every table whose rows are users' own, of whichever module: the database itself says which they are and by what
/// column. Bytes, and what is named as a secret is, are nobody's to read.
pub(crate) async fn tables_of_users(tx: &mut SystemTx) -> Result<Vec<Table>> {
    let tables = sqlx::query_as!(
        Table,
        r#"select p.tablename::text as "name!", substring(p.qual from '^\((\w+) = ') as "key!",
                  array(select c.column_name::text from information_schema.columns c
                        where c.table_schema = 'public' and c.table_name = p.tablename
                          and (c.udt_name = 'bytea'
                               or c.column_name ~ 'hash|secret|token|password|sealed|state|credential|last_step'))
                      as "secret!"
           from pg_policies p
           where p.schemaname = 'public' and p.policyname = 'own' and p.tablename <> 'user_exports'
           order by p.tablename"#
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(tables)
}

/// What a table has of a user. Its names are the database's own.
pub(crate) async fn rows_of(tx: &mut SystemTx, table: &Table, user: Uuid) -> Result<Value> {
    let Table { name, key, secret } = table;
    let statement =
        format!("select coalesce(jsonb_agg(to_jsonb(t) - $2), '[]') from \"{name}\" t where \"{key}\" = $1");
    let rows =
        sqlx::query_scalar(AssertSqlSafe(statement)).bind(user).bind(secret.clone()).fetch_one(tx.conn()).await?;
    Ok(rows)
}

pub(crate) async fn memberships_of(tx: &mut SystemTx, user: Uuid) -> Result<Value> {
    let rows = sqlx::query_scalar!(
        r#"select coalesce(jsonb_agg(jsonb_build_object('tenantId', t.id, 'name', t.name, 'type', t.kind,
                      'role', m.role, 'createdAt', m.created_at, 'departments',
                      array(select jsonb_build_object('name', d.name, 'title', w.title, 'createdAt', w.created_at)
                            from department_members w
                            join departments d on d.tenant_id = w.tenant_id and d.id = w.department_id
                            where w.tenant_id = m.tenant_id and w.user_id = m.user_id
                            order by w.created_at, d.name)) order by m.created_at), '[]') as "rows!"
           from tenant_members m join tenants t on t.id = m.tenant_id where m.user_id = $1"#,
        user
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(rows)
}

/// What was granted to a user, revoked from them, and given to them by a role beside their first, here and there.
pub(crate) async fn rights_of(tx: &mut SystemTx, user: Uuid) -> Result<Value> {
    let rows = sqlx::query_scalar!(
        r#"select coalesce(jsonb_agg(r.right order by r.created_at), '[]') as "rows!"
           from (select created_at, jsonb_build_object('tenantId', tenant_id, 'permission', permission,
                        'granted', granted, 'reason', reason, 'expiresAt', expires_at, 'createdAt', created_at) as right
                 from permission_grants where user_id = $1
                 union all
                 select created_at, jsonb_build_object('tenantId', tenant_id, 'role', role, 'expiresAt', expires_at,
                        'createdAt', created_at)
                 from role_assignments where user_id = $1) r"#,
        user
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(rows)
}

/// What a user did, the newest first. What it was done to may be a tenant's, so it is only named.
pub(crate) async fn deeds_of(tx: &mut SystemTx, user: Uuid) -> Result<Value> {
    let rows = sqlx::query_scalar!(
        r#"select coalesce(jsonb_agg(to_jsonb(e) order by e.id desc), '[]') as "rows!"
           from (select id, at, tenant_id, action, resource, resource_id, ip, user_agent from audit_entries
                 where actor_id = $1 order by id desc limit $2) e"#,
        user,
        MOST_DEEDS
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(rows)
}

pub(crate) async fn avatar_of(tx: &mut SystemTx, user: Uuid) -> Result<Option<Kept>> {
    let kept = sqlx::query_as!(Kept, "select id, media_type, content from user_avatars where user_id = $1", user)
        .fetch_optional(tx.conn())
        .await?;
    Ok(kept)
}
