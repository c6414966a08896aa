//! What operators of the platform do with tenants, whoever's they are.

use crate::{
    ManageTenant, ReadTenant, service,
    view::{AllFilter, Overview, Suspension, Tenant},
};
use kit::{Json, Operator, Page, Paging, Path, Query, Reason, Result, get, post};
use uuid::Uuid;

/// Lists all tenants of the platform, the newest first.
#[get("/api/tenant/all")]
pub(super) async fn list_all(
    operator: Operator<ReadTenant>,
    Query(filter): Query<AllFilter>,
    paging: Paging,
) -> Result<Page<Overview>> {
    let mut tx = operator.begin_across(Reason::Administration).await?;
    let (tenants, total) = service::list_all(&mut tx, &filter, &paging).await?;
    Ok(Page::new(tenants, &paging, total))
}

/// Suspends a tenant: its members and keys are refused with the reason, and its bots stand still.
#[post("/api/tenant/{id}/suspend")]
pub(super) async fn suspend(
    operator: Operator<ManageTenant>,
    Path(tenant): Path<Uuid>,
    Json(suspension): Json<Suspension>,
) -> Result<Json<Tenant>> {
    let tx = operator.begin_across(Reason::Administration).await?;
    let (tx, tenant) = service::suspend(tx, tenant, operator.user().id, &suspension.reason).await?;
    tx.commit().await?;
    Ok(Json(tenant))
}

/// Lifts the suspension of a tenant, whose bots go on where they were.
#[post("/api/tenant/{id}/unsuspend")]
pub(super) async fn unsuspend(operator: Operator<ManageTenant>, Path(tenant): Path<Uuid>) -> Result<Json<Tenant>> {
    let tx = operator.begin_across(Reason::Administration).await?;
    let (tx, tenant) = service::unsuspend(tx, tenant, operator.user().id).await?;
    tx.commit().await?;
    Ok(Json(tenant))
}
