//! The platform's kill switch: entries of all live bots are halted, and the bots stopped where that is wanted.

use crate::{bot::Coins, config::Mode, service, store};
use kit::{Created, Job, JobContext, Json, Operator, Reason, Result, Scope, enqueue_job, post};
use risk::{ExecuteRisk, NewPlatformHalt, PlatformHalt, Stopping};
use serde::{Deserialize, Serialize};
use tracing::warn;
use uuid::Uuid;

/// Halts the live bots of all tenants: none makes an entry until the halt is lifted.
///
/// With `stop` they are stopped for good besides, and keep their coins or sell them. That is done tenant by tenant after
/// the answer, and goes on after a restart.
#[post("/api/v1/risk/platform/halts")]
pub(crate) async fn halt_platform(
    operator: Operator<ExecuteRisk>,
    Json(new): Json<NewPlatformHalt>,
) -> Result<Created<PlatformHalt>> {
    let by = operator.user().id;
    let mut tx = operator.begin_across(Reason::Configuration).await?.by(by);
    let halt = risk::halt_platform(&mut tx, &new).await?;
    let coins = match new.stop {
        Stopping::None => None,
        Stopping::Keep => Some(Coins::Keep),
        Stopping::Sell => Some(Coins::Sell),
    };
    if let Some(coins) = coins {
        enqueue_job(&mut tx, &StopLive { coins, by }).await?;
    }
    tx.commit().await?;
    Ok(Created(halt))
}

/// Every live bot of every tenant is to be stopped.
#[derive(Serialize, Deserialize)]
pub(crate) struct StopLive {
    coins: Coins,
    /// The operator.
    by: Uuid,
}

impl Job for StopLive {
    const KIND: &'static str = "bots.stop-live";
    /// For hours: nobody else tries again.
    const ATTEMPTS: i32 = 15;

    async fn run(self, context: JobContext) -> Result<()> {
        let tenants = store::tenants_at_work(&mut context.system().await?).await?;
        let mut outcome = Ok(());
        for tenant in tenants {
            // the others are stopped all the same
            if let Err(failure) = self.stop(&context, tenant).await {
                warn!(tenant_id = %tenant, "the live bots of a tenant cannot be stopped yet: {failure}");
                outcome = Err(failure);
            }
        }
        outcome
    }
}

impl StopLive {
    async fn stop(&self, context: &JobContext, tenant: Uuid) -> Result<()> {
        let tx = context.app().db().system(Reason::Bots, context.origin().clone()).await?.by(self.by);
        #[expect(clippy::disallowed_methods, reason = "an operator stops the bots of all tenants")]
        let scope = Scope::new(tenant, None);
        let mut tx = tx.enter(scope).await?;
        service::stop_all(&mut tx, Some(Mode::Live), self.coins).await?;
        tx.commit().await
    }
}
