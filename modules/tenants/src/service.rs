//! The rules of tenants; those of their members stand beside it.

mod lifecycle;
mod members;

pub use lifecycle::{close, delete, restore};
pub(crate) use lifecycle::{erase, list_all, suspend, unsuspend};
pub use members::{
    MOST_MEMBERS, add_member, admit, all_members, change_role, find_member, kind, leave, membership, platform_rights,
    remove_member, replace_role, rights, set_role, vouch,
};
pub(crate) use members::{list_members, transfer};

use crate::{
    Kind, slug, store,
    view::{NewTenant, Own, Place, Tenant, TenantPatch},
};
use audit::Change;
use kit::{Error, OnConstraint, Paging, Result, Scope, SystemTx, TenantTx, UserTx};
use serde_json::json;
use uuid::Uuid;

/// How many random letters make a taken slug one's own: 16⁸ are enough that none is met twice.
const SUFFIX: usize = 8;

/// How many tenants a user may own at once.
const MOST_OWNED: i64 = 20;

/// How many slugs are held for a tenant that it has given up: nobody else can have them.
const MOST_HELD: usize = 5;

/// Founds a tenant and goes on in its name: the founder is a member, in the kind's first role, and has it as the
/// default tenant. Its slug is made of its name.
pub async fn create(tx: SystemTx, kind: Kind, name: &str, founder: Uuid) -> Result<(TenantTx, Tenant)> {
    let new = NewTenant { kind, name: name.to_owned(), slug: None, logo: None, metadata: None };
    let (mut tx, tenant) = settle(tx, &new, founder).await?;
    users::set_default_tenant(&mut tx, founder, tenant.id).await?;
    Ok((tx, tenant))
}

/// Founds a further tenant and goes on in its name. The founder's default tenant stays what it is.
///
/// # Errors
/// 403 `TOO_MANY_TENANTS`; 409 `TENANT_SLUG_TAKEN`.
pub async fn found(mut tx: SystemTx, new: &NewTenant, founder: Uuid) -> Result<(TenantTx, Tenant)> {
    store::one_at_a_time(&mut tx, founder).await?;
    if store::count_owned(&mut tx, founder).await? >= MOST_OWNED {
        let message = format!("A user owns {MOST_OWNED} tenants at most.");
        return Err(Error::forbidden("TOO_MANY_TENANTS", message).with("limit", MOST_OWNED));
    }
    let (mut tx, tenant) = settle(tx, new, founder).await?;
    // whoever asks next is to be a member of it, wherever they ask
    tx.takes_away();
    Ok((tx, tenant))
}

async fn settle(mut tx: SystemTx, new: &NewTenant, founder: Uuid) -> Result<(TenantTx, Tenant)> {
    let tenant = insert(&mut tx, new).await?;
    #[expect(clippy::disallowed_methods, reason = "whoever founds a tenant is its member")]
    let mut tx = tx.enter(Scope::new(tenant.id, Some(founder))).await?;
    audit::record(&mut tx, Change::new("tenant", tenant.id, "tenant.created").after(&tenant)).await?;
    add_member(&mut tx, founder, tenant.kind.founder()).await?;
    Ok((tx, tenant))
}

/// With the slug that was chosen, or else one of the name's own, which random letters make free where it is not.
async fn insert(tx: &mut SystemTx, new: &NewTenant) -> Result<Tenant> {
    let wanted = new.slug.clone().unwrap_or_else(|| slug::slug(&new.name, 0));
    if !slug::is_reserved(&wanted)
        && let Some(tenant) = insert_as(tx, new, &wanted).await?
    {
        return Ok(tenant);
    }
    if new.slug.is_some() {
        return Err(slug_taken());
    }
    let random = tx.new_id().simple().to_string().split_off(32 - SUFFIX);
    let own = format!("{}-{random}", slug::slug(&new.name, SUFFIX + 1));
    let free = if slug::is_reserved(&own) { format!("tenant-{random}") } else { own };
    insert_as(tx, new, &free).await?.ok_or_else(slug_taken)
}

async fn insert_as(tx: &mut SystemTx, new: &NewTenant, slug: &str) -> Result<Option<Tenant>> {
    store::insert(tx, new, slug).await.on_constraint("tenants_slug_taken", slug_taken)
}

fn slug_taken() -> Error {
    Error::conflict("TENANT_SLUG_TAKEN", "Another tenant has this slug.")
}

/// Whether a tenant may still get this slug.
pub async fn is_slug_free(tx: &mut SystemTx, slug: &str) -> Result<bool> {
    Ok(!slug::is_reserved(slug) && !store::is_slug_taken(tx, slug).await?)
}

/// The tenant of this slug, if the user is a member of it.
pub async fn find_own_by_slug(tx: &mut UserTx, slug: &str) -> Result<Option<Uuid>> {
    store::find_own_by_slug(tx, slug).await
}

/// The tenants of a kind that the user is a member of, the oldest first.
pub async fn own_of_kind(tx: &mut UserTx, kind: Kind) -> Result<Vec<Tenant>> {
    store::own_of_kind(tx, kind).await
}

/// Goes on in the name of a tenant that the user is a member of; `None` when they are not.
///
/// # Errors
/// 403 `TENANT_SUSPENDED` and `TENANT_CLOSED`.
pub async fn enter(mut tx: UserTx, tenant: Uuid) -> Result<Option<(TenantTx, Place)>> {
    let Some(user) = tx.user() else { return Ok(None) };
    if !store::is_member(&mut tx, user, tenant).await? {
        return Ok(None);
    }
    #[expect(clippy::disallowed_methods, reason = "the user has just been found among the members")]
    let mut tx = tx.enter(Scope::new(tenant, Some(user))).await?;
    let Some(place) = store::place(&mut tx, user).await? else { return Ok(None) };
    place.tenant.admit()?;
    Ok(Some((tx, place)))
}

/// Goes on in the name of a tenant to which the user was invited.
pub async fn enter_as_guest(tx: SystemTx, tenant: Uuid, user: Uuid) -> Result<TenantTx> {
    #[expect(clippy::disallowed_methods, reason = "an invitation of the tenant's is addressed to the user")]
    tx.enter(Scope::new(tenant, Some(user))).await
}

/// Goes on in the name of a tenant of which whoever acts has been found to be the owner, or an operator of the platform.
async fn go_on_in(tx: SystemTx, tenant: Uuid, user: Uuid) -> Result<TenantTx> {
    #[expect(clippy::disallowed_methods, reason = "an owner or an operator of the platform turns the tenant")]
    tx.enter(Scope::new(tenant, Some(user))).await
}

/// The tenant, which nobody else changes until the transaction ends. Whatever is decided by who its members are is
/// decided under this lock.
///
/// # Errors
/// 403 `TENANT_SUSPENDED` and `TENANT_CLOSED`; 404 when it has just been deleted.
pub async fn lock(tx: &mut TenantTx) -> Result<Tenant> {
    let tenant = store::lock(tx).await?.ok_or_else(|| Error::not_found("tenant"))?;
    tenant.admit()?;
    Ok(tenant)
}

/// Makes a role of the tenant's own, or gives it other permissions.
///
/// # Errors
/// 409 for the name of a role that every tenant of the kind has, or that would pass for one.
pub async fn define_role(tx: &mut TenantTx, name: &str, permissions: &[String]) -> Result<()> {
    if store::kind(tx).await?.reserves(name) {
        return Err(Error::conflict("ROLE_NAME_TAKEN", format!("`{name}` is a role that every such tenant has.")));
    }
    store::upsert_role(tx, name, permissions).await?;
    let role = json!({ "name": name, "permissions": permissions });
    audit::record(tx, Change::new("role", name, "role.defined").after(role)).await
}

/// Whether another tenant has the slug, or had it not long ago, only the change itself tells.
async fn refuse_slug(tx: &mut TenantTx, slug: &str) -> Result<()> {
    if slug::is_reserved(slug) {
        return Err(slug_taken());
    }
    let held = store::held_slugs(tx).await?;
    if held.len() < MOST_HELD || held.iter().any(|it| it == slug) {
        return Ok(());
    }
    let message =
        format!("A tenant changes its slug {MOST_HELD} times in 30 days at most; one it had may be taken back.");
    Err(Error::forbidden("TOO_MANY_SLUGS", message).with("limit", MOST_HELD))
}

pub(crate) async fn list_own(tx: &mut UserTx, user: Uuid, paging: &Paging) -> Result<(Vec<Own>, i64)> {
    Ok((store::list_own(tx, user, paging).await?, store::count_own(tx, user).await?))
}

/// The transaction's tenant, however it stands; `None` when it is no more.
pub async fn look(tx: &mut TenantTx) -> Result<Option<Tenant>> {
    store::look(tx).await
}

pub(crate) async fn show(tx: &mut TenantTx) -> Result<Own> {
    store::show(tx).await?.ok_or_else(|| Error::not_found("tenant"))
}

/// Changes the tenant; what is left out stays.
///
/// # Errors
/// 403 `TOO_MANY_SLUGS`; 409 `TENANT_SLUG_TAKEN`.
pub async fn change(tx: &mut TenantTx, patch: &TenantPatch) -> Result<Tenant> {
    let before = lock(tx).await?;
    if let Some(slug) = patch.slug.as_ref().filter(|slug| **slug != before.slug) {
        refuse_slug(tx, slug).await?;
    }
    let after = store::change(tx, patch).await.on_constraint("tenants_slug_taken", slug_taken)?;
    audit::record(tx, Change::new("tenant", after.id, "tenant.changed").before(before).after(&after)).await?;
    Ok(after)
}

fn owner_only() -> Error {
    Error::forbidden("OWNER_ONLY", "Only an owner of the tenant may do this.")
}

/// The tenants that go with their founder: their own, and companies with nobody else in them.
pub async fn own_alone(tx: &mut SystemTx, user: Uuid) -> Result<Vec<Uuid>> {
    store::own_alone(tx, user).await
}

/// Makes sure that no company with other people in it loses its only owner with this user.
///
/// # Errors
/// 409 `SOLE_OWNER`, with the companies that are to be handed over first.
pub async fn refuse_sole_owner(tx: &mut SystemTx, user: Uuid) -> Result<()> {
    store::lock_tenants_of(tx, user).await?;
    let companies = store::solely_owned(tx, user).await?;
    if companies.is_empty() {
        return Ok(());
    }
    let refusal = Error::conflict("SOLE_OWNER", "Companies with other members must be handed over first.");
    Err(refusal.with("tenants", companies.iter().map(Uuid::to_string).collect::<Vec<_>>()))
}

/// Makes one of the user's tenants the default one.
pub(crate) async fn choose_default(tx: &mut UserTx, user: Uuid, tenant: Uuid) -> Result<Own> {
    if !store::is_member(tx, user, tenant).await? {
        return Err(Error::not_found("tenant"));
    }
    users::set_default_tenant(tx, user, tenant).await?;
    let choice = json!({ "defaultTenantId": tenant });
    audit::record(tx, Change::new("user", user, "user.default-tenant-changed").after(choice)).await?;
    store::find_own(tx, user, tenant).await?.ok_or_else(|| Error::not_found("tenant"))
}
