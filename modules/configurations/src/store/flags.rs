use crate::flags::Definition;
use kit::{Result, SystemTx, TenantTx, Time, Tx};
use sqlx::types::Json;
use uuid::Uuid;

/// A flag as it was defined once.
pub(crate) struct StoredFlag {
    pub(crate) key: String,
    pub(crate) version: i32,
    pub(crate) definition: Option<Json<Definition>>,
    pub(crate) changed_by: Option<Uuid>,
    pub(crate) changed_at: Time,
}

/// The latest version of each flag, also of those that were removed.
pub(crate) async fn flags<K>(tx: &mut Tx<K>) -> Result<Vec<StoredFlag>> {
    let flags = sqlx::query_as!(
        StoredFlag,
        r#"select distinct on (key) key, version, definition as "definition: Json<Definition>", changed_by, changed_at
           from feature_flags order by key, version desc"#
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(flags)
}

/// The latest version of a flag, also if it was removed.
pub(crate) async fn flag<K>(tx: &mut Tx<K>, key: &str) -> Result<Option<StoredFlag>> {
    let flag = sqlx::query_as!(
        StoredFlag,
        r#"select key, version, definition as "definition: Json<Definition>", changed_by, changed_at
           from feature_flags where key = $1 order by version desc limit 1"#,
        key
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(flag)
}

/// The versions of a flag, the last one first.
pub(crate) async fn flag_versions(
    tx: &mut SystemTx,
    key: &str,
    (before, after): (Option<i32>, Option<i32>),
    limit: i64,
) -> Result<Vec<StoredFlag>> {
    let versions = sqlx::query_as!(
        StoredFlag,
        r#"select key, version, definition as "definition: Json<Definition>", changed_by, changed_at
           from feature_flags
           where key = $1 and ($2::int is null or version < $2) and ($3::int is null or version > $3)
           order by version desc limit $4"#,
        key,
        before,
        after,
        limit
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(versions)
}

/// Lets whoever changes flags wait until the transaction ends.
pub(crate) async fn lock_flags(tx: &mut SystemTx) -> Result<()> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('flags', 0))").execute(tx.conn()).await?;
    Ok(())
}

/// Adds a version of a flag; without a definition it is removed.
pub(crate) async fn insert_flag(
    tx: &mut SystemTx,
    key: &str,
    version: i32,
    definition: Option<&Definition>,
) -> Result<()> {
    let (now, by) = (tx.now(), tx.user());
    sqlx::query!(
        "insert into feature_flags (key, version, definition, changed_by, changed_at) values ($1, $2, $3, $4, $5)",
        key,
        version,
        definition.map(Json) as _,
        by,
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// What a tenant has chosen, by key.
pub(crate) async fn choices<K>(tx: &mut Tx<K>, tenant: Uuid) -> Result<Vec<(String, bool)>> {
    let choices = sqlx::query!("select flag_key, enabled from feature_flag_choices where tenant_id = $1", tenant)
        .fetch_all(tx.conn())
        .await?;
    Ok(choices.into_iter().map(|it| (it.flag_key, it.enabled)).collect())
}

/// Keeps what the tenant chooses; answers what it had chosen before.
pub(crate) async fn choose(tx: &mut TenantTx, key: &str, enabled: bool) -> Result<Option<bool>> {
    let (now, by, before) = (tx.now(), tx.user(), choice(tx, key).await?);
    sqlx::query!(
        "insert into feature_flag_choices (flag_key, enabled, changed_by, changed_at) values ($1, $2, $3, $4)
         on conflict (tenant_id, flag_key) do update
         set enabled = excluded.enabled, changed_by = excluded.changed_by, changed_at = excluded.changed_at",
        key,
        enabled,
        by,
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(before)
}

async fn choice(tx: &mut TenantTx, key: &str) -> Result<Option<bool>> {
    let choice = sqlx::query_scalar!(
        "select enabled from feature_flag_choices where tenant_id = current_tenant() and flag_key = $1 for update",
        key
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(choice)
}

/// Forgets what the tenant has chosen; answers what it was.
pub(crate) async fn unchoose(tx: &mut TenantTx, key: &str) -> Result<Option<bool>> {
    let chosen = sqlx::query_scalar!(
        "delete from feature_flag_choices where tenant_id = current_tenant() and flag_key = $1 returning enabled",
        key
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(chosen)
}

/// Forgets what all tenants have chosen of a flag.
pub(crate) async fn remove_choices(tx: &mut SystemTx, key: &str) -> Result<()> {
    sqlx::query!("delete from feature_flag_choices where flag_key = $1", key).execute(tx.conn()).await?;
    Ok(())
}
