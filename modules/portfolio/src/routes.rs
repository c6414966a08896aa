use crate::{
    ReadPortfolio,
    service::{self, Curve, Filter, Point, Portfolio, PositionAnswer},
};
use kit::{Caller, Json, Page, Paging, Query, Result, Route, get, routes};

pub(crate) static ROUTES: &[Route] = routes![list_positions, summary, equity];

/// Lists what the tenant's bots hold, what changed last first.
#[get("/api/v1/positions")]
async fn list_positions(
    caller: Caller<ReadPortfolio>,
    Query(filter): Query<Filter>,
    paging: Paging,
) -> Result<Page<PositionAnswer>> {
    let mut tx = caller.begin().await?;
    let (positions, total) = service::list(&mut tx, &filter, &paging).await?;
    Ok(Page::new(positions, &paging, total))
}

/// Sums up all bots by currency, and each bot.
#[get("/api/v1/portfolio")]
async fn summary(caller: Caller<ReadPortfolio>) -> Result<Json<Portfolio>> {
    let mut tx = caller.begin().await?;
    Ok(Json(service::summary(&mut tx).await?))
}

/// Shows how the worth of a bot went, the oldest point first.
///
/// There is a point for each hour of the bot's feed, or for each candle where those are longer,
/// and one for each candle with a fill. Where there are more than `points`, the last of each of so
/// many equal stretches of time is given.
#[get("/api/v1/portfolio/equity")]
async fn equity(caller: Caller<ReadPortfolio>, Query(curve): Query<Curve>) -> Result<Json<Vec<Point>>> {
    let mut tx = caller.begin().await?;
    Ok(Json(service::equity(&mut tx, &curve).await?))
}
