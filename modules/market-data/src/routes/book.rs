//! The order book as its exchange tells it.

use crate::{
    ReadMarketData,
    book::{self, BookAsked, OrderBook},
};
use kit::{Caller, Json, Query, Result, get};

/// Shows the order book of a market as its exchange tells it at the moment.
#[get("/api/v1/market-data/book")]
pub(super) async fn show_book(
    caller: Caller<ReadMarketData>,
    Query(asked): Query<BookAsked>,
) -> Result<Json<OrderBook>> {
    book::show(caller.app(), asked).await.map(Json)
}
