use crate::service;
use kit::{Job, JobContext, Result};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A user's archive is to be made.
#[derive(Serialize, Deserialize)]
pub(crate) struct MakeExport {
    pub(crate) export: Uuid,
}

impl Job for MakeExport {
    const KIND: &'static str = "users.make-export";

    async fn run(self, context: JobContext) -> Result<()> {
        service::make_export(&context, self.export).await
    }
}
