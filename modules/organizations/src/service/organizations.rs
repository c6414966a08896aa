//! Companies as organisations.

use super::{closing::close, invitations::list_visible, members::number};
use crate::{
    error::{self, Instead, instead},
    form::{Choose, Create, Data},
    role,
    view::{ColleagueView, FoundedView, FullView, MemberView, OrganizationView},
};
use auth::protocol::Holder;
use kit::{Error, Permission, Reason, Result, TenantTx};
use tenants::{Kind, MOST_MEMBERS, NewTenant, Place, ReadMembers, Tenant, TenantPatch};
use uuid::Uuid;

/// Which organisation a request names, if it names one.
pub(crate) fn find<'a>(id: Option<&'a String>, slug: Option<&'a String>) -> Option<Named<'a>> {
    let said = |text: &&String| !text.is_empty();
    match (slug.filter(said), id.filter(said)) {
        (Some(slug), _) => Some(Named::Slug(slug)),
        (None, Some(id)) => Some(Named::Id(id)),
        (None, None) => None,
    }
}

/// An organisation, as a request names it.
#[derive(Clone, Copy)]
pub(crate) enum Named<'a> {
    Id(&'a str),
    Slug(&'a str),
}

/// Goes on in the name of the organisation that the request names, or else of the session's active one.
///
/// # Errors
/// `none` where there is neither; `stranger` for who is no member, whether it exists or not, and for one that is
/// closed: to the protocol it is no more; 403 `TENANT_SUSPENDED`.
pub(crate) async fn enter(
    holder: &Holder,
    named: Option<Named<'_>>,
    none: fn() -> Error,
    stranger: fn() -> Error,
) -> Result<(TenantTx, Place)> {
    let mut tx = holder.begin().await?;
    let tenant = match named {
        Some(Named::Id(id)) => Uuid::parse_str(id).ok(),
        Some(Named::Slug(slug)) => tenants::find_own_by_slug(&mut tx, slug).await?,
        None => Some(holder.active_tenant().ok_or_else(none)?),
    };
    let entered = tenants::enter(tx, tenant.ok_or_else(stranger)?).await;
    let entered = instead(entered, &[("TENANT_CLOSED", stranger)])?;
    entered.filter(|(_, place)| place.tenant.kind == Kind::Company).ok_or_else(stranger)
}

/// Founds a company, in which the session goes on unless it is to stay where it is.
pub(crate) async fn create(holder: &Holder, form: Create) -> Result<FoundedView> {
    let Create { name, slug, logo, metadata, keep_current_active_organization: keep } = form;
    let new = NewTenant { kind: Kind::Company, name, slug: Some(slug), logo, metadata };
    let tx = holder.begin_across(Reason::Tenancy).await?;
    let founded = tenants::found(tx, &new, holder.user().id).await;
    let table: [Instead; 2] = [
        ("TENANT_SLUG_TAKEN", error::organization_already_exists),
        ("TOO_MANY_TENANTS", error::too_many_organizations),
    ];
    let (mut tx, tenant) = instead(founded, &table)?;
    if keep != Some(true) {
        auth::choose_tenant(&mut tx, holder.session(), Some(tenant.id)).await?;
    }
    let founder = tenants::find_member(&mut tx, holder.user().id).await?;
    let members = vec![MemberView::new(&founder, tenant.id)];
    tx.commit().await?;
    Ok(FoundedView { organization: tenant.into(), members })
}

/// Changes a company; what is left out stays.
///
/// # Errors
/// 403 for who may not; 400 for a slug that is another's.
pub(crate) async fn update(tx: &mut TenantTx, place: &Place, data: Data) -> Result<OrganizationView> {
    if !role::may(place, "organization", "update") {
        return Err(error::may_not_update());
    }
    let Data { name, slug, logo, metadata } = data;
    let (patch, untouched) = (TenantPatch { name, slug, logo, metadata: metadata.clone() }, metadata.is_none());
    let changed = tenants::change(tx, &patch).await;
    let changed: Tenant = instead(changed, &[("TENANT_SLUG_TAKEN", error::slug_already_taken)])?;
    let mut view = OrganizationView::from(changed);
    if untouched {
        view.metadata = None;
    }
    Ok(view)
}

/// A company with its people.
///
/// # Errors
/// 403 for who may not know them.
pub(crate) async fn full(tx: &mut TenantTx, place: Place, limit: Option<&str>) -> Result<FullView> {
    if !place.permissions.hold(ReadMembers::NAME) {
        return Err(Error::lacks(ReadMembers::NAME));
    }
    let limit = number(limit, "membersLimit")?.unwrap_or(super::members::USUAL).min(MOST_MEMBERS.unsigned_abs());
    let members = tenants::all_members(tx).await?.into_iter();
    let members = members.take(usize::try_from(limit).unwrap_or(usize::MAX));
    let members = members.map(|member| ColleagueView::new(member, place.tenant.id)).collect();
    let invitations = match role::may(&place, "invitation", "create") {
        true => list_visible(tx, &place).await?,
        false => vec![],
    };
    Ok(FullView { organization: place.tenant.into(), invitations, members })
}

/// Makes an organisation the one that the session is about. Without a choice it stays the one that it is.
///
/// # Errors
/// 403 for who is no member.
pub(crate) async fn choose(holder: &Holder, form: &Choose) -> Result<Option<Tenant>> {
    let session = holder.session();
    if form.organization_id == Some(None) {
        let mut tx = holder.begin().await?;
        auth::choose_tenant(&mut tx, session, None).await?;
        tx.commit().await?;
        return Ok(None);
    }
    let id = form.organization_id.as_ref().and_then(Option::as_ref);
    let named = match find(id, None) {
        Some(id) => Some(id),
        None => find(None, form.organization_slug.as_ref()),
    };
    if named.is_none() && holder.active_tenant().is_none() {
        return Ok(None);
    }
    let (none, stranger) = (error::organization_not_found, error::user_is_no_member_forbidden);
    let (mut tx, place) = enter(holder, named, none, stranger).await?;
    auth::choose_tenant(&mut tx, session, Some(place.tenant.id)).await?;
    tx.commit().await?;
    Ok(Some(place.tenant))
}

/// Closes a company, which is erased when the time of grace is over: to the protocol it is deleted.
///
/// # Errors
/// 403 for who is no owner; 409 `TENANT_HAS_RUNNING_BOTS`.
pub(crate) async fn delete(holder: &Holder, place: &Place) -> Result<Tenant> {
    if !role::may(place, "organization", "delete") {
        return Err(error::may_not_delete());
    }
    let tx = holder.begin_across(Reason::Tenancy).await?;
    let closed = close(tx, place.tenant.id, holder.user().id, None).await;
    let table: [Instead; 3] = [
        ("OWNER_ONLY", error::may_not_delete),
        ("TENANT_NOT_FOUND", error::user_is_no_member),
        ("TENANT_CLOSED", error::user_is_no_member),
    ];
    let (tx, closed) = instead(closed, &table)?;
    tx.commit().await?;
    Ok(closed)
}
