use super::change;
use crate::{
    Profile,
    avatar::{Address, Kept, LARGEST, PictureBody, Sound},
    consent::{Consent, ConsentInput},
    preferences::{Preferences, PreferencesInput},
    profile::ProfilePatch,
    store,
};
use audit::Change;
use kit::{App, Error, Origin, Paging, Reason, Result, SignedIn, User, UserTx};
use serde_json::json;
use uuid::Uuid;

pub(crate) async fn preferences(tx: &mut UserTx, user: &User) -> Result<Preferences> {
    let notifications = store::notifications(tx).await?;
    let User { locale, time_zone, currency, .. } = user.clone();
    Ok(Preferences { locale, time_zone, currency, notifications })
}

/// Replaces a user's preferences.
pub(crate) async fn prefer(tx: &mut UserTx, user: Uuid, to: PreferencesInput) -> Result<Preferences> {
    let PreferencesInput { locale, time_zone, currency, notifications } = to;
    let patch = ProfilePatch {
        locale: Some(locale),
        time_zone: Some(time_zone),
        currency: Some(currency),
        ..ProfilePatch::default()
    };
    let Profile { locale, time_zone, currency, .. } = change(tx, user, |user| patch.of(user)).await?;
    let before = store::notifications(tx).await?;
    store::set_notifications(tx, user, &notifications).await?;
    let noted = Change::new("user", user, "user.notifications-changed").before(before).after(&notifications);
    audit::record(tx, noted).await?;
    Ok(Preferences { locale, time_zone, currency, notifications })
}

/// Makes a picture that of the caller, whose profile points to it from now on.
pub(crate) async fn replace_avatar(caller: &SignedIn, body: PictureBody) -> Result<Address> {
    let sound = Sound::of(body.0.read(LARGEST).await?)?;
    let user = caller.user().id;
    let mut tx = caller.begin().await?;
    let id = store::replace_avatar(&mut tx, user, &sound).await?;
    let image = format!("{}/api/user/avatar/{id}", caller.app().settings().base_url);
    let patch = ProfilePatch { image: Some(Some(image.clone())), ..ProfilePatch::default() };
    change(&mut tx, user, |user| patch.of(user)).await?;
    let about = json!({ "mediaType": sound.media_type, "bytes": sound.content.len() });
    audit::record(&mut tx, Change::new("avatar", id, "avatar.replaced").after(about)).await?;
    tx.commit().await?;
    Ok(Address { image })
}

/// The caller's picture.
pub(crate) async fn own_avatar(tx: &mut UserTx) -> Result<Kept> {
    store::own_avatar(tx).await?.ok_or_else(no_avatar)
}

/// A picture, for whoever knows its address.
pub(crate) async fn avatar(app: &App, origin: Origin, id: Uuid) -> Result<Kept> {
    let mut tx = app.db().system(Reason::Picture, origin).await?;
    store::avatar(&mut tx, id).await?.ok_or_else(no_avatar)
}

/// Removes the caller's picture, and from their profile what points to it.
pub(crate) async fn remove_avatar(tx: &mut UserTx, user: &User) -> Result<()> {
    let id = store::remove_avatar(tx).await?.ok_or_else(no_avatar)?;
    change(tx, user.id, |user| {
        let points = user.image.as_ref().is_some_and(|image| image.ends_with(&format!("/api/user/avatar/{id}")));
        ProfilePatch { image: points.then_some(None), ..ProfilePatch::default() }.of(user)
    })
    .await?;
    audit::record(tx, Change::new("avatar", id, "avatar.removed")).await
}

fn no_avatar() -> Error {
    Error::not_found("avatar")
}

/// Notes what a user agrees to or takes back.
pub(crate) async fn consent(tx: &mut UserTx, input: ConsentInput) -> Result<Consent> {
    let origin = tx.actor().origin.clone();
    let ConsentInput { kind, version, granted } = input;
    let (id, at) = (tx.new_id(), tx.now());
    let (ip, user_agent) = (origin.ip.map(|ip| ip.to_string()), origin.user_agent);
    let consent = Consent { id, kind, version, granted, at, ip, user_agent };
    store::insert_consent(tx, &consent).await?;
    let action = if granted { "consent.granted" } else { "consent.withdrawn" };
    let about = json!({ "kind": kind, "version": consent.version });
    audit::record(tx, Change::new("consent", id, action).after(about)).await?;
    Ok(consent)
}

/// What a user agreed to and took back, the newest first.
pub(crate) async fn consents(tx: &mut UserTx, paging: &Paging) -> Result<(Vec<Consent>, i64)> {
    Ok((store::consents(tx, paging).await?, store::count_consents(tx).await?))
}
