//! The user's own settings.

use crate::service::{self, Change, Filter, Rollback, SettingVersion, SettingView};
use kit::{Cursor, Declaration, Feed, Json, Level, NoContent, Path, Query, Result, SignedIn, delete, get, post, put};

const LEVEL: Level = Level::User;

/// Lists the user's own settings, by name.
#[get("/api/v1/configurations/mine")]
pub(super) async fn list_mine(caller: SignedIn, Query(filter): Query<Filter>) -> Result<Json<Vec<SettingView>>> {
    let app = caller.app();
    let settings = match works_in_tenant(&caller) {
        true => service::list(&mut caller.begin_in_tenant().await?, app, LEVEL, &filter).await,
        false => service::list(&mut caller.begin().await?, app, LEVEL, &filter).await,
    };
    settings.map(Json)
}

/// Shows a setting of the user's own.
#[get("/api/v1/configurations/mine/{name}")]
pub(super) async fn show_mine(caller: SignedIn, Path(name): Path<String>) -> Result<Json<SettingView>> {
    let setting = service::find(caller.app(), LEVEL, &name)?;
    shown(&caller, setting).await
}

/// Sets a setting of the user's own.
#[put("/api/v1/configurations/mine/{name}")]
pub(super) async fn change_mine(
    caller: SignedIn,
    Path(name): Path<String>,
    Json(wish): Json<Change>,
) -> Result<Json<SettingView>> {
    let setting = service::find(caller.app(), LEVEL, &name)?;
    let mut tx = caller.begin().await?;
    service::change(&mut tx, caller.app(), setting, wish).await?;
    tx.commit().await?;
    shown(&caller, setting).await
}

/// Takes the user's own value of a setting back.
#[delete("/api/v1/configurations/mine/{name}")]
pub(super) async fn reset_mine(caller: SignedIn, Path(name): Path<String>) -> Result<NoContent> {
    let setting = service::find(caller.app(), LEVEL, &name)?;
    let mut tx = caller.begin().await?;
    service::reset(&mut tx, caller.app(), setting).await?;
    tx.commit().await?;
    Ok(NoContent)
}

/// Lists how a setting of the user's own was set, the last time first.
#[get("/api/v1/configurations/mine/{name}/history")]
pub(super) async fn list_my_history(
    caller: SignedIn,
    Path(name): Path<String>,
    Query(cursor): Query<Cursor>,
) -> Result<Feed<SettingVersion>> {
    let setting = service::find(caller.app(), LEVEL, &name)?;
    let versions = service::history(&mut caller.begin().await?, LEVEL, setting, &cursor).await?;
    Ok(Feed::new(versions, cursor.limit(), super::place))
}

/// Makes an earlier version of a setting of the user's own hold again.
#[post("/api/v1/configurations/mine/{name}/rollback")]
pub(super) async fn roll_back_mine(
    caller: SignedIn,
    Path(name): Path<String>,
    Json(to): Json<Rollback>,
) -> Result<Json<SettingView>> {
    let setting = service::find(caller.app(), LEVEL, &name)?;
    let mut tx = caller.begin().await?;
    service::roll_back(&mut tx, caller.app(), setting, &to).await?;
    tx.commit().await?;
    shown(&caller, setting).await
}

/// The setting as it holds for the user, in their tenant where they are in one.
async fn shown(caller: &SignedIn, setting: &'static Declaration) -> Result<Json<SettingView>> {
    let view = match works_in_tenant(caller) {
        true => service::show(&mut caller.begin_in_tenant().await?, LEVEL, setting).await,
        false => service::show(&mut caller.begin().await?, LEVEL, setting).await,
    };
    view.map(Json)
}

/// Whether there is a tenant whose values may hold for the user.
fn works_in_tenant(caller: &SignedIn) -> bool {
    caller.identity().membership.as_ref().is_some_and(|it| it.state.admit().is_ok())
}
