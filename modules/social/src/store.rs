use kit::{Result, SystemTx, Tx};
use uuid::Uuid;

/// Somebody who has come back from another platform.
pub(crate) struct Returned {
    pub(crate) user_id: Option<Uuid>,
    /// Sealed.
    pub(crate) journey: Vec<u8>,
    /// Whether they took too long.
    pub(crate) late: bool,
}

/// Notes that somebody is on their way. Some of those who never came back are forgotten.
pub(crate) async fn insert_state<K>(
    tx: &mut Tx<K>,
    hash: &[u8; 32],
    user: Option<Uuid>,
    journey: &[u8],
    life: chrono::TimeDelta,
) -> Result<()> {
    let now = tx.now();
    sqlx::query!(
        "delete from social_states where hash in (
             select hash from social_states where expires_at <= $1 limit 100 for update skip locked)",
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    sqlx::query!(
        "insert into social_states (hash, user_id, journey, expires_at) values ($1, $2, $3, $4)",
        hash.as_slice(),
        user,
        journey,
        (now + life).utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Who comes back with this state: the first time only.
pub(crate) async fn take_state(tx: &mut SystemTx, hash: &[u8; 32]) -> Result<Option<Returned>> {
    let now = tx.now();
    let returned = sqlx::query_as!(
        Returned,
        r#"delete from social_states where hash = $1 returning user_id, journey, expires_at <= $2 as "late!""#,
        hash.as_slice(),
        now.utc()
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(returned)
}
