use kit::{Result, SystemTx, TenantTx};
use uuid::Uuid;

pub(crate) async fn insert_account(tx: &mut TenantTx, user: Uuid, password_hash: Option<&str>) -> Result<()> {
    let (id, now) = (tx.new_id(), tx.now());
    sqlx::query!(
        "insert into accounts (id, user_id, provider, account_id, password_hash, created_at, updated_at)
         values ($1, $2, 'credential', $3, $4, $5, $5)",
        id,
        user,
        user.to_string(),
        password_hash,
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The hash of the user's password, if they have one.
pub(crate) async fn password_hash(tx: &mut SystemTx, user: Uuid) -> Result<Option<String>> {
    let hash =
        sqlx::query_scalar!("select password_hash from accounts where user_id = $1 and provider = 'credential'", user)
            .fetch_optional(tx.conn())
            .await?;
    Ok(hash.flatten())
}

pub(crate) async fn replace_password(tx: &mut SystemTx, user: Uuid, hash: &str) -> Result<()> {
    let now = tx.now();
    sqlx::query!(
        "update accounts set password_hash = $2, updated_at = $3 where user_id = $1 and provider = 'credential'",
        user,
        hash,
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The user's default tenant, of which they are a member.
pub(crate) async fn home(tx: &mut SystemTx, user: Uuid) -> Result<Option<Uuid>> {
    let home = sqlx::query_scalar!(
        "select m.tenant_id from users u
         join tenant_members m on m.user_id = u.id and m.tenant_id = u.default_tenant_id where u.id = $1",
        user
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(home)
}
