//! The same as in a tenant, on the whole platform: for those who hold the permission there.

use super::{RolePermissionPath, UserPermissionPath, UserRolePath};
use crate::{
    ManageSecurity, ReadSecurity,
    service::{
        assignments::{self, Assignment, RoleWish},
        grants::{self, Grant, GrantWish, GrantWishes, UserPermissions},
        roles::{self, NewRole, Role, RolePatch, RolePermissions},
    },
};
use kit::{
    Created, Json, NoContent, Operator, Page, Paging, Path, Reason, Result, SystemTx, delete, get, patch, post, put,
};
use uuid::Uuid;

/// A transaction in which the operator acts on the platform.
async fn begin<P>(operator: &Operator<P>) -> Result<SystemTx> {
    Ok(operator.begin_across(Reason::Administration).await?.by(operator.user().id))
}

/// Lists the roles of the platform: those that it has of itself, and those of its operators' making.
#[get("/api/v1/security/platform/roles")]
pub(crate) async fn list_platform_roles(caller: Operator<ReadSecurity>, paging: Paging) -> Result<Page<Role>> {
    let mut tx = begin(&caller).await?;
    let (roles, total) = roles::list(&mut tx, caller.app().catalogue(), &paging).await?;
    Ok(Page::new(roles, &paging, total))
}

/// Makes a role of the platform, which gives nothing that the caller does not hold.
#[post("/api/v1/security/platform/roles")]
pub(crate) async fn create_platform_role(
    caller: Operator<ManageSecurity>,
    Json(new): Json<NewRole>,
) -> Result<Created<Role>> {
    let mut tx = begin(&caller).await?;
    let role = roles::create(&mut tx, caller.app().catalogue(), new).await?;
    tx.commit().await?;
    Ok(Created(role))
}

/// Shows a role of the platform and what it gives.
#[get("/api/v1/security/platform/roles/{name}")]
pub(crate) async fn show_platform_role(caller: Operator<ReadSecurity>, Path(name): Path<String>) -> Result<Json<Role>> {
    let mut tx = begin(&caller).await?;
    Ok(Json(roles::find(&mut tx, caller.app().catalogue(), &name).await?))
}

/// Changes what a role of the platform's operators' making says or gives.
#[patch("/api/v1/security/platform/roles/{name}")]
pub(crate) async fn change_platform_role(
    caller: Operator<ManageSecurity>,
    Path(name): Path<String>,
    Json(patch): Json<RolePatch>,
) -> Result<Json<Role>> {
    let mut tx = begin(&caller).await?;
    let role = roles::change(&mut tx, caller.app().catalogue(), &name, patch).await?;
    tx.commit().await?;
    Ok(Json(role))
}

/// Removes a role of the platform's operators' making.
#[delete("/api/v1/security/platform/roles/{name}")]
pub(crate) async fn remove_platform_role(
    caller: Operator<ManageSecurity>,
    Path(name): Path<String>,
) -> Result<NoContent> {
    let mut tx = begin(&caller).await?;
    roles::remove(&mut tx, &name, None).await?;
    tx.commit().await?;
    Ok(NoContent)
}

/// Lists what a role of the platform gives.
#[get("/api/v1/security/platform/roles/{name}/permissions")]
pub(crate) async fn platform_role_permissions(
    caller: Operator<ReadSecurity>,
    Path(name): Path<String>,
) -> Result<Json<Vec<String>>> {
    let mut tx = begin(&caller).await?;
    Ok(Json(roles::find(&mut tx, caller.app().catalogue(), &name).await?.permissions))
}

/// Says all that a role of the platform's operators' making gives from now on.
#[put("/api/v1/security/platform/roles/{name}/permissions")]
pub(crate) async fn replace_platform_role_permissions(
    caller: Operator<ManageSecurity>,
    Path(name): Path<String>,
    Json(all): Json<RolePermissions>,
) -> Result<Json<Role>> {
    let mut tx = begin(&caller).await?;
    let role = roles::change(&mut tx, caller.app().catalogue(), &name, all.into()).await?;
    tx.commit().await?;
    Ok(Json(role))
}

/// Adds a permission to a role of the platform's operators' making.
#[post("/api/v1/security/platform/roles/{name}/permissions/{permission}")]
pub(crate) async fn add_platform_role_permission(
    caller: Operator<ManageSecurity>,
    Path(path): Path<RolePermissionPath>,
) -> Result<Json<Role>> {
    let mut tx = begin(&caller).await?;
    let role = roles::add(&mut tx, caller.app().catalogue(), &path.name, &path.permission).await?;
    tx.commit().await?;
    Ok(Json(role))
}

/// Takes a permission out of a role of the platform's operators' making.
#[delete("/api/v1/security/platform/roles/{name}/permissions/{permission}")]
pub(crate) async fn remove_platform_role_permission(
    caller: Operator<ManageSecurity>,
    Path(path): Path<RolePermissionPath>,
) -> Result<Json<Role>> {
    let mut tx = begin(&caller).await?;
    let role = roles::take(&mut tx, &path.name, &path.permission).await?;
    tx.commit().await?;
    Ok(Json(role))
}

/// Lists the roles that a user has on the platform, the first one first.
#[get("/api/v1/security/platform/users/{userId}/roles")]
pub(crate) async fn list_platform_user_roles(
    caller: Operator<ReadSecurity>,
    Path(user): Path<Uuid>,
) -> Result<Json<Vec<Assignment>>> {
    let mut tx = begin(&caller).await?;
    Ok(Json(assignments::list(&mut tx, user).await?))
}

/// Gives a user a role of the platform's operators' making, beside their first one and for as long as is said.
#[post("/api/v1/security/platform/users/{userId}/roles")]
pub(crate) async fn assign_platform_role(
    caller: Operator<ManageSecurity>,
    Path(user): Path<Uuid>,
    Json(wish): Json<RoleWish>,
) -> Result<Json<Assignment>> {
    let mut tx = begin(&caller).await?;
    let assignment = assignments::assign(&mut tx, user, wish).await?;
    tx.commit().await?;
    Ok(Json(assignment))
}

/// Takes a role from a user that they have beside their first one.
#[delete("/api/v1/security/platform/users/{userId}/roles/{role}")]
pub(crate) async fn unassign_platform_role(
    caller: Operator<ManageSecurity>,
    Path(path): Path<UserRolePath>,
) -> Result<NoContent> {
    let mut tx = begin(&caller).await?;
    assignments::unassign(&mut tx, path.user_id, &path.role).await?;
    tx.commit().await?;
    Ok(NoContent)
}

/// Lists all that a user may do on the platform and why, and what was granted to or revoked from them.
#[get("/api/v1/security/platform/users/{userId}/permissions")]
pub(crate) async fn platform_user_permissions(
    caller: Operator<ReadSecurity>,
    Path(user): Path<Uuid>,
) -> Result<Json<UserPermissions>> {
    let mut tx = begin(&caller).await?;
    Ok(Json(grants::show(&mut tx, caller.app().catalogue(), user).await?))
}

/// Grants a permission to a user on the whole platform, or revokes it from them, for as long as is said.
#[post("/api/v1/security/platform/users/{userId}/permissions")]
pub(crate) async fn decide_platform_permission(
    caller: Operator<ManageSecurity>,
    Path(user): Path<Uuid>,
    Json(wish): Json<GrantWish>,
) -> Result<Json<Grant>> {
    let mut tx = begin(&caller).await?;
    let grant = grants::decide(&mut tx, caller.app().catalogue(), user, wish).await?;
    tx.commit().await?;
    Ok(Json(grant))
}

/// Grants and revokes many permissions of the platform at once: all of them or none.
#[post("/api/v1/security/platform/users/{userId}/permissions/bulk")]
pub(crate) async fn decide_platform_permissions(
    caller: Operator<ManageSecurity>,
    Path(user): Path<Uuid>,
    Json(wishes): Json<GrantWishes>,
) -> Result<Json<Vec<Grant>>> {
    let mut tx = begin(&caller).await?;
    let grants = grants::decide_all(&mut tx, caller.app().catalogue(), user, wishes.changes).await?;
    tx.commit().await?;
    Ok(Json(grants))
}

/// Takes back what was granted to a user on the platform, or gives back what was revoked from them.
#[delete("/api/v1/security/platform/users/{userId}/permissions/{permission}")]
pub(crate) async fn lift_platform_permission(
    caller: Operator<ManageSecurity>,
    Path(path): Path<UserPermissionPath>,
) -> Result<NoContent> {
    let mut tx = begin(&caller).await?;
    grants::lift(&mut tx, path.user_id, &path.permission).await?;
    tx.commit().await?;
    Ok(NoContent)
}
