use crate::service;
use kit::{Job, JobContext, Result};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A tenant that was closed is erased, if it is closed still and its time is over. No tenant's own job: it would end
/// with the tenant.
#[derive(Serialize, Deserialize)]
pub(crate) struct EraseTenant {
    pub(crate) closed: Uuid,
}

impl Job for EraseTenant {
    const KIND: &'static str = "tenants.erase-tenant";

    async fn run(self, context: JobContext) -> Result<()> {
        let mut tx = context.system().await?;
        service::erase(&mut tx, self.closed).await?;
        tx.commit().await
    }
}
