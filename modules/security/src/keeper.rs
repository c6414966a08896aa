use crate::{Security, store};
use chrono::TimeDelta;
use kit::{App, Origin, Reason, Result};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// How often what is old is removed.
const ROUND: Duration = Duration::from_secs(3600);
/// How long events are kept.
const EVENTS: TimeDelta = TimeDelta::days(400);
/// How long a block is remembered after its end, so that the next one of the same address is longer.
const BLOCKS: TimeDelta = TimeDelta::days(1);

/// Removes what is too old to be kept.
///
/// # Errors
/// 503 when the database cannot be reached; then the next round does it.
pub async fn keep(app: &App) -> Result<()> {
    let now = app.clock().now();
    let accesses = now - app.the::<Security>()?.settings.access_log_age;
    loop {
        let mut tx = app.db().system(Reason::Security, Origin::internal("security-keeper")).await?;
        let more = store::prune_accesses(&mut tx, accesses).await?
            | store::prune_events(&mut tx, now - EVENTS).await?
            | store::prune_blocks(&mut tx, now - BLOCKS).await?;
        tx.commit().await?;
        if !more {
            return Ok(());
        }
    }
}

/// Removes it from time to time.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    while tokio::time::timeout(ROUND, stop.cancelled()).await.is_err() {
        if let Err(failure) = keep(&app).await {
            warn!("what is old of the logs cannot be removed: {failure}");
        }
    }
}
