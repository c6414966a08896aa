use crate::{
    GapReport, Market, ReadMarketData, WriteMarketData,
    service::{self, GapFilter, Series, SeriesFilter},
};
use kit::{Caller, Json, NoContent, Page, Paging, Path, Query, Result, delete, get};
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

/// Tells which candles of a market are missing between those that are there.
#[get("/api/v1/market-data/gaps")]
pub(super) async fn gaps(
    caller: Caller<ReadMarketData>,
    Query(market): Query<Market>,
    Query(filter): Query<GapFilter>,
) -> Result<Json<GapReport>> {
    let mut tx = caller.begin().await?;
    Ok(Json(service::gaps(&mut tx, &market, &filter).await?))
}

/// Deletes a series of the tenant's own with all its candles.
#[delete("/api/v1/market-data/series/{id}")]
pub(super) async fn remove(caller: Caller<WriteMarketData>, Path(id): Path<Uuid>) -> Result<NoContent> {
    let mut tx = caller.begin().await?;
    service::remove(&mut tx, id).await?;
    tx.commit().await?;
    Ok(NoContent)
}
