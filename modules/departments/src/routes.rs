mod members;

use crate::{
    DeleteDepartments, Department, ReadDepartments, WriteDepartments,
    guard::Steward,
    service,
    view::{Branch, DepartmentMove, DepartmentPatch, Filter, NewDepartment, Own, Removal},
};
use kit::{
    Caller, Created, Error, Json, NoContent, Page, Paging, Path, Query, Result, Route, TenantTx, delete, get, patch,
    post, routes,
};
use tenants::Kind;
use uuid::Uuid;

pub(crate) static ROUTES: &[Route] = routes![
    list,
    create,
    show_tree,
    mine,
    show,
    change,
    remove,
    move_department,
    members::list_members,
    members::add_member,
    members::change_member,
    members::remove_member,
    members::move_member,
    members::move_members,
];

/// A transaction in the caller's tenant, which is a company: no other has departments.
async fn open<P>(caller: &Caller<P>) -> Result<TenantTx> {
    if caller.membership().kind != Kind::Company.as_str() {
        return Err(Error::conflict("NOT_A_COMPANY", "Only a company has departments."));
    }
    caller.begin().await
}

/// Lists the company's departments.
#[get("/api/v1/departments")]
async fn list(
    caller: Caller<ReadDepartments>,
    Query(filter): Query<Filter>,
    paging: Paging,
) -> Result<Page<Department>> {
    let mut tx = open(&caller).await?;
    let (departments, total) = service::list(&mut tx, &filter, &paging).await?;
    Ok(Page::new(departments, &paging, total))
}

/// Makes a department.
///
/// A head or permissions need `departments:manage` and all of the permissions.
#[post("/api/v1/departments")]
async fn create(caller: Steward<WriteDepartments>, Json(new): Json<NewDepartment>) -> Result<Created<Department>> {
    let mut tx = open(&caller).await?;
    let department = service::create(&mut tx, caller.app().catalogue(), &new).await?;
    tx.commit().await?;
    Ok(Created(department))
}

/// Shows the company's departments as the tree that they are.
#[get("/api/v1/departments/tree")]
async fn show_tree(caller: Caller<ReadDepartments>) -> Result<Json<Vec<Branch>>> {
    let mut tx = open(&caller).await?;
    service::tree(&mut tx).await.map(Json)
}

/// Lists the departments that the caller works in, the one they stand for first.
#[get("/api/v1/departments/mine")]
async fn mine(caller: Caller<ReadDepartments>) -> Result<Json<Vec<Own>>> {
    let mut tx = open(&caller).await?;
    service::mine(&mut tx, caller.user().id).await.map(Json)
}

/// Shows a department.
#[get("/api/v1/departments/{id}")]
async fn show(caller: Caller<ReadDepartments>, Path(id): Path<Uuid>) -> Result<Json<Department>> {
    let mut tx = open(&caller).await?;
    service::get(&mut tx, id).await.map(Json)
}

/// Changes a department; what is left out stays.
///
/// Another head or other permissions need `departments:manage`, and whoever gives them all that they give.
#[patch("/api/v1/departments/{id}")]
async fn change(
    caller: Steward<WriteDepartments>,
    Path(id): Path<Uuid>,
    Json(patch): Json<DepartmentPatch>,
) -> Result<Json<Department>> {
    let mut tx = open(&caller).await?;
    let department = service::change(&mut tx, caller.app().catalogue(), id, &patch).await?;
    tx.commit().await?;
    Ok(Json(department))
}

/// Deletes a department.
///
/// One that others stand under or work in needs `moveTo`, the department that takes them over; to move members needs
/// `departments:manage` and all that the other department permits.
#[delete("/api/v1/departments/{id}")]
async fn remove(
    caller: Steward<DeleteDepartments>,
    Path(id): Path<Uuid>,
    Query(removal): Query<Removal>,
) -> Result<NoContent> {
    let mut tx = open(&caller).await?;
    service::delete(&mut tx, id, removal.move_to).await?;
    tx.commit().await?;
    Ok(NoContent)
}

/// Moves a department with all that is below it to another place in the tree.
#[post("/api/v1/departments/{id}/move")]
async fn move_department(
    caller: Caller<WriteDepartments>,
    Path(id): Path<Uuid>,
    Json(wish): Json<DepartmentMove>,
) -> Result<Json<Department>> {
    let mut tx = open(&caller).await?;
    let department = service::move_to(&mut tx, id, wish.parent_id).await?;
    tx.commit().await?;
    Ok(Json(department))
}
