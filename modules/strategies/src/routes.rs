use crate::{
    DeleteStrategies, Draft, ReadStrategies, Strategy, WriteStrategies, schema,
    service::{
        self, Search, Summary, Verdict, Version, Viewer,
        diff::{self, Diff, Versions},
        sharing::{self, Sharing},
        transfer::{self, Copy, Imported, MAX_FILE, Manner},
    },
    templates::{self, Template},
};
use kit::{
    Caller, Content, Created, Json, NoContent, Page, Paging, Path, Query, Result, Route, Upload, delete, get, post,
    put, routes,
};
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

pub(crate) static ROUTES: &[Route] = routes![
    list,
    create,
    show_schema,
    list_templates,
    use_template,
    validate,
    import,
    export_all,
    show,
    replace,
    remove,
    list_versions,
    show_version,
    show_diff,
    export,
    copy,
    show_sharing,
    share,
    archive,
    restore
];

/// The media type of documents on lines.
const LINES: &str = "application/x-ndjson";

/// Lists the strategies that the caller sees, the last changed first.
#[get("/api/v1/strategies")]
async fn list(caller: Caller<ReadStrategies>, Query(search): Query<Search>, paging: Paging) -> Result<Page<Summary>> {
    let mut tx = caller.begin().await?;
    let (strategies, total) = service::list(&mut tx, Viewer::of(&caller), &search, &paging).await?;
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

/// Shows the JSON Schema of a strategy document, of every kind of bot.
#[get("/api/v1/strategies/schema")]
async fn show_schema(_: Caller<ReadStrategies>, known: schema::Known) -> Result<schema::Published> {
    Ok(schema::published(&known))
}

/// Lists strategies to begin with.
#[get("/api/v1/strategies/templates")]
async fn list_templates(_: Caller<ReadStrategies>) -> Result<Json<Vec<Template>>> {
    templates::all().map(Json)
}

/// Makes a strategy of the caller's from a template.
#[post("/api/v1/strategies/templates/{id}")]
async fn use_template(
    caller: Caller<WriteStrategies>,
    Path(id): Path<String>,
    Json(copy): Json<Copy>,
) -> Result<Created<Strategy>> {
    let mut tx = caller.begin().await?;
    let strategy = transfer::from_template(&mut tx, &id, copy).await?;
    tx.commit().await?;
    Ok(Created(strategy))
}

/// Checks a strategy document without storing it.
///
/// Always answers 200: `valid` is the verdict, `errors` holds every fault by its path, `warnings` what keeps the rules
/// and is worth a second look.
#[post("/api/v1/strategies/validate")]
async fn validate(_: Caller<ReadStrategies>, Json(draft): Json<Draft>) -> Result<Json<Verdict>> {
    Ok(Json(service::validate(&draft)))
}

/// Takes in the strategies of a file, all of them or none.
///
/// The file holds a document, a list of documents, or one on each line, as an export does. `onConflict` says what
/// becomes of one whose name is taken.
#[post("/api/v1/strategies/import")]
async fn import(
    caller: Caller<WriteStrategies>,
    Query(manner): Query<Manner>,
    file: Upload,
) -> Result<Created<Imported>> {
    let file = file.read(MAX_FILE).await?;
    let mut tx = caller.begin().await?;
    let imported = transfer::import(&mut tx, Viewer::of(&caller), &file, &manner).await?;
    tx.commit().await?;
    Ok(Created(imported))
}

/// Exports every strategy that the caller sees and nobody put away: a document on each line.
#[get("/api/v1/strategies/export")]
async fn export_all(caller: Caller<ReadStrategies>) -> Result<Content> {
    let mut tx = caller.begin().await?;
    Ok(Content::new(LINES, transfer::export(&mut tx, Viewer::of(&caller)).await?))
}

/// Shows a strategy at its latest version.
#[get("/api/v1/strategies/{id}")]
async fn show(caller: Caller<ReadStrategies>, Path(id): Path<Uuid>) -> Result<Json<Strategy>> {
    let mut tx = caller.begin().await?;
    service::find(&mut tx, Viewer::of(&caller), id, None).await.map(Json)
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
    let strategy = service::replace(&mut tx, Viewer::of(&caller), id, &draft).await?;
    tx.commit().await?;
    Ok(Json(strategy))
}

/// Deletes a strategy with all its versions, unless something works by it.
#[delete("/api/v1/strategies/{id}")]
async fn remove(caller: Caller<DeleteStrategies>, Path(id): Path<Uuid>) -> Result<NoContent> {
    let mut tx = caller.begin().await?;
    service::delete(&mut tx, Viewer::of(&caller), id).await?;
    tx.commit().await?;
    Ok(NoContent)
}

/// Lists the versions of a strategy, the latest first.
#[get("/api/v1/strategies/{id}/versions")]
async fn list_versions(caller: Caller<ReadStrategies>, Path(id): Path<Uuid>, paging: Paging) -> Result<Page<Version>> {
    let mut tx = caller.begin().await?;
    let (versions, total) = service::versions(&mut tx, Viewer::of(&caller), id, &paging).await?;
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
    service::find(&mut tx, Viewer::of(&caller), path.id, Some(path.version)).await.map(Json)
}

/// Compares two versions of a strategy, the latest with the one before where none are named.
#[get("/api/v1/strategies/{id}/diff")]
async fn show_diff(
    caller: Caller<ReadStrategies>,
    Path(id): Path<Uuid>,
    Query(versions): Query<Versions>,
) -> Result<Json<Diff>> {
    let mut tx = caller.begin().await?;
    diff::diff(&mut tx, Viewer::of(&caller), id, &versions).await.map(Json)
}

/// Exports a strategy: its document on a line.
#[get("/api/v1/strategies/{id}/export")]
async fn export(caller: Caller<ReadStrategies>, Path(id): Path<Uuid>) -> Result<Content> {
    let mut tx = caller.begin().await?;
    let strategy = service::find(&mut tx, Viewer::of(&caller), id, None).await?;
    Ok(Content::new(LINES, format!("{}\n", strategy.document)))
}

/// Makes a strategy of the caller's that begins as this one is.
#[post("/api/v1/strategies/{id}/clone")]
async fn copy(
    caller: Caller<WriteStrategies>,
    Path(id): Path<Uuid>,
    Json(copy): Json<Copy>,
) -> Result<Created<Strategy>> {
    let mut tx = caller.begin().await?;
    let strategy = transfer::copy(&mut tx, Viewer::of(&caller), id, copy).await?;
    tx.commit().await?;
    Ok(Created(strategy))
}

/// Shows who sees a strategy.
#[get("/api/v1/strategies/{id}/sharing")]
async fn show_sharing(caller: Caller<ReadStrategies>, Path(id): Path<Uuid>) -> Result<Json<Sharing>> {
    let mut tx = caller.begin().await?;
    sharing::sharing(&mut tx, Viewer::of(&caller), id).await.map(Json)
}

/// Says anew who sees a strategy.
///
/// A private one exists for its owner, the members and roles it is shared with, and whoever holds `strategies:manage`.
#[put("/api/v1/strategies/{id}/sharing")]
async fn share(
    caller: Caller<WriteStrategies>,
    Path(id): Path<Uuid>,
    Json(wanted): Json<Sharing>,
) -> Result<Json<Sharing>> {
    let mut tx = caller.begin().await?;
    let sharing = sharing::share(&mut tx, Viewer::of(&caller), id, wanted).await?;
    tx.commit().await?;
    Ok(Json(sharing))
}

/// Puts a strategy away: it stays for what works by it and is no longer listed.
#[post("/api/v1/strategies/{id}/archive")]
async fn archive(caller: Caller<WriteStrategies>, Path(id): Path<Uuid>) -> Result<Json<Strategy>> {
    let mut tx = caller.begin().await?;
    let strategy = service::archive(&mut tx, Viewer::of(&caller), id, true).await?;
    tx.commit().await?;
    Ok(Json(strategy))
}

/// Takes a strategy out again that was put away.
#[post("/api/v1/strategies/{id}/restore")]
async fn restore(caller: Caller<WriteStrategies>, Path(id): Path<Uuid>) -> Result<Json<Strategy>> {
    let mut tx = caller.begin().await?;
    let strategy = service::archive(&mut tx, Viewer::of(&caller), id, false).await?;
    tx.commit().await?;
    Ok(Json(strategy))
}
