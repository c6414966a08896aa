//! Sends mails by SMTP, or, where no server is set, lays them into a folder for a person to read.

mod folder;
mod message;

use auth::{Mail, Mailer};
use folder::Folder;
use futures::future::BoxFuture;
use kit::{Clock, Error, Ids, Result};
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor, message::Mailbox, transport::smtp::PoolConfig,
};
use message::Sender;
use std::{path::PathBuf, time::Duration};

/// Fills the trait [`Mailer`].
pub struct SmtpMailer {
    sender: Sender,
    way: Way,
}

enum Way {
    Server { transport: AsyncSmtpTransport<Tokio1Executor>, patience: Duration },
    Folder(Folder),
}

/// Why mails cannot be sent as it is set.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The sender is no mailbox.
    #[error("`{0}` is not a sender such as `BotCriptoFy <no-reply@example.com>`")]
    Sender(String),
    /// The URL is not that of an SMTP server. Its text is left out: it may hold a password.
    #[error("not the URL of a mail server such as `smtps://user:password@mail.example.com:465`: {0}")]
    Url(#[source] lettre::transport::smtp::Error),
}

/// How long a mail may take to be handed over, from the first connection to the last word.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many connections to the server there are at most.
const CONNECTIONS: u32 = 4;

impl SmtpMailer {
    /// Sends by this server: `smtp://host`, `smtp://user:password@host:587?tls=required` or `smtps://…`.
    ///
    /// # Errors
    /// When the URL or the sender is none. Nothing is connected yet.
    ///
    /// # Panics
    /// When it is dropped where no runtime is: its connections are closed by a task.
    pub fn over(url: &str, from: &str, clock: Clock, ids: Ids) -> Result<Self, SetupError> {
        Self::patient(url, from, clock, ids, PATIENCE)
    }

    /// The same, with another patience.
    ///
    /// # Errors
    /// As [`SmtpMailer::over`].
    pub fn patient(url: &str, from: &str, clock: Clock, ids: Ids, patience: Duration) -> Result<Self, SetupError> {
        let sender = sender(from, clock, ids)?;
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(SetupError::Url)?
            .timeout(Some(patience))
            .pool_config(PoolConfig::new().max_size(CONNECTIONS))
            .build();
        Ok(Self { sender, way: Way::Server { transport, patience } })
    }

    /// Lays each mail into this folder as a file `<time>-<address>.eml`, which only the program's user may read.
    ///
    /// # Errors
    /// When the sender is no mailbox. The folder is made with the first mail.
    pub fn into_folder(folder: impl Into<PathBuf>, from: &str, clock: Clock, ids: Ids) -> Result<Self, SetupError> {
        Ok(Self { sender: sender(from, clock.clone(), ids)?, way: Way::Folder(Folder::new(folder.into(), clock)) })
    }

    async fn hand_over(&self, mail: &Mail) -> Result<()> {
        let to: Address = mail.to.parse().map_err(|wrong| refused("Not an address.").source(wrong))?;
        let to = Mailbox::new(None, to);
        match &self.way {
            Way::Folder(folder) => {
                let message = self.sender.message(mail, to, true)?;
                folder.lay(&mail.to, &message.formatted()).await
            }
            Way::Server { transport, patience } => {
                let message = self.sender.message(mail, to, false)?;
                let sent = tokio::time::timeout(*patience, transport.send(message)).await;
                let sent = sent.map_err(|_| unavailable("The mail server takes too long."))?;
                sent.map(|_| ()).map_err(failure)
            }
        }
    }
}

impl Mailer for SmtpMailer {
    fn send<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.hand_over(mail))
    }
}

fn sender(from: &str, clock: Clock, ids: Ids) -> Result<Sender, SetupError> {
    let from: Mailbox = from.parse().map_err(|_| SetupError::Sender(from.to_owned()))?;
    Ok(Sender { from, clock, ids })
}

/// Replies by which a server says that the mailbox does not exist or cannot (RFC 5321, 4.2.3).
const NO_SUCH_MAILBOX: [u16; 3] = [550, 551, 553];

fn failure(error: lettre::transport::smtp::Error) -> Error {
    match error.status().map(u16::from) {
        Some(status) if NO_SUCH_MAILBOX.contains(&status) => {
            refused("The mail server knows no such mailbox.").source(error)
        }
        _ => unavailable("The mail server cannot be reached or refuses the mail.").source(error),
    }
}

fn refused(message: &str) -> Error {
    Error::bad_request("MAIL_REFUSED", message)
}

fn unavailable(message: &str) -> Error {
    Error::unavailable("MAIL_UNAVAILABLE", message, 60)
}
