use crate::{
    error,
    form::{Ends, List, NewRole, OfMember, Remove},
    service,
    view::{ColleagueView, MemberView, MembersView, RemovedView, RoleView},
};
use auth::protocol::{Asked, Body, Holder, Reply, Success};
use kit::{Result, get, post};

/// Lists the members of an organisation.
#[get("/api/auth/organization/list-members")]
pub(crate) async fn list_members(holder: Holder, Asked(form): Asked<List>) -> Result<Reply<Success<MembersView>>> {
    let named = service::find(form.organization_id.as_ref(), form.organization_slug.as_ref());
    let (none, stranger) = (error::no_active_organization, error::you_are_no_member);
    let (mut tx, place) = service::enter(&holder, named, none, stranger).await?;
    let members = service::list_members(&mut tx, &place).await?;
    holder.renew(Reply::success(service::page_of(members, &form)?))
}

/// Shows the user's membership in the active organisation.
#[get("/api/auth/organization/get-active-member")]
pub(crate) async fn get_active_member(holder: Holder) -> Result<Reply<Success<ColleagueView>>> {
    let (none, stranger) = (error::no_active_organization, error::member_not_found);
    let (mut tx, place) = service::enter(&holder, None, none, stranger).await?;
    let member = tenants::find_member(&mut tx, holder.user().id).await?;
    holder.renew(Reply::success(ColleagueView::new(member, place.tenant.id)))
}

/// Shows the role of the user, or of another member, in an organisation; in the active one if none is named.
#[get("/api/auth/organization/get-active-member-role")]
pub(crate) async fn get_active_member_role(
    holder: Holder,
    Asked(form): Asked<OfMember>,
) -> Result<Reply<Success<RoleView>>> {
    let named = service::find(form.organization_id.as_ref(), form.organization_slug.as_ref());
    let (none, stranger) = (error::no_active_organization, error::you_are_no_member);
    let (mut tx, place) = service::enter(&holder, named, none, stranger).await?;
    let role = service::role_of(&mut tx, &place, form.user_id.as_deref()).await?;
    holder.renew(Reply::success(RoleView { role }))
}

/// Gives a member another role, which is not above the user's own.
#[post("/api/auth/organization/update-member-role")]
pub(crate) async fn update_member_role(
    holder: Holder,
    Body(form): Body<NewRole>,
) -> Result<Reply<Success<MemberView>>> {
    let (named, role) = (service::find(form.organization_id.as_ref(), None), form.role.one_role()?);
    let (none, stranger) = (error::no_active_organization, error::member_not_found);
    let (mut tx, place) = service::enter(&holder, named, none, stranger).await?;
    let member = service::member_of(&mut tx, &form.member_id).await?;
    let member = service::change_role(&mut tx, &place, &member, &role).await?;
    tx.commit().await?;
    holder.renew(Reply::success(member))
}

/// Takes a member out of an organisation.
#[post("/api/auth/organization/remove-member")]
pub(crate) async fn remove_member(holder: Holder, Body(form): Body<Remove>) -> Result<Reply<Success<RemovedView>>> {
    let named = service::find(form.organization_id.as_ref(), None);
    let (none, stranger) = (error::no_active_organization, error::member_not_found);
    let (mut tx, place) = service::enter(&holder, named, none, stranger).await?;
    let member = service::member_of(&mut tx, &form.member_id_or_email).await?;
    let member = service::remove(&mut tx, &place, &member).await?;
    tx.commit().await?;
    holder.renew(Reply::success(RemovedView { member }))
}

/// Takes the user out of an organisation. The last owner stays.
#[post("/api/auth/organization/leave")]
pub(crate) async fn leave(holder: Holder, Body(form): Body<Ends>) -> Result<Reply<Success<ColleagueView>>> {
    let named = service::find(form.organization_id.as_ref(), None);
    let (none, stranger) = (error::no_active_organization, error::member_not_found);
    let (mut tx, place) = service::enter(&holder, named, none, stranger).await?;
    let table: [error::Instead; 1] = [("LAST_OWNER", error::only_owner_cannot_leave)];
    let member = error::instead(tenants::leave(&mut tx).await, &table)?;
    tx.commit().await?;
    holder.renew(Reply::success(ColleagueView::new(member, place.tenant.id)))
}
