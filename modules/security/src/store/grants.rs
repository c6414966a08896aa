use crate::service::{assignments::Assignment, grants::Grant};
use kit::{Result, Time, Tx};
use uuid::Uuid;

/// What is granted to or revoked from a user and has not ended.
pub(crate) async fn grants_of<K>(tx: &mut Tx<K>, user: Uuid) -> Result<Vec<Grant>> {
    let now = tx.now();
    let grants = sqlx::query_as!(
        Grant,
        r#"select permission, granted, reason, expires_at as "expires_at: Time", created_by, created_at
         from permission_grants
         where tenant_id is not distinct from current_tenant() and user_id = $1
           and (expires_at is null or expires_at > $2)
         order by permission"#,
        user,
        now.utc()
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(grants)
}

pub(crate) async fn put_grant<K>(tx: &mut Tx<K>, user: Uuid, grant: &Grant) -> Result<()> {
    tx.takes_away();
    let id = tx.new_id();
    sqlx::query!(
        "insert into permission_grants (id, user_id, permission, granted, reason, expires_at, created_by, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict on constraint permission_grants_taken do update
         set granted = excluded.granted, reason = excluded.reason, expires_at = excluded.expires_at,
             created_by = excluded.created_by, created_at = excluded.created_at",
        id,
        user,
        grant.permission,
        grant.granted,
        grant.reason,
        grant.expires_at.map(Time::utc),
        grant.created_by,
        grant.created_at.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn delete_grant<K>(tx: &mut Tx<K>, user: Uuid, permission: &str) -> Result<()> {
    tx.takes_away();
    sqlx::query!(
        "delete from permission_grants
         where tenant_id is not distinct from current_tenant() and user_id = $1 and permission = $2",
        user,
        permission
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The roles that a user has beside their first one and that have not ended.
pub(crate) async fn assignments_of<K>(tx: &mut Tx<K>, user: Uuid) -> Result<Vec<Assignment>> {
    let now = tx.now();
    let assignments = sqlx::query_as!(
        Assignment,
        r#"select role, false as "first!", expires_at as "expires_at: Time", created_by, created_at as "created_at?: Time"
           from role_assignments
           where tenant_id is not distinct from current_tenant() and user_id = $1
             and (expires_at is null or expires_at > $2)
           order by role"#,
        user,
        now.utc()
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(assignments)
}

pub(crate) async fn put_assignment<K>(tx: &mut Tx<K>, user: Uuid, assignment: &Assignment) -> Result<()> {
    tx.takes_away();
    let (id, now) = (tx.new_id(), tx.now());
    sqlx::query!(
        "insert into role_assignments (id, user_id, role, expires_at, created_by, created_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict on constraint role_assignments_taken do update
         set expires_at = excluded.expires_at, created_by = excluded.created_by, created_at = excluded.created_at",
        id,
        user,
        assignment.role,
        assignment.expires_at.map(Time::utc),
        assignment.created_by,
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn delete_assignment<K>(tx: &mut Tx<K>, user: Uuid, role: &str) -> Result<()> {
    tx.takes_away();
    sqlx::query!(
        "delete from role_assignments
         where tenant_id is not distinct from current_tenant() and user_id = $1 and role = $2",
        user,
        role
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
