use kit::{Result, SystemTx, Time, Tx};
use uuid::Uuid;

/// A user's second factor.
pub(crate) struct TwoFactor {
    pub(crate) secret: Vec<u8>,
    pub(crate) enabled: bool,
    pub(crate) last_step: i64,
    pub(crate) locked_until: Option<Time>,
}

/// A sign-in that waits for its second factor.
pub(crate) struct Challenge {
    pub(crate) user_id: Uuid,
    pub(crate) first_factor: String,
    pub(crate) remembered: bool,
    pub(crate) failures: i32,
}

/// The user's second factor, which nobody else uses until the transaction ends.
pub(crate) async fn lock_two_factor<K>(tx: &mut Tx<K>, user: Uuid) -> Result<Option<TwoFactor>> {
    let found = sqlx::query_as!(
        TwoFactor,
        r#"select secret, enabled_at is not null as "enabled!", last_step, locked_until as "locked_until: Time"
           from two_factors where user_id = $1 for update"#,
        user
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(found)
}

/// Keeps a secret that is not in force yet. Answers false when one is.
pub(crate) async fn put_secret<K>(tx: &mut Tx<K>, user: Uuid, secret: &[u8]) -> Result<bool> {
    let now = tx.now();
    let done = sqlx::query!(
        "insert into two_factors as it (user_id, secret, created_at, updated_at) values ($1, $2, $3, $3)
         on conflict (user_id) do update set secret = $2, last_step = 0, updated_at = $3 where it.enabled_at is null",
        user,
        secret,
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(crate) async fn put_in_force<K>(tx: &mut Tx<K>, user: Uuid) -> Result<()> {
    let now = tx.now();
    sqlx::query!("update two_factors set enabled_at = $2, updated_at = $2 where user_id = $1", user, now.utc())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Removes the user's second factor with all that belongs to it.
pub(crate) async fn remove_two_factor<K>(tx: &mut Tx<K>, user: Uuid) -> Result<()> {
    sqlx::query!("delete from two_factors where user_id = $1", user).execute(tx.conn()).await?;
    Ok(())
}

/// Notes the time step of a code that has been used, so that it is not good again.
pub(crate) async fn use_step<K>(tx: &mut Tx<K>, user: Uuid, step: i64) -> Result<()> {
    let now = tx.now();
    sqlx::query!("update two_factors set last_step = $2, updated_at = $3 where user_id = $1", user, step, now.utc())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Counts a wrong answer, and locks the second factor until then when there have been so many in a row. Answers
/// whether it is locked by that.
pub(crate) async fn count_wrong_answer(tx: &mut SystemTx, user: Uuid, most: i32, until: Time) -> Result<bool> {
    let now = tx.now();
    let locked = sqlx::query_scalar!(
        r#"update two_factors set updated_at = $4,
               failures = case when failures + 1 >= $2 then 0 else failures + 1 end,
               locked_until = case when failures + 1 >= $2 then $3::timestamptz end
           where user_id = $1 returning locked_until is not null as "locked!""#,
        user,
        most,
        until.utc(),
        now.utc()
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(locked.unwrap_or_default())
}

/// Forgets the wrong answers, after a right one or when an administrator says so.
pub(crate) async fn forget_wrong_answers<K>(tx: &mut Tx<K>, user: Uuid) -> Result<()> {
    sqlx::query!(
        "update two_factors set failures = 0, locked_until = null
         where user_id = $1 and (failures > 0 or locked_until is not null)",
        user
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Gives the user these backup codes in the place of all others.
pub(crate) async fn replace_backup_codes<K>(tx: &mut Tx<K>, user: Uuid, hashes: &[Vec<u8>]) -> Result<()> {
    sqlx::query!("delete from backup_codes where user_id = $1", user).execute(tx.conn()).await?;
    sqlx::query!("insert into backup_codes (user_id, code_hash) select $1, unnest($2::bytea[])", user, hashes)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Takes a backup code away, if the user has it.
pub(crate) async fn take_backup_code<K>(tx: &mut Tx<K>, user: Uuid, hash: &[u8; 32]) -> Result<bool> {
    let taken = sqlx::query!("delete from backup_codes where user_id = $1 and code_hash = $2", user, hash.as_slice())
        .execute(tx.conn())
        .await?;
    Ok(taken.rows_affected() == 1)
}

/// Writes down a challenge until then; the user's that have ended go, and the oldest where there are too many.
pub(crate) async fn insert_challenge(
    tx: &mut SystemTx,
    hash: &[u8; 32],
    challenge: &Challenge,
    agent: &[u8; 32],
    until: Time,
) -> Result<()> {
    let now = tx.now();
    sqlx::query!(
        "delete from two_factor_challenges where user_id = $1 and (expires_at <= $2 or token_hash in (
             select token_hash from two_factor_challenges where user_id = $1
             order by created_at desc, token_hash offset 19))",
        challenge.user_id,
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    sqlx::query!(
        "insert into two_factor_challenges
             (token_hash, user_id, first_factor, remembered, agent_hash, failures, expires_at, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        hash.as_slice(),
        challenge.user_id,
        challenge.first_factor,
        challenge.remembered,
        agent.as_slice(),
        challenge.failures,
        until.utc(),
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The challenge of a browser, which nobody else answers until the transaction ends.
pub(crate) async fn lock_challenge(tx: &mut SystemTx, hash: &[u8; 32], agent: &[u8; 32]) -> Result<Option<Challenge>> {
    let now = tx.now();
    let challenge = sqlx::query_as!(
        Challenge,
        "select user_id, first_factor, remembered, failures from two_factor_challenges
         where token_hash = $1 and agent_hash = $2 and expires_at > $3 for update",
        hash.as_slice(),
        agent.as_slice(),
        now.utc()
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(challenge)
}

pub(crate) async fn fail_challenge(tx: &mut SystemTx, hash: &[u8; 32]) -> Result<()> {
    sqlx::query!("update two_factor_challenges set failures = failures + 1 where token_hash = $1", hash.as_slice())
        .execute(tx.conn())
        .await?;
    Ok(())
}

pub(crate) async fn remove_challenge(tx: &mut SystemTx, hash: &[u8; 32]) -> Result<()> {
    sqlx::query!("delete from two_factor_challenges where token_hash = $1", hash.as_slice()).execute(tx.conn()).await?;
    Ok(())
}
