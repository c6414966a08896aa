//! The rules of the tree; those of who works where stand beside it. Whatever changes is locked with the tenant first.

mod members;
mod removal;

pub(crate) use members::{
    add as add_member, change as change_member, list as list_members, move_many as move_members,
    move_one as move_member, remove as remove_member,
};
pub(crate) use removal::delete;

use crate::{
    Department,
    actor::Actor,
    store,
    tree::Tree,
    view::{Branch, DepartmentPatch, Filter, NewDepartment, Own},
};
use audit::Change;
use kit::{Catalogue, Error, Paging, Result, TenantTx};
use serde_json::json;
use std::collections::BTreeSet;
use uuid::Uuid;

/// How many departments a company has at most.
const MOST_DEPARTMENTS: usize = 200;

pub(crate) async fn list(tx: &mut TenantTx, filter: &Filter, paging: &Paging) -> Result<(Vec<Department>, i64)> {
    Ok((store::list(tx, filter, paging).await?, store::count(tx, filter).await?))
}

pub(crate) async fn mine(tx: &mut TenantTx, user: Uuid) -> Result<Vec<Own>> {
    store::of_user(tx, user).await
}

pub(crate) async fn tree(tx: &mut TenantTx) -> Result<Vec<Branch>> {
    Ok(branches(&store::all(tx).await?, None))
}

/// Those right below, with all that is below them.
fn branches(all: &[Department], parent: Option<Uuid>) -> Vec<Branch> {
    let below = all.iter().filter(|it| it.parent_id == parent);
    below.map(|it| Branch { children: branches(all, Some(it.id)), department: it.clone() }).collect()
}

pub(crate) async fn get(tx: &mut TenantTx, id: Uuid) -> Result<Department> {
    store::find(tx, id).await?.ok_or_else(|| Error::not_found("department"))
}

/// A department that a body or a query names.
async fn named(tx: &mut TenantTx, path: &str, id: Uuid) -> Result<Department> {
    store::find(tx, id).await?.ok_or_else(|| unknown(path))
}

fn unknown(path: &str) -> Error {
    Error::invalid(path, "UNKNOWN_DEPARTMENT", "The company has no such department.")
}

async fn locked_tree(tx: &mut TenantTx) -> Result<Tree> {
    tenants::lock(tx).await?;
    store::tree(tx).await.map(Tree::new)
}

/// # Errors
/// 403 without `departments:manage` for a head or permissions, `PERMISSION_NOT_HELD`, `DEPARTMENT_LIMIT`; 409
/// `DEPARTMENT_NAME_TAKEN`, `DEPARTMENT_KEY_TAKEN`, `DEPARTMENT_TOO_DEEP`; 422 for an unknown parent, head or permission.
pub(crate) async fn create(tx: &mut TenantTx, catalogue: &Catalogue, new: &NewDepartment) -> Result<Department> {
    refuse_unknown(catalogue, &new.permissions, &[])?;
    let permissions = tidy(&new.permissions);
    if new.head_id.is_some() || !permissions.is_empty() {
        let actor = Actor::of(tx).await?;
        actor.refuse_unless_they_manage()?;
        actor.refuse_to_give(&permissions)?;
    }
    let tree = locked_tree(tx).await?;
    refuse_parent(&tree, new.parent_id)?;
    tree.refuse_to_add(new.parent_id)?;
    if tree.len() >= MOST_DEPARTMENTS {
        let message = format!("A company has {MOST_DEPARTMENTS} departments at most.");
        return Err(Error::forbidden("DEPARTMENT_LIMIT", message).with("limit", MOST_DEPARTMENTS));
    }
    let id = tx.new_id();
    store::insert(tx, id, new, &permissions).await?;
    let department = get(tx, id).await?;
    audit::record(tx, Change::new("department", id, "department.created").after(&department)).await?;
    let Some(head) = new.head_id else { return Ok(department) };
    appoint(tx, id, head).await?;
    get(tx, id).await
}

fn refuse_parent(tree: &Tree, parent: Option<Uuid>) -> Result<()> {
    if parent.is_none_or(|parent| tree.knows(parent)) { Ok(()) } else { Err(unknown("parentId")) }
}

/// What the department has already may wait for the operations that it opens.
fn refuse_unknown(catalogue: &Catalogue, permissions: &[String], known: &[String]) -> Result<()> {
    let named = permissions.iter().enumerate().filter(|(_, name)| !known.contains(name));
    catalogue.check(named.map(|(place, name)| (format!("permissions[{place}]"), name.as_str())))
}

/// Each once, in order.
fn tidy(permissions: &[String]) -> Vec<String> {
    permissions.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect()
}

/// Makes a member of the company the head, and thereby a member of the department.
async fn appoint(tx: &mut TenantTx, id: Uuid, head: Uuid) -> Result<()> {
    members::colleague(tx, "headId", head).await?;
    if !store::is_member(tx, id, head).await? {
        members::join(tx, id, head, None, false).await?;
    }
    store::set_head(tx, id, Some(head)).await?;
    let change = Change::new("department", id, "department.head-appointed").after(json!({ "headId": head }));
    audit::record(tx, change).await
}

/// # Errors
/// 403 without `departments:manage` for another head or other permissions, `PERMISSION_NOT_HELD`; 404; 409
/// `DEPARTMENT_NAME_TAKEN`; 422 for an unknown head or permission.
pub(crate) async fn change(
    tx: &mut TenantTx,
    catalogue: &Catalogue,
    id: Uuid,
    patch: &DepartmentPatch,
) -> Result<Department> {
    tenants::lock(tx).await?;
    let before = get(tx, id).await?;
    refuse_unknown(catalogue, patch.permissions.as_deref().unwrap_or_default(), &before.permissions)?;
    let permissions = patch.permissions.as_deref().map(tidy).filter(|wanted| *wanted != before.permissions);
    let head = patch.head_id.filter(|wanted| *wanted != before.head_id);
    if permissions.is_some() || head.is_some() {
        entrust(tx, &before, permissions.as_deref(), head).await?;
    }
    if patch.name.is_some() || patch.description.is_some() {
        store::describe(tx, id, patch).await?;
        let after = get(tx, id).await?;
        audit::record(tx, Change::new("department", id, "department.changed").before(&before).after(after)).await?;
    }
    get(tx, id).await
}

/// Gives a department other permissions or another head, which whoever does it could have themselves.
async fn entrust(
    tx: &mut TenantTx,
    before: &Department,
    permissions: Option<&[String]>,
    head: Option<Option<Uuid>>,
) -> Result<()> {
    let actor = Actor::of(tx).await?;
    actor.refuse_unless_they_manage()?;
    if let Some(permissions) = permissions {
        actor.refuse_to_give(permissions.iter().filter(|name| !before.permissions.contains(name)))?;
        permit(tx, before, permissions).await?;
    }
    match head {
        Some(Some(head)) => {
            // a head gives on what the department permits
            actor.refuse_to_give(permissions.unwrap_or(&before.permissions))?;
            appoint(tx, before.id, head).await
        }
        Some(None) => {
            store::set_head(tx, before.id, None).await?;
            let change = Change::new("department", before.id, "department.head-dismissed");
            audit::record(tx, change.before(json!({ "headId": before.head_id }))).await
        }
        None => Ok(()),
    }
}

async fn permit(tx: &mut TenantTx, before: &Department, permissions: &[String]) -> Result<()> {
    store::permit(tx, before.id, permissions).await?;
    let change = Change::new("department", before.id, "department.permissions-changed");
    let change = change.before(json!({ "permissions": before.permissions }));
    audit::record(tx, change.after(json!({ "permissions": permissions }))).await
}

/// Moves a department with all that is below it.
///
/// # Errors
/// 404; 409 `DEPARTMENT_CYCLE`, `DEPARTMENT_TOO_DEEP`; 422 for an unknown parent.
pub(crate) async fn move_to(tx: &mut TenantTx, id: Uuid, parent: Option<Uuid>) -> Result<Department> {
    let tree = locked_tree(tx).await?;
    let before = get(tx, id).await?;
    refuse_parent(&tree, parent)?;
    if before.parent_id == parent {
        return Ok(before);
    }
    tree.refuse_to_move(id, parent)?;
    place(tx, id, before.parent_id, parent).await?;
    get(tx, id).await
}

async fn place(tx: &mut TenantTx, id: Uuid, before: Option<Uuid>, parent: Option<Uuid>) -> Result<()> {
    store::place(tx, id, parent).await?;
    let change = Change::new("department", id, "department.moved").before(json!({ "parentId": before }));
    audit::record(tx, change.after(json!({ "parentId": parent }))).await
}
