//! Order books and prices as exchanges tell them, and books that were kept.

use crate::{
    ManageMarketData, ReadMarketData, WriteMarketData,
    book::{self, BookAsked, OrderBook},
    service::trades::TradeMarket,
    snapshots::{self, BookSnapshot, SnapshotFilter, SnapshotWish},
    ticker::{self, TickerView},
};
use kit::{Caller, Created, Cursor, Feed, Json, NoContent, Operator, Path, Query, Reason, Result, delete, get, post};
use uuid::Uuid;

/// Shows the order book of a market as its exchange tells it at the moment.
#[get("/api/v1/market-data/book")]
pub(super) async fn show_book(
    caller: Caller<ReadMarketData>,
    Query(asked): Query<BookAsked>,
) -> Result<Json<OrderBook>> {
    book::show(caller.app(), asked).await.map(Json)
}

/// Shows what has happened to a price in 24 hours.
///
/// The exchange says it, where it can be asked; what it says holds for two seconds, whoever asks. Else it is reckoned
/// from the last 24 hours of the candles or trades that are stored, and `source` says so.
#[get("/api/v1/market-data/ticker")]
pub(super) async fn show_ticker(
    caller: Caller<ReadMarketData>,
    Query(market): Query<TradeMarket>,
) -> Result<Json<TickerView>> {
    ticker::show(&caller, market).await.map(Json)
}

/// Lists the stored order books of a market, the newest first; with `after`, the oldest first.
///
/// Each with its best levels only; all of them are shown one by one.
#[get("/api/v1/market-data/book/snapshots")]
pub(super) async fn list_snapshots(
    caller: Caller<ReadMarketData>,
    Query(market): Query<TradeMarket>,
    Query(filter): Query<SnapshotFilter>,
    Query(cursor): Query<Cursor>,
) -> Result<Feed<BookSnapshot>> {
    let mut tx = caller.begin().await?;
    let snapshots = snapshots::list(&mut tx, &market, &filter, &cursor).await?;
    Ok(Feed::new(snapshots, cursor.limit(), |snapshot| snapshot.id.to_string()))
}

/// Asks an exchange for an order book and keeps what it says.
#[post("/api/v1/market-data/book/snapshots")]
pub(super) async fn take_snapshot(
    caller: Caller<WriteMarketData>,
    Json(wish): Json<SnapshotWish>,
) -> Result<Created<BookSnapshot>> {
    snapshots::take(caller.app(), wish, async || caller.begin().await).await.map(Created)
}

/// Asks an exchange for an order book and keeps what it says for all tenants.
#[post("/api/v1/market-data/book/snapshots/shared")]
pub(super) async fn take_shared_snapshot(
    operator: Operator<ManageMarketData>,
    Json(wish): Json<SnapshotWish>,
) -> Result<Created<BookSnapshot>> {
    let begin = async || Ok(operator.begin_across(Reason::Configuration).await?.by(operator.user().id));
    snapshots::take(operator.app(), wish, begin).await.map(Created)
}

/// Shows a stored order book with all its levels.
#[get("/api/v1/market-data/book/snapshots/{id}")]
pub(super) async fn show_snapshot(caller: Caller<ReadMarketData>, Path(id): Path<Uuid>) -> Result<Json<BookSnapshot>> {
    let mut tx = caller.begin().await?;
    snapshots::get(&mut tx, id).await.map(Json)
}

/// Deletes a stored order book of the tenant's own.
#[delete("/api/v1/market-data/book/snapshots/{id}")]
pub(super) async fn remove_snapshot(caller: Caller<WriteMarketData>, Path(id): Path<Uuid>) -> Result<NoContent> {
    let mut tx = caller.begin().await?;
    snapshots::remove(&mut tx, id).await?;
    tx.commit().await?;
    Ok(NoContent)
}
