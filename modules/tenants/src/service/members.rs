//! Who works in a tenant, and what they may do to one another. Each rule is applied under the tenant's lock, to the
//! roles as they are then.

use super::{lock, owner_only};
use crate::{
    Kind, ManageMembers, store,
    view::{Member, MemberFilter},
};
use audit::Change;
use kit::{Error, Membership, OnConstraint, Paging, Permission, Permissions, Result, Source, SystemTx, TenantTx, Tier};
use serde_json::json;
use uuid::Uuid;

/// How many members a tenant may have.
pub const MOST_MEMBERS: i64 = 500;

/// What somebody may do in a tenant.
struct Rank {
    role: String,
    permissions: Permissions,
}

/// Whoever acts, in a tenant that nobody else changes meanwhile.
struct Actor {
    kind: Kind,
    rank: Rank,
}

impl Actor {
    async fn of(tx: &mut TenantTx, user: Option<Uuid>) -> Result<Self> {
        // a key may hold less than its user's role, by which is judged here
        if tx.actor().api_key.is_some() {
            return Err(Error::session_required());
        }
        let kind = lock(tx).await?.kind;
        let rank = rank(tx, user.unwrap_or_default()).await?;
        Ok(Self { kind, rank: rank.ok_or_else(|| Error::not_found("tenant"))? })
    }

    fn is_owner(&self) -> bool {
        self.rank.role == self.kind.founder()
    }

    fn refuse_unless_they_manage(&self) -> Result<()> {
        let held = self.rank.permissions.hold(ManageMembers::NAME);
        if held { Ok(()) } else { Err(Error::lacks(ManageMembers::NAME)) }
    }

    /// Nobody gives, changes or takes away what is above their own: what they may not do themselves, or ownership.
    fn refuse_above(&self, other: &Rank) -> Result<()> {
        let below = other.role != self.kind.founder() && self.rank.permissions.cover(&other.permissions);
        if below || self.is_owner() {
            return Ok(());
        }
        Err(Error::forbidden("ROLE_ABOVE_YOUR_OWN", format!("`{}` is above your own role.", other.role)))
    }

    /// Nobody gives themselves more than their own role gives: what they hold for a while would stay theirs.
    async fn refuse_to_raise(&self, tx: &mut TenantTx, before: &Member, offered: &Rank) -> Result<()> {
        if tx.user() != Some(before.user_id) || self.is_owner() {
            return Ok(());
        }
        let own = role_rank(tx, self.kind, &before.role).await?;
        if own.permissions.cover(&offered.permissions) {
            return Ok(());
        }
        Err(Error::forbidden("ROLE_ABOVE_YOUR_OWN", format!("`{}` is above your own role.", offered.role)))
    }

    /// The tenant of one person has room for viewers only.
    fn refuse_second_person(&self, role: &str) -> Result<()> {
        if self.kind == Kind::Company || role == "viewer" {
            return Ok(());
        }
        Err(Error::conflict("ONE_PERSON_TENANT", "It is one person's own tenant: others may be viewers only."))
    }

    /// An owner may do everything: nobody becomes one from whom something is taken.
    async fn refuse_restricted(&self, tx: &mut TenantTx, user: Uuid, role: &str) -> Result<()> {
        if role == self.kind.founder() && store::standing(tx, user).await?.is_restricted() {
            let message = "Permissions are revoked from this member: give them back first.";
            return Err(Error::conflict("MEMBER_RESTRICTED", message));
        }
        Ok(())
    }

    async fn refuse_to_lose_the_last_owner(&self, tx: &mut TenantTx, member: &Member) -> Result<()> {
        let owner = self.kind.founder();
        if member.role == owner && store::count_with_role(tx, owner).await? <= 1 {
            return Err(Error::conflict("LAST_OWNER", "A tenant needs an owner: make another member one first."));
        }
        Ok(())
    }
}

/// A user's place in the transaction's tenant, with all that they may do in it at this moment.
pub async fn membership(tx: &mut TenantTx, user: Uuid) -> Result<Option<Membership>> {
    Ok(store::standing(tx, user).await?.membership())
}

/// What the transaction's tenant is.
pub async fn kind(tx: &mut TenantTx) -> Result<Kind> {
    store::kind(tx).await
}

/// All that a user may do on the whole platform, and why.
pub async fn platform_rights(tx: &mut SystemTx, user: Uuid) -> Result<Permissions> {
    Ok(store::platform_standing(tx, user).await?.on_platform())
}

async fn rank(tx: &mut TenantTx, user: Uuid) -> Result<Option<Rank>> {
    let membership = membership(tx, user).await?;
    Ok(membership.map(|it| Rank { role: it.role, permissions: it.permissions }))
}

/// What a member holds.
async fn held(tx: &mut TenantTx, user: Uuid) -> Result<Rank> {
    rank(tx, user).await?.ok_or_else(|| Error::not_found("member"))
}

/// What a role would give.
async fn offered(tx: &mut TenantTx, kind: Kind, role: &str) -> Result<Rank> {
    refuse_unknown(tx, kind, role).await?;
    role_rank(tx, kind, role).await
}

/// What somebody may do by this role alone.
async fn role_rank(tx: &mut TenantTx, kind: Kind, role: &str) -> Result<Rank> {
    let share = kind.share(role, store::role_permissions(tx, role).await?);
    let source = Source { tier: Tier::TenantRole, name: format!("role:{role}"), share };
    Ok(Rank { role: role.to_owned(), permissions: source.into() })
}

/// All that a member may do in the transaction's tenant, and why.
///
/// # Errors
/// 404 for who is none.
pub async fn rights(tx: &mut TenantTx, user: Uuid) -> Result<Permissions> {
    Ok(held(tx, user).await?.permissions)
}

async fn refuse_unknown(tx: &mut TenantTx, kind: Kind, role: &str) -> Result<()> {
    if kind.knows(role) || store::role_permissions(tx, role).await?.is_some() {
        return Ok(());
    }
    Err(Error::invalid("role", "UNKNOWN_ROLE", format!("The tenant has no role `{role}`.")))
}

/// Makes a user a member of the transaction's tenant.
///
/// # Errors
/// 409 `ALREADY_A_MEMBER`; 422 for a role that the tenant does not know.
pub async fn add_member(tx: &mut TenantTx, user: Uuid, role: &str) -> Result<()> {
    let kind = store::kind(tx).await?;
    refuse_unknown(tx, kind, role).await?;
    store::insert_member(tx, user, role).await.on_constraint("tenant_members_pkey", || {
        Error::conflict("ALREADY_A_MEMBER", "The user is a member of the tenant already.")
    })?;
    audit::record(tx, Change::new("member", user, "member.added").after(json!({ "role": role }))).await
}

/// Gives a member another role, whoever asks.
///
/// # Errors
/// 404 for a user who is no member; 422 for a role that the tenant does not know.
pub async fn set_role(tx: &mut TenantTx, user: Uuid, role: &str) -> Result<()> {
    let kind = store::kind(tx).await?;
    refuse_unknown(tx, kind, role).await?;
    if !store::set_role(tx, user, role).await? {
        return Err(Error::not_found("member"));
    }
    audit::record(tx, Change::new("member", user, "member.role-changed").after(json!({ "role": role }))).await
}

/// Locks the tenant, and refuses unless this member may let somebody in with this role.
///
/// # Errors
/// 403 without `members:manage`, and `ROLE_ABOVE_YOUR_OWN`; 404 for who is no member; 409 `ONE_PERSON_TENANT`; 422 for
/// an unknown role.
pub async fn vouch(tx: &mut TenantTx, member: Option<Uuid>, role: &str) -> Result<()> {
    let actor = Actor::of(tx, member).await?;
    actor.refuse_unless_they_manage()?;
    actor.refuse_second_person(role)?;
    actor.refuse_above(&offered(tx, actor.kind, role).await?)
}

/// Makes a user a member who was invited by another, as long as the other may still let them in.
///
/// # Errors
/// 403 `TENANT_FULL`; 409 `ALREADY_A_MEMBER`, and `INVITER_GONE` where the other may not.
pub async fn admit(tx: &mut TenantTx, user: Uuid, inviter: Uuid, role: &str) -> Result<Member> {
    if let Err(refused) = vouch(tx, Some(inviter), role).await {
        let gone = Error::conflict("INVITER_GONE", "Whoever invited you may no longer do so.");
        return Err(if refused.status().is_client_error() { gone } else { refused });
    }
    if store::count_members(tx, &MemberFilter::default()).await? >= MOST_MEMBERS {
        let message = format!("A tenant has {MOST_MEMBERS} members at most.");
        return Err(Error::forbidden("TENANT_FULL", message).with("limit", MOST_MEMBERS));
    }
    add_member(tx, user, role).await?;
    // whoever asks next is to be a member, wherever they ask
    tx.takes_away();
    find_member(tx, user).await
}

/// Gives a member another role.
///
/// # Errors
/// 403 without `members:manage`, and `ROLE_ABOVE_YOUR_OWN`, also for a member who stands above; 404 for who is no
/// member; 409 `LAST_OWNER`, `MEMBER_RESTRICTED` and `ONE_PERSON_TENANT`; 422 for an unknown role.
pub async fn change_role(tx: &mut TenantTx, user: Uuid, role: &str) -> Result<Member> {
    let by = tx.user();
    let actor = Actor::of(tx, by).await?;
    actor.refuse_unless_they_manage()?;
    let before = find_member(tx, user).await?;
    actor.refuse_above(&held(tx, user).await?)?;
    let offered = offered(tx, actor.kind, role).await?;
    actor.refuse_above(&offered)?;
    actor.refuse_to_raise(tx, &before, &offered).await?;
    if before.role == role {
        return Ok(before);
    }
    actor.refuse_to_lose_the_last_owner(tx, &before).await?;
    actor.refuse_second_person(role)?;
    actor.refuse_restricted(tx, user, role).await?;
    replace(tx, &before, role).await
}

/// Gives another role to everybody who has this one as their first. Answers how many they are.
///
/// # Errors
/// 403 without `members:manage`, and `ROLE_ABOVE_YOUR_OWN`, also for a member who stands above; 409
/// `MEMBER_RESTRICTED`, `ONE_PERSON_TENANT`, and `ROLE_IN_USE` where there is somebody and no other role; 422 for an unknown one.
pub async fn replace_role(tx: &mut TenantTx, role: &str, by: Option<&str>) -> Result<usize> {
    let user = tx.user();
    let actor = Actor::of(tx, user).await?;
    let members = store::members_with_role(tx, role).await?;
    let Some(new) = by else {
        let message = format!("{} members have this role: say which one they are to have (`moveTo`).", members.len());
        let refusal = Error::conflict("ROLE_IN_USE", message).with("members", members.len());
        return if members.is_empty() { Ok(0) } else { Err(refusal) };
    };
    let offered = offered(tx, actor.kind, new).await?;
    if !members.is_empty() {
        actor.refuse_unless_they_manage()?;
        actor.refuse_above(&offered)?;
        actor.refuse_second_person(new)?;
    }
    for member in &members {
        actor.refuse_above(&held(tx, *member).await?)?;
        actor.refuse_restricted(tx, *member, new).await?;
        let member = find_member(tx, *member).await?;
        actor.refuse_to_raise(tx, &member, &offered).await?;
        replace(tx, &member, new).await?;
    }
    Ok(members.len())
}

async fn replace(tx: &mut TenantTx, before: &Member, role: &str) -> Result<Member> {
    store::set_role(tx, before.user_id, role).await?;
    let change = Change::new("member", before.user_id, "member.role-changed");
    audit::record(tx, change.before(json!({ "role": before.role })).after(json!({ "role": role }))).await?;
    Ok(Member { role: role.to_owned(), ..before.clone() })
}

/// Takes a member out of the tenant; themselves, whoever they are.
///
/// # Errors
/// 403 without `members:manage`, and `ROLE_ABOVE_YOUR_OWN` for a member who stands above; 404 for who is no member;
/// 409 `LAST_OWNER`.
pub async fn remove_member(tx: &mut TenantTx, user: Uuid) -> Result<Member> {
    let by = tx.user();
    let actor = Actor::of(tx, by).await?;
    let leaves = by == Some(user);
    if !leaves {
        actor.refuse_unless_they_manage()?;
    }
    let member = find_member(tx, user).await?;
    if !leaves {
        actor.refuse_above(&held(tx, user).await?)?;
    }
    actor.refuse_to_lose_the_last_owner(tx, &member).await?;
    store::delete_member(tx, user).await?;
    let action = if leaves { "member.left" } else { "member.removed" };
    audit::record(tx, Change::new("member", user, action).before(json!({ "role": member.role }))).await?;
    Ok(member)
}

/// Takes whoever acts out of the tenant.
///
/// # Errors
/// 404 for who is no member; 409 `LAST_OWNER`.
pub async fn leave(tx: &mut TenantTx) -> Result<Member> {
    let user = tx.user().ok_or_else(|| Error::not_found("member"))?;
    remove_member(tx, user).await
}

/// Makes a member the owner in the place of whoever acts, who stays as the next below.
///
/// # Errors
/// 403 `OWNER_ONLY`; 404 for who is no member; 409 `ONE_PERSON_TENANT`, `ALREADY_AN_OWNER`,
/// `MEMBER_RESTRICTED`.
pub(crate) async fn transfer(tx: &mut TenantTx, to: Uuid) -> Result<Member> {
    let by = tx.user();
    let actor = Actor::of(tx, by).await?;
    if !actor.is_owner() {
        return Err(owner_only());
    }
    let Some(deputy) = actor.kind.deputy() else {
        return Err(Error::conflict("ONE_PERSON_TENANT", "It is one person's own tenant and cannot be handed over."));
    };
    let (old, new) = (find_member(tx, by.unwrap_or_default()).await?, find_member(tx, to).await?);
    if new.role == old.role {
        return Err(Error::conflict("ALREADY_AN_OWNER", "The member is an owner already."));
    }
    actor.refuse_restricted(tx, to, actor.kind.founder()).await?;
    let new = replace(tx, &new, actor.kind.founder()).await?;
    replace(tx, &old, deputy).await?;
    let change = Change::new("tenant", tx.tenant(), "tenant.ownership-transferred");
    audit::record(tx, change.before(json!({ "owner": old.user_id })).after(json!({ "owner": to }))).await?;
    Ok(new)
}

/// A member, by the user that they are.
///
/// # Errors
/// 404 for who is none.
pub async fn find_member(tx: &mut TenantTx, user: Uuid) -> Result<Member> {
    store::find_member(tx, user).await?.ok_or_else(|| Error::not_found("member"))
}

/// Every member, the longest-standing first.
pub async fn all_members(tx: &mut TenantTx) -> Result<Vec<Member>> {
    let paging = Paging { page: 1, limit: MOST_MEMBERS, sort: None };
    store::list_members(tx, &MemberFilter::default(), "m.created_at asc", &paging).await
}

pub(crate) async fn list_members(
    tx: &mut TenantTx,
    filter: &MemberFilter,
    paging: &Paging,
) -> Result<(Vec<Member>, i64)> {
    let columns = [("createdAt", "m.created_at"), ("name", "u.name"), ("email", "u.email"), ("role", "m.role")];
    let order = paging.order(&columns, "m.created_at asc")?;
    Ok((store::list_members(tx, filter, &order, paging).await?, store::count_members(tx, filter).await?))
}
