use super::{UserPermissionPath, UserRolePath};
use crate::{
    ManageSecurity, ReadSecurity,
    service::{
        assignments::{self, Assignment, RoleWish},
        grants::{self, Grant, GrantWish, GrantWishes, UserPermissions},
    },
};
use kit::{Caller, Json, NoContent, Path, Result, delete, get, post};
use uuid::Uuid;

/// Lists the roles that a member has in the tenant, the first one first.
#[get("/api/v1/security/users/{userId}/roles")]
pub(crate) async fn list_user_roles(
    caller: Caller<ReadSecurity>,
    Path(user): Path<Uuid>,
) -> Result<Json<Vec<Assignment>>> {
    let mut tx = caller.begin().await?;
    Ok(Json(assignments::list(&mut tx, user).await?))
}

/// Gives a member a role of the tenant's own making, beside their first one and for as long as is said.
#[post("/api/v1/security/users/{userId}/roles")]
pub(crate) async fn assign_role(
    caller: Caller<ManageSecurity>,
    Path(user): Path<Uuid>,
    Json(wish): Json<RoleWish>,
) -> Result<Json<Assignment>> {
    let mut tx = caller.begin().await?;
    let assignment = assignments::assign(&mut tx, user, wish).await?;
    tx.commit().await?;
    Ok(Json(assignment))
}

/// Takes a role from a member that they have beside their first one.
#[delete("/api/v1/security/users/{userId}/roles/{role}")]
pub(crate) async fn unassign_role(caller: Caller<ManageSecurity>, Path(path): Path<UserRolePath>) -> Result<NoContent> {
    let mut tx = caller.begin().await?;
    assignments::unassign(&mut tx, path.user_id, &path.role).await?;
    tx.commit().await?;
    Ok(NoContent)
}

/// Lists all that a member may do in the tenant and why, and what was granted to or revoked from them.
#[get("/api/v1/security/users/{userId}/permissions")]
pub(crate) async fn user_permissions(
    caller: Caller<ReadSecurity>,
    Path(user): Path<Uuid>,
) -> Result<Json<UserPermissions>> {
    let mut tx = caller.begin().await?;
    Ok(Json(grants::show(&mut tx, caller.app().catalogue(), user).await?))
}

/// Grants a permission to a member directly, or revokes it from them, for as long as is said.
#[post("/api/v1/security/users/{userId}/permissions")]
pub(crate) async fn decide_permission(
    caller: Caller<ManageSecurity>,
    Path(user): Path<Uuid>,
    Json(wish): Json<GrantWish>,
) -> Result<Json<Grant>> {
    let mut tx = caller.begin().await?;
    let grant = grants::decide(&mut tx, caller.app().catalogue(), user, wish).await?;
    tx.commit().await?;
    Ok(Json(grant))
}

/// Grants and revokes many permissions at once: all of them or none.
#[post("/api/v1/security/users/{userId}/permissions/bulk")]
pub(crate) async fn decide_permissions(
    caller: Caller<ManageSecurity>,
    Path(user): Path<Uuid>,
    Json(wishes): Json<GrantWishes>,
) -> Result<Json<Vec<Grant>>> {
    let mut tx = caller.begin().await?;
    let grants = grants::decide_all(&mut tx, caller.app().catalogue(), user, wishes.changes).await?;
    tx.commit().await?;
    Ok(Json(grants))
}

/// Takes back what was granted to a member directly, or gives back what was revoked from them.
#[delete("/api/v1/security/users/{userId}/permissions/{permission}")]
pub(crate) async fn lift_permission(
    caller: Caller<ManageSecurity>,
    Path(path): Path<UserPermissionPath>,
) -> Result<NoContent> {
    let mut tx = caller.begin().await?;
    grants::lift(&mut tx, path.user_id, &path.permission).await?;
    tx.commit().await?;
    Ok(NoContent)
}
