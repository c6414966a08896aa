//! The rules, by verb.

mod create;
mod form;
mod list;
mod rotate;
mod update;

pub use create::{NewKey, issue_key};

pub(crate) use create::create;
pub(crate) use form::{CreateKey, DeleteKey, GetKey, ListKeys, RotateKey, UpdateKey};
pub(crate) use list::list;
pub(crate) use rotate::rotate;
pub(crate) use update::update;

use crate::{
    error,
    lookup::Found,
    store::{self, Key},
    view::KeyView,
};
use audit::Change;
use kit::{App, Origin, Reason, Result, Scope, TenantTx};
use serde_json::json;
use uuid::Uuid;

/// One of the user's own keys in the tenant.
///
/// # Errors
/// 404 for any other.
pub(crate) async fn find(tx: &mut TenantTx, id: &str) -> Result<Key> {
    let id = Uuid::parse_str(id).map_err(|_| error::key_not_found())?;
    store::list(tx, Some(id)).await?.pop().ok_or_else(error::key_not_found)
}

/// The same, kept from changing until the transaction ends.
async fn lock(tx: &mut TenantTx, id: &str) -> Result<Key> {
    let id = Uuid::parse_str(id).map_err(|_| error::key_not_found())?;
    store::lock(tx, id).await?.ok_or_else(error::key_not_found)
}

/// Ends one of the user's own keys.
pub(crate) async fn delete(tx: &mut TenantTx, id: &str) -> Result<()> {
    let key = lock(tx, id).await?;
    store::remove(tx, key.id).await?;
    audit::record(tx, Change::new("api-key", key.id, "api-key.deleted").before(KeyView::from(&key))).await
}

/// Takes one of the uses that a key has left. Answers false when it has none.
pub(crate) async fn spend(app: &App, key: Uuid) -> Result<bool> {
    store::spend(app.db(), key).await
}

/// Records, once for each address, that a key was used or refused there.
pub(crate) async fn notice(app: &App, key: &Found, origin: &Origin, allowed: bool) -> Result<()> {
    let Some(ip) = origin.ip.map(|ip| ip.to_string()) else { return Ok(()) };
    let tx = app.db().system(Reason::ApiKey, origin.clone()).await?;
    #[expect(clippy::disallowed_methods, reason = "the key is known, and the tenant is its own")]
    let mut tx = tx.enter(Scope::new(key.membership.tenant, Some(key.user.id))).await?;
    if !store::add_address(&mut tx, key.id, &ip, allowed).await? {
        return Ok(());
    }
    let action = if allowed { "api-key.used-from-new-address" } else { "api-key.refused-at-address" };
    audit::record(&mut tx, Change::new("api-key", key.id, action).after(json!({ "address": ip }))).await?;
    tx.commit().await
}
