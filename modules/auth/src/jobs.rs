use crate::{
    Mail, Mailer,
    service::{self, Notice},
};
use kit::{Job, JobContext, Result};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use users::Email;

/// A mail that is to be written and sent. Secrets are made when it is written, so the job holds none.
#[derive(Serialize, Deserialize)]
#[serde(tag = "letter", rename_all = "camelCase")]
pub(crate) enum SendMail {
    /// Asks whoever has this address to verify it, if a user has who did not yet.
    #[serde(rename_all = "camelCase")]
    VerifyEmail { email: Email, callback_url: Option<String> },
    /// Tells whoever has this address that it was locked after wrong passwords, if a user has it.
    AccountLocked { email: Email },
    /// Tells a user what concerns the safety of their account.
    Notice(Notice),
}

impl Job for SendMail {
    const KIND: &'static str = "auth.send-mail";

    async fn run(self, context: JobContext) -> Result<()> {
        let mail: Option<Mail> = match &self {
            Self::VerifyEmail { email, callback_url } => {
                service::write_verification(&context, email, callback_url.as_deref()).await?
            }
            Self::AccountLocked { email } => service::write_locked(&context, email).await?,
            Self::Notice(notice) => service::write_notice(&context, notice).await?,
        };
        match mail {
            Some(mail) => context.app().the::<Arc<dyn Mailer>>()?.send(&mail).await,
            None => Ok(()),
        }
    }
}
