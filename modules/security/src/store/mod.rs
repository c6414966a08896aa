//! The only place with SQL. Rights of a tenant carry its id; those on the whole platform carry none, as a transaction
//! across tenants does: the same statements serve both.

mod accesses;
mod blocks;
mod events;
pub(crate) mod grants;
mod places;
pub(crate) mod roles;

pub(crate) use accesses::*;
pub(crate) use blocks::*;
pub(crate) use events::*;
pub(crate) use places::*;

use kit::{Result, SystemTx};

/// How many old rows are removed at a time.
pub(crate) const PRUNED: i64 = 5_000;

/// Lets one transaction at a time change rights on the platform.
pub(crate) async fn one_at_a_time(tx: &mut SystemTx) -> Result<()> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('rights on the platform', 0))")
        .execute(tx.conn())
        .await?;
    Ok(())
}
