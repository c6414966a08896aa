use crate::{
    ReadOrders,
    service::{self, Fill, FillFilter, Filter, Order},
};
use kit::{Caller, Cursor, Feed, Json, Page, Paging, Path, Query, Result, Route, get, routes};
use uuid::Uuid;

pub(crate) static ROUTES: &[Route] = routes![list, get_one, list_fills];

/// Lists the tenant's orders, the newest first.
#[get("/api/v1/orders")]
async fn list(caller: Caller<ReadOrders>, Query(filter): Query<Filter>, paging: Paging) -> Result<Page<Order>> {
    let mut tx = caller.begin().await?;
    let (orders, total) = service::list(&mut tx, &filter, &paging).await?;
    Ok(Page::new(orders, &paging, total))
}

/// Shows an order.
#[get("/api/v1/orders/{id}")]
async fn get_one(caller: Caller<ReadOrders>, Path(id): Path<Uuid>) -> Result<Json<Order>> {
    let mut tx = caller.begin().await?;
    Ok(Json(service::get(&mut tx, id).await?))
}

/// Lists the tenant's fills by the time they happened, the newest first.
///
/// With `after`, those that follow that place, the oldest first.
#[get("/api/v1/fills")]
async fn list_fills(
    caller: Caller<ReadOrders>,
    Query(filter): Query<FillFilter>,
    Query(cursor): Query<Cursor>,
) -> Result<Feed<Fill>> {
    let mut tx = caller.begin().await?;
    let fills = service::list_fills(&mut tx, &filter, &cursor).await?;
    Ok(Feed::new(fills, cursor.limit(), Fill::place))
}
