use auth::{Mail, Mailer};
use std::sync::{Arc, Mutex, PoisonError};

/// Keeps the mails that would have been sent.
#[derive(Clone, Default)]
pub struct Outbox(Arc<Mutex<Vec<Mail>>>);

impl Outbox {
    /// The mails so far, the oldest first.
    pub fn emails(&self) -> Vec<Mail> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The newest mail to this address.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub fn newest_to(&self, address: &str) -> Mail {
        let mails = self.emails();
        mails.into_iter().rfind(|mail| mail.to == address).unwrap_or_else(|| panic!("no mail to {address}"))
    }
}

impl Mailer for Outbox {
    fn send<'a>(&'a self, mail: &'a Mail) -> futures::future::BoxFuture<'a, kit::Result<()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(mail.clone());
        Box::pin(async { Ok(()) })
    }
}
