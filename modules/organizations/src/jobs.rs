use crate::service::{self, Turn};
use kit::{Job, JobContext, Result};
use serde::{Deserialize, Serialize};
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
            Some(mail) => auth::send_mail(&context, mail).await,
            None => Ok(()),
        }
    }
}

/// Every member is to be told what has become of their tenant.
#[derive(Serialize, Deserialize)]
pub(crate) struct TellMembers {
    pub(crate) turn: Turn,
}

impl Job for TellMembers {
    const KIND: &'static str = "organizations.tell-members";

    async fn run(self, context: JobContext) -> Result<()> {
        service::tell_members(&context, self.turn).await
    }
}

/// The mail to one of them.
#[derive(Serialize, Deserialize)]
pub(crate) struct SendTurn {
    pub(crate) turn: Turn,
    pub(crate) member: Uuid,
}

impl Job for SendTurn {
    const KIND: &'static str = "organizations.send-turn";

    async fn run(self, context: JobContext) -> Result<()> {
        match service::write_turn(&context, self.turn, self.member).await? {
            Some(mail) => auth::send_mail(&context, mail).await,
            None => Ok(()),
        }
    }
}
