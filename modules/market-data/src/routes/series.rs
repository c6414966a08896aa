use crate::{
    GapReport, Market, ReadMarketData, WriteMarketData,
    service::{self, Correction, GapFilter, Imported, Repair, Series, SeriesFilter},
};
use kit::{Caller, Json, NoContent, Page, Paging, Path, Query, Result, delete, get, post};
use uuid::Uuid;

/// Lists the series of candles that the tenant sees: its own and the platform's.
#[get("/api/v1/market-data/markets")]
pub(super) async fn markets(
    caller: Caller<ReadMarketData>,
    Query(filter): Query<SeriesFilter>,
    paging: Paging,
) -> Result<Page<Series>> {
    let mut tx = caller.begin().await?;
    let (series, total) = service::list(&mut tx, &filter, &paging).await?;
    Ok(Page::new(series, &paging, total))
}

/// Tells which candles of a market are missing between those that are there, and why, as far as other series tell.
#[get("/api/v1/market-data/gaps")]
pub(super) async fn gaps(
    caller: Caller<ReadMarketData>,
    Query(market): Query<Market>,
    Query(filter): Query<GapFilter>,
) -> Result<Json<GapReport>> {
    let mut tx = caller.begin().await?;
    Ok(Json(service::gaps(&mut tx, &market, &filter).await?))
}

/// Fills the gaps of a series of the tenant's own from the other series that it sees.
///
/// They are of the same market, or of shorter candles, which are summed. What is filled in has the origin `derived`,
/// and gives way to what a file or the exchange tells later. Nothing is invented: what nobody has stays missing.
#[post("/api/v1/market-data/candles/repair")]
pub(super) async fn repair(caller: Caller<WriteMarketData>, Json(repair): Json<Repair>) -> Result<Json<Imported>> {
    let tx = caller.begin().await?;
    Ok(Json(service::repair(tx, &repair.market).await?))
}

/// Lists the candles of a series that got other figures, the newest correction first.
#[get("/api/v1/market-data/series/{id}/corrections")]
pub(super) async fn list_corrections(
    caller: Caller<ReadMarketData>,
    Path(id): Path<Uuid>,
    paging: Paging,
) -> Result<Page<Correction>> {
    let mut tx = caller.begin().await?;
    let (corrections, total) = service::corrections(&mut tx, id, &paging).await?;
    Ok(Page::new(corrections, &paging, total))
}

/// Deletes a series of the tenant's own with all its candles.
#[delete("/api/v1/market-data/series/{id}")]
pub(super) async fn remove(caller: Caller<WriteMarketData>, Path(id): Path<Uuid>) -> Result<NoContent> {
    let mut tx = caller.begin().await?;
    service::remove(&mut tx, id).await?;
    tx.commit().await?;
    Ok(NoContent)
}
