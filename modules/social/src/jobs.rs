use auth::Mail;
use kit::{Job, JobContext, Result, User};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Tells a user that an account at another platform opens theirs, or no longer does: they may not have done it.
#[derive(Serialize, Deserialize)]
pub(crate) struct TellOfAccount {
    pub(crate) user: Uuid,
    pub(crate) provider: String,
    pub(crate) linked: bool,
}

impl Job for TellOfAccount {
    const KIND: &'static str = "social.tell-of-account";

    async fn run(self, context: JobContext) -> Result<()> {
        let user = users::find(&mut context.system().await?, self.user).await?;
        match user {
            Some(user) => auth::send_mail(&context, self.mail(user)).await,
            None => Ok(()),
        }
    }
}

impl TellOfAccount {
    /// The provider's name is the operator's, so it can stand in the mail as it is.
    fn mail(&self, user: User) -> Mail {
        let provider = &self.provider;
        let portuguese = user.locale.split('-').next() == Some("pt");
        let (subject, what) = match (portuguese, self.linked) {
            (false, true) => ("A new way to sign in", format!("Your account at {provider} now lets you sign in.")),
            (false, false) => {
                ("A way to sign in was removed", format!("Your account at {provider} no longer lets you sign in."))
            }
            (true, true) => ("Uma nova forma de entrar", format!("A sua conta em {provider} agora permite entrar.")),
            (true, false) => {
                ("Uma forma de entrar foi removida", format!("A sua conta em {provider} não permite mais entrar."))
            }
        };
        let (hello, note, language) = if portuguese {
            ("Olá,", "Se não foi você, mude a sua senha e encerre as suas sessões.", "pt")
        } else {
            ("Hello,", "If this was not you, change your password and close your sessions.", "en")
        };
        let text = format!("{hello}\n\n{what}\n\n{note}\n");
        let html = format!(
            "<!doctype html>\n<html lang=\"{language}\">\n<meta charset=\"utf-8\">\n<p>{hello}</p>\n<p>{what}</p>\n\
             <p>{note}</p>\n</html>\n"
        );
        Mail { to: user.email, subject: subject.to_owned(), text, html }
    }
}
