use crate::service::rest;
use garde::Validate;
use kit::{Json, Query, Reason, Result, delete, post};
use schemars::JsonSchema;
use serde::Deserialize;
use tenants::{DeleteTenant, Inside, InsideInAnyState, Tenant};

/// That an owner means it.
#[derive(Deserialize, JsonSchema, Validate)]
pub(crate) struct Confirmation {
    /// The tenant's slug.
    #[garde(length(max = 63))]
    #[serde(default)]
    confirm: String,
}

/// Closes a tenant, by an owner, and not while its bots run. For 30 days it can be restored; then it is erased.
#[delete("/api/tenant/{id}")]
pub(crate) async fn close(
    caller: Inside<DeleteTenant>,
    Query(confirmation): Query<Confirmation>,
) -> Result<Json<Tenant>> {
    let (tenant, owner) = (caller.membership().tenant, caller.user().id);
    let tx = caller.begin_across(Reason::Tenancy).await?;
    let (tx, closed) = rest::close(tx, tenant, owner, Some(&confirmation.confirm)).await?;
    tx.commit().await?;
    Ok(Json(closed))
}

/// Restores a tenant that was closed, by an owner.
#[post("/api/tenant/{id}/restore")]
pub(crate) async fn restore(caller: InsideInAnyState<DeleteTenant>) -> Result<Json<Tenant>> {
    let (tenant, owner) = (caller.membership().tenant, caller.user().id);
    let tx = caller.begin_across(Reason::Tenancy).await?;
    let (tx, restored) = rest::restore(tx, tenant, owner).await?;
    tx.commit().await?;
    Ok(Json(restored))
}
