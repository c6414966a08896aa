use kit::{Result, SystemTx, Time, Tx};
use uuid::Uuid;

/// Writes down a device that is trusted until then; the user's whose time is over go, and the oldest where there are
/// too many.
pub(crate) async fn insert_trusted_device(tx: &mut SystemTx, user: Uuid, hash: &[u8; 32], until: Time) -> Result<()> {
    let now = tx.now();
    sqlx::query!(
        "delete from trusted_devices where user_id = $1 and (expires_at <= $2 or token_hash in (
             select token_hash from trusted_devices where user_id = $1 order by created_at desc, token_hash offset 49))",
        user,
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    sqlx::query!(
        "insert into trusted_devices (token_hash, user_id, expires_at, created_at) values ($1, $2, $3, $4)",
        hash.as_slice(),
        user,
        until.utc(),
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Takes a device's trust away. Answers whether it had any.
pub(crate) async fn take_trusted_device(tx: &mut SystemTx, user: Uuid, hash: &[u8; 32]) -> Result<bool> {
    let now = tx.now();
    let taken = sqlx::query!(
        "delete from trusted_devices where token_hash = $1 and user_id = $2 and expires_at > $3",
        hash.as_slice(),
        user,
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(taken.rows_affected() == 1)
}

/// Takes the trust of all of a user's devices away, and ends what waits for a second factor.
pub(crate) async fn remove_trust<K>(tx: &mut Tx<K>, user: Uuid) -> Result<()> {
    sqlx::query!("delete from trusted_devices where user_id = $1", user).execute(tx.conn()).await?;
    sqlx::query!("delete from two_factor_challenges where user_id = $1", user).execute(tx.conn()).await?;
    Ok(())
}

/// Where a user signs in from, by hashes.
pub(crate) struct Device {
    pub(crate) agent: [u8; 32],
    pub(crate) network: [u8; 32],
}

/// What is new of a device.
pub(crate) struct Novelty {
    /// Whether the user has others.
    pub(crate) others: bool,
    pub(crate) agent: bool,
    pub(crate) network: bool,
}

/// Remembers that a user has signed in from a device. Answers what was new, if anything was.
pub(crate) async fn see_device(tx: &mut SystemTx, user: Uuid, device: &Device) -> Result<Option<Novelty>> {
    let now = tx.now();
    let (agent, network) = (device.agent.as_slice(), device.network.as_slice());
    let known = sqlx::query!(
        "update known_devices set seen_at = $4 where user_id = $1 and agent_hash = $2 and network_hash = $3",
        user,
        agent,
        network,
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    if known.rows_affected() == 1 {
        return Ok(None);
    }
    let novelty = sqlx::query_as!(
        Novelty,
        r#"select count(*) > 0 as "others!", coalesce(bool_and(agent_hash <> $2), true) as "agent!",
                  coalesce(bool_and(network_hash <> $3), true) as "network!"
           from known_devices where user_id = $1"#,
        user,
        agent,
        network
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(insert_device(tx, user, device).await?.then_some(novelty))
}

/// Answers false when the same device has been remembered at this very moment.
async fn insert_device(tx: &mut SystemTx, user: Uuid, device: &Device) -> Result<bool> {
    let now = tx.now();
    let done = sqlx::query!(
        "insert into known_devices (user_id, agent_hash, network_hash, seen_at) values ($1, $2, $3, $4)
         on conflict do nothing",
        user,
        device.agent.as_slice(),
        device.network.as_slice(),
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    sqlx::query!(
        "delete from known_devices where (user_id, agent_hash, network_hash) in (
             select user_id, agent_hash, network_hash from known_devices where user_id = $1
             order by seen_at desc, agent_hash, network_hash offset 100)",
        user
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether the user has signed in from the network before.
pub(crate) async fn knows_network(tx: &mut SystemTx, user: Uuid, network: &[u8; 32]) -> Result<bool> {
    let knows = sqlx::query_scalar!(
        r#"select exists (select from known_devices where user_id = $1 and network_hash = $2) as "knows!""#,
        user,
        network.as_slice()
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(knows)
}
