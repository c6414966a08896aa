use crate::store;
use chrono::TimeDelta;
use kit::{App, Origin, Reason, Result};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// How long whoever was cut off may come back.
const KEPT: TimeDelta = TimeDelta::hours(1);
/// How often what is older is removed.
const KEEPING: Duration = Duration::from_secs(60);
/// How many events are removed in one transaction.
const MOST_AT_ONCE: i64 = 10_000;

/// Removes the events that nobody may ask for any more.
///
/// # Errors
/// 503 when the database cannot be reached; what was left is removed the next time.
pub async fn keep(app: &App) -> Result<()> {
    loop {
        let mut tx = app.db().system(Reason::Stream, Origin::internal("stream-keeper")).await?;
        let removed = store::remove_first(&mut tx, app.clock().now() - KEPT, MOST_AT_ONCE).await?;
        tx.commit().await?;
        if removed < MOST_AT_ONCE {
            return Ok(());
        }
    }
}

pub(crate) async fn run_keeper(app: App, stop: CancellationToken) {
    loop {
        if let Err(failure) = keep(&app).await {
            warn!("what was told long ago cannot be removed: {failure}");
        }
        if tokio::time::timeout(KEEPING, stop.cancelled()).await.is_ok() {
            return;
        }
    }
}
