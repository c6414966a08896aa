//! What is on for the caller.

use crate::{
    ManageConfigurations, ReadConfigurations,
    flags::{self, Choice, Verdict},
};
use kit::{Caller, Events, Json, Path, Result, delete, get, put};
use std::collections::BTreeMap;

/// Shows which features are on for the caller, by their keys.
#[get("/api/v1/configurations/flags")]
pub(super) async fn list_verdicts(caller: Caller<ReadConfigurations>) -> Result<Json<BTreeMap<String, Verdict>>> {
    flags::verdicts(&mut caller.begin().await?).await.map(Json)
}

/// Tells which features are on for the caller, at once and again whenever that changes, as server-sent events.
///
/// Each event is called `flags` and holds all features by their keys. A stream ends after five minutes, or when
/// something changes of who the caller is; whoever still wants to listen connects again. Five may be open at once.
#[get("/api/v1/configurations/flags/stream")]
pub(super) async fn follow(caller: Caller<ReadConfigurations>) -> Result<Events> {
    flags::stream(caller).await
}

/// Shows whether a feature is on for the caller.
#[get("/api/v1/configurations/flags/{key}")]
pub(super) async fn show_verdict(caller: Caller<ReadConfigurations>, Path(key): Path<String>) -> Result<Json<Verdict>> {
    flags::verdict(&mut caller.begin().await?, &key).await.map(Json)
}

/// Turns a feature on or off for the tenant, where the platform leaves it to the tenant.
#[put("/api/v1/configurations/flags/{key}")]
pub(super) async fn choose(
    caller: Caller<ManageConfigurations>,
    Path(key): Path<String>,
    Json(choice): Json<Choice>,
) -> Result<Json<Verdict>> {
    let mut tx = caller.begin().await?;
    flags::choose(&mut tx, &key, &choice).await?;
    tx.commit().await?;
    flags::verdict(&mut caller.begin().await?, &key).await.map(Json)
}

/// Leaves it to the platform again whether a feature is on for the tenant.
#[delete("/api/v1/configurations/flags/{key}")]
pub(super) async fn unchoose(caller: Caller<ManageConfigurations>, Path(key): Path<String>) -> Result<Json<Verdict>> {
    let mut tx = caller.begin().await?;
    flags::unchoose(&mut tx, &key).await?;
    tx.commit().await?;
    flags::verdict(&mut caller.begin().await?, &key).await.map(Json)
}
