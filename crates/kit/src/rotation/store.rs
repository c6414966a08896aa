use crate::{Result, SystemTx, vault::KeyId};
use sqlx::PgConnection;

/// Whether another key seals in its place.
pub(crate) async fn is_replaced(connection: &mut PgConnection, key: KeyId) -> Result<bool> {
    let replaced = sqlx::query_scalar!(
        r#"select exists (select from encryption_keys where id = $1 and replaced_at is not null) as "replaced!""#,
        key.bytes()
    );
    Ok(replaced.fetch_one(connection).await?)
}

/// Keeps every process from taking or renewing a lease until the end of the transaction.
pub(super) async fn hold_memories(tx: &mut SystemTx) -> Result<()> {
    sqlx::query("lock table memories in share row exclusive mode").execute(tx.conn()).await?;
    Ok(())
}

/// How many processes hold a lease and do not seal with this key.
pub(super) async fn count_behind(tx: &mut SystemTx, key: KeyId) -> Result<i64> {
    let behind = sqlx::query_scalar!(
        r#"select count(*) as "behind!" from memories
           where lease_until > clock_timestamp() and seals_with is distinct from $1"#,
        key.bytes()
    );
    Ok(behind.fetch_one(tx.conn()).await?)
}

/// Notes the key and that it has replaced these. Answers whether that was unknown before.
pub(super) async fn replace(tx: &mut SystemTx, key: KeyId, older: &[KeyId]) -> Result<bool> {
    let now = tx.now();
    let older: Vec<Vec<u8>> = older.iter().map(|key| key.bytes().to_vec()).collect();
    let noted = sqlx::query!("insert into encryption_keys (id) values ($1) on conflict do nothing", key.bytes());
    let noted = noted.execute(tx.conn()).await?.rows_affected();
    let replaced = sqlx::query!(
        "insert into encryption_keys as known (id, replaced_at) select id, $2 from unnest($1::bytea[]) as older (id)
         on conflict (id) do update set replaced_at = excluded.replaced_at where known.replaced_at is null",
        &older,
        now as _
    );
    let replaced = replaced.execute(tx.conn()).await?.rows_affected();
    Ok(noted + replaced > 0)
}

pub(super) async fn finish(tx: &mut SystemTx, key: KeyId) -> Result<()> {
    let now = tx.now();
    sqlx::query!("update encryption_keys set finished_at = $2 where id = $1", key.bytes(), now as _)
        .execute(tx.conn())
        .await?;
    Ok(())
}

pub(super) async fn is_finished(tx: &mut SystemTx, key: KeyId) -> Result<bool> {
    let finished = sqlx::query_scalar!(
        r#"select exists (select from encryption_keys where id = $1 and finished_at is not null) as "finished!""#,
        key.bytes()
    );
    Ok(finished.fetch_one(tx.conn()).await?)
}
