mod platform;

use crate::{
    ExecuteRisk, ManageRisk, ReadRisk,
    halts::{self, Halt, NewHalt},
    limits::{Currency, CurrencyLimits, Limits},
    service,
    standing::{self, Standing},
    store,
    stress::{self, Outcome, Stress},
    value_at_risk::{self, Question, ValueAtRisk},
};
use kit::{Caller, Created, Json, NoContent, Page, Paging, Path, Query, Result, Route, delete, get, post, put, routes};
use uuid::Uuid;

pub(crate) static ROUTES: &[Route] = routes![
    show,
    list_limits,
    set_limits,
    remove_limits,
    list_halts,
    halt,
    lift,
    show_value_at_risk,
    run_stress,
    platform::list_platform_limits,
    platform::set_platform_limits,
    platform::remove_platform_limits,
    platform::list_platform_halts,
    platform::lift_platform_halt
];

/// Shows how the tenant's live bots stand: what is ventured, earned and lost, how much of each limit is used, and what
/// halts them.
#[get("/api/v1/risk")]
async fn show(caller: Caller<ReadRisk>) -> Result<Json<Standing>> {
    let mut tx = caller.begin().await?;
    standing::show(&mut tx).await.map(Json)
}

/// Lists the limits of the tenant's live bots, by the currency that they trade for.
#[get("/api/v1/risk/limits")]
async fn list_limits(caller: Caller<ReadRisk>) -> Result<Json<Vec<CurrencyLimits>>> {
    let mut tx = caller.begin().await?;
    service::list(&mut tx).await.map(Json)
}

/// Sets the limits of the tenant's live bots that trade for a currency; what is left out is not limited.
///
/// Where the platform's limit is stricter, it holds.
#[put("/api/v1/risk/limits/{currency}")]
async fn set_limits(
    caller: Caller<ManageRisk>,
    Path(currency): Path<Currency>,
    Json(limits): Json<Limits>,
) -> Result<Json<CurrencyLimits>> {
    let mut tx = caller.begin().await?;
    let limits = service::set(&mut tx, &currency, &limits).await?;
    tx.commit().await?;
    Ok(Json(limits))
}

/// Removes the tenant's limits of a currency.
#[delete("/api/v1/risk/limits/{currency}")]
async fn remove_limits(caller: Caller<ManageRisk>, Path(currency): Path<Currency>) -> Result<NoContent> {
    let mut tx = caller.begin().await?;
    service::remove(&mut tx, &currency).await?;
    tx.commit().await?;
    Ok(NoContent)
}

/// Lists the tenant's halts, those that are over too, the newest first.
#[get("/api/v1/risk/halts")]
async fn list_halts(caller: Caller<ReadRisk>, paging: Paging) -> Result<Page<Halt>> {
    let mut tx = caller.begin().await?;
    let (halts, total) = store::halts::list(&mut tx, &paging).await?;
    Ok(Page::new(halts, &paging, total))
}

/// Halts the tenant's live bots: they make no entries until the halt is lifted, and what they hold is looked after.
#[post("/api/v1/risk/halts")]
async fn halt(caller: Caller<ExecuteRisk>, Json(new): Json<NewHalt>) -> Result<Created<Halt>> {
    let mut tx = caller.begin().await?;
    let halt = halts::halt(&mut tx, &new).await?;
    tx.commit().await?;
    Ok(Created(halt))
}

/// Lifts a halt before its time.
///
/// What the day has lost until then, or the profit since its peak, does not count against the limit again.
#[post("/api/v1/risk/halts/{id}/lift")]
async fn lift(caller: Caller<ManageRisk>, Path(id): Path<Uuid>) -> Result<Json<Halt>> {
    let mut tx = caller.begin().await?;
    let halt = halts::lift(&mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(halt))
}

/// Reckons what the present positions may lose in a few days, by the daily candles that are stored.
///
/// For each currency, live and paper bots apart. 409 `HISTORY_MISSING` where too few days of a market are stored.
#[get("/api/v1/risk/value-at-risk")]
async fn show_value_at_risk(
    caller: Caller<ReadRisk>,
    Query(question): Query<Question>,
) -> Result<Json<Vec<ValueAtRisk>>> {
    let mut tx = caller.begin().await?;
    value_at_risk::reckon(&mut tx, &question).await.map(Json)
}

/// Tries what the present positions would lose if prices moved at once, and which limits that would break.
#[post("/api/v1/risk/stress")]
async fn run_stress(caller: Caller<ReadRisk>, Json(wish): Json<Stress>) -> Result<Json<Vec<Outcome>>> {
    let mut tx = caller.begin().await?;
    stress::stress(&mut tx, &wish).await.map(Json)
}
