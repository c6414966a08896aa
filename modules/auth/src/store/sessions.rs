use crate::service::Live;
use kit::{Result, SystemTx, Tx, UserTx};
use uuid::Uuid;

/// How many sessions a user may have; the oldest make room for the newest.
const MOST_SESSIONS: i64 = 100;

/// A session that has just been closed.
pub(crate) struct Closed {
    pub(crate) id: Uuid,
    pub(crate) user_id: Uuid,
    /// The user's default tenant, of which they are a member.
    pub(crate) tenant_id: Option<Uuid>,
}

/// Removes the user's sessions that have ended, and the oldest where there are too many for one more.
pub(crate) async fn remove_dead<K>(tx: &mut Tx<K>, user: Uuid) -> Result<()> {
    let now = tx.now();
    sqlx::query!(
        "delete from sessions where user_id = $1 and (expires_at <= $2 or id in (
             select id from sessions where user_id = $1 order by created_at desc, id desc offset $3::bigint - 1))",
        user,
        now.utc(),
        MOST_SESSIONS
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn insert_session<K>(tx: &mut Tx<K>, user: Uuid, session: &Live, hash: &[u8; 32]) -> Result<()> {
    sqlx::query!(
        "insert into sessions (id, user_id, token_hash, remembered, ip, user_agent, expires_at, created_at, updated_at,
                               impersonated_by, active_tenant_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10)",
        session.id,
        user,
        hash.as_slice(),
        session.remembered,
        session.ip,
        session.user_agent,
        session.expires_at.utc(),
        session.created_at.utc(),
        session.impersonated_by,
        session.active_tenant_id
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Writes down a session's new life. Answers false when it has been closed meanwhile.
pub(crate) async fn refresh(tx: &mut SystemTx, session: &Live) -> Result<bool> {
    let done = sqlx::query!(
        "update sessions set expires_at = $2, updated_at = $3 where id = $1",
        session.id,
        session.expires_at.utc(),
        session.updated_at.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(crate) async fn set_active_tenant<K>(tx: &mut Tx<K>, session: Uuid, tenant: Option<Uuid>) -> Result<()> {
    // whoever asks next is to see it, wherever they ask
    tx.takes_away();
    sqlx::query!(
        "update sessions set active_tenant_id = $2 where id = $1 and user_id = current_user_id()",
        session,
        tenant
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn remove_by_token(tx: &mut SystemTx, hash: &[u8; 32]) -> Result<Option<Closed>> {
    tx.takes_away();
    let closed = sqlx::query_as!(
        Closed,
        r#"delete from sessions s where token_hash = $1
           returning id, user_id, (select m.tenant_id from users u
               join tenant_members m on m.user_id = u.id and m.tenant_id = u.default_tenant_id
               where u.id = s.user_id) as "tenant_id: Uuid""#,
        hash.as_slice()
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(closed)
}

pub(crate) async fn list_sessions(tx: &mut UserTx) -> Result<Vec<Live>> {
    let now = tx.now();
    let sessions = sqlx::query_as!(
        Live,
        r#"select id, created_at, updated_at, expires_at, remembered, ip, user_agent, impersonated_by,
                  active_tenant_id, false as "renewed!"
           from sessions where user_id = current_user_id() and expires_at > $1 and impersonated_by is null
           order by created_at desc, id desc"#,
        now.utc()
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(sessions)
}

pub(crate) async fn remove_own(tx: &mut UserTx, hash: &[u8; 32], id: Option<Uuid>) -> Result<Vec<Uuid>> {
    tx.takes_away();
    let removed = sqlx::query_scalar!(
        "delete from sessions where user_id = current_user_id() and (token_hash = $1 or id = $2) returning id",
        hash.as_slice(),
        id
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(removed)
}

pub(crate) async fn remove_all(tx: &mut UserTx, but: Option<Uuid>) -> Result<Vec<Uuid>> {
    tx.takes_away();
    let removed = sqlx::query_scalar!(
        "delete from sessions where user_id = current_user_id() and id is distinct from $1 returning id",
        but
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(removed)
}
