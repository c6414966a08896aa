use crate::{
    error,
    form::{Ask, Choose, Create, Ends, Full, Slug, Update, Which},
    role, service,
    view::{FoundedView, FullView, OrganizationView, VerdictView},
};
use auth::protocol::{Asked, Body, Done, Holder, Reply, Success, invalid};
use kit::{Reason, Result, get, post};
use tenants::Kind;

type OrNothing<T> = Reply<Option<Success<T>>>;

/// Founds a company, whose owner the user is. It becomes the active one of the session unless that is to stay.
#[post("/api/auth/organization/create")]
pub(crate) async fn create(holder: Holder, Body(form): Body<Create>) -> Result<Reply<Success<FoundedView>>> {
    let founded = service::create(&holder, form).await?;
    holder.renew(Reply::success(founded))
}

/// Says whether an organisation may still get a slug.
#[post("/api/auth/organization/check-slug")]
pub(crate) async fn check_slug(holder: Holder, Body(form): Body<Slug>) -> Result<Reply<Success<Done>>> {
    let mut tx = holder.begin_across(Reason::Tenancy).await?;
    if !tenants::is_slug_free(&mut tx, &form.slug).await? {
        return Err(error::slug_already_taken());
    }
    holder.renew(Reply::success(Done { status: true }))
}

/// Lists the companies that the user works in.
#[get("/api/auth/organization/list")]
pub(crate) async fn list(holder: Holder) -> Result<Reply<Vec<OrganizationView>>> {
    let mut tx = holder.begin().await?;
    let companies = tenants::own_of_kind(&mut tx, Kind::Company).await?;
    holder.renew(Reply::bare(companies.into_iter().map(OrganizationView::from).collect()))
}

/// Chooses the organisation that the session is about; `null` for none.
#[post("/api/auth/organization/set-active")]
pub(crate) async fn set_active(holder: Holder, Body(form): Body<Choose>) -> Result<OrNothing<OrganizationView>> {
    let chosen = service::choose(&holder, &form).await?;
    holder.renew(Reply::bare(chosen.map(|tenant| Success::of(tenant.into()))))
}

/// Shows an organisation, the active one if none is named; `null` without one.
#[get("/api/auth/organization/get-organization")]
pub(crate) async fn get_organization(holder: Holder, Asked(form): Asked<Which>) -> Result<OrNothing<OrganizationView>> {
    let named = service::find(form.organization_id.as_ref(), form.organization_slug.as_ref());
    if named.is_none() && holder.active_tenant().is_none() {
        return holder.renew(Reply::bare(None));
    }
    let (none, stranger) = (error::organization_not_found, error::user_is_no_member_forbidden);
    let (_, place) = service::enter(&holder, named, none, stranger).await?;
    holder.renew(Reply::bare(Some(Success::of(place.tenant.into()))))
}

/// Shows an organisation with its members and invitations, the active one if none is named; `null` without one.
#[get("/api/auth/organization/get-full-organization")]
pub(crate) async fn get_full_organization(holder: Holder, Asked(form): Asked<Full>) -> Result<OrNothing<FullView>> {
    let named = service::find(form.organization_id.as_ref(), form.organization_slug.as_ref());
    if named.is_none() && holder.active_tenant().is_none() {
        return holder.renew(Reply::bare(None));
    }
    let (none, stranger) = (error::organization_not_found, error::user_is_no_member_forbidden);
    let (mut tx, place) = service::enter(&holder, named, none, stranger).await?;
    let full = service::full(&mut tx, place, form.members_limit.as_deref()).await?;
    holder.renew(Reply::bare(Some(Success::of(full))))
}

/// Changes an organisation; what is left out stays.
#[post("/api/auth/organization/update")]
pub(crate) async fn update(holder: Holder, Body(form): Body<Update>) -> Result<Reply<Success<OrganizationView>>> {
    let named = service::find(form.organization_id.as_ref(), None);
    let (none, stranger) = (error::organization_not_found, error::user_is_no_member);
    let (mut tx, place) = service::enter(&holder, named, none, stranger).await?;
    let changed = service::update(&mut tx, &place, form.data).await?;
    tx.commit().await?;
    holder.renew(Reply::success(changed))
}

/// Deletes a company and all that is its own. Only an owner may, and not while its bots run.
#[post("/api/auth/organization/delete")]
pub(crate) async fn delete(holder: Holder, Body(form): Body<Ends>) -> Result<Reply<Success<OrganizationView>>> {
    let named = service::find(form.organization_id.as_ref(), None);
    let (none, stranger) = (error::organization_not_found, error::user_is_no_member);
    let (_, place) = service::enter(&holder, named, none, stranger).await?;
    let deleted = service::delete(&holder, &place).await?;
    holder.renew(Reply::success(deleted.into()))
}

/// Says whether the user may do all of what is asked.
#[post("/api/auth/organization/has-permission")]
pub(crate) async fn has_permission(holder: Holder, Body(form): Body<Ask>) -> Result<Reply<VerdictView>> {
    let named = service::find(form.organization_id.as_ref(), None);
    let missing = || invalid("body", "permissions", "Invalid input: expected record, received undefined");
    let wanted = form.permissions.or(form.permission).ok_or_else(missing)?;
    let (none, stranger) = (error::no_active_organization, error::user_is_no_member_unauthorized);
    let (_, place) = service::enter(&holder, named, none, stranger).await?;
    holder.renew(Reply::bare(VerdictView { error: None, success: role::may_all(&place, &wanted) }))
}
