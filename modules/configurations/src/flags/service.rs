use super::{Definition, stream::TOPIC};
use crate::{
    service::place,
    store::{self, StoredFlag},
};
use garde::Validate;
use kit::{Cursor, Error, Fault, Result, SystemTx, TenantTx, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

/// The most flags.
const MOST_FLAGS: usize = 500;
/// The longest key.
const MOST_KEY: usize = 64;

/// A feature flag.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "FeatureFlag")]
pub(crate) struct Flag {
    key: String,
    /// Counted from 1.
    version: i32,
    definition: Definition,
    changed_at: Time,
    changed_by: Option<Uuid>,
}

/// A feature flag as it once was.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FlagVersion {
    pub(crate) version: i32,
    /// `null`: it was removed.
    definition: Option<Definition>,
    changed_at: Time,
    changed_by: Option<Uuid>,
}

/// What a flag is to be.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct FlagChange {
    #[garde(dive)]
    definition: Definition,
    /// The version that the change is based on, 0 for a new flag: if another came between, it is refused.
    #[serde(default)]
    #[garde(inner(range(min = 0)))]
    version: Option<i32>,
}

/// What a tenant chooses.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "FlagChoice")]
pub(crate) struct Choice {
    #[garde(skip)]
    enabled: bool,
}

impl Flag {
    /// A flag, unless it was removed.
    fn of(stored: StoredFlag) -> Option<Self> {
        let StoredFlag { key, version, definition, changed_at, changed_by } = stored;
        Some(Self { key, version, definition: definition?.0, changed_at, changed_by })
    }
}

impl From<StoredFlag> for FlagVersion {
    fn from(stored: StoredFlag) -> Self {
        let StoredFlag { version, definition, changed_at, changed_by, .. } = stored;
        Self { version, definition: definition.map(|it| it.0), changed_at, changed_by }
    }
}

/// All flags, by key.
pub(crate) async fn list(tx: &mut SystemTx) -> Result<Vec<Flag>> {
    Ok(store::flags(tx).await?.into_iter().filter_map(Flag::of).collect())
}

/// A flag.
pub(crate) async fn show(tx: &mut SystemTx, key: &str) -> Result<Flag> {
    let stored = store::flag(tx, key).await?;
    stored.and_then(Flag::of).ok_or_else(|| Error::not_found("flag"))
}

/// The versions of a flag, the last one first.
pub(crate) async fn history(tx: &mut SystemTx, key: &str, cursor: &Cursor) -> Result<Vec<FlagVersion>> {
    let between = (place(cursor.before.as_deref(), "before")?, place(cursor.after.as_deref(), "after")?);
    let versions = store::flag_versions(tx, key, between, cursor.limit()).await?;
    Ok(versions.into_iter().map(FlagVersion::from).collect())
}

/// Defines a flag. The same definition once more changes nothing.
///
/// # Errors
/// 409 `FLAG_CHANGED` when another change came between, `FLAG_LIMIT` when there are too many; 422 for its key.
pub(crate) async fn change(tx: &mut SystemTx, key: &str, wish: FlagChange) -> Result<Flag> {
    is_key(key)?;
    store::lock_flags(tx).await?;
    let before = store::flag(tx, key).await?;
    let version = before.as_ref().map_or(0, |it| it.version);
    if wish.version.is_some_and(|expected| expected != version) {
        return Err(
            Error::conflict("FLAG_CHANGED", "Somebody has changed the flag meanwhile.").with("version", version)
        );
    }
    let present = before.and_then(Flag::of);
    if present.is_none() && list(tx).await?.len() >= MOST_FLAGS {
        let message = format!("There are {MOST_FLAGS} flags, the most that there can be; remove one first.");
        return Err(Error::conflict("FLAG_LIMIT", message));
    }
    match present {
        Some(present) if present.definition == wish.definition => Ok(present),
        present => write(tx, key, present, version, wish.definition, "flag.changed").await,
    }
}

/// Turns a flag off for everybody at once, whatever its version is.
pub(crate) async fn kill(tx: &mut SystemTx, key: &str) -> Result<Flag> {
    store::lock_flags(tx).await?;
    let present = show(tx, key).await?;
    if !present.definition.enabled {
        return Ok(present);
    }
    let (version, definition) = (present.version, Definition { enabled: false, ..present.definition.clone() });
    write(tx, key, Some(present), version, definition, "flag.killed").await
}

/// Removes a flag and what tenants chose of it; its history stays.
pub(crate) async fn remove(tx: &mut SystemTx, key: &str) -> Result<()> {
    store::lock_flags(tx).await?;
    let present = show(tx, key).await?;
    store::insert_flag(tx, key, present.version + 1, None).await?;
    store::remove_choices(tx, key).await?;
    audit::record(tx, audit::Change::new("flag", key, "flag.removed").before(&present)).await?;
    tell(tx).await
}

async fn write(
    tx: &mut SystemTx,
    key: &str,
    before: Option<Flag>,
    version: i32,
    definition: Definition,
    action: &'static str,
) -> Result<Flag> {
    store::insert_flag(tx, key, version + 1, Some(&definition)).await?;
    let after = show(tx, key).await?;
    let mut change = audit::Change::new("flag", key, action).after(&after);
    if let Some(before) = before {
        change = change.before(before);
    }
    audit::record(tx, change).await?;
    tell(tx).await?;
    Ok(after)
}

/// Lets every server forget what the flags were and tell those who listen.
async fn tell(tx: &mut SystemTx) -> Result<()> {
    tx.announce(TOPIC).await?;
    tx.takes_away();
    Ok(())
}

fn is_key(key: &str) -> Result<()> {
    let letters = key.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-');
    if letters && (1..=MOST_KEY).contains(&key.len()) {
        return Ok(());
    }
    let message = format!("At most {MOST_KEY} small letters, digits and hyphens are expected.");
    Err(Error::faults(vec![Fault::new("key", "INVALID", message)]))
}

/// A flag that the tenant's administrators may choose.
///
/// # Errors
/// 404 for a key that there is not; 403 `FLAG_NOT_YOURS` where they may not.
async fn choosable(tx: &mut TenantTx, key: &str) -> Result<()> {
    let flag = store::flag(tx, key).await?.and_then(Flag::of).ok_or_else(|| Error::not_found("flag"))?;
    if flag.definition.tenant_may_choose {
        return Ok(());
    }
    Err(Error::forbidden("FLAG_NOT_YOURS", "The platform decides for whom this is on."))
}

/// Turns a feature on or off for the tenant, before the rules are asked.
pub(crate) async fn choose(tx: &mut TenantTx, key: &str, choice: &Choice) -> Result<()> {
    choosable(tx, key).await?;
    let before = store::choose(tx, key, choice.enabled).await?;
    let after = json!({ "enabled": choice.enabled });
    let mut change = audit::Change::new("flag", key, "flag.chosen").after(after);
    if let Some(before) = before {
        change = change.before(json!({ "enabled": before }));
    }
    audit::record(tx, change).await?;
    tell_tenant(tx).await
}

/// Leaves it to the rules again.
pub(crate) async fn unchoose(tx: &mut TenantTx, key: &str) -> Result<()> {
    choosable(tx, key).await?;
    let Some(before) = store::unchoose(tx, key).await? else { return Ok(()) };
    let change = audit::Change::new("flag", key, "flag.left-to-rules").before(json!({ "enabled": before }));
    audit::record(tx, change).await?;
    tell_tenant(tx).await
}

async fn tell_tenant(tx: &mut TenantTx) -> Result<()> {
    let topic = tx.scope().key(TOPIC);
    tx.announce(&topic).await?;
    tx.takes_away();
    Ok(())
}
