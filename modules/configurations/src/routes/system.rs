//! The platform's settings, for its operators.

use super::begin;
use crate::{
    ManageConfigurations, ReadConfigurations, WriteConfigurations,
    service::{self, Change, Changes, Filter, Rollback, SettingVersion, SettingView},
    values,
};
use kit::{
    Cursor, Declaration, Error, Feed, Json, Level, NoContent, Operator, Path, Permission, Query, Result, delete, get,
    patch, post, put,
};

const LEVEL: Level = Level::System;

/// Lists the platform's settings, by name.
#[get("/api/v1/configurations/system")]
pub(super) async fn list_system(
    operator: Operator<ReadConfigurations>,
    Query(filter): Query<Filter>,
) -> Result<Json<Vec<SettingView>>> {
    let mut tx = begin(&operator).await?;
    service::list(&mut tx, operator.app(), LEVEL, &filter).await.map(Json)
}

/// Sets many of the platform's settings, or none of them if one may not be what is wished.
#[patch("/api/v1/configurations/system")]
pub(super) async fn change_many_of_system(
    operator: Operator<WriteConfigurations>,
    Json(changes): Json<Changes>,
) -> Result<Json<Vec<SettingView>>> {
    let mut tx = begin(&operator).await?;
    service::change_many(&mut tx, operator.app(), changes, |setting| admit(&operator, setting)).await?;
    let settings = service::list(&mut tx, operator.app(), LEVEL, &Filter::default()).await?;
    tx.commit().await?;
    Ok(Json(settings))
}

/// Shows a setting of the platform.
#[get("/api/v1/configurations/system/{name}")]
pub(super) async fn show_system(
    operator: Operator<ReadConfigurations>,
    Path(name): Path<String>,
) -> Result<Json<SettingView>> {
    let setting = service::find(operator.app(), LEVEL, &name)?;
    service::show(&mut begin(&operator).await?, LEVEL, setting).await.map(Json)
}

/// Sets a setting of the platform. A secret needs `configurations:manage`.
#[put("/api/v1/configurations/system/{name}")]
pub(super) async fn change_system(
    operator: Operator<WriteConfigurations>,
    Path(name): Path<String>,
    Json(wish): Json<Change>,
) -> Result<Json<SettingView>> {
    let setting = writable(&operator, &name)?;
    let mut tx = begin(&operator).await?;
    service::change(&mut tx, operator.app(), setting, wish).await?;
    let view = service::show(&mut tx, LEVEL, setting).await?;
    tx.commit().await?;
    Ok(Json(view))
}

/// Takes the platform's value of a setting back.
#[delete("/api/v1/configurations/system/{name}")]
pub(super) async fn reset_system(
    operator: Operator<WriteConfigurations>,
    Path(name): Path<String>,
) -> Result<NoContent> {
    let setting = writable(&operator, &name)?;
    let mut tx = begin(&operator).await?;
    service::reset(&mut tx, operator.app(), setting).await?;
    tx.commit().await?;
    Ok(NoContent)
}

/// Lists how a setting of the platform was set, the last time first.
#[get("/api/v1/configurations/system/{name}/history")]
pub(super) async fn list_system_history(
    operator: Operator<ReadConfigurations>,
    Path(name): Path<String>,
    Query(cursor): Query<Cursor>,
) -> Result<Feed<SettingVersion>> {
    let setting = service::find(operator.app(), LEVEL, &name)?;
    let mut tx = begin(&operator).await?;
    let versions = service::history(&mut tx, LEVEL, setting, &cursor).await?;
    Ok(Feed::new(versions, cursor.limit(), super::place))
}

/// Makes an earlier version of a setting of the platform hold again.
#[post("/api/v1/configurations/system/{name}/rollback")]
pub(super) async fn roll_back_system(
    operator: Operator<WriteConfigurations>,
    Path(name): Path<String>,
    Json(to): Json<Rollback>,
) -> Result<Json<SettingView>> {
    let setting = writable(&operator, &name)?;
    let mut tx = begin(&operator).await?;
    service::roll_back(&mut tx, operator.app(), setting, &to).await?;
    let view = service::show(&mut tx, LEVEL, setting).await?;
    tx.commit().await?;
    Ok(Json(view))
}

/// The setting of this name, if the operator may set it.
fn writable(operator: &Operator<WriteConfigurations>, name: &str) -> Result<&'static Declaration> {
    let setting = service::find(operator.app(), LEVEL, name)?;
    admit(operator, setting).map(|()| setting)
}

fn admit(operator: &Operator<WriteConfigurations>, setting: &Declaration) -> Result<()> {
    if values::is_secret(setting) && !operator.identity().platform.hold(ManageConfigurations::NAME) {
        return Err(Error::lacks(ManageConfigurations::NAME));
    }
    Ok(())
}
