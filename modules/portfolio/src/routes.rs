use crate::{
    ReadPortfolio,
    service::{
        self, Curve, Filter, Point, Portfolio, PositionAnswer,
        proof::{self, Proof},
        statement::{self, Line, Period},
        taxes::{self, GainAnswer, GainFilter, GainTotal, LotAnswer, LotFilter},
    },
};
use futures::stream;
use kit::{Caller, Download, Json, Page, Paging, Query, Result, Route, get, routes};

pub(crate) static ROUTES: &[Route] =
    routes![list_positions, summary, equity, list_lots, list_gains, sum_up_gains, export_gains, show_statement, prove];

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

/// Lists the lots that are held: coins that were bought at once, the first bought first.
///
/// Each bot's coins are its own.
#[get("/api/v1/portfolio/lots")]
async fn list_lots(
    caller: Caller<ReadPortfolio>,
    Query(filter): Query<LotFilter>,
    paging: Paging,
) -> Result<Page<LotAnswer>> {
    let mut tx = caller.begin().await?;
    Ok(Page::of(taxes::lots(&mut tx, &filter).await?, &paging))
}

/// Lists what was sold, with what it had cost, the last sale first.
#[get("/api/v1/portfolio/gains")]
async fn list_gains(
    caller: Caller<ReadPortfolio>,
    Query(filter): Query<GainFilter>,
    paging: Paging,
) -> Result<Page<GainAnswer>> {
    let mut tx = caller.begin().await?;
    Ok(Page::of(taxes::gains(&mut tx, &filter).await?, &paging))
}

/// Sums up what was sold by symbol.
#[get("/api/v1/portfolio/gains/totals")]
async fn sum_up_gains(caller: Caller<ReadPortfolio>, Query(filter): Query<GainFilter>) -> Result<Json<Vec<GainTotal>>> {
    let mut tx = caller.begin().await?;
    Ok(Json(taxes::totals(&mut tx, &filter).await?))
}

/// Gives what was sold as a table (CSV), as whoever declares taxes needs it, the first sale first.
#[get("/api/v1/portfolio/gains/export")]
async fn export_gains(caller: Caller<ReadPortfolio>, Query(filter): Query<GainFilter>) -> Result<Download> {
    let gains = taxes::gains(&mut caller.begin().await?, &filter).await?;
    Ok(Download::new("text/csv", "gains.csv", stream::once(async move { Ok(taxes::csv(&gains)) })))
}

/// Shows what a period has brought, by currency.
#[get("/api/v1/portfolio/statement")]
async fn show_statement(caller: Caller<ReadPortfolio>, Query(period): Query<Period>) -> Result<Json<Vec<Line>>> {
    let mut tx = caller.begin().await?;
    Ok(Json(statement::statement(&mut tx, &period).await?))
}

/// Makes every position anew from its fills, and shows which are stored otherwise.
///
/// The platform does so by itself every day.
#[get("/api/v1/portfolio/proof")]
async fn prove(caller: Caller<ReadPortfolio>) -> Result<Json<Proof>> {
    let mut tx = caller.begin().await?;
    Ok(Json(proof::prove(&mut tx).await?))
}
