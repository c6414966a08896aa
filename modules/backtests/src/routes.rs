use crate::{
    DeleteBacktests, ExecuteBacktests, ReadBacktests,
    events::{self, LastHeard, Told},
    export,
    offline::Outcome,
    report::CONTENT_SECURITY_POLICY,
    request::Request,
    service::{self, Backtest, BacktestDetail, Equity, Filter, ToCompare},
};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY as POLICY};
use kit::{
    Accepted, Caller, Content, Download, Error, Json, NoContent, Page, Paging, Path, Query, Result, Route, Wanted,
    delete, get, post, routes,
};
use trading::{backtest::Comparison, position::Trade};
use uuid::Uuid;

pub(crate) static ROUTES: &[Route] = routes![
    list,
    create,
    show,
    remove,
    follow,
    list_trades,
    export_trades,
    show_equity,
    export_equity,
    show_report,
    show_card,
    show_file,
    cancel,
    rerun,
    compare,
];

/// Lists the tenant's back-tests, the newest first.
///
/// Sort by `createdAt`, `name`, `status`, `return` or `sharpe`.
#[get("/api/v1/backtests")]
async fn list(caller: Caller<ReadBacktests>, Query(filter): Query<Filter>, paging: Paging) -> Result<Page<Backtest>> {
    let mut tx = caller.begin().await?;
    let (backtests, total) = service::list(&mut tx, &filter, &paging).await?;
    Ok(Page::new(backtests, &paging, total))
}

/// Tries a strategy on the candles of the past.
///
/// Takes a back-test file; its strategy may be a stored one, by `strategyId`. The run is a job:
/// `GET /api/v1/backtests/{id}` tells how far it has come, `/events` does while it goes on.
#[post("/api/v1/backtests")]
async fn create(caller: Caller<ExecuteBacktests>, Json(request): Json<Request>) -> Result<Accepted<Backtest>> {
    let mut tx = caller.begin().await?;
    let backtest = service::create(&mut tx, request).await?;
    tx.commit().await?;
    Ok(Accepted(backtest))
}

/// Shows a back-test: its state, and its figures when it is done.
#[get("/api/v1/backtests/{id}")]
async fn show(caller: Caller<ReadBacktests>, Path(id): Path<Uuid>) -> Result<Json<BacktestDetail>> {
    let mut tx = caller.begin().await?;
    service::get(&mut tx, id).await.map(Json)
}

/// Deletes a back-test and its result; one that runs is cancelled.
#[delete("/api/v1/backtests/{id}")]
async fn remove(caller: Caller<DeleteBacktests>, Path(id): Path<Uuid>) -> Result<NoContent> {
    let mut tx = caller.begin().await?;
    service::delete(&mut tx, id).await?;
    tx.commit().await?;
    Ok(NoContent)
}

/// Tells what becomes of a back-test, as server-sent events, until it has ended.
///
/// Each event is named as the status it tells of and holds `status`, `place` (among the tenant's that wait), `done`,
/// `total`, `percent`, `perSecond`, `etaSeconds` and `error`. Whoever comes back with `Last-Event-ID` is told what is
/// new since; a 204 says that nothing more will be.
#[get("/api/v1/backtests/{id}/events")]
async fn follow(caller: Caller<ReadBacktests>, Path(id): Path<Uuid>, LastHeard(last): LastHeard) -> Result<Told> {
    events::tell(caller, id, last).await
}

/// Lists the closed trades of a back-test in their order.
#[get("/api/v1/backtests/{id}/trades")]
async fn list_trades(caller: Caller<ReadBacktests>, Path(id): Path<Uuid>, paging: Paging) -> Result<Page<Trade>> {
    let mut tx = caller.begin().await?;
    let (trades, total) = service::trades(&mut tx, id, &paging).await?;
    Ok(Page::new(trades, &paging, total))
}

/// Exports the closed trades of a back-test in their order.
///
/// They are CSV where `format` or the header `Accept` asks for that, else a JSON object a line.
#[get("/api/v1/backtests/{id}/trades/export")]
async fn export_trades(
    caller: Caller<ReadBacktests>,
    Path(id): Path<Uuid>,
    Wanted(format): Wanted,
) -> Result<Download> {
    service::has_result(&mut caller.begin().await?, id).await?;
    Ok(Download::new(format.media_type(), export::trades_file(format), export::trades(caller, id, format)))
}

/// Shows the equity of a back-test over time, beside what holding would have been worth.
#[get("/api/v1/backtests/{id}/equity")]
async fn show_equity(caller: Caller<ReadBacktests>, Path(id): Path<Uuid>) -> Result<Json<Equity>> {
    let mut tx = caller.begin().await?;
    service::equity(&mut tx, id).await.map(Json)
}

/// Exports the equity of a back-test over time, beside what holding would have been worth.
///
/// It is CSV where `format` or the header `Accept` asks for that, else a JSON object a line.
#[get("/api/v1/backtests/{id}/equity/export")]
async fn export_equity(
    caller: Caller<ReadBacktests>,
    Path(id): Path<Uuid>,
    Wanted(format): Wanted,
) -> Result<Download> {
    let equity = service::equity(&mut caller.begin().await?, id).await?;
    Ok(Download::new(format.media_type(), export::equity_file(format), export::equity(&equity, format)))
}

/// Shows a back-test's report with charts, as one HTML page without scripts.
#[get("/api/v1/backtests/{id}/report")]
async fn show_report(caller: Caller<ReadBacktests>, Path(id): Path<Uuid>) -> Result<Content> {
    let stored = service::stored(&mut caller.begin().await?, id).await?;
    let page = stored.show(Outcome::html).await?;
    // a page to look at, which can do nothing
    Ok(Content::new("text/html; charset=utf-8", page)
        .header(POLICY, CONTENT_SECURITY_POLICY)
        .header(CACHE_CONTROL, "no-store"))
}

/// Shows a back-test as a card to be shared: a PNG of 1200 by 675 points.
#[get("/api/v1/backtests/{id}/report.png")]
async fn show_card(caller: Caller<ReadBacktests>, Path(id): Path<Uuid>) -> Result<Content> {
    let stored = service::stored(&mut caller.begin().await?, id).await?;
    let picture = stored.show(Outcome::png).await?.map_err(Error::internal)?;
    Ok(Content::new("image/png", picture).header(CACHE_CONTROL, "no-store"))
}

/// Gives the back-test file, with its strategy in it.
///
/// `botcriptofy backtest backtest.json --candles FILE` runs it once more, without a server.
#[get("/api/v1/backtests/{id}/file")]
async fn show_file(caller: Caller<ReadBacktests>, Path(id): Path<Uuid>) -> Result<Content> {
    let file = service::get(&mut caller.begin().await?, id).await?.file;
    let text = serde_json::to_vec_pretty(&file).map_err(Error::internal)?;
    Ok(Content::new("application/json", text)
        .header(CONTENT_DISPOSITION, "attachment; filename=\"backtest.json\"")
        .header(CACHE_CONTROL, "no-store"))
}

/// Cancels a back-test that waits or runs.
#[post("/api/v1/backtests/{id}/cancel")]
async fn cancel(caller: Caller<ExecuteBacktests>, Path(id): Path<Uuid>) -> Result<Accepted<Backtest>> {
    let mut tx = caller.begin().await?;
    let backtest = service::cancel(&mut tx, id).await?;
    tx.commit().await?;
    Ok(Accepted(backtest))
}

/// Runs the file of a back-test once more, on the candles as they are now.
///
/// The new back-test tells as its `reproduction` whether it came to the same, and if not, what had changed.
#[post("/api/v1/backtests/{id}/rerun")]
async fn rerun(caller: Caller<ExecuteBacktests>, Path(id): Path<Uuid>) -> Result<Accepted<Backtest>> {
    let mut tx = caller.begin().await?;
    let backtest = service::rerun(&mut tx, id).await?;
    tx.commit().await?;
    Ok(Accepted(backtest))
}

/// Lays back-tests beside each other: every figure with the best marked, and how alike their days were.
#[post("/api/v1/backtests/compare")]
async fn compare(caller: Caller<ReadBacktests>, Json(asked): Json<ToCompare>) -> Result<Json<Comparison>> {
    let mut tx = caller.begin().await?;
    service::beside(&mut tx, asked).await.map(Json)
}
