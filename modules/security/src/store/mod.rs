//! The only place with SQL. Rights of a tenant carry its id; those on the whole platform carry none, as a transaction
//! across tenants does: the same statements serve both.

pub(crate) mod grants;
pub(crate) mod roles;

use kit::{Result, SystemTx};

/// Lets one transaction at a time change rights on the platform.
pub(crate) async fn one_at_a_time(tx: &mut SystemTx) -> Result<()> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('rights on the platform', 0))")
        .execute(tx.conn())
        .await?;
    Ok(())
}
