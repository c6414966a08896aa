use crate::{
    error,
    jobs::{Event, SendNotice},
    store::{self, Passkey},
};
use audit::Change;
use auth::protocol::{Form, invalid};
use garde::Validate;
use kit::{Result, UserTx, enqueue_job};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

/// Which passkey is to be called something else.
#[derive(Deserialize, JsonSchema, Validate)]
pub(crate) struct UpdatePasskey {
    #[garde(length(max = 100))]
    id: String,
    /// What the user calls it from now on.
    #[garde(length(max = 200))]
    name: String,
}

impl Form for UpdatePasskey {}

/// Which passkey is to be removed.
#[derive(Deserialize, JsonSchema, Validate)]
pub(crate) struct DeletePasskey {
    #[garde(length(max = 100))]
    id: String,
}

impl Form for DeletePasskey {}

/// The user's passkeys, the oldest first.
pub(crate) async fn list(tx: &mut UserTx, user: Uuid) -> Result<Vec<Passkey>> {
    store::list(tx, user).await
}

/// Gives a passkey of the user's another name.
///
/// # Errors
/// 404 `PASSKEY_NOT_FOUND`, also for somebody else's; 400 for a name of nothing.
pub(crate) async fn rename(tx: &mut UserTx, form: &UpdatePasskey) -> Result<Passkey> {
    let name = form.name.trim();
    if name.is_empty() {
        return Err(invalid("body", "name", "Too small: expected string to have >=1 characters"));
    }
    let passkey = find(tx, &form.id).await?;
    store::rename(tx, passkey.id, name).await?;
    let change = Change::new("passkey", passkey.id, "passkey.renamed");
    let change = change.before(json!({ "name": passkey.name })).after(json!({ "name": name }));
    audit::record(tx, change).await?;
    Ok(Passkey { name: Some(name.to_owned()), ..passkey })
}

/// Removes a passkey of the user's: nobody signs in by it any more.
///
/// # Errors
/// 404 `PASSKEY_NOT_FOUND`, also for somebody else's.
pub(crate) async fn remove(tx: &mut UserTx, form: &DeletePasskey) -> Result<()> {
    let passkey = find(tx, &form.id).await?;
    store::remove(tx, passkey.id).await?;
    let before = json!({ "name": passkey.name, "aaguid": passkey.aaguid, "transports": passkey.transports });
    audit::record(tx, Change::new("passkey", passkey.id, "passkey.removed").before(before)).await?;
    enqueue_job(tx, &SendNotice { user: passkey.user_id, event: Event::Removed }).await?;
    Ok(())
}

async fn find(tx: &mut UserTx, id: &str) -> Result<Passkey> {
    let id = Uuid::parse_str(id).map_err(|_| error::not_found())?;
    store::lock_own(tx, id).await?.ok_or_else(error::not_found)
}
