use crate::store;
use kit::{Error, Result, TenantTx, Topic};
use serde::Serialize;
use uuid::Uuid;

/// What tells that events wait for their places.
pub(crate) const WAITING: &str = "stream-waiting";

/// Tells those who listen what the transaction has done, once it is committed: each event with the thing that it is
/// about. Those of one call are told in their order.
///
/// # Errors
/// 503 when the database cannot be reached.
pub async fn publish<T: Serialize>(tx: &mut TenantTx, topic: &Topic, events: &[(Uuid, T)]) -> Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let payloads = events.iter().map(|(_, payload)| serde_json::to_string(payload));
    let payloads = payloads.collect::<Result<Vec<_>, _>>().map_err(Error::internal)?;
    let subjects: Vec<_> = events.iter().map(|(subject, _)| *subject).collect();
    // beyond a few thousand of one moment, ids have no order of their own
    let mut ids: Vec<_> = events.iter().map(|_| tx.new_id()).collect();
    ids.sort_unstable();
    store::insert(tx, topic.name, &ids, &subjects, &payloads).await?;
    tx.announce(WAITING).await
}
