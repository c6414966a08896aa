use crate::service::Account;
use kit::{Result, SystemTx, TenantTx, Tx, UserTx};
use uuid::Uuid;

pub(crate) async fn insert_account(tx: &mut TenantTx, user: Uuid, password_hash: &str) -> Result<()> {
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
pub(crate) async fn password_hash<K>(tx: &mut Tx<K>, user: Uuid) -> Result<Option<String>> {
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

/// Gives the user this password, whether or not they have one; without a hash, none.
pub(crate) async fn set_password<K>(tx: &mut Tx<K>, user: Uuid, hash: Option<&str>) -> Result<()> {
    let (id, now) = (tx.new_id(), tx.now());
    sqlx::query!(
        "insert into accounts (id, user_id, provider, account_id, password_hash, created_at, updated_at)
         values ($1, $2, 'credential', $3, $4, $5, $5)
         on conflict (provider, account_id)
         do update set password_hash = excluded.password_hash, updated_at = excluded.updated_at",
        id,
        user,
        user.to_string(),
        hash,
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// What the user can sign in by; an account for passwords counts when it has one.
pub(crate) async fn list_accounts(tx: &mut UserTx) -> Result<Vec<Account>> {
    let accounts = sqlx::query_as!(
        Account,
        "select id, provider, account_id, user_id, created_at, updated_at, scopes from accounts
         where user_id = current_user_id() and (provider <> 'credential' or password_hash is not null)
         order by created_at, id"
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(accounts)
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
