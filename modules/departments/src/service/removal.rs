//! A department ends, and another may take over what stood under it and who worked in it.

use super::{get, locked_tree, members, named, place};
use crate::{Department, actor::Actor, store, tree::Tree};
use audit::Change;
use kit::{Error, Result, TenantTx};
use uuid::Uuid;

/// # Errors
/// 403 without `departments:manage` where members move, `PERMISSION_NOT_HELD`; 404; 409 `DEPARTMENT_NOT_EMPTY` where
/// nobody takes over, `DEPARTMENT_CYCLE` where one below it would, `DEPARTMENT_TOO_DEEP`; 422 for an unknown heir.
pub(crate) async fn delete(tx: &mut TenantTx, id: Uuid, heir: Option<Uuid>) -> Result<()> {
    let tree = locked_tree(tx).await?;
    let department = get(tx, id).await?;
    match heir {
        Some(heir) => hand_over(tx, &tree, &department, heir).await?,
        None => refuse_unless_empty(&tree, &department)?,
    }
    store::delete(tx, id).await?;
    audit::record(tx, Change::new("department", id, "department.deleted").before(department)).await
}

fn refuse_unless_empty(tree: &Tree, department: &Department) -> Result<()> {
    let (children, members) = (tree.children(department.id).len(), department.member_count);
    if children == 0 && members == 0 {
        return Ok(());
    }
    let refusal = Error::conflict("DEPARTMENT_NOT_EMPTY", "Say by `moveTo` which department takes over.");
    Err(refusal.with("children", children).with("members", members))
}

async fn hand_over(tx: &mut TenantTx, tree: &Tree, from: &Department, heir: Uuid) -> Result<()> {
    let heir = named(tx, "moveTo", heir).await?;
    // an heir that stands under it, or is itself, would go with it
    tree.refuse_cycle(from.id, Some(heir.id))?;
    for child in tree.children(from.id) {
        tree.refuse_to_move(child, Some(heir.id))?;
        place(tx, child, Some(from.id), Some(heir.id)).await?;
    }
    let people = store::users_of(tx, from.id).await?;
    if people.is_empty() {
        return Ok(());
    }
    let actor = Actor::of(tx).await?;
    actor.refuse_unless_they_manage()?;
    actor.refuse_to_give(&heir.permissions)?;
    members::transfer(tx, from.id, heir.id, &people).await
}
