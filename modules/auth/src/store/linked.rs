use kit::{Result, SystemTx, Time, Tx, UserTx};
use uuid::Uuid;

/// How a user proves who they are: by a password of ours (`credential`), or by an account at another platform.
#[derive(Clone, Debug)]
pub struct Account {
    pub id: Uuid,
    pub user_id: Uuid,
    /// The platform.
    pub provider: String,
    /// What the platform calls the user.
    pub account_id: String,
    /// Whether somebody can sign in by it.
    pub usable: bool,
    /// What the platform lets us do.
    pub scopes: Vec<String>,
    pub access_token: Option<Vec<u8>>,
    pub refresh_token: Option<Vec<u8>>,
    pub id_token: Option<Vec<u8>>,
    pub access_token_expires_at: Option<Time>,
    pub refresh_token_expires_at: Option<Time>,
}

/// The tokens of another platform, sealed. What is not there leaves what was kept before.
#[derive(Clone, Debug, Default)]
pub struct SealedTokens {
    pub access: Option<Vec<u8>>,
    pub refresh: Option<Vec<u8>>,
    pub id: Option<Vec<u8>>,
    pub access_expires_at: Option<Time>,
    pub refresh_expires_at: Option<Time>,
    pub scopes: Vec<String>,
}

/// Whose account this is at another platform.
pub async fn find_account(tx: &mut SystemTx, provider: &str, account_id: &str) -> Result<Option<Account>> {
    let account = sqlx::query_as!(
        Account,
        r#"select id, user_id, provider, account_id, true as "usable!", scopes, access_token, refresh_token, id_token,
                  access_token_expires_at as "access_token_expires_at: Time",
                  refresh_token_expires_at as "refresh_token_expires_at: Time"
           from accounts where provider = $1 and account_id = $2 and provider <> 'credential'"#,
        provider,
        account_id
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(account)
}

/// The user's accounts, the oldest first, which nobody else changes until the transaction ends.
pub async fn own_accounts(tx: &mut UserTx) -> Result<Vec<Account>> {
    let accounts = sqlx::query_as!(
        Account,
        r#"select id, user_id, provider, account_id,
                  provider <> 'credential' or password_hash is not null as "usable!",
                  scopes, access_token, refresh_token, id_token,
                  access_token_expires_at as "access_token_expires_at: Time",
                  refresh_token_expires_at as "refresh_token_expires_at: Time"
           from accounts where user_id = current_user_id() order by created_at, id for update"#
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(accounts)
}

/// Notes that an account at another platform is the user's; answers its id here.
pub async fn add_account<K>(
    tx: &mut Tx<K>,
    user: Uuid,
    provider: &str,
    account_id: &str,
    tokens: &SealedTokens,
) -> Result<Uuid> {
    let (id, now) = (tx.new_id(), tx.now());
    sqlx::query!(
        "insert into accounts (id, user_id, provider, account_id, scopes, access_token, refresh_token, id_token,
                               access_token_expires_at, refresh_token_expires_at, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)",
        id,
        user,
        provider,
        account_id,
        &tokens.scopes,
        tokens.access,
        tokens.refresh,
        tokens.id,
        tokens.access_expires_at.map(Time::utc),
        tokens.refresh_expires_at.map(Time::utc),
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(id)
}

/// Replaces the tokens of an account.
pub async fn renew_account<K>(tx: &mut Tx<K>, id: Uuid, tokens: &SealedTokens) -> Result<()> {
    let now = tx.now();
    sqlx::query!(
        "update accounts set
             access_token = coalesce($2, access_token),
             access_token_expires_at = case when $2::bytea is null then access_token_expires_at else $5 end,
             refresh_token = coalesce($3, refresh_token),
             refresh_token_expires_at = case when $3::bytea is null then refresh_token_expires_at else $6 end,
             id_token = coalesce($4, id_token),
             scopes = case when cardinality($7::text[]) = 0 then scopes else $7 end,
             updated_at = $8
         where id = $1",
        id,
        tokens.access,
        tokens.refresh,
        tokens.id,
        tokens.access_expires_at.map(Time::utc),
        tokens.refresh_expires_at.map(Time::utc),
        &tokens.scopes,
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Takes an account of the user's away.
pub async fn remove_account(tx: &mut UserTx, id: Uuid) -> Result<()> {
    sqlx::query!("delete from accounts where id = $1 and user_id = current_user_id()", id).execute(tx.conn()).await?;
    Ok(())
}

/// Whose session it is, if it is still open.
pub async fn session_owner(tx: &mut SystemTx, session: Uuid) -> Result<Option<Uuid>> {
    let now = tx.now();
    let owner =
        sqlx::query_scalar!("select user_id from sessions where id = $1 and expires_at > $2", session, now.utc())
            .fetch_optional(tx.conn())
            .await?;
    Ok(owner)
}
