//! What a user is told by mail since it concerns the safety of their account.

use crate::{Mail, jobs::SendMail, network, store, store::Device, token};
use audit::Change;
use kit::{JobContext, Origin, Result, SystemTx, Time, Tx, enqueue_job};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::net::IpAddr;
use uuid::Uuid;

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Event {
    TwoFactorOn,
    TwoFactorOff,
    TwoFactorLocked,
    BackupCodesRenewed,
    NewDevice,
}

/// Something that has happened to a user's account, and from where.
#[derive(Serialize, Deserialize)]
pub(crate) struct Notice {
    user: Uuid,
    event: Event,
    at: Time,
    ip: Option<IpAddr>,
}

impl Event {
    fn subject(self) -> &'static str {
        match self {
            Self::TwoFactorOn => "Two-factor authentication was switched on",
            Self::TwoFactorOff => "Two-factor authentication was switched off",
            Self::TwoFactorLocked => "Your second factor was locked",
            Self::BackupCodesRenewed => "You have new backup codes",
            Self::NewDevice => "Sign-in from a new device",
        }
    }

    fn story(self) -> &'static str {
        match self {
            Self::TwoFactorOn => "From now on a code of your authenticator is asked for when you sign in.",
            Self::TwoFactorOff => "From now on no code of an authenticator is asked for when you sign in.",
            Self::TwoFactorLocked => {
                "Somebody proved who they are as you do, perhaps by your password, but gave wrong codes for the second \
                 factor too often. Nobody can try again for a quarter of an hour."
            }
            Self::BackupCodesRenewed => "New backup codes were made for your account; the old ones are void.",
            Self::NewDevice => "Somebody signed in to your account from a device or a network that is new to us.",
        }
    }
}

/// Promises the user a mail about what happens in the transaction.
pub(crate) async fn notify<K>(tx: &mut Tx<K>, user: Uuid, event: Event) -> Result<()> {
    let notice = Notice { user, event, at: tx.now(), ip: tx.actor().origin.ip };
    enqueue_job(tx, &SendMail::Notice(notice)).await?;
    Ok(())
}

/// Writes the mail, if there still is the user.
pub(crate) async fn write_notice(context: &JobContext, notice: &Notice) -> Result<Option<Mail>> {
    let Some(user) = users::find(&mut context.system().await?, notice.user).await? else { return Ok(None) };
    let from = notice.ip.map(|ip| format!(", from the address {ip}")).unwrap_or_default();
    let why = format!("{} It happened at {}{from}.", notice.event.story(), notice.at);
    let note = "If it was you, all is well. If it was not, change your password and close all sessions at once.";
    let base = &context.app().settings().base_url;
    Ok(Some(Mail::with_link(&user.email, notice.event.subject(), &why, base, note)))
}

/// Remembers where a user signs in from, and tells them when it is somewhere new. The first place is no news.
pub(crate) async fn see_device(tx: &mut SystemTx, user: Uuid) -> Result<()> {
    let device = device(&tx.actor().origin);
    let novelty = store::see_device(tx, user, &device).await?;
    if novelty.is_none_or(|new| !new.others || !(new.agent || new.network)) {
        return Ok(());
    }
    notify(tx, user, Event::NewDevice).await?;
    let origin = tx.actor().origin.clone();
    let place = json!({ "network": network::neighbourhood(origin.ip), "userAgent": origin.user_agent });
    audit::record(tx, Change::new("user", user, "user.new-device").after(place)).await
}

fn device(origin: &Origin) -> Device {
    let agent = token::hash(origin.user_agent.as_deref().unwrap_or_default());
    Device { agent, network: token::hash(&network::neighbourhood(origin.ip)) }
}
