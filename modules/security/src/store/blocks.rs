use super::PRUNED;
use crate::{
    block::{BlockView, NewPlatformBlock},
    blocks::Row,
};
use kit::{Paging, Result, SystemTx, Time, Tx};
use uuid::Uuid;

/// A statement that answers blocks as they are shown: what stands before the list of their columns, and what after it.
macro_rules! block {
    ($before:tt, $after:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            BlockView,
            $before
                + r#"b.id, b.kind, b.target, b.reason, b.expires_at as "expires_at: Time",
                     b.strikes > 0 as "automatic!", b.created_by, b.created_at "#
                + $after
            $(, $argument)*
        )
    };
}

/// All blocks of the platform and its tenants that are in force.
pub(crate) async fn blocks_in_force(tx: &mut SystemTx) -> Result<Vec<Row>> {
    let now = tx.now();
    let rows = sqlx::query_as!(
        Row,
        r#"select id, tenant_id, kind, target, expires_at as "expires_at: Time" from security_blocks
           where expires_at is null or expires_at > $1"#,
        now.utc()
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows)
}

/// The blocks in force of the transaction's tenant or, in none, of the platform: a page of them, the newest first.
pub(crate) async fn list_blocks<K>(tx: &mut Tx<K>, paging: &Paging) -> Result<Vec<BlockView>> {
    let now = tx.now();
    let blocks = block!(
        "select ",
        "from security_blocks b
         where b.tenant_id is not distinct from current_tenant() and (b.expires_at is null or b.expires_at > $1)
         order by b.created_at desc, b.id desc limit $2 offset $3",
        now.utc(),
        paging.limit,
        paging.offset()
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(blocks)
}

pub(crate) async fn count_blocks<K>(tx: &mut Tx<K>) -> Result<i64> {
    let now = tx.now();
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from security_blocks
           where tenant_id is not distinct from current_tenant() and (expires_at is null or expires_at > $1)"#,
        now.utc()
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(count)
}

/// Blocks somebody, in the place of a block that has ended or that the platform made by itself. Answers `None` where
/// there is another.
pub(crate) async fn insert_block<K>(tx: &mut Tx<K>, new: &NewPlatformBlock, target: &str) -> Result<Option<BlockView>> {
    tx.takes_away();
    let (id, now, user) = (tx.new_id(), tx.now(), tx.user());
    let made = block!(
        "insert into security_blocks as b (id, kind, target, reason, expires_at, created_by, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict on constraint security_blocks_taken do update
         set id = excluded.id, reason = excluded.reason, expires_at = excluded.expires_at, strikes = 0,
             created_by = excluded.created_by, created_at = excluded.created_at
         where b.strikes > 0 or b.expires_at <= $7
         returning ",
        "",
        id,
        new.kind.as_str(),
        target,
        new.reason,
        new.expires_at.map(Time::utc),
        user,
        now.utc()
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(made)
}

/// Blocks a network that guesses, twice as long as the time before. Answers `None` where it is blocked already.
pub(crate) async fn strike(tx: &mut SystemTx, network: &str, reason: &str) -> Result<Option<BlockView>> {
    tx.takes_away();
    let (id, now) = (tx.new_id(), tx.now());
    let made = block!(
        "insert into security_blocks as b (id, kind, target, reason, expires_at, strikes, created_at)
         values ($1, 'network', $2, $3, $4::timestamptz + interval '15 minutes', 1, $4)
         on conflict on constraint security_blocks_taken do update
         set id = excluded.id, reason = excluded.reason, created_by = null, created_at = $4, strikes = b.strikes + 1,
             expires_at = $4::timestamptz + least(interval '1 day', interval '15 minutes' * power(2, least(b.strikes, 10)))
         where b.expires_at <= $4
         returning ",
        "",
        id,
        network,
        reason,
        now.utc()
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(made)
}

/// Lifts a block of the transaction's tenant or, in none, of the platform.
pub(crate) async fn delete_block<K>(tx: &mut Tx<K>, id: Uuid) -> Result<Option<BlockView>> {
    tx.takes_away();
    let lifted = block!(
        "with b as (delete from security_blocks
                    where id = $1 and tenant_id is not distinct from current_tenant() returning *) select ",
        "from b",
        id
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(lifted)
}

/// Removes some of the blocks that ended before a moment. Answers whether there may be more.
pub(crate) async fn prune_blocks(tx: &mut SystemTx, before: Time) -> Result<bool> {
    let done = sqlx::query!(
        "delete from security_blocks where id in (select id from security_blocks where expires_at < $1 limit $2)",
        before.utc(),
        PRUNED
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == PRUNED.unsigned_abs())
}
