use crate::service::retention;
use kit::{App, Result};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// How often it is seen to.
const KEEPING: Duration = Duration::from_secs(3600);

/// Removes what its tenants keep no longer: candles, trades and order books.
///
/// # Errors
/// 503 when the database cannot be reached; what was left is done the next time.
pub async fn keep(app: &App) -> Result<()> {
    retention::prune(app).await
}

pub(crate) async fn run_keeper(app: App, stop: CancellationToken) {
    loop {
        if let Err(failure) = keep(&app).await {
            warn!("what is old cannot be removed: {failure}");
        }
        if tokio::time::timeout(KEEPING, stop.cancelled()).await.is_ok() {
            return;
        }
    }
}
