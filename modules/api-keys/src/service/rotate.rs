use super::{
    create::{NewKey, make},
    form::RotateKey,
    lock,
};
use crate::{
    error,
    limit::Limit,
    store::{self, Key},
    view::{CreatedView, KeyView, RotatedView},
};
use audit::Change;
use chrono::TimeDelta;
use kit::{App, Permissions, Result, TenantTx, Time};
use serde_json::json;

/// How long both keys may be used.
const OVERLAP: TimeDelta = TimeDelta::days(1);
/// How long a key may live.
const LONGEST: TimeDelta = TimeDelta::days(365);

/// Makes a key like one of the user's own, to take its place; the old one may be used until the overlap ends. Uses
/// that are counted go over to the new one at once, so that nobody gains any.
///
/// # Errors
/// 409 `KEY_ROTATED` when another has taken its place already; 409 `TOO_MANY_KEYS`.
pub(crate) async fn rotate(app: &App, tx: &mut TenantTx, held: &Permissions, wish: &RotateKey) -> Result<RotatedView> {
    let old = lock(tx, &wish.key_id).await?;
    if old.replaced_by.is_some() {
        return Err(error::key_rotated());
    }
    let now = tx.now();
    let (key, new) = make(app, tx, &like(&old, held, now)).await?;
    store::drain(tx, old.id).await?;
    let ends = now + wish.overlap_seconds.map_or(OVERLAP, TimeDelta::seconds);
    let ends = Some(old.expires_at.map_or(ends, |end| end.min(ends)));
    let remaining = old.remaining.map(|_| 0);
    let old = Key { replaced_by: Some(new.id), expires_at: ends, remaining, updated_at: now, ..old };
    store::update(tx, &old).await?;
    let (about, previous) = (KeyView::from(&new), KeyView::from(&old));
    let change = json!({ "key": previous, "replacedBy": about });
    audit::record(tx, Change::new("api-key", old.id, "api-key.rotated").after(change)).await?;
    Ok(RotatedView { created: CreatedView { key, about }, previous })
}

/// What a key is made from that is like another: for as long as that one was made, and without what the user no longer
/// holds.
fn like(old: &Key, held: &Permissions, now: Time) -> NewKey {
    let life = |end: Time| (end - old.created_at).min(LONGEST);
    NewKey {
        name: old.name.clone(),
        prefix: old.prefix.clone(),
        permissions: old.permissions.iter().filter(|name| held.hold(name)).cloned().collect(),
        ip_allowlist: old.ip_allowlist.clone(),
        limit: Limit { most: old.rate_limit_max, window: old.rate_limit_time_window },
        remaining: old.remaining,
        expires_at: old.expires_at.map(|end| now + life(end)),
    }
}
