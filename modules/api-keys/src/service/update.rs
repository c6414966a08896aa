use super::{
    form::{self, UpdateKey},
    lock,
};
use crate::{
    addresses, error,
    limit::Limit,
    store::{self, Key},
    view::KeyView,
};
use audit::Change;
use kit::{Permissions, Result, TenantTx, Time};

/// Changes one of the user's own keys.
///
/// # Errors
/// 400 `NO_VALUES_TO_UPDATE`; 403 for permissions that the user does not hold; 409 `KEY_ROTATED` when the end of a
/// key is to be moved whose place another has taken.
pub(crate) async fn update(tx: &mut TenantTx, held: &Permissions, wish: &UpdateKey) -> Result<KeyView> {
    wish.server_only.refuse()?;
    let before = lock(tx, &wish.key_id).await?;
    if wish.is_empty() {
        return Err(error::nothing_to_update());
    }
    let mut after = before.clone();
    wish.change(&mut after, held, tx.now())?;
    store::update(tx, &after).await?;
    let (before, after) = (KeyView::from(&before), KeyView::from(&after));
    audit::record(tx, Change::new("api-key", &wish.key_id, "api-key.updated").before(before).after(&after)).await?;
    Ok(after)
}

impl UpdateKey {
    fn is_empty(&self) -> bool {
        let Self { name, enabled, expires_in, permissions, ip_allowlist, server_only, .. } = self;
        let limit = self.rate_limit_max.is_some() || self.rate_limit_time_window.is_some();
        let rights = permissions.is_some() || ip_allowlist.is_some() || server_only.says_something();
        !(limit || rights || name.is_some() || enabled.is_some() || expires_in.is_some())
    }

    fn change(&self, key: &mut Key, held: &Permissions, now: Time) -> Result<()> {
        if let Some(name) = &self.name {
            key.name = Some(form::name(name)?);
        }
        key.enabled = self.enabled.unwrap_or(key.enabled);
        if let Some(seconds) = self.expires_in {
            if key.replaced_by.is_some() {
                return Err(error::key_rotated());
            }
            key.expires_at = seconds.map(|seconds| form::end(seconds, now)).transpose()?;
        }
        if let Some(scopes) = &self.permissions {
            key.permissions = scopes.clone().unwrap_or_default().names_within(held)?;
        }
        if let Some(list) = &self.ip_allowlist {
            key.ip_allowlist = addresses::parse(list.as_deref().unwrap_or_default())?;
        }
        let present = Limit { most: key.rate_limit_max, window: key.rate_limit_time_window };
        let limit = form::limit(self.rate_limit_max, self.rate_limit_time_window, present)?;
        (key.rate_limit_max, key.rate_limit_time_window, key.updated_at) = (limit.most, limit.window, now);
        Ok(())
    }
}
