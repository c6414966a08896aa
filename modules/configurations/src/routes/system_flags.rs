//! The definitions of feature flags, for the platform's operators.

use super::begin;
use crate::{
    ManageConfigurations, ReadConfigurations,
    flags::{self, Flag, FlagChange, FlagVersion},
};
use kit::{Cursor, Feed, Json, NoContent, Operator, Path, Query, Result, delete, get, post, put};

/// Lists all feature flags, by key.
#[get("/api/v1/configurations/system/flags")]
pub(super) async fn list_flags(operator: Operator<ReadConfigurations>) -> Result<Json<Vec<Flag>>> {
    flags::list(&mut begin(&operator).await?).await.map(Json)
}

/// Shows a feature flag.
#[get("/api/v1/configurations/system/flags/{key}")]
pub(super) async fn show_flag(operator: Operator<ReadConfigurations>, Path(key): Path<String>) -> Result<Json<Flag>> {
    flags::show(&mut begin(&operator).await?, &key).await.map(Json)
}

/// Defines a feature flag, a new one or one that there is.
#[put("/api/v1/configurations/system/flags/{key}")]
pub(super) async fn change_flag(
    operator: Operator<ManageConfigurations>,
    Path(key): Path<String>,
    Json(wish): Json<FlagChange>,
) -> Result<Json<Flag>> {
    let mut tx = begin(&operator).await?;
    let flag = flags::change(&mut tx, &key, wish).await?;
    tx.commit().await?;
    Ok(Json(flag))
}

/// Turns a feature off for everybody at once.
///
/// It stays off, whatever its rules and the tenants' choices say, until it is defined as enabled again.
#[post("/api/v1/configurations/system/flags/{key}/kill")]
pub(super) async fn kill_flag(operator: Operator<ManageConfigurations>, Path(key): Path<String>) -> Result<Json<Flag>> {
    let mut tx = begin(&operator).await?;
    let flag = flags::kill(&mut tx, &key).await?;
    tx.commit().await?;
    Ok(Json(flag))
}

/// Removes a feature flag and what tenants chose of it; its history stays.
#[delete("/api/v1/configurations/system/flags/{key}")]
pub(super) async fn remove_flag(
    operator: Operator<ManageConfigurations>,
    Path(key): Path<String>,
) -> Result<NoContent> {
    let mut tx = begin(&operator).await?;
    flags::remove(&mut tx, &key).await?;
    tx.commit().await?;
    Ok(NoContent)
}

/// Lists how a feature flag was defined, the last time first.
#[get("/api/v1/configurations/system/flags/{key}/history")]
pub(super) async fn list_flag_history(
    operator: Operator<ReadConfigurations>,
    Path(key): Path<String>,
    Query(cursor): Query<Cursor>,
) -> Result<Feed<FlagVersion>> {
    let mut tx = begin(&operator).await?;
    let versions = flags::history(&mut tx, &key, &cursor).await?;
    Ok(Feed::new(versions, cursor.limit(), |version| version.version.to_string()))
}
