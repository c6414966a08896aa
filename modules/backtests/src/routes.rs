use crate::{
    DeleteBacktests, ExecuteBacktests, ReadBacktests,
    report::CONTENT_SECURITY_POLICY,
    request::Request,
    service::{self, Backtest, BacktestDetail, Equity, Filter},
};
use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use kit::{
    Accepted, Answer, Caller, Json, NoContent, Operation, Page, Paging, Path, Query, Result, Route, delete, get, post,
    routes,
};
use trading::position::Trade;
use uuid::Uuid;

pub(crate) static ROUTES: &[Route] = routes![list, create, show, remove, list_trades, show_equity, show_report, cancel];

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
/// `GET /api/v1/backtests/{id}` tells how far it has come.
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

/// Lists the closed trades of a back-test in their order.
#[get("/api/v1/backtests/{id}/trades")]
async fn list_trades(caller: Caller<ReadBacktests>, Path(id): Path<Uuid>, paging: Paging) -> Result<Page<Trade>> {
    let mut tx = caller.begin().await?;
    let (trades, total) = service::trades(&mut tx, id, &paging).await?;
    Ok(Page::new(trades, &paging, total))
}

/// Shows the equity of a back-test over time, beside what holding would have been worth.
#[get("/api/v1/backtests/{id}/equity")]
async fn show_equity(caller: Caller<ReadBacktests>, Path(id): Path<Uuid>) -> Result<Json<Equity>> {
    let mut tx = caller.begin().await?;
    service::equity(&mut tx, id).await.map(Json)
}

/// Shows a back-test's report with charts, as one HTML page without scripts.
#[get("/api/v1/backtests/{id}/report")]
async fn show_report(caller: Caller<ReadBacktests>, Path(id): Path<Uuid>) -> Result<Report> {
    let mut tx = caller.begin().await?;
    service::page(&mut tx, id).await.map(Report)
}

/// Cancels a back-test that waits or runs.
#[post("/api/v1/backtests/{id}/cancel")]
async fn cancel(caller: Caller<ExecuteBacktests>, Path(id): Path<Uuid>) -> Result<Accepted<Backtest>> {
    let mut tx = caller.begin().await?;
    let backtest = service::cancel(&mut tx, id).await?;
    tx.commit().await?;
    Ok(Accepted(backtest))
}

/// A page to look at, which can do nothing.
struct Report(String);

impl IntoResponse for Report {
    fn into_response(self) -> Response {
        let headers = [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
            (header::CACHE_CONTROL, "no-store"),
        ];
        (headers, self.0).into_response()
    }
}

impl Answer for Report {
    fn describe(operation: &mut Operation) {
        operation.empty_success(StatusCode::OK);
    }
}
