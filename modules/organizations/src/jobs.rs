use crate::service;
use auth::Mailer;
use kit::{Job, JobContext, Result};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use uuid::Uuid;

/// The mail of an invitation, if it is still open when the mail is written.
#[derive(Serialize, Deserialize)]
pub(crate) struct SendInvitation {
    pub(crate) invitation: Uuid,
}

impl Job for SendInvitation {
    const KIND: &'static str = "organizations.send-invitation";

    async fn run(self, context: JobContext) -> Result<()> {
        match service::write_mail(&context, self.invitation).await? {
            Some(mail) => context.app().the::<Arc<dyn Mailer>>()?.send(&mail).await,
            None => Ok(()),
        }
    }
}
