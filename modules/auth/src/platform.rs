//! What operators of the platform set of sign-up and mails while it runs.

use crate::{Mail, Mailer, error};
use configurations::Setting;
use kit::{Declaration, JobContext, Level, Result, SystemTx};
use std::sync::Arc;

/// What is declared here.
pub(crate) const SETTINGS: &[&Declaration] =
    &[SIGN_UP_OPEN.declared(), PLATFORM_NAME.declared(), SUPPORT_EMAIL.declared()];

static SIGN_UP_OPEN: Setting<bool> = Setting::truth(
    "sign-up.open",
    true,
    &[Level::System],
    "Whether people may become users by themselves. Administrators make users either way.",
);
static PLATFORM_NAME: Setting<String> =
    Setting::text("platform.name", 60, "", &[Level::System], "What mails are signed with.");
static SUPPORT_EMAIL: Setting<Option<String>> =
    Setting::email("support.email", &[Level::System], "Where readers of mails find help.");

/// Whether people may become users by themselves.
pub async fn is_sign_up_open(tx: &mut SystemTx) -> Result<bool> {
    SIGN_UP_OPEN.get(tx).await
}

/// Refuses who is to become a user by themselves where that is not open.
///
/// # Errors
/// 403 `SIGN_UP_CLOSED`.
pub(crate) async fn admit_strangers(tx: &mut SystemTx) -> Result<()> {
    if is_sign_up_open(tx).await? { Ok(()) } else { Err(error::sign_up_closed()) }
}

/// Sends a mail in the platform's name.
///
/// # Errors
/// What the [`Mailer`] says.
pub async fn send_mail(context: &JobContext, mail: Mail) -> Result<()> {
    let mut tx = context.system().await?;
    let (name, help) = (PLATFORM_NAME.get(&mut tx).await?, SUPPORT_EMAIL.get(&mut tx).await?);
    // a mail server may take its time
    drop(tx);
    let signature = [Some(name).filter(|name| !name.is_empty()), help].into_iter().flatten();
    let mail = mail.signed(&signature.collect::<Vec<_>>());
    context.app().the::<Arc<dyn Mailer>>()?.send(&mail).await
}
