use crate::{Kind, slug, store};
use audit::Change;
use garde::Validate;
use kit::{Error, OnConstraint, Paging, Result, Scope, SystemTx, TenantTx, Time, UserTx};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A tenant.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tenant {
    pub id: Uuid,
    #[serde(rename = "type")]
    pub kind: Kind,
    pub name: String,
    /// Its part of a domain: `acme` of `acme.example.com`.
    pub slug: String,
    pub created_at: Time,
    pub updated_at: Time,
}

/// A tenant, and the caller's place in it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OwnTenant")]
pub(crate) struct Own {
    #[serde(flatten)]
    pub(crate) tenant: Tenant,
    /// The caller's role in it.
    pub(crate) role: String,
    /// Whether it is the one that requests are about which name none.
    pub(crate) is_default: bool,
}

/// Somebody who works in a tenant.
#[derive(Serialize, JsonSchema, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TenantMember")]
pub(crate) struct Member {
    pub(crate) user_id: Uuid,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) image: Option<String>,
    pub(crate) role: String,
    /// Since when.
    pub(crate) created_at: Time,
}

/// Which members are asked for.
#[derive(Deserialize, JsonSchema, Validate)]
pub(crate) struct MemberFilter {
    /// Only those whose name or address contains it.
    #[garde(length(chars, max = 100))]
    pub(crate) q: Option<String>,
    /// Only those with this role.
    #[garde(length(max = 64))]
    pub(crate) role: Option<String>,
}

/// The part of a tenant that changes; what is left out stays.
#[derive(Default, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct TenantPatch {
    #[garde(length(chars, min = 1, max = 200))]
    pub(crate) name: Option<String>,
    /// Its part of a domain: `acme` of `acme.example.com`.
    #[garde(inner(custom(slug::is_slug)))]
    pub(crate) slug: Option<String>,
}

/// The tenant that is to be the default one.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DefaultTenant {
    #[garde(skip)]
    pub(crate) tenant_id: Uuid,
}

/// How many random letters make a taken slug one's own: 16⁸ are enough that none is met twice.
const SUFFIX: usize = 8;

/// Founds a tenant and goes on in its name: the founder is a member, in the kind's first role, and has it as the
/// default tenant. Its slug is made of its name.
pub async fn create(mut tx: SystemTx, kind: Kind, name: &str, founder: Uuid) -> Result<(TenantTx, Tenant)> {
    let tenant = match store::insert(&mut tx, kind, name, &slug::slug(name, 0)).await? {
        Some(tenant) => tenant,
        None => {
            let random = tx.new_id().simple().to_string().split_off(32 - SUFFIX);
            let slug = format!("{}-{random}", slug::slug(name, SUFFIX + 1));
            let tenant = store::insert(&mut tx, kind, name, &slug).await?;
            tenant.ok_or_else(|| Error::conflict("TENANT_SLUG_TAKEN", "Another tenant has this slug."))?
        }
    };
    #[expect(clippy::disallowed_methods, reason = "whoever founds a tenant is its member")]
    let mut tx = tx.enter(Scope::new(tenant.id, Some(founder))).await?;
    audit::record(&mut tx, Change::new("tenant", tenant.id, "tenant.created").after(&tenant)).await?;
    add_member(&mut tx, founder, kind.founder()).await?;
    users::set_default_tenant(&mut tx, founder, tenant.id).await?;
    Ok((tx, tenant))
}

/// Makes a user a member of the transaction's tenant.
///
/// # Errors
/// 409 `ALREADY_A_MEMBER`; 422 for a role that the tenant does not know.
pub async fn add_member(tx: &mut TenantTx, user: Uuid, role: &str) -> Result<()> {
    refuse_unknown(tx, role).await?;
    store::insert_member(tx, user, role).await.on_constraint("tenant_members_pkey", || {
        Error::conflict("ALREADY_A_MEMBER", "The user is a member of the tenant already.")
    })?;
    audit::record(tx, Change::new("member", user, "member.added").after(serde_json::json!({ "role": role }))).await
}

/// Gives a member another role.
///
/// # Errors
/// 404 for a user who is no member; 422 for a role that the tenant does not know.
pub async fn set_role(tx: &mut TenantTx, user: Uuid, role: &str) -> Result<()> {
    refuse_unknown(tx, role).await?;
    if !store::set_role(tx, user, role).await? {
        return Err(Error::not_found("member"));
    }
    audit::record(tx, Change::new("member", user, "member.role-changed").after(serde_json::json!({ "role": role })))
        .await
}

/// Makes a role of the tenant's own, or gives it other permissions.
///
/// # Errors
/// 409 for the name of a role that every tenant of the kind has.
pub async fn define_role(tx: &mut TenantTx, name: &str, permissions: &[String]) -> Result<()> {
    if store::kind(tx).await?.knows(name) {
        return Err(Error::conflict("ROLE_NAME_TAKEN", format!("`{name}` is a role that every such tenant has.")));
    }
    store::upsert_role(tx, name, permissions).await?;
    let role = serde_json::json!({ "name": name, "permissions": permissions });
    audit::record(tx, Change::new("role", name, "role.defined").after(role)).await
}

async fn refuse_unknown(tx: &mut TenantTx, role: &str) -> Result<()> {
    if store::kind(tx).await?.knows(role) || store::has_role(tx, role).await? {
        return Ok(());
    }
    Err(Error::invalid("role", "UNKNOWN_ROLE", format!("The tenant has no role `{role}`.")))
}

pub(crate) async fn list_own(tx: &mut UserTx, user: Uuid, paging: &Paging) -> Result<(Vec<Own>, i64)> {
    Ok((store::list_own(tx, user, paging).await?, store::count_own(tx, user).await?))
}

pub(crate) async fn show(tx: &mut TenantTx) -> Result<Own> {
    store::show(tx).await?.ok_or_else(|| Error::not_found("tenant"))
}

pub(crate) async fn change(tx: &mut TenantTx, patch: &TenantPatch) -> Result<Own> {
    let before = store::lock(tx).await?.ok_or_else(|| Error::not_found("tenant"))?;
    let after = store::change(tx, patch.name.as_deref(), patch.slug.as_deref()).await;
    let after = after.on_constraint("tenants_slug_taken", || {
        Error::conflict("TENANT_SLUG_TAKEN", "Another tenant has this slug.")
    })?;
    audit::record(tx, Change::new("tenant", after.id, "tenant.changed").before(before).after(&after)).await?;
    show(tx).await
}

/// Makes one of the user's tenants the default one.
pub(crate) async fn choose_default(tx: &mut UserTx, user: Uuid, tenant: Uuid) -> Result<Own> {
    if !store::is_member(tx, user, tenant).await? {
        return Err(Error::not_found("tenant"));
    }
    users::set_default_tenant(tx, user, tenant).await?;
    let choice = serde_json::json!({ "defaultTenantId": tenant });
    audit::record(tx, Change::new("user", user, "user.default-tenant-changed").after(choice)).await?;
    store::find_own(tx, user, tenant).await?.ok_or_else(|| Error::not_found("tenant"))
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
