//! Proves every day that all positions are what their fills make.

use crate::{service::proof, store};
use audit::Change;
use kit::{App, Origin, Reason, Result, Scope, SystemTx};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

/// How often it is proved.
const PROVING: Duration = Duration::from_secs(86_400);

/// Proves the positions of every tenant; what differs is told to the log and to the tenant's audit trail.
///
/// # Errors
/// 503 when the database cannot be reached.
pub async fn prove_all(app: &App) -> Result<()> {
    let tenants = store::tenants(&mut system(app).await?).await?;
    for &tenant in &tenants {
        #[expect(clippy::disallowed_methods, reason = "what is proved stays in its tenant")]
        let scope = Scope::new(tenant, None);
        let mut tx = system(app).await?.enter(scope).await?;
        let differing = proof::prove(&mut tx).await?.differing;
        if let Some(first) = differing.first() {
            error!(%tenant, positions = differing.len(), "positions are stored that their fills do not make");
            let change = Change::new("portfolio", first.bot_id, "portfolio.differs").after(&differing);
            audit::record(&mut tx, change).await?;
            tx.commit().await?;
        }
    }
    info!(tenants = tenants.len(), "positions were held against their fills");
    Ok(())
}

async fn system(app: &App) -> Result<SystemTx> {
    app.db().system(Reason::Portfolio, Origin::internal("portfolio-keeper")).await
}

pub(crate) async fn run_keeper(app: App, stop: CancellationToken) {
    loop {
        if tokio::time::timeout(PROVING, stop.cancelled()).await.is_ok() {
            return;
        }
        if let Err(failure) = prove_all(&app).await {
            warn!("positions cannot be proved: {failure}");
        }
    }
}
