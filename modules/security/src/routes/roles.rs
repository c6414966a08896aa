use super::RolePermissionPath;
use crate::{
    ManageSecurity, ReadSecurity,
    service::roles::{self, NewRole, Role, RolePatch, RolePermissions},
};
use garde::Validate;
use kit::{Caller, Created, Json, NoContent, Page, Paging, Path, Query, Result, delete, get, patch, post, put};
use schemars::JsonSchema;
use serde::Deserialize;

/// What becomes of those who have the role.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Removal {
    /// The role that members get who have the removed one as their first.
    #[garde(length(min = 1, max = 64))]
    move_to: Option<String>,
}

/// Lists the roles of the tenant: those that every such tenant has, and those of its own making.
#[get("/api/v1/security/roles")]
pub(crate) async fn list_roles(caller: Caller<ReadSecurity>, paging: Paging) -> Result<Page<Role>> {
    let mut tx = caller.begin().await?;
    let (roles, total) = roles::list(&mut tx, caller.app().catalogue(), &paging).await?;
    Ok(Page::new(roles, &paging, total))
}

/// Makes a role of the tenant's own, which gives nothing that the caller does not hold.
#[post("/api/v1/security/roles")]
pub(crate) async fn create_role(caller: Caller<ManageSecurity>, Json(new): Json<NewRole>) -> Result<Created<Role>> {
    let mut tx = caller.begin().await?;
    let role = roles::create(&mut tx, caller.app().catalogue(), new).await?;
    tx.commit().await?;
    Ok(Created(role))
}

/// Shows a role of the tenant and what it gives.
#[get("/api/v1/security/roles/{name}")]
pub(crate) async fn show_role(caller: Caller<ReadSecurity>, Path(name): Path<String>) -> Result<Json<Role>> {
    let mut tx = caller.begin().await?;
    Ok(Json(roles::find(&mut tx, caller.app().catalogue(), &name).await?))
}

/// Changes what a role of the tenant's own making says or gives.
#[patch("/api/v1/security/roles/{name}")]
pub(crate) async fn change_role(
    caller: Caller<ManageSecurity>,
    Path(name): Path<String>,
    Json(patch): Json<RolePatch>,
) -> Result<Json<Role>> {
    let mut tx = caller.begin().await?;
    let role = roles::change(&mut tx, caller.app().catalogue(), &name, patch).await?;
    tx.commit().await?;
    Ok(Json(role))
}

/// Removes a role of the tenant's own making.
#[delete("/api/v1/security/roles/{name}")]
pub(crate) async fn remove_role(
    caller: Caller<ManageSecurity>,
    Path(name): Path<String>,
    Query(removal): Query<Removal>,
) -> Result<NoContent> {
    let mut tx = caller.begin().await?;
    roles::remove(&mut tx, &name, removal.move_to.as_deref()).await?;
    tx.commit().await?;
    Ok(NoContent)
}

/// Lists what a role of the tenant gives.
#[get("/api/v1/security/roles/{name}/permissions")]
pub(crate) async fn role_permissions(
    caller: Caller<ReadSecurity>,
    Path(name): Path<String>,
) -> Result<Json<Vec<String>>> {
    let mut tx = caller.begin().await?;
    Ok(Json(roles::find(&mut tx, caller.app().catalogue(), &name).await?.permissions))
}

/// Says all that a role of the tenant's own making gives from now on.
#[put("/api/v1/security/roles/{name}/permissions")]
pub(crate) async fn replace_role_permissions(
    caller: Caller<ManageSecurity>,
    Path(name): Path<String>,
    Json(all): Json<RolePermissions>,
) -> Result<Json<Role>> {
    let mut tx = caller.begin().await?;
    let role = roles::change(&mut tx, caller.app().catalogue(), &name, all.into()).await?;
    tx.commit().await?;
    Ok(Json(role))
}

/// Adds a permission to a role of the tenant's own making.
#[post("/api/v1/security/roles/{name}/permissions/{permission}")]
pub(crate) async fn add_role_permission(
    caller: Caller<ManageSecurity>,
    Path(path): Path<RolePermissionPath>,
) -> Result<Json<Role>> {
    let mut tx = caller.begin().await?;
    let role = roles::add(&mut tx, caller.app().catalogue(), &path.name, &path.permission).await?;
    tx.commit().await?;
    Ok(Json(role))
}

/// Takes a permission out of a role of the tenant's own making.
#[delete("/api/v1/security/roles/{name}/permissions/{permission}")]
pub(crate) async fn remove_role_permission(
    caller: Caller<ManageSecurity>,
    Path(path): Path<RolePermissionPath>,
) -> Result<Json<Role>> {
    let mut tx = caller.begin().await?;
    let role = roles::take(&mut tx, &path.name, &path.permission).await?;
    tx.commit().await?;
    Ok(Json(role))
}
