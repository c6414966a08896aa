//! The tenant's settings.

use crate::{
    ManageConfigurations, ReadConfigurations, WriteConfigurations,
    service::{self, Change, Changes, Filter, Rollback, SettingSchema, SettingVersion, SettingView},
    values,
};
use kit::{
    Caller, Cursor, Declaration, Error, Feed, Json, Level, NoContent, Path, Permission, Query, Result, delete, get,
    patch, post, put,
};

const LEVEL: Level = Level::Tenant;

/// Lists the tenant's settings, by name.
#[get("/api/v1/configurations")]
pub(super) async fn list(
    caller: Caller<ReadConfigurations>,
    Query(filter): Query<Filter>,
) -> Result<Json<Vec<SettingView>>> {
    let mut tx = caller.begin().await?;
    service::list(&mut tx, caller.app(), LEVEL, &filter).await.map(Json)
}

/// Sets many of the tenant's settings, or none of them if one may not be what is wished.
#[patch("/api/v1/configurations")]
pub(super) async fn change_many(
    caller: Caller<WriteConfigurations>,
    Json(changes): Json<Changes>,
) -> Result<Json<Vec<SettingView>>> {
    let mut tx = caller.begin().await?;
    service::change_many(&mut tx, caller.app(), changes, |setting| admit(&caller, setting)).await?;
    let settings = service::list(&mut tx, caller.app(), LEVEL, &Filter::default()).await?;
    tx.commit().await?;
    Ok(Json(settings))
}

/// Shows what every setting may be, at which levels.
#[get("/api/v1/configurations/schema")]
pub(super) async fn show_schema(caller: Caller<ReadConfigurations>) -> Result<Json<Vec<SettingSchema>>> {
    Ok(Json(service::schema(caller.app())))
}

/// Shows a setting of the tenant.
#[get("/api/v1/configurations/{name}")]
pub(super) async fn show(caller: Caller<ReadConfigurations>, Path(name): Path<String>) -> Result<Json<SettingView>> {
    let setting = service::find(caller.app(), LEVEL, &name)?;
    service::show(&mut caller.begin().await?, LEVEL, setting).await.map(Json)
}

/// Sets a setting of the tenant. A secret needs `configurations:manage`.
#[put("/api/v1/configurations/{name}")]
pub(super) async fn change(
    caller: Caller<WriteConfigurations>,
    Path(name): Path<String>,
    Json(wish): Json<Change>,
) -> Result<Json<SettingView>> {
    let setting = writable(&caller, &name)?;
    let mut tx = caller.begin().await?;
    service::change(&mut tx, caller.app(), setting, wish).await?;
    let view = service::show(&mut tx, LEVEL, setting).await?;
    tx.commit().await?;
    Ok(Json(view))
}

/// Takes the tenant's value of a setting back.
#[delete("/api/v1/configurations/{name}")]
pub(super) async fn reset(caller: Caller<WriteConfigurations>, Path(name): Path<String>) -> Result<NoContent> {
    let setting = writable(&caller, &name)?;
    let mut tx = caller.begin().await?;
    service::reset(&mut tx, caller.app(), setting).await?;
    tx.commit().await?;
    Ok(NoContent)
}

/// Lists how a setting of the tenant was set, the last time first.
#[get("/api/v1/configurations/{name}/history")]
pub(super) async fn list_history(
    caller: Caller<ReadConfigurations>,
    Path(name): Path<String>,
    Query(cursor): Query<Cursor>,
) -> Result<Feed<SettingVersion>> {
    let setting = service::find(caller.app(), LEVEL, &name)?;
    let versions = service::history(&mut caller.begin().await?, LEVEL, setting, &cursor).await?;
    Ok(Feed::new(versions, cursor.limit(), super::place))
}

/// Makes an earlier version of a setting of the tenant hold again.
#[post("/api/v1/configurations/{name}/rollback")]
pub(super) async fn roll_back(
    caller: Caller<WriteConfigurations>,
    Path(name): Path<String>,
    Json(to): Json<Rollback>,
) -> Result<Json<SettingView>> {
    let setting = writable(&caller, &name)?;
    let mut tx = caller.begin().await?;
    service::roll_back(&mut tx, caller.app(), setting, &to).await?;
    let view = service::show(&mut tx, LEVEL, setting).await?;
    tx.commit().await?;
    Ok(Json(view))
}

/// The setting of this name, if the caller may set it.
fn writable(caller: &Caller<WriteConfigurations>, name: &str) -> Result<&'static Declaration> {
    let setting = service::find(caller.app(), LEVEL, name)?;
    admit(caller, setting).map(|()| setting)
}

fn admit(caller: &Caller<WriteConfigurations>, setting: &Declaration) -> Result<()> {
    if values::is_secret(setting) && !caller.membership().permissions.hold(ManageConfigurations::NAME) {
        return Err(Error::lacks(ManageConfigurations::NAME));
    }
    Ok(())
}
