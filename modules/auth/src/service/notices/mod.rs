//! What a user is told by mail since it concerns the safety of their account.

mod device;
mod words;

use crate::{Mail, jobs::SendMail, mail::Language, network, store, store::Device, token};
use audit::Change;
use kit::{App, JobContext, Origin, Result, SystemTx, Time, Tx, User, enqueue_job};
use security::Anomaly;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::net::IpAddr;
use uuid::Uuid;

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Event {
    PasswordChanged,
    EmailChanged,
    UserDeleted,
    ErasurePlanned,
    TwoFactorOn,
    TwoFactorOff,
    TwoFactorLocked,
    BackupCodesRenewed,
    NewDevice,
    NewCountry,
    ImpossibleTravel,
}

/// Something that has happened to a user's account, and from where.
#[derive(Serialize, Deserialize)]
pub(crate) struct Notice {
    reader: Reader,
    event: Event,
    at: Time,
    ip: Option<IpAddr>,
    device: Option<String>,
}

/// Who is told.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Reader {
    /// This user, at the address that they have when the mail is written.
    User(Uuid),
    /// Whoever has had this address until now.
    Address { email: String, locale: String },
}

impl From<Uuid> for Reader {
    fn from(user: Uuid) -> Self {
        Self::User(user)
    }
}

impl From<&User> for Reader {
    fn from(user: &User) -> Self {
        Self::Address { email: user.email.clone(), locale: user.locale.clone() }
    }
}

/// Promises a mail about what happens in the transaction.
pub(crate) async fn notify<K>(tx: &mut Tx<K>, reader: impl Into<Reader>, event: Event) -> Result<()> {
    let Origin { ip, user_agent, .. } = tx.actor().origin.clone();
    let device = user_agent.as_deref().map(device::device);
    let notice = Notice { reader: reader.into(), event, at: tx.now(), ip, device };
    enqueue_job(tx, &SendMail::Notice(notice)).await?;
    Ok(())
}

/// Writes the mail, if there still is somebody to read it: what, when, from where, and what to do about it.
pub(crate) async fn write_notice(context: &JobContext, notice: &Notice) -> Result<Option<Mail>> {
    let (email, locale) = match &notice.reader {
        Reader::Address { email, locale } => (email.clone(), locale.clone()),
        Reader::User(id) => match users::find(&mut context.system().await?, *id).await? {
            Some(user) => (user.email, user.locale),
            None => return Ok(None),
        },
    };
    let language = Language::of(&locale);
    let (english, portuguese) = notice.event.words();
    let [when, address, device, unknown] = language
        .choose(["When", "Address", "Device", "unknown"], ["Quando", "Endereço", "Dispositivo", "desconhecido"]);
    let facts = [
        (when, notice.at.utc().format("%Y-%m-%d %H:%M UTC").to_string()),
        (address, notice.ip.map_or_else(|| unknown.to_owned(), |ip| ip.to_string())),
        (device, notice.device.clone().unwrap_or_else(|| unknown.to_owned())),
    ];
    Ok(Some(Mail::with_facts(&email, &language.words(english, portuguese), &facts)))
}

/// Remembers where a user signs in from, and tells them when it is somewhere new. The first place is no news.
pub(crate) async fn see_device(tx: &mut SystemTx, user: Uuid) -> Result<()> {
    let device = known_by(&tx.actor().origin);
    let novelty = store::see_device(tx, user, &device).await?;
    if novelty.is_none_or(|new| !new.others || !(new.agent || new.network)) {
        return Ok(());
    }
    notify(tx, user, Event::NewDevice).await?;
    let origin = tx.actor().origin.clone();
    let place = json!({ "network": network::neighbourhood(origin.ip), "userAgent": origin.user_agent });
    audit::record(tx, Change::new("user", user, "user.new-device").after(place)).await
}

/// Notices what is strange about where a user signs in, and tells them when it is grave.
pub(crate) async fn tell_anomaly(app: &App, tx: &mut SystemTx, user: Uuid) -> Result<()> {
    match security::see_sign_in(app, tx, user).await? {
        Some(Anomaly::ImpossibleTravel) => notify(tx, user, Event::ImpossibleTravel).await,
        Some(Anomaly::NewCountry) => notify(tx, user, Event::NewCountry).await,
        Some(Anomaly::NewNetwork) | None => Ok(()),
    }
}

fn known_by(origin: &Origin) -> Device {
    let agent = token::hash(origin.user_agent.as_deref().unwrap_or_default());
    Device { agent, network: token::hash(&network::neighbourhood(origin.ip)) }
}
