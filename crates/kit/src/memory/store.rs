use super::LEASE;
use crate::{Db, KeyId, Result};
use sqlx::postgres::PgListener;
use uuid::Uuid;

/// Takes or renews the lease of a process, over the connection by which it hears, and says with which key it seals.
/// Answers whether that key may still seal.
pub(super) async fn renew(listener: &mut PgListener, process: Uuid, key: KeyId) -> Result<bool> {
    let renewed = sqlx::query_scalar!(
        r#"insert into memories (id, lease_until, seals_with)
           values ($1, clock_timestamp() + make_interval(secs => $2), $3)
           on conflict (id) do update set lease_until = excluded.lease_until
           returning not exists (
             select from encryption_keys k where k.id = $3 and k.replaced_at is not null) as "may_seal!""#,
        process,
        LEASE.as_secs_f64(),
        key.bytes()
    );
    Ok(renewed.fetch_one(listener).await?)
}

/// Gives the lease back, and clears those away that ran out.
pub(super) async fn release(listener: &mut PgListener, process: Uuid) -> Result<()> {
    sqlx::query!("delete from memories where id = $1 or lease_until < clock_timestamp()", process)
        .execute(listener)
        .await?;
    Ok(())
}

/// Says that everything before the question has been heard.
pub(super) async fn answer(listener: &mut PgListener, answer: &str) -> Result<()> {
    sqlx::query!("select pg_notify('forgotten', $1)", answer).execute(listener).await?;
    Ok(())
}

/// Asks every process whether it has heard what was announced before, and answers which hold a lease.
pub(super) async fn ask(db: &Db, question: &str) -> Result<Vec<Uuid>> {
    let mut connection = db.door().await?;
    sqlx::query!("select pg_notify('forget', $1)", question).execute(&mut *connection).await?;
    drop(connection);
    leased(db).await
}

/// The processes that hold a lease.
pub(super) async fn leased(db: &Db) -> Result<Vec<Uuid>> {
    let mut connection = db.door().await?;
    let leased = sqlx::query_scalar!("select id from memories where lease_until > clock_timestamp()");
    Ok(leased.fetch_all(&mut *connection).await?)
}
