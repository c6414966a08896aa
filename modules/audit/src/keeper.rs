//! What the trail needs all the time: its entries sealed, parts for the months ahead, and old entries removed where a
//! tenant wishes it.

use crate::{chain::seal, service::retention, store::seals};
use kit::{App, Origin, Reason, Result};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// How often what waits is sealed.
const SEALING: Duration = Duration::from_secs(1);
/// How often the rest is seen to.
const KEEPING: Duration = Duration::from_secs(3600);

/// Keeps the trail in order: parts for the months ahead, and no entry that is older than its tenant wishes. Tells the
/// log the head of the platform's chain, to be kept elsewhere.
///
/// # Errors
/// 503 when the database cannot be reached; what was left is done the next time.
pub async fn keep(app: &App) -> Result<()> {
    retention::make_months(app).await?;
    retention::prune(app).await?;
    let mut tx = app.db().system(Reason::Audit, Origin::internal("audit-keeper")).await?;
    if let Some(head) = seals::head(&mut tx, None).await? {
        let hash = base16ct::lower::encode_string(&head.hash);
        info!(seq = head.seq, hash, "the head of the audit trail: keep it elsewhere");
    }
    Ok(())
}

pub(crate) async fn run_sealer(app: App, stop: CancellationToken) {
    loop {
        let stopped = tokio::time::timeout(SEALING, stop.cancelled()).await.is_ok();
        if let Err(failure) = seal(&app).await {
            warn!("the audit trail cannot be sealed: {failure}");
        }
        if stopped {
            return;
        }
    }
}

pub(crate) async fn run_keeper(app: App, stop: CancellationToken) {
    loop {
        if let Err(failure) = keep(&app).await {
            warn!("the audit trail cannot be kept in order: {failure}");
        }
        if tokio::time::timeout(KEEPING, stop.cancelled()).await.is_ok() {
            return;
        }
    }
}
