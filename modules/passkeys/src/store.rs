use crate::error;
use kit::{OnConstraint, Result, SystemTx, Time, Tx, UserTx};
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;

/// A passkey, as it is kept.
pub(crate) struct Passkey {
    pub(crate) id: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) name: Option<String>,
    pub(crate) credential_id: Vec<u8>,
    pub(crate) public_key: Vec<u8>,
    pub(crate) aaguid: Uuid,
    pub(crate) transports: Vec<String>,
    pub(crate) credential: Json<webauthn_rs::prelude::Passkey>,
    pub(crate) created_at: Time,
    pub(crate) last_used_at: Option<Time>,
}

/// What was asked of a device, and of whose.
pub(crate) struct Challenge {
    pub(crate) ceremony: String,
    pub(crate) user_id: Option<Uuid>,
    pub(crate) state: Value,
    pub(crate) expires_at: Time,
}

/// A statement that answers passkeys: what stands before the list of their columns, and what after it.
macro_rules! passkey {
    ($before:tt, $after:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            Passkey,
            $before
                + r#"id, user_id, name, credential_id, public_key, aaguid, transports,
                     credential as "credential: Json<webauthn_rs::prelude::Passkey>",
                     created_at, last_used_at as "last_used_at: Time" "#
                + $after
            $(, $argument)*
        )
    };
}

/// # Errors
/// 400 `PREVIOUSLY_REGISTERED` when somebody has it already.
pub(crate) async fn insert(tx: &mut UserTx, new: &Passkey) -> Result<()> {
    sqlx::query!(
        "insert into passkeys (id, user_id, name, credential_id, public_key, aaguid, transports, credential, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        new.id,
        new.user_id,
        new.name,
        new.credential_id,
        new.public_key,
        new.aaguid,
        &new.transports,
        &new.credential as &Json<webauthn_rs::prelude::Passkey>,
        new.created_at.utc()
    )
    .execute(tx.conn())
    .await
    .on_constraint("passkeys_taken", error::previously_registered)?;
    Ok(())
}

pub(crate) async fn list<K>(tx: &mut Tx<K>, user: Uuid) -> Result<Vec<Passkey>> {
    let passkeys = passkey!("select ", "from passkeys where user_id = $1 order by created_at, id", user)
        .fetch_all(tx.conn())
        .await?;
    Ok(passkeys)
}

/// The passkey of this credential, which nobody else uses until the transaction ends.
pub(crate) async fn lock(tx: &mut SystemTx, credential_id: &[u8]) -> Result<Option<Passkey>> {
    let passkey = passkey!("select ", "from passkeys where credential_id = $1 for update", credential_id)
        .fetch_optional(tx.conn())
        .await?;
    Ok(passkey)
}

/// Writes down that a passkey has been used, and what its device says of it now.
pub(crate) async fn note_use(tx: &mut SystemTx, passkey: &Passkey) -> Result<()> {
    let now = tx.now();
    sqlx::query!(
        "update passkeys set credential = $2, last_used_at = $3 where id = $1",
        passkey.id,
        &passkey.credential as &Json<webauthn_rs::prelude::Passkey>,
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The user's own passkey, which nobody else changes until the transaction ends.
pub(crate) async fn lock_own(tx: &mut UserTx, id: Uuid) -> Result<Option<Passkey>> {
    let passkey = passkey!("select ", "from passkeys where id = $1 and user_id = current_user_id() for update", id)
        .fetch_optional(tx.conn())
        .await?;
    Ok(passkey)
}

pub(crate) async fn rename(tx: &mut UserTx, id: Uuid, name: &str) -> Result<()> {
    sqlx::query!("update passkeys set name = $2 where id = $1", id, name).execute(tx.conn()).await?;
    Ok(())
}

pub(crate) async fn remove(tx: &mut UserTx, id: Uuid) -> Result<()> {
    sqlx::query!("delete from passkeys where id = $1", id).execute(tx.conn()).await?;
    Ok(())
}

/// Keeps a challenge, and forgets those that have ended.
pub(crate) async fn insert_challenge<K>(tx: &mut Tx<K>, hash: &[u8; 32], challenge: &Challenge) -> Result<()> {
    let now = tx.now();
    sqlx::query!("delete from passkey_challenges where expires_at <= $1", now.utc()).execute(tx.conn()).await?;
    sqlx::query!(
        "insert into passkey_challenges (token_hash, ceremony, user_id, state, expires_at) values ($1, $2, $3, $4, $5)",
        hash.as_slice(),
        challenge.ceremony,
        challenge.user_id,
        challenge.state,
        challenge.expires_at.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Takes a challenge out: it can be answered once.
pub(crate) async fn take_challenge(tx: &mut SystemTx, hash: &[u8; 32]) -> Result<Option<Challenge>> {
    let challenge = sqlx::query_as!(
        Challenge,
        "delete from passkey_challenges where token_hash = $1 returning ceremony, user_id, state, expires_at",
        hash.as_slice()
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(challenge)
}
