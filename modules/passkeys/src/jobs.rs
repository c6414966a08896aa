use auth::Mail;
use kit::{Job, JobContext, Result};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Tells a user what became of their passkeys, in case it was not they who did it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SendNotice {
    pub(crate) user: Uuid,
    pub(crate) event: Event,
}

/// What became of a passkey.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Event {
    Added,
    Removed,
}

impl Job for SendNotice {
    const KIND: &'static str = "passkeys.send-notice";
    /// The pauses double: a mail server may be away for an hour.
    const ATTEMPTS: i32 = 12;

    async fn run(self, context: JobContext) -> Result<()> {
        let found = users::find(&mut context.system().await?, self.user).await?;
        match found {
            Some(user) => {
                let mail = self.event.mail(&user.email, &context.app().settings().base_url);
                auth::send_mail(&context, mail).await
            }
            None => Ok(()),
        }
    }
}

impl Event {
    /// The name of the passkey has no place in it: whoever took the account over could have chosen it.
    fn mail(self, to: &str, base_url: &str) -> Mail {
        let subject = match self {
            Self::Added => "A passkey was added to your account",
            Self::Removed => "A passkey was removed from your account",
        };
        let what = format!("{subject} at {base_url}.");
        let note = "If it was not you who did this, sign in, remove the passkeys that you do not know, change your \
                    password and close your other sessions.";
        let text = format!("Hello,\n\n{what}\n\n{note}\n");
        let html = format!(
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<p>Hello,</p>\n<p>{what}</p>\n\
             <p>{note}</p>\n</html>\n"
        );
        Mail { to: to.to_owned(), subject: subject.to_owned(), text, html }
    }
}
