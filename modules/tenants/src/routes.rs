use crate::{
    Inside, ManageTenant, ReadMembers, ReadTenant,
    service::{self, DefaultTenant, Member, MemberFilter, Own, TenantPatch},
};
use kit::{Caller, Json, Page, Paging, Query, Result, Route, SignedIn, get, patch, put, routes};

pub(crate) static ROUTES: &[Route] = routes![list, current, choose_default, show, change, members];

/// Lists the tenants that the caller is a member of.
#[get("/api/tenant")]
async fn list(caller: SignedIn, paging: Paging) -> Result<Page<Own>> {
    let mut tx = caller.begin().await?;
    let (tenants, total) = service::list_own(&mut tx, caller.user().id, &paging).await?;
    Ok(Page::new(tenants, &paging, total))
}

/// Shows the tenant that the request is about.
#[get("/api/tenant/current")]
async fn current(caller: Caller<ReadTenant>) -> Result<Json<Own>> {
    let mut tx = caller.begin().await?;
    Ok(Json(service::show(&mut tx).await?))
}

/// Chooses the tenant that requests are about which name none.
#[put("/api/tenant/default")]
async fn choose_default(caller: SignedIn, Json(choice): Json<DefaultTenant>) -> Result<Json<Own>> {
    let mut tx = caller.begin().await?;
    let tenant = service::choose_default(&mut tx, caller.user().id, choice.tenant_id).await?;
    tx.commit().await?;
    Ok(Json(tenant))
}

/// Shows a tenant.
#[get("/api/tenant/{id}")]
async fn show(caller: Inside<ReadTenant>) -> Result<Json<Own>> {
    let mut tx = caller.begin().await?;
    Ok(Json(service::show(&mut tx).await?))
}

/// Changes a tenant; what is left out stays.
#[patch("/api/tenant/{id}")]
async fn change(caller: Inside<ManageTenant>, Json(patch): Json<TenantPatch>) -> Result<Json<Own>> {
    let mut tx = caller.begin().await?;
    let tenant = service::change(&mut tx, &patch).await?;
    tx.commit().await?;
    Ok(Json(tenant))
}

/// Lists the members of a tenant.
#[get("/api/tenant/{id}/members")]
async fn members(
    caller: Inside<ReadMembers>,
    Query(filter): Query<MemberFilter>,
    paging: Paging,
) -> Result<Page<Member>> {
    let mut tx = caller.begin().await?;
    let (members, total) = service::list_members(&mut tx, &filter, &paging).await?;
    Ok(Page::new(members, &paging, total))
}
