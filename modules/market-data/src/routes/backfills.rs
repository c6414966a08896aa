//! Candles that are fetched from exchanges.

use crate::{
    ReadMarketData, WriteMarketData,
    backfill::{self, Backfill, BackfillFilter, BackfillWish},
};
use kit::{Accepted, Caller, Json, Page, Paging, Path, Query, Result, get, post};
use uuid::Uuid;

/// Lists the tenant's backfills, the newest first.
///
/// Sort by `createdAt`, `status` or `symbol`.
#[get("/api/v1/market-data/backfills")]
pub(super) async fn list_backfills(
    caller: Caller<ReadMarketData>,
    Query(filter): Query<BackfillFilter>,
    paging: Paging,
) -> Result<Page<Backfill>> {
    let mut tx = caller.begin().await?;
    let (backfills, total) = backfill::list(&mut tx, &filter, &paging).await?;
    Ok(Page::new(backfills, &paging, total))
}

/// Fetches candles from an exchange into the tenant's own series.
///
/// It is a job that goes on where it stopped, whatever stops it: `GET /api/v1/market-data/backfills/{id}` tells how far
/// it has come. With `onlyGaps` it fetches only what is missing between the candles that are there.
#[post("/api/v1/market-data/backfills")]
pub(super) async fn create_backfill(
    caller: Caller<WriteMarketData>,
    Json(wish): Json<BackfillWish>,
) -> Result<Accepted<Backfill>> {
    let mut tx = caller.begin().await?;
    let backfill = backfill::create(caller.app(), &mut tx, wish).await?;
    tx.commit().await?;
    Ok(Accepted(backfill))
}

/// Shows a backfill and how far it has come.
#[get("/api/v1/market-data/backfills/{id}")]
pub(super) async fn show_backfill(caller: Caller<ReadMarketData>, Path(id): Path<Uuid>) -> Result<Json<Backfill>> {
    let mut tx = caller.begin().await?;
    backfill::get(&mut tx, id).await.map(Json)
}

/// Cancels a backfill that waits or runs; what it has fetched stays.
#[post("/api/v1/market-data/backfills/{id}/cancel")]
pub(super) async fn cancel_backfill(
    caller: Caller<WriteMarketData>,
    Path(id): Path<Uuid>,
) -> Result<Accepted<Backfill>> {
    let mut tx = caller.begin().await?;
    let backfill = backfill::cancel(&mut tx, id).await?;
    tx.commit().await?;
    Ok(Accepted(backfill))
}
