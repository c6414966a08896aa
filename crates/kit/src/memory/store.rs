use super::LEASE;
use crate::{Db, Result};
use sqlx::postgres::PgListener;
use uuid::Uuid;

/// Takes or renews the lease of a process, over the connection by which it hears.
pub(super) async fn renew(listener: &mut PgListener, process: Uuid) -> Result<()> {
    sqlx::query!(
        "insert into memories (id, lease_until) values ($1, clock_timestamp() + make_interval(secs => $2))
         on conflict (id) do update set lease_until = excluded.lease_until",
        process,
        LEASE.as_secs_f64()
    )
    .execute(listener)
    .await?;
    Ok(())
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
