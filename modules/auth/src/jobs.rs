use crate::{
    Mail,
    platform::send_mail,
    service::{self, AskMagicLink, EmailChange, Notice},
};
use kit::{Job, JobContext, Result};
use serde::{Deserialize, Serialize};
use users::Email;
use uuid::Uuid;

/// A mail that is to be written and sent. Secrets are made when it is written, so the job holds none.
#[derive(Serialize, Deserialize)]
#[serde(tag = "letter", rename_all = "camelCase")]
pub(crate) enum SendMail {
    /// Asks whoever has this address to verify it, if a user has who did not yet.
    #[serde(rename_all = "camelCase")]
    VerifyEmail { email: Email, callback_url: Option<String> },
    /// Leads whoever has forgotten the password to a new one, if a user has this address.
    #[serde(rename_all = "camelCase")]
    ResetPassword { email: Email, redirect_to: Option<String> },
    /// Leads in whoever has this address.
    MagicLink(AskMagicLink),
    /// Asks at the present address whether another is wanted, if nobody has that.
    ConfirmEmailChange(EmailChange),
    /// Asks at the new address whether it is the user's.
    CheckNewAddress(EmailChange),
    /// Asks whether the user is to be deleted.
    #[serde(rename_all = "camelCase")]
    DeleteUser { user: Uuid, callback_url: Option<String> },
    /// Tells whoever has this address that it was locked after wrong passwords, if a user has it.
    AccountLocked { email: Email },
    /// Tells a user what concerns the safety of their account.
    Notice(Notice),
}

/// A user who is to be forgotten, if they still wish it.
#[derive(Serialize, Deserialize)]
pub(crate) struct EraseUser {
    pub(crate) user: Uuid,
}

impl Job for EraseUser {
    const KIND: &'static str = "auth.erase-user";

    async fn run(self, context: JobContext) -> Result<()> {
        service::erase(&context, self.user).await
    }
}

impl Job for SendMail {
    const KIND: &'static str = "auth.send-mail";
    /// The pauses double: a mail server may be away for an hour.
    const ATTEMPTS: i32 = 12;

    async fn run(self, context: JobContext) -> Result<()> {
        let mail: Option<Mail> = match &self {
            Self::VerifyEmail { email, callback_url } => {
                service::write_verification(&context, email, callback_url.as_deref()).await?
            }
            Self::AccountLocked { email } => service::write_locked(&context, email).await?,
            Self::ResetPassword { email, redirect_to } => {
                service::write_reset(&context, email, redirect_to.as_deref()).await?
            }
            Self::MagicLink(asked) => service::write_magic_link(&context, asked).await?,
            Self::ConfirmEmailChange(change) => service::write_email_change(&context, change).await?,
            Self::CheckNewAddress(change) => service::write_address_check(&context, change).await?,
            Self::DeleteUser { user, callback_url } => {
                service::write_deletion(&context, *user, callback_url.as_deref()).await?
            }
            Self::Notice(notice) => service::write_notice(&context, notice).await?,
        };
        match mail {
            Some(mail) => send_mail(&context, mail).await,
            None => Ok(()),
        }
    }
}
