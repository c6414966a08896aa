//! What is recorded and read.

pub(crate) mod compliance;
pub(crate) mod export;
pub(crate) mod retention;

use crate::{
    Change,
    record::Record,
    store::entries as store,
    view::{Bounds, Entry, Filter},
};
use kit::{Cursor, Error, Result, TenantTx, Tx};
use uuid::Uuid;

/// Records a change in the transaction that makes it.
pub async fn record<K>(tx: &mut Tx<K>, change: Change) -> Result<()> {
    record_all(tx, &[change]).await
}

/// Records many changes at once, in the transaction that makes them.
pub async fn record_all<K>(tx: &mut Tx<K>, changes: &[Change]) -> Result<()> {
    let records = changes.iter().map(|change| Record::of(tx, change)).collect::<Result<Vec<_>>>()?;
    store::insert(tx, &records).await?;
    if !records.is_empty() {
        tx.recorded();
    }
    Ok(())
}

/// Lists entries of the transaction's tenant, else the platform's own.
pub(crate) async fn list<K>(tx: &mut Tx<K>, filter: &Filter, cursor: &Cursor) -> Result<Vec<Entry>> {
    store::list(tx, filter, Bounds::of(filter, cursor)?, cursor.limit()).await
}

/// # Errors
/// 404 for an entry that the tenant has not.
pub(crate) async fn show(tx: &mut TenantTx, id: Uuid) -> Result<Entry> {
    store::find(tx, id).await?.ok_or_else(|| Error::not_found("entry"))
}
