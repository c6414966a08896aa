mod operators;

use crate::{
    Inside, InsideInAnyState, ManageMembers, ManageTenant, ReadMembers, ReadTenant, service,
    view::{DefaultTenant, Member, MemberFilter, NewCompany, Own, RoleChange, TenantPatch, Transfer},
};
use kit::{
    CallerInAnyState, Created, Error, Json, NoContent, Page, Paging, Path, Query, Reason, Result, Route, SignedIn,
    delete, get, patch, post, put, routes,
};
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

pub(crate) static ROUTES: &[Route] = routes![
    list,
    create,
    current,
    choose_default,
    show,
    change,
    transfer_ownership,
    leave,
    members,
    show_member,
    change_member,
    remove_member,
    operators::list_all,
    operators::suspend,
    operators::unsuspend,
];

/// A member of the tenant of the path.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct MemberPath {
    /// The user.
    user_id: Uuid,
}

/// Lists the tenants that the caller is a member of.
#[get("/api/tenant")]
async fn list(caller: SignedIn, paging: Paging) -> Result<Page<Own>> {
    let mut tx = caller.begin().await?;
    let (tenants, total) = service::list_own(&mut tx, caller.user().id, &paging).await?;
    Ok(Page::new(tenants, &paging, total))
}

/// Founds a company, whose owner the caller is. The caller's default tenant stays what it is.
#[post("/api/tenant")]
async fn create(caller: SignedIn, Json(new): Json<NewCompany>) -> Result<Created<Own>> {
    let tx = caller.begin_across(Reason::Tenancy).await?;
    let (mut tx, _) = service::found(tx, &new.into(), caller.user().id).await?;
    let tenant = service::show(&mut tx).await?;
    tx.commit().await?;
    Ok(Created(tenant))
}

/// Shows the tenant that the request is about.
#[get("/api/tenant/current")]
async fn current(caller: CallerInAnyState<ReadTenant>) -> Result<Json<Own>> {
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
async fn show(caller: InsideInAnyState<ReadTenant>) -> Result<Json<Own>> {
    let mut tx = caller.begin().await?;
    Ok(Json(service::show(&mut tx).await?))
}

/// Changes a tenant; what is left out stays.
#[patch("/api/tenant/{id}")]
async fn change(caller: Inside<ManageTenant>, Json(patch): Json<TenantPatch>) -> Result<Json<Own>> {
    let mut tx = caller.begin().await?;
    service::change(&mut tx, &patch).await?;
    let tenant = service::show(&mut tx).await?;
    tx.commit().await?;
    Ok(Json(tenant))
}

/// Hands a company over to another member, by an owner, who becomes an `admin`.
#[post("/api/tenant/{id}/transfer-ownership")]
async fn transfer_ownership(caller: Inside<ManageTenant>, Json(transfer): Json<Transfer>) -> Result<Json<Member>> {
    let mut tx = caller.begin().await?;
    let owner = service::transfer(&mut tx, transfer.user_id).await?;
    tx.commit().await?;
    Ok(Json(owner))
}

/// Takes the caller out of a tenant. The last owner stays.
#[post("/api/tenant/{id}/leave")]
async fn leave(caller: SignedIn, Path(tenant): Path<Uuid>) -> Result<NoContent> {
    let entered = service::enter(caller.begin().await?, tenant).await?;
    let (mut tx, _) = entered.ok_or_else(|| Error::not_found("tenant"))?;
    service::leave(&mut tx).await?;
    tx.commit().await?;
    Ok(NoContent)
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

/// Shows a member of a tenant.
#[get("/api/tenant/{id}/members/{userId}")]
async fn show_member(caller: Inside<ReadMembers>, Path(path): Path<MemberPath>) -> Result<Json<Member>> {
    let mut tx = caller.begin().await?;
    Ok(Json(service::find_member(&mut tx, path.user_id).await?))
}

/// Gives a member another role, which is not above the caller's own.
#[patch("/api/tenant/{id}/members/{userId}")]
async fn change_member(
    caller: Inside<ManageMembers>,
    Path(path): Path<MemberPath>,
    Json(change): Json<RoleChange>,
) -> Result<Json<Member>> {
    let mut tx = caller.begin().await?;
    let member = service::change_role(&mut tx, path.user_id, &change.role).await?;
    tx.commit().await?;
    Ok(Json(member))
}

/// Takes a member out of a tenant who does not stand above the caller.
#[delete("/api/tenant/{id}/members/{userId}")]
async fn remove_member(caller: Inside<ManageMembers>, Path(path): Path<MemberPath>) -> Result<NoContent> {
    let mut tx = caller.begin().await?;
    service::remove_member(&mut tx, path.user_id).await?;
    tx.commit().await?;
    Ok(NoContent)
}
