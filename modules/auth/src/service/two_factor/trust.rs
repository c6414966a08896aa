//! Devices that are not asked for the second factor: each has a cookie, whose secret is replaced whenever it is used.

use crate::{AuthSettings, cookie::Cookies, guard::Visitor, signer::Signer, store, token};
use axum::http::HeaderValue;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use chrono::TimeDelta;
use kit::{App, Result, SystemTx};
use uuid::Uuid;

const COOKIE: &str = "trust_device";
const AGE: TimeDelta = TimeDelta::days(30);

/// Trusts a device for 30 days: the cookie that it keeps.
pub(super) async fn trust(app: &App, tx: &mut SystemTx, user: Uuid) -> Result<Option<HeaderValue>> {
    let id = format!("trust-device-{}", app.ids().token(token::LENGTH));
    store::insert_trusted_device(tx, user, &token::hash(&id), tx.now() + AGE).await?;
    let proof = BASE64.encode(app.the::<AuthSettings>()?.signer.sign(&format!("{user}!{id}")));
    Ok(Cookies::of(app)?.signed(COOKIE, &format!("{proof}!{id}"), Some(AGE)))
}

/// Whether the visitor's device is trusted by the user: then its next cookie.
pub(crate) async fn is_trusted(visitor: &Visitor, tx: &mut SystemTx, user: Uuid) -> Result<Option<HeaderValue>> {
    let Some(text) = visitor.cookie(COOKIE) else { return Ok(None) };
    let Some(id) = id_of(&text, user, &visitor.app.the::<AuthSettings>()?.signer) else { return Ok(None) };
    if !store::take_trusted_device(tx, user, &token::hash(id)).await? {
        return Ok(None);
    }
    trust(&visitor.app, tx, user).await
}

/// What takes the cookie away.
pub(crate) fn expired(app: &App) -> Result<Option<HeaderValue>> {
    Ok(Cookies::of(app)?.expire(COOKIE))
}

/// Takes a cookie away that no longer says anything, if the visitor has one.
pub(super) fn stale(visitor: &Visitor) -> Result<Option<HeaderValue>> {
    if visitor.cookie(COOKIE).is_some() { expired(&visitor.app) } else { Ok(None) }
}

fn id_of<'a>(text: &'a str, user: Uuid, signer: &Signer) -> Option<&'a str> {
    let (proof, id) = text.split_once('!')?;
    signer.verify(&format!("{user}!{id}"), &BASE64.decode(proof).ok()?).then_some(id)
}
