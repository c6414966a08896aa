use crate::{
    KeyInfo,
    connection::{Connection, KeyPermissions, warnings},
    key::Sealed,
    probe::Lesson,
    status::Status,
};
use kit::{Error, OnConstraint, Paging, Result, TenantTx, Time};
use uuid::Uuid;

struct Row {
    id: Uuid,
    exchange: String,
    label: String,
    key_mask: String,
    fingerprint: Vec<u8>,
    status: Status,
    message: Option<String>,
    can_read: bool,
    can_trade: bool,
    can_withdraw: bool,
    ip_restricted: bool,
    allow_withdrawals: bool,
    probed_at: Time,
    created_by: Option<Uuid>,
    created_at: Time,
    updated_at: Time,
}

impl From<Row> for Connection {
    fn from(row: Row) -> Self {
        let permissions = KeyPermissions { read: row.can_read, trade: row.can_trade, withdraw: row.can_withdraw };
        Self {
            id: row.id,
            exchange: row.exchange,
            label: row.label,
            key_mask: row.key_mask,
            fingerprint: base16ct::lower::encode_string(row.fingerprint.get(..8).unwrap_or_default()),
            status: row.status,
            message: row.message,
            warnings: warnings(&permissions, row.ip_restricted),
            permissions,
            ip_restricted: row.ip_restricted,
            allow_withdrawals: row.allow_withdrawals,
            probed_at: row.probed_at,
            created_by: row.created_by,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// A connection as it is written for the first time.
pub(crate) struct Kept<'a> {
    pub(crate) exchange: &'a str,
    pub(crate) label: &'a str,
    pub(crate) key_mask: String,
    pub(crate) fingerprint: [u8; 32],
    pub(crate) sealed: Sealed,
    pub(crate) allow_withdrawals: bool,
    pub(crate) info: KeyInfo,
}

pub(crate) fn exists() -> Error {
    Error::conflict("CONNECTION_EXISTS", "This key is connected already.")
}

pub(crate) async fn list(tx: &mut TenantTx, paging: &Paging) -> Result<(Vec<Connection>, i64)> {
    let rows = sqlx::query_as!(
        Row,
        r#"select id, exchange, label, key_mask, fingerprint, status as "status: Status", message, can_read, can_trade,
                  can_withdraw, ip_restricted, allow_withdrawals, probed_at, created_by, created_at, updated_at
           from exchange_connections where tenant_id = current_tenant()
           order by label, id limit $1 offset $2"#,
        paging.limit,
        paging.offset()
    )
    .fetch_all(tx.conn())
    .await?;
    let total = count(tx).await?;
    Ok((rows.into_iter().map(Connection::from).collect(), total))
}

pub(crate) async fn find(tx: &mut TenantTx, id: Uuid) -> Result<Option<Connection>> {
    let row = sqlx::query_as!(
        Row,
        r#"select id, exchange, label, key_mask, fingerprint, status as "status: Status", message, can_read, can_trade,
                  can_withdraw, ip_restricted, allow_withdrawals, probed_at, created_by, created_at, updated_at
           from exchange_connections where tenant_id = current_tenant() and id = $1"#,
        id
    );
    Ok(row.fetch_optional(tx.conn()).await?.map(Connection::from))
}

/// Makes those wait who want to add one to the same tenant.
pub(crate) async fn lock(tx: &mut TenantTx) -> Result<()> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('exchange connections ' || current_tenant(), 0))")
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Keeps others from changing it until the transaction ends.
pub(crate) async fn lock_one(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    sqlx::query!("select id from exchange_connections where tenant_id = current_tenant() and id = $1 for update", id)
        .fetch_optional(tx.conn())
        .await?;
    Ok(())
}

pub(crate) async fn count(tx: &mut TenantTx) -> Result<i64> {
    let count =
        sqlx::query_scalar!(r#"select count(*) as "n!" from exchange_connections where tenant_id = current_tenant()"#);
    Ok(count.fetch_one(tx.conn()).await?)
}

pub(crate) async fn is_known(tx: &mut TenantTx, fingerprint: &[u8; 32]) -> Result<bool> {
    let known = sqlx::query_scalar!(
        r#"select exists (select from exchange_connections
                          where tenant_id = current_tenant() and fingerprint = $1) as "known!""#,
        fingerprint.as_slice()
    );
    Ok(known.fetch_one(tx.conn()).await?)
}

pub(crate) async fn sealed(tx: &mut TenantTx, id: Uuid) -> Result<Option<Sealed>> {
    let sealed = sqlx::query_as!(
        Sealed,
        "select api_key, api_secret from exchange_connections where tenant_id = current_tenant() and id = $1",
        id
    );
    Ok(sealed.fetch_optional(tx.conn()).await?)
}

pub(crate) async fn insert(tx: &mut TenantTx, id: Uuid, kept: &Kept<'_>) -> Result<()> {
    let (now, user, KeyInfo { read, trade, withdraw, ip_restricted }) = (tx.now(), tx.user(), kept.info);
    sqlx::query!(
        "insert into exchange_connections (id, exchange, label, key_mask, fingerprint, api_key, api_secret,
             allow_withdrawals, can_read, can_trade, can_withdraw, ip_restricted, status, probed_at, created_by,
             created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'active', $13, $14, $13, $13)",
        id,
        kept.exchange,
        kept.label,
        kept.key_mask.as_str(),
        kept.fingerprint.as_slice(),
        kept.sealed.api_key.as_slice(),
        kept.sealed.api_secret.as_slice(),
        kept.allow_withdrawals,
        read,
        trade,
        withdraw,
        ip_restricted,
        now.utc(),
        user
    )
    .execute(tx.conn())
    .await
    .on_constraint("exchange_connections_key_once", exists)?;
    Ok(())
}

pub(crate) async fn update(tx: &mut TenantTx, id: Uuid, label: &str, allow_withdrawals: bool) -> Result<()> {
    let now = tx.now();
    sqlx::query!(
        "update exchange_connections set label = $2, allow_withdrawals = $3, updated_at = $4
         where tenant_id = current_tenant() and id = $1",
        id,
        label,
        allow_withdrawals,
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// What the key may do stays what it was where the exchange did not say.
pub(crate) async fn learn(tx: &mut TenantTx, id: Uuid, status: Status, lesson: &Lesson) -> Result<()> {
    let now = tx.now();
    sqlx::query!(
        "update exchange_connections
         set status = $2, message = $3, can_read = coalesce($4, can_read), can_trade = coalesce($5, can_trade),
             can_withdraw = coalesce($6, can_withdraw), ip_restricted = coalesce($7, ip_restricted), probed_at = $8,
             updated_at = $8
         where tenant_id = current_tenant() and id = $1",
        id,
        status as Status,
        lesson.message.as_deref(),
        lesson.info.map(|it| it.read),
        lesson.info.map(|it| it.trade),
        lesson.info.map(|it| it.withdraw),
        lesson.info.map(|it| it.ip_restricted),
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn delete(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    let deleted = sqlx::query!("delete from exchange_connections where tenant_id = current_tenant() and id = $1", id);
    match deleted.execute(tx.conn()).await {
        Err(sqlx::Error::Database(refusal)) if refusal.is_foreign_key_violation() => {
            let message = "Something still trades by this connection: remove that first.";
            Err(Error::conflict("CONNECTION_IN_USE", message).with("usedBy", refusal.table().unwrap_or("others")))
        }
        other => other.map(drop).map_err(Error::from),
    }
}
