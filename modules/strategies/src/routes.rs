use crate::{
    DeleteStrategies, Draft, ReadStrategies, Strategy, WriteStrategies,
    service::{self, Search, Summary, Verdict, Version},
    templates::{self, Template},
};
use kit::{Caller, Created, Json, NoContent, Page, Paging, Path, Query, Result, Route, delete, get, post, put, routes};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

pub(crate) static ROUTES: &[Route] =
    routes![list, create, show_schema, list_templates, validate, show, replace, remove, list_versions, show_version];

/// Lists the tenant's strategies, the last changed first.
#[get("/api/v1/strategies")]
async fn list(caller: Caller<ReadStrategies>, Query(search): Query<Search>, paging: Paging) -> Result<Page<Summary>> {
    let mut tx = caller.begin().await?;
    let (strategies, total) = service::list(&mut tx, &search, &paging).await?;
    Ok(Page::new(strategies, &paging, total))
}

/// Stores a strategy document.
///
/// Its name is the document's own and is the tenant's only one.
#[post("/api/v1/strategies")]
async fn create(caller: Caller<WriteStrategies>, Json(draft): Json<Draft>) -> Result<Created<Strategy>> {
    let mut tx = caller.begin().await?;
    let strategy = service::create(&mut tx, &draft).await?;
    tx.commit().await?;
    Ok(Created(strategy))
}

/// Shows the JSON Schema of a strategy document.
#[get("/api/v1/strategies/schema")]
async fn show_schema(_: Caller<ReadStrategies>) -> Result<Json<Value>> {
    Ok(Json(trading::strategy::schema()))
}

/// Lists strategies to begin with.
#[get("/api/v1/strategies/templates")]
async fn list_templates(_: Caller<ReadStrategies>) -> Result<Json<Vec<Template>>> {
    templates::all().map(Json)
}

/// Checks a strategy document without storing it.
///
/// Always answers 200: `valid` is the verdict, `errors` holds every fault by its path.
#[post("/api/v1/strategies/validate")]
async fn validate(_: Caller<ReadStrategies>, Json(draft): Json<Draft>) -> Result<Json<Verdict>> {
    Ok(Json(service::validate(&draft)))
}

/// Shows a strategy at its latest version.
#[get("/api/v1/strategies/{id}")]
async fn show(caller: Caller<ReadStrategies>, Path(id): Path<Uuid>) -> Result<Json<Strategy>> {
    let mut tx = caller.begin().await?;
    service::get(&mut tx, id, None).await.map(Json)
}

/// Writes a new version of a strategy.
///
/// The versions before stay as they are. The same document once more changes nothing.
#[put("/api/v1/strategies/{id}")]
async fn replace(
    caller: Caller<WriteStrategies>,
    Path(id): Path<Uuid>,
    Json(draft): Json<Draft>,
) -> Result<Json<Strategy>> {
    let mut tx = caller.begin().await?;
    let strategy = service::replace(&mut tx, id, &draft).await?;
    tx.commit().await?;
    Ok(Json(strategy))
}

/// Deletes a strategy with all its versions.
#[delete("/api/v1/strategies/{id}")]
async fn remove(caller: Caller<DeleteStrategies>, Path(id): Path<Uuid>) -> Result<NoContent> {
    let mut tx = caller.begin().await?;
    service::delete(&mut tx, id).await?;
    tx.commit().await?;
    Ok(NoContent)
}

/// Lists the versions of a strategy, the latest first.
#[get("/api/v1/strategies/{id}/versions")]
async fn list_versions(caller: Caller<ReadStrategies>, Path(id): Path<Uuid>, paging: Paging) -> Result<Page<Version>> {
    let mut tx = caller.begin().await?;
    let (versions, total) = service::versions(&mut tx, id, &paging).await?;
    Ok(Page::new(versions, &paging, total))
}

#[derive(Deserialize, JsonSchema)]
struct VersionPath {
    id: Uuid,
    version: i32,
}

/// Shows a strategy as it was at a version.
#[get("/api/v1/strategies/{id}/versions/{version}")]
async fn show_version(caller: Caller<ReadStrategies>, Path(path): Path<VersionPath>) -> Result<Json<Strategy>> {
    let mut tx = caller.begin().await?;
    service::get(&mut tx, path.id, Some(path.version)).await.map(Json)
}
