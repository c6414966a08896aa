use crate::service::Live;
use kit::{Result, SystemTx, Tx};
use uuid::Uuid;

/// The live sessions of a user, the newest first.
pub(crate) async fn sessions_of(tx: &mut SystemTx, user: Uuid) -> Result<Vec<Live>> {
    let now = tx.now();
    let sessions = sqlx::query_as!(
        Live,
        r#"select id, created_at, updated_at, expires_at, remembered, ip, user_agent, impersonated_by,
                  active_tenant_id, false as "renewed!"
           from sessions where user_id = $1 and expires_at > $2
           order by created_at desc, id desc"#,
        user,
        now.utc()
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(sessions)
}

/// Whose session it is.
pub(crate) async fn owner_of(tx: &mut SystemTx, hash: &[u8; 32], id: Option<Uuid>) -> Result<Option<(Uuid, Uuid)>> {
    let found = sqlx::query!("select id, user_id from sessions where token_hash = $1 or id = $2", hash.as_slice(), id)
        .fetch_optional(tx.conn())
        .await?;
    Ok(found.map(|it| (it.id, it.user_id)))
}

pub(crate) async fn remove_session<K>(tx: &mut Tx<K>, id: Uuid) -> Result<()> {
    tx.takes_away();
    sqlx::query!("delete from sessions where id = $1", id).execute(tx.conn()).await?;
    Ok(())
}

/// Removes the sessions of a user, and those in which they act as others.
pub(crate) async fn remove_sessions_of(tx: &mut SystemTx, user: Uuid) -> Result<Vec<Uuid>> {
    tx.takes_away();
    let removed =
        sqlx::query_scalar!("delete from sessions where user_id = $1 or impersonated_by = $1 returning id", user)
            .fetch_all(tx.conn())
            .await?;
    Ok(removed)
}

/// Removes the sessions in which a user acts as another, or another as them.
pub(crate) async fn remove_impersonations_of(tx: &mut SystemTx, user: Uuid) -> Result<Vec<Uuid>> {
    tx.takes_away();
    let removed = sqlx::query_scalar!(
        "delete from sessions where impersonated_by = $1 or (user_id = $1 and impersonated_by is not null)
         returning id",
        user
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(removed)
}
