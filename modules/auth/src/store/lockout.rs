use kit::{Result, SystemTx, Time};
use uuid::Uuid;

/// Until when an account is locked for any of these networks, if it is.
pub(crate) async fn locked_until(tx: &mut SystemTx, account: &[u8; 32], networks: &[String]) -> Result<Option<Time>> {
    let now = tx.now();
    let until = sqlx::query_scalar!(
        r#"select max(locked_until) as "until: Time" from sign_in_failures
           where account = $1 and network = any ($2) and locked_until > $3"#,
        account.as_slice(),
        networks,
        now.utc()
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(until)
}

/// Counts a failure, after halving the count for each hour since the last one. Answers how many that makes, or `None`
/// where the account is locked: then nothing counts.
pub(crate) async fn count_failure(tx: &mut SystemTx, account: &[u8; 32], network: &str) -> Result<Option<i32>> {
    let now = tx.now();
    let failures = sqlx::query_scalar!(
        "insert into sign_in_failures as it (account, network, failures, failed_at) values ($1, $2, 1, $3)
         on conflict (account, network) do update set failed_at = $3, failures = 1 +
             (it.failures >> least(30, floor(extract(epoch from $3 - it.failed_at) / 3600))::integer)
             where it.locked_until is null or it.locked_until <= $3
         returning failures",
        account.as_slice(),
        network,
        now.utc()
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(failures)
}

pub(crate) async fn lock_account(tx: &mut SystemTx, account: &[u8; 32], network: &str, until: Time) -> Result<()> {
    sqlx::query!(
        "update sign_in_failures set locked_until = $3 where account = $1 and network = $2",
        account.as_slice(),
        network,
        until.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Forgets the failures that came from a network, unless they have just locked the account.
pub(crate) async fn forget_failures(tx: &mut SystemTx, account: &[u8; 32], network: &str) -> Result<()> {
    let now = tx.now();
    sqlx::query!(
        "delete from sign_in_failures
         where account = $1 and network = $2 and (locked_until is null or locked_until <= $3)",
        account.as_slice(),
        network,
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Forgets all failures of an account, and with them every lock.
pub(crate) async fn forget_account(tx: &mut SystemTx, account: &[u8; 32]) -> Result<()> {
    sqlx::query!("delete from sign_in_failures where account = $1", account.as_slice()).execute(tx.conn()).await?;
    Ok(())
}

/// Forgets some of the failures that are older than this: a few with every new one keep the table small.
pub(crate) async fn forget_stale_failures(tx: &mut SystemTx, before: Time) -> Result<()> {
    sqlx::query!(
        "delete from sign_in_failures where (account, network) in (
             select account, network from sign_in_failures where failed_at < $1 limit 10 for update skip locked)",
        before.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Writes down a link that lifts a user's locks until then; those that have ended go.
pub(crate) async fn insert_unlock_link(tx: &mut SystemTx, user: Uuid, hash: &[u8; 32], until: Time) -> Result<()> {
    let now = tx.now();
    sqlx::query!("delete from unlock_links where user_id = $1 and expires_at <= $2", user, now.utc())
        .execute(tx.conn())
        .await?;
    sqlx::query!(
        "insert into unlock_links (token_hash, user_id, expires_at) values ($1, $2, $3)",
        hash.as_slice(),
        user,
        until.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Whose locks the link lifts, which works once.
pub(crate) async fn take_unlock_link(tx: &mut SystemTx, hash: &[u8; 32]) -> Result<Option<Uuid>> {
    let now = tx.now();
    let user = sqlx::query_scalar!(
        "delete from unlock_links where token_hash = $1 and expires_at > $2 returning user_id",
        hash.as_slice(),
        now.utc()
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(user)
}
