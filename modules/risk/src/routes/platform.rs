//! What the platform's operators say to all tenants.

use crate::{
    ManageRisk, ReadRisk,
    halts::{self, PlatformHalt},
    limits::{Currency, CurrencyLimits, Limits},
    service, store,
};
use kit::{Json, NoContent, Operator, Page, Paging, Path, Reason, Result, SystemTx, delete, get, post, put};
use uuid::Uuid;

/// A transaction across tenants in which the operator acts.
async fn begin<P>(operator: &Operator<P>) -> Result<SystemTx> {
    Ok(operator.begin_across(Reason::Configuration).await?.by(operator.user().id))
}

/// Lists the most that the live bots of any tenant may venture, by the currency that they trade for.
#[get("/api/v1/risk/platform/limits")]
pub(super) async fn list_platform_limits(operator: Operator<ReadRisk>) -> Result<Json<Vec<CurrencyLimits>>> {
    service::list(&mut begin(&operator).await?).await.map(Json)
}

/// Sets the most that the live bots of any tenant may venture of a currency; what is left out is not limited.
#[put("/api/v1/risk/platform/limits/{currency}")]
pub(super) async fn set_platform_limits(
    operator: Operator<ManageRisk>,
    Path(currency): Path<Currency>,
    Json(limits): Json<Limits>,
) -> Result<Json<CurrencyLimits>> {
    let mut tx = begin(&operator).await?;
    let limits = service::set_platform(&mut tx, &currency, &limits).await?;
    tx.commit().await?;
    Ok(Json(limits))
}

/// Removes the platform's limits of a currency.
#[delete("/api/v1/risk/platform/limits/{currency}")]
pub(super) async fn remove_platform_limits(
    operator: Operator<ManageRisk>,
    Path(currency): Path<Currency>,
) -> Result<NoContent> {
    let mut tx = begin(&operator).await?;
    service::remove_platform(&mut tx, &currency).await?;
    tx.commit().await?;
    Ok(NoContent)
}

/// Lists the halts of all tenants that operators have ordered, the newest first.
#[get("/api/v1/risk/platform/halts")]
pub(super) async fn list_platform_halts(operator: Operator<ReadRisk>, paging: Paging) -> Result<Page<PlatformHalt>> {
    let (halts, total) = store::halts::list_platform(&mut begin(&operator).await?, &paging).await?;
    Ok(Page::new(halts, &paging, total))
}

/// Lifts a halt of all tenants. Bots that were stopped stay so.
#[post("/api/v1/risk/platform/halts/{id}/lift")]
pub(super) async fn lift_platform_halt(
    operator: Operator<ManageRisk>,
    Path(id): Path<Uuid>,
) -> Result<Json<PlatformHalt>> {
    let mut tx = begin(&operator).await?;
    let halt = halts::lift_platform(&mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(halt))
}
