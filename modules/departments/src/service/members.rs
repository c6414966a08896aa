//! Who works in a department. Nobody lets others in, themselves neither, where more is permitted than they hold.

use super::{get, named};
use crate::{
    Department,
    actor::Actor,
    store,
    view::{Member, MemberFilter, MemberPatch, NewMember},
};
use audit::Change;
use kit::{Error, Paging, Result, TenantTx};
use serde_json::json;
use std::collections::BTreeSet;
use uuid::Uuid;

pub(crate) async fn list(
    tx: &mut TenantTx,
    id: Uuid,
    filter: &MemberFilter,
    paging: &Paging,
) -> Result<(Vec<Member>, i64)> {
    get(tx, id).await?;
    Ok((store::list_members(tx, id, filter, paging).await?, store::count_members(tx, id, filter).await?))
}

async fn find(tx: &mut TenantTx, id: Uuid, user: Uuid) -> Result<Member> {
    store::find_member(tx, id, user).await?.ok_or_else(|| Error::not_found("department member"))
}

/// Makes sure that a user whom a body names is a member of the company.
pub(super) async fn colleague(tx: &mut TenantTx, path: &str, user: Uuid) -> Result<()> {
    match tenants::find_member(tx, user).await {
        Ok(_) => Ok(()),
        Err(error) if error.status().is_client_error() => {
            Err(Error::invalid(path, "UNKNOWN_MEMBER", "The company has no such member."))
        }
        Err(error) => Err(error),
    }
}

/// The department, in a company that nobody else changes meanwhile, for who may manage its members.
async fn led(tx: &mut TenantTx, id: Uuid) -> Result<(Actor, Department)> {
    let actor = Actor::of(tx).await?;
    let department = get(tx, id).await?;
    actor.refuse_unless_they_lead(&department)?;
    Ok((actor, department))
}

/// # Errors
/// 403 for who neither manages nor leads, `PERMISSION_NOT_HELD`; 404; 409 `ALREADY_IN_DEPARTMENT`; 422 for who is no
/// member of the company.
pub(crate) async fn add(tx: &mut TenantTx, id: Uuid, new: &NewMember) -> Result<Member> {
    let (actor, department) = led(tx, id).await?;
    actor.refuse_to_give(&department.permissions)?;
    colleague(tx, "userId", new.user_id).await?;
    if store::is_member(tx, id, new.user_id).await? {
        return Err(Error::conflict("ALREADY_IN_DEPARTMENT", "They work in the department already."));
    }
    join(tx, id, new.user_id, new.title.as_deref(), new.is_primary).await
}

/// Enters somebody. Their first department is the one that they stand for.
pub(super) async fn join(
    tx: &mut TenantTx,
    id: Uuid,
    user: Uuid,
    title: Option<&str>,
    is_primary: bool,
) -> Result<Member> {
    store::insert_member(tx, id, user, title).await?;
    if is_primary {
        store::choose_primary(tx, id, user).await?;
    } else {
        store::fill_primary(tx, &[user]).await?;
    }
    let member = find(tx, id, user).await?;
    audit::record(tx, Change::new("department", id, "department.member-added").after(&member)).await?;
    Ok(member)
}

/// # Errors
/// 403 for who neither manages nor leads; 404.
pub(crate) async fn change(tx: &mut TenantTx, id: Uuid, user: Uuid, patch: &MemberPatch) -> Result<Member> {
    led(tx, id).await?;
    let before = find(tx, id, user).await?;
    if let Some(title) = &patch.title {
        store::set_title(tx, id, user, title.as_deref()).await?;
    }
    if patch.is_primary.is_some() {
        store::choose_primary(tx, id, user).await?;
    }
    let after = find(tx, id, user).await?;
    let change = Change::new("department", id, "department.member-changed").before(before);
    audit::record(tx, change.after(&after)).await?;
    Ok(after)
}

/// # Errors
/// 403 for who neither manages nor leads; 404.
pub(crate) async fn remove(tx: &mut TenantTx, id: Uuid, user: Uuid) -> Result<()> {
    led(tx, id).await?;
    let member = find(tx, id, user).await?;
    store::delete_member(tx, id, user).await?;
    store::fill_primary(tx, &[user]).await?;
    audit::record(tx, Change::new("department", id, "department.member-removed").before(member)).await
}

/// # Errors
/// As for [`move_many`]; 404 for who does not work in the department.
pub(crate) async fn move_one(tx: &mut TenantTx, from: Uuid, to: Uuid, user: Uuid) -> Result<Member> {
    refuse_to_move(tx, from, to).await?;
    find(tx, from, user).await?;
    transfer(tx, from, to, &[user]).await?;
    find(tx, to, user).await
}

/// # Errors
/// 403 for who neither manages nor leads both, `PERMISSION_NOT_HELD`; 404; 422 for an unknown department, the same one,
/// and people who do not work in it.
pub(crate) async fn move_many(tx: &mut TenantTx, from: Uuid, to: Uuid, users: &[Uuid]) -> Result<Vec<Member>> {
    refuse_to_move(tx, from, to).await?;
    let users: Vec<Uuid> = users.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    let there: BTreeSet<Uuid> = store::users_of(tx, from).await?.into_iter().collect();
    if users.iter().any(|user| !there.contains(user)) {
        return Err(Error::invalid("userIds", "UNKNOWN_MEMBER", "Not all of them work in the department."));
    }
    transfer(tx, from, to, &users).await?;
    store::members_among(tx, to, &users).await
}

async fn refuse_to_move(tx: &mut TenantTx, from: Uuid, to: Uuid) -> Result<()> {
    let (actor, _) = led(tx, from).await?;
    let target = named(tx, "to", to).await?;
    if from == to {
        return Err(Error::invalid("to", "SAME_DEPARTMENT", "They work there already."));
    }
    actor.refuse_unless_they_lead(&target)?;
    actor.refuse_to_give(&target.permissions)
}

/// Moves these members. Who works in both departments leaves the first.
pub(super) async fn transfer(tx: &mut TenantTx, from: Uuid, to: Uuid, users: &[Uuid]) -> Result<()> {
    let before = store::members_among(tx, from, users).await?;
    store::move_members(tx, from, to, users).await?;
    let changes: Vec<_> = before.iter().map(|member| moved(from, to, member)).collect();
    audit::record_all(tx, &changes).await
}

fn moved(from: Uuid, to: Uuid, member: &Member) -> Change {
    let change = Change::new("department", from, "department.member-moved").before(member);
    change.after(json!({ "departmentId": to, "userId": member.user_id }))
}
