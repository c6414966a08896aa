use super::{SettingSchema, SettingVersion, SettingView};
use crate::{
    setting::chain,
    store::{self, Version},
    values,
};
use garde::Validate;
use kit::{App, Cursor, Declaration, Error, Level, Result, Tx, kind::Kind, nearest};
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

/// Which settings are asked for.
#[derive(Default, Deserialize, JsonSchema, Validate)]
#[schemars(rename = "SettingFilter")]
pub(crate) struct Filter {
    /// Only those whose name or description contains it.
    #[garde(length(chars, max = 100))]
    q: Option<String>,
}

/// The setting of this name that may be set at this level.
///
/// # Errors
/// 404 with the nearest name, or with the levels at which it may be set.
pub(crate) fn find(app: &App, level: Level, name: &str) -> Result<&'static Declaration> {
    let unknown = || Error::not_found("setting");
    match app.declared().iter().find(|setting| setting.name == name) {
        Some(setting) if setting.levels.contains(&level) => Ok(setting),
        Some(setting) => Err(unknown().with("levels", serde_json::json!(setting.levels))),
        None => match nearest(name, at(app, level).map(|setting| setting.name)) {
            Some(near) => Err(unknown().with("nearest", near)),
            None => Err(unknown()),
        },
    }
}

fn at(app: &App, level: Level) -> impl Iterator<Item = &'static Declaration> {
    app.declared().iter().copied().filter(move |setting| setting.levels.contains(&level))
}

/// What all settings may be.
pub(crate) fn schema(app: &App) -> Vec<SettingSchema> {
    app.declared().iter().map(|&setting| setting.into()).collect()
}

/// The settings of a level that are asked for.
pub(crate) async fn list<K: Kind>(
    tx: &mut Tx<K>,
    app: &App,
    level: Level,
    filter: &Filter,
) -> Result<Vec<SettingView>> {
    let q = filter.q.as_deref().unwrap_or_default().to_lowercase();
    let meant = |setting: &Declaration| setting.name.contains(&q) || setting.description.to_lowercase().contains(&q);
    views(tx, level, at(app, level).filter(|setting| meant(setting)).collect()).await
}

/// A setting at a level.
pub(crate) async fn show<K: Kind>(tx: &mut Tx<K>, level: Level, setting: &'static Declaration) -> Result<SettingView> {
    let view = views(tx, level, vec![setting]).await?.pop();
    view.ok_or_else(|| Error::not_found("setting"))
}

/// How these settings stand at a level and above it.
async fn views<K: Kind>(tx: &mut Tx<K>, level: Level, settings: Vec<&'static Declaration>) -> Result<Vec<SettingView>> {
    let mut set: Vec<(Level, Version)> = vec![];
    for above in [Level::User, Level::Tenant, Level::System].into_iter().filter(|above| *above <= level) {
        let at_level =
            settings.iter().filter_map(|setting| owner(tx, setting, above).map(|owner| (owner, setting.name)));
        let (owners, names): (Vec<_>, Vec<_>) = at_level.unzip();
        if let Some(&owner) = owners.first() {
            let latest = store::latest(tx, owner, &names).await?;
            set.extend(latest.into_iter().map(|version| (above, version)));
        }
    }
    let of = |setting: &'static Declaration| {
        let own = set.iter().find(|(at, it)| *at == level && it.name == setting.name).map(|(_, it)| it);
        let holding = set.iter().filter(|(_, it)| it.name == setting.name).find(|(_, it)| holds(setting, it));
        SettingView::new(setting, level, own, holding.map(|(at, it)| (*at, it)))
    };
    Ok(settings.into_iter().map(of).collect())
}

fn owner<K: Kind>(tx: &Tx<K>, setting: &Declaration, level: Level) -> Option<Uuid> {
    chain(tx, setting).into_iter().find(|(at, _)| *at == level).map(|(_, owner)| owner)
}

/// Whether it is set to what it may be; of a secret it is enough that it is set.
fn holds(setting: &Declaration, version: &Version) -> bool {
    match &version.value {
        Some(value) => values::faults(setting, value, "").is_empty(),
        None => version.is_set(),
    }
}

/// The versions of a setting at a level, the last one first.
pub(crate) async fn history<K: Kind>(
    tx: &mut Tx<K>,
    level: Level,
    setting: &Declaration,
    cursor: &Cursor,
) -> Result<Vec<SettingVersion>> {
    let Some(owner) = owner(tx, setting, level) else { return Ok(vec![]) };
    let between = (place(cursor.before.as_deref(), "before")?, place(cursor.after.as_deref(), "after")?);
    let versions = store::versions(tx, owner, setting.name, between, cursor.limit()).await?;
    Ok(versions.into_iter().map(SettingVersion::from).collect())
}

/// The version that a cursor names.
pub(crate) fn place(text: Option<&str>, path: &str) -> Result<Option<i32>> {
    let place = text.map(str::parse).transpose();
    place.map_err(|_| Error::invalid(path, "BAD_CURSOR", "Not a place in the history."))
}
