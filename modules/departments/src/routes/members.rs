//! Who works in a department. Whoever manages departments decides it, and the department's head.

use super::open;
use crate::{
    ReadDepartments,
    guard::Steward,
    service,
    view::{Member, MemberFilter, MemberMove, MemberPatch, MembersMove, NewMember},
};
use kit::{Caller, Created, Json, NoContent, Page, Paging, Path, Query, Result, delete, get, patch, post};
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

/// A member of the department of the path.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MemberPath {
    /// The department.
    id: Uuid,
    /// The user.
    user_id: Uuid,
}

/// Lists who works in a department.
#[get("/api/v1/departments/{id}/members")]
pub(crate) async fn list_members(
    caller: Caller<ReadDepartments>,
    Path(id): Path<Uuid>,
    Query(filter): Query<MemberFilter>,
    paging: Paging,
) -> Result<Page<Member>> {
    let mut tx = open(&caller).await?;
    let (members, total) = service::list_members(&mut tx, id, &filter, &paging).await?;
    Ok(Page::new(members, &paging, total))
}

/// Lets a member of the company work in a department.
///
/// It needs `departments:manage` or to lead the department, and all that the department permits.
#[post("/api/v1/departments/{id}/members")]
pub(crate) async fn add_member(
    caller: Steward<ReadDepartments>,
    Path(id): Path<Uuid>,
    Json(new): Json<NewMember>,
) -> Result<Created<Member>> {
    let mut tx = open(&caller).await?;
    let member = service::add_member(&mut tx, id, &new).await?;
    tx.commit().await?;
    Ok(Created(member))
}

/// Changes what somebody does in a department, or makes it the one that they stand for.
///
/// It needs `departments:manage` or to lead the department.
#[patch("/api/v1/departments/{id}/members/{userId}")]
pub(crate) async fn change_member(
    caller: Steward<ReadDepartments>,
    Path(path): Path<MemberPath>,
    Json(patch): Json<MemberPatch>,
) -> Result<Json<Member>> {
    let mut tx = open(&caller).await?;
    let member = service::change_member(&mut tx, path.id, path.user_id, &patch).await?;
    tx.commit().await?;
    Ok(Json(member))
}

/// Takes somebody out of a department.
///
/// It needs `departments:manage` or to lead the department.
#[delete("/api/v1/departments/{id}/members/{userId}")]
pub(crate) async fn remove_member(caller: Steward<ReadDepartments>, Path(path): Path<MemberPath>) -> Result<NoContent> {
    let mut tx = open(&caller).await?;
    service::remove_member(&mut tx, path.id, path.user_id).await?;
    tx.commit().await?;
    Ok(NoContent)
}

/// Moves somebody to another department, where what they do stays what it is.
///
/// It needs `departments:manage` or to lead both, and all that the other department permits.
#[post("/api/v1/departments/{id}/members/{userId}/move")]
pub(crate) async fn move_member(
    caller: Steward<ReadDepartments>,
    Path(path): Path<MemberPath>,
    Json(wish): Json<MemberMove>,
) -> Result<Json<Member>> {
    let mut tx = open(&caller).await?;
    let member = service::move_member(&mut tx, path.id, wish.to, path.user_id).await?;
    tx.commit().await?;
    Ok(Json(member))
}

/// Moves many people to another department at once, all of them or none.
///
/// It needs `departments:manage` or to lead both, and all that the other department permits.
#[post("/api/v1/departments/{id}/members/move")]
pub(crate) async fn move_members(
    caller: Steward<ReadDepartments>,
    Path(id): Path<Uuid>,
    Json(wish): Json<MembersMove>,
) -> Result<Json<Vec<Member>>> {
    let mut tx = open(&caller).await?;
    let members = service::move_members(&mut tx, id, wish.to, &wish.user_ids).await?;
    tx.commit().await?;
    Ok(Json(members))
}
