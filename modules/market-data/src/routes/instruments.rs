//! What exchanges list.

use crate::{
    Exchange, ManageMarketData, ReadMarketData,
    instruments::{self, Instrument, InstrumentFilter, RefreshWish, Refreshing},
};
use kit::{Accepted, Caller, Json, Operator, Page, Paging, Path, Query, Reason, Result, get, post};
use schemars::JsonSchema;
use serde::Deserialize;
use trading::money::Symbol;

/// Lists what exchanges list: symbols, their states and filters.
///
/// Sort by `symbol`, `exchange`, `status` or `updatedAt`.
#[get("/api/v1/market-data/instruments")]
pub(super) async fn list_instruments(
    caller: Caller<ReadMarketData>,
    Query(filter): Query<InstrumentFilter>,
    paging: Paging,
) -> Result<Page<Instrument>> {
    let mut tx = caller.begin().await?;
    let (instruments, total) = instruments::list(&mut tx, &filter, &paging).await?;
    Ok(Page::new(instruments, &paging, total))
}

/// Where an instrument is.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Place {
    exchange: Exchange,
    /// With its slash written as `%2F`.
    symbol: Symbol,
}

/// Shows a symbol of an exchange with its filters.
#[get("/api/v1/market-data/instruments/{exchange}/{symbol}")]
pub(super) async fn show_instrument(
    caller: Caller<ReadMarketData>,
    Path(place): Path<Place>,
) -> Result<Json<Instrument>> {
    let mut tx = caller.begin().await?;
    instruments::show(&mut tx, &place.exchange, &place.symbol).await.map(Json)
}

/// Has an exchange asked for its symbols, as a job.
#[post("/api/v1/market-data/instruments/refresh")]
pub(super) async fn refresh_instruments(
    operator: Operator<ManageMarketData>,
    Json(wish): Json<RefreshWish>,
) -> Result<Accepted<Refreshing>> {
    let mut tx = operator.begin_across(Reason::Configuration).await?.by(operator.user().id);
    let refreshing = instruments::ask(operator.app(), &mut tx, wish.exchange).await?;
    tx.commit().await?;
    Ok(Accepted(refreshing))
}
