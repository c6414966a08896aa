use super::{Owner, find, view::Trace};
use crate::{
    store::{self, NewVersion, Version},
    values,
};
use garde::Validate;
use kit::{App, Declaration, Error, Result, Tx};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// What a setting is to be.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SettingChange")]
pub(crate) struct Change {
    /// As the setting's schema has it.
    #[garde(skip)]
    value: Value,
    /// The version that the change is based on, 0 for none: if another came between, it is refused.
    #[serde(default)]
    #[garde(inner(range(min = 0)))]
    version: Option<i32>,
}

/// What settings are to be, by name; `null` takes a value back.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(transparent)]
#[garde(transparent)]
#[schemars(rename = "SettingChanges")]
pub(crate) struct Changes(#[garde(length(min = 1, max = 100))] BTreeMap<String, Value>);

/// The version that is to hold again.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rollback {
    #[garde(range(min = 1))]
    version: i32,
}

/// Sets a setting of whoever the transaction is of. The same value once more changes nothing.
///
/// # Errors
/// 409 `SETTING_CHANGED` when another change came between; 422 for what it may not be.
pub(crate) async fn change<K: Owner>(
    tx: &mut Tx<K>,
    app: &App,
    setting: &'static Declaration,
    wish: Change,
) -> Result<()> {
    refuse(values::faults(setting, &wish.value, "value"))?;
    write(tx, app, setting, Some(wish.value), wish.version, "setting.changed").await
}

/// Takes the value of a setting back.
pub(crate) async fn reset<K: Owner>(tx: &mut Tx<K>, app: &App, setting: &'static Declaration) -> Result<()> {
    write(tx, app, setting, None, None, "setting.reset").await
}

/// Sets many settings, or none if one of them may not be what is wished.
///
/// # Errors
/// 404 for a name that there is not, 422 with each fault by its setting's name, and what `fit` refuses.
pub(crate) async fn change_many<K: Owner>(
    tx: &mut Tx<K>,
    app: &App,
    Changes(wishes): Changes,
    fit: impl Fn(&Declaration) -> Result<()>,
) -> Result<()> {
    let mut faults = vec![];
    let mut changes = vec![];
    for (name, value) in wishes {
        let setting = find(app, K::LEVEL, &name).map_err(|unknown| unknown.with("name", name.as_str()))?;
        fit(setting)?;
        let value = Some(value).filter(|value| !value.is_null());
        faults.extend(value.iter().flat_map(|value| values::faults(setting, value, &name)));
        changes.push((setting, value));
    }
    refuse(faults)?;
    // in the order of their names, so that two of these wait for each other one way only
    for (setting, value) in changes {
        let action = if value.is_some() { "setting.changed" } else { "setting.reset" };
        write(tx, app, setting, value, None, action).await?;
    }
    Ok(())
}

/// Makes what a setting once was hold again, as a new version.
///
/// # Errors
/// 404 for a version that there is not; 422 for what it may no longer be.
pub(crate) async fn roll_back<K: Owner>(
    tx: &mut Tx<K>,
    app: &App,
    setting: &'static Declaration,
    to: &Rollback,
) -> Result<()> {
    let owner = K::id(tx);
    let version = store::version(tx, owner, setting.name, to.version).await?;
    let value = version.ok_or_else(|| Error::not_found("version"))?.open(app.vault())?;
    refuse(value.iter().flat_map(|value| values::faults(setting, value, "version")).collect())?;
    write(tx, app, setting, value, None, "setting.rolled-back").await
}

fn refuse(faults: Vec<kit::Fault>) -> Result<()> {
    if faults.is_empty() { Ok(()) } else { Err(Error::faults(faults)) }
}

async fn write<K: Owner>(
    tx: &mut Tx<K>,
    app: &App,
    setting: &'static Declaration,
    value: Option<Value>,
    based_on: Option<i32>,
    action: &'static str,
) -> Result<()> {
    let (owner, name) = (K::id(tx), setting.name);
    store::lock(tx, owner, name).await?;
    let before = store::latest(tx, owner, &[name]).await?.pop();
    let version = before.as_ref().map_or(0, |it| it.version);
    if based_on.is_some_and(|expected| expected != version) {
        let message = "Somebody has changed the setting meanwhile.";
        return Err(Error::conflict("SETTING_CHANGED", message).with("version", version));
    }
    if before.as_ref().map(|it| it.open(app.vault())).transpose()?.flatten() == value {
        return Ok(());
    }
    let sealed = value.as_ref().filter(|_| values::is_secret(setting)).and_then(Value::as_str);
    let place = Version::place(name);
    let sealed =
        sealed.map(|text| app.vault().seal(app.ids(), &owner.to_string(), &place, text.as_bytes())).transpose()?;
    let value = value.filter(|_| sealed.is_none());
    let new = NewVersion { level: K::LEVEL, name, version: version + 1, value, sealed };
    let after = store::insert_version(tx, new).await?;
    let mut change = audit::Change::new("setting", name, action).after(Trace::from(&after));
    if let Some(before) = &before {
        change = change.before(Trace::from(before));
    }
    audit::record(tx, change).await?;
    // what it was is remembered at every server
    tx.takes_away();
    Ok(())
}
