use crate::{
    limit::Limit,
    lookup::Found,
    service::NewKey,
    usage::{MOST_ADDRESSES, Used},
};
use kit::{Db, Error, Membership, Result, SystemTx, TenantTx, Time};
use sqlx::{PgConnection, types::Json};
use tenants::Standing;
use uuid::Uuid;

/// A key as it is kept.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) name: Option<String>,
    pub(crate) prefix: Option<String>,
    pub(crate) start: String,
    pub(crate) enabled: bool,
    pub(crate) permissions: Vec<String>,
    pub(crate) ip_allowlist: Option<Vec<String>>,
    pub(crate) rate_limit_max: i32,
    pub(crate) rate_limit_time_window: i64,
    pub(crate) remaining: Option<i64>,
    pub(crate) request_count: i64,
    pub(crate) last_request: Option<Time>,
    pub(crate) expires_at: Option<Time>,
    pub(crate) replaced_by: Option<Uuid>,
    pub(crate) created_at: Time,
    pub(crate) updated_at: Time,
}

/// The user's own keys in the tenant, or the one that is asked for.
pub(crate) async fn list(tx: &mut TenantTx, id: Option<Uuid>) -> Result<Vec<Key>> {
    let keys = sqlx::query_as!(
        Key,
        r#"select id, tenant_id, user_id, name, prefix, start, enabled, permissions, ip_allowlist,
                  rate_limit_max, rate_limit_time_window, remaining, request_count, last_request as "last_request: Time",
                  expires_at as "expires_at: Time", replaced_by, created_at, updated_at
           from api_keys
           where tenant_id = current_tenant() and user_id = current_user_id() and ($1::uuid is null or id = $1)
           order by created_at, id"#,
        id
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(keys)
}

/// The same, kept from changing until the transaction ends.
pub(crate) async fn lock(tx: &mut TenantTx, id: Uuid) -> Result<Option<Key>> {
    sqlx::query!("select from api_keys where tenant_id = current_tenant() and id = $1 for update", id)
        .execute(tx.conn())
        .await?;
    Ok(list(tx, Some(id)).await?.pop())
}

/// How many keys the user has in the tenant; nobody makes one for them until the transaction ends.
pub(crate) async fn count(tx: &mut TenantTx) -> Result<i64> {
    sqlx::query!(
        "select from tenant_members where tenant_id = current_tenant() and user_id = current_user_id()
         for no key update"
    )
    .execute(tx.conn())
    .await?;
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from api_keys where tenant_id = current_tenant() and user_id = current_user_id()"#
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(count)
}

pub(crate) async fn insert(tx: &mut TenantTx, new: &NewKey, start: &str, hash: &[u8; 32]) -> Result<Uuid> {
    let (id, now) = (tx.new_id(), tx.now());
    sqlx::query!(
        "insert into api_keys (id, user_id, name, prefix, start, key_hash, permissions, ip_allowlist,
                               rate_limit_max, rate_limit_time_window, remaining, expires_at, created_at, updated_at)
         values ($1, current_user_id(), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)",
        id,
        new.name,
        new.prefix,
        start,
        hash.as_slice(),
        &new.permissions,
        new.ip_allowlist.as_deref(),
        new.limit.most,
        new.limit.window,
        new.remaining,
        new.expires_at.map(Time::utc),
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(id)
}

/// Writes down what of a key may change.
pub(crate) async fn update(tx: &mut TenantTx, key: &Key) -> Result<()> {
    tx.takes_away();
    sqlx::query!(
        "update api_keys set name = $2, enabled = $3, permissions = $4, ip_allowlist = $5, rate_limit_max = $6,
                rate_limit_time_window = $7, expires_at = $8, replaced_by = $9, updated_at = $10
         where tenant_id = current_tenant() and id = $1",
        key.id,
        key.name,
        key.enabled,
        &key.permissions,
        key.ip_allowlist.as_deref(),
        key.rate_limit_max,
        key.rate_limit_time_window,
        key.expires_at.map(Time::utc),
        key.replaced_by,
        key.updated_at.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Leaves a key without the uses that it had left, if they are counted.
pub(crate) async fn drain(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    sqlx::query!(
        "update api_keys set remaining = 0
         where tenant_id = current_tenant() and id = $1 and remaining is not null",
        id
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn remove(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    tx.takes_away();
    sqlx::query!("delete from api_keys where tenant_id = current_tenant() and id = $1", id).execute(tx.conn()).await?;
    Ok(())
}

/// Answers whether the key had not been seen there yet.
pub(crate) async fn add_address(tx: &mut TenantTx, key: Uuid, ip: &str, allowed: bool) -> Result<bool> {
    let now = tx.now();
    let done = sqlx::query!(
        "insert into api_key_addresses (key_id, ip, allowed, first_seen)
         select $1, $2, $3, $4
         where (select count(*) from api_key_addresses where tenant_id = current_tenant() and key_id = $1) < $5
         on conflict do nothing",
        key,
        ip,
        allowed,
        now.utc(),
        i64::from(MOST_ADDRESSES)
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(crate) async fn add_usage(tx: &mut SystemTx, used: &[Used]) -> Result<()> {
    let keys: Vec<Uuid> = used.iter().map(|it| it.key).collect();
    let uses: Vec<i64> = used.iter().map(|it| it.uses).collect();
    let last: Vec<_> = used.iter().map(|it| it.last.utc()).collect();
    sqlx::query!(
        "update api_keys k
         set request_count = request_count + used.uses, last_request = greatest(last_request, used.last)
         from unnest($1::uuid[], $2::bigint[], $3::timestamptz[]) used (key, uses, last) where k.id = used.key",
        &keys,
        &uses,
        &last
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Takes one of the uses that a key has left. Answers false when it has none.
pub(crate) async fn spend(db: &Db, key: Uuid) -> Result<bool> {
    let spent = sqlx::query_scalar!(r#"select spend_key($1) as "spent!""#, key);
    Ok(spent.fetch_one(&mut *db.door().await?).await?)
}

/// The key of this hash, and whose it is.
pub(crate) async fn identify(db: &Db, hash: &[u8; 32], now: Time) -> Result<Option<Found>> {
    let row = match ask(&mut *db.door().await?, hash, now).await {
        // an idle connection may have died: one more try gets a fresh one
        Err(sqlx::Error::Io(_)) => ask(&mut *db.door().await?, hash, now).await?,
        row => row?,
    };
    row.map(Found::try_from).transpose()
}

async fn ask(connection: &mut PgConnection, hash: &[u8; 32], now: Time) -> Result<Option<Row>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        r#"select key_id as "key_id!", enabled as "enabled!", expires_at as "expires_at: Time",
                  permissions as "permissions!", ip_allowlist, rate_limit_max as "rate_limit_max!",
                  rate_limit_time_window as "rate_limit_time_window!", limited as "limited!",
                  user_id as "user_id!", email as "email!", user_name as "user_name!", image,
                  email_verified as "email_verified!", user_role as "user_role!",
                  two_factor_enabled as "two_factor_enabled!", banned as "banned!", ban_reason,
                  ban_expires as "ban_expires: Time", locale as "locale!", time_zone as "time_zone!",
                  currency as "currency!", user_created_at as "user_created_at!: Time",
                  user_updated_at as "user_updated_at!: Time", standing as "standing!: Json<Standing>"
           from identify_key($1, $2)"#,
        hash.as_slice(),
        now.utc()
    )
    .fetch_optional(connection)
    .await
}

struct Row {
    key_id: Uuid,
    enabled: bool,
    expires_at: Option<Time>,
    permissions: Vec<String>,
    ip_allowlist: Option<Vec<String>>,
    rate_limit_max: i32,
    rate_limit_time_window: i64,
    limited: bool,
    user_id: Uuid,
    email: String,
    user_name: String,
    image: Option<String>,
    email_verified: bool,
    user_role: String,
    two_factor_enabled: bool,
    banned: bool,
    ban_reason: Option<String>,
    ban_expires: Option<Time>,
    locale: String,
    time_zone: String,
    currency: String,
    user_created_at: Time,
    user_updated_at: Time,
    standing: Json<Standing>,
}

impl TryFrom<Row> for Found {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        // a list that could not be read must not become one that allows anybody
        let addresses = row.ip_allowlist.unwrap_or_default();
        let addresses = addresses.iter().map(|it| it.parse()).collect::<Result<_, _>>().map_err(Error::internal)?;
        let user = users::user_of!(row);
        let membership = row.standing.membership().ok_or_else(|| Error::internal("a key of nobody's"))?;
        let membership = Membership { permissions: membership.permissions.intersect(&row.permissions), ..membership };
        Ok(Self {
            id: row.key_id,
            enabled: row.enabled,
            expires_at: row.expires_at,
            addresses,
            limit: Limit { most: row.rate_limit_max, window: row.rate_limit_time_window },
            limited: row.limited,
            user,
            membership,
            tenant_slug: row.standing.slug().unwrap_or_default().to_owned(),
            until: row.standing.until(),
        })
    }
}
