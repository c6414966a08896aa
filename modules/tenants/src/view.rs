//! What is said of tenants and their members.

use crate::{Kind, slug};
use garde::Validate;
use kit::{Permissions, TenantState, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use users::{given, is_web_address};
use uuid::Uuid;

/// A tenant.
#[derive(Clone, Debug, Serialize, JsonSchema, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Tenant {
    pub id: Uuid,
    #[serde(rename = "type")]
    pub kind: Kind,
    pub name: String,
    /// Its part of a domain: `acme` of `acme.example.com`.
    pub slug: String,
    /// The address of a picture.
    pub logo: Option<String>,
    /// What its applications note of it: an object.
    pub metadata: Option<Value>,
    /// How it stands.
    pub status: Status,
    /// Why the platform has suspended it.
    pub suspension_reason: Option<String>,
    /// When one that was closed will be no more; until then its owner may restore it.
    pub erase_at: Option<Time>,
    pub created_at: Time,
    pub updated_at: Time,
}

/// How a tenant stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
#[schemars(rename = "TenantStatus")]
pub enum Status {
    /// Its members work in it.
    Active,
    /// The platform has suspended it.
    Suspended,
    /// Its owner has closed it.
    Closed,
}

impl Status {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Closed => "closed",
        }
    }
}

impl Tenant {
    /// Refuses what only an active tenant's members may do.
    ///
    /// # Errors
    /// 403 `TENANT_SUSPENDED` and `TENANT_CLOSED`.
    pub fn admit(&self) -> kit::Result<()> {
        let state = match self.status {
            Status::Active => TenantState::Active,
            Status::Suspended => TenantState::Suspended { reason: self.suspension_reason.clone() },
            Status::Closed => TenantState::Closed,
        };
        state.admit()
    }
}

/// Which of all tenants are asked for.
#[derive(Default, Deserialize, JsonSchema, Validate)]
pub(crate) struct AllFilter {
    /// Only those whose name or slug contains it.
    #[garde(length(chars, max = 100))]
    pub(crate) q: Option<String>,
    /// Only those of this kind.
    #[garde(skip)]
    #[serde(rename = "type")]
    pub(crate) kind: Option<Kind>,
    /// Only those that stand like this.
    #[garde(skip)]
    pub(crate) status: Option<Status>,
}

/// A tenant, as an operator of the platform sees it.
#[derive(Serialize, JsonSchema, sqlx::FromRow)]
#[schemars(rename = "TenantOverview")]
pub(crate) struct Overview {
    #[serde(flatten)]
    #[sqlx(flatten)]
    pub(crate) tenant: Tenant,
    /// How many people work in it.
    pub(crate) members: i64,
}

/// Why a tenant is suspended. Its members are shown it.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TenantSuspension")]
pub(crate) struct Suspension {
    #[garde(length(chars, min = 1, max = 500))]
    pub(crate) reason: String,
}

/// A tenant to be.
#[derive(Clone, Debug)]
pub struct NewTenant {
    pub kind: Kind,
    pub name: String,
    /// Its part of a domain; made of the name if not said.
    pub slug: Option<String>,
    pub logo: Option<String>,
    pub metadata: Option<Map<String, Value>>,
}

/// A company to be.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewCompany {
    #[garde(length(chars, min = 1, max = 200))]
    name: String,
    /// Its part of a domain; made of the name if not said.
    #[garde(inner(custom(slug::is_slug)))]
    slug: Option<String>,
    /// Only `company`: the tenant of one person is made when they sign up.
    #[serde(default = "company", rename = "type")]
    #[garde(custom(is_company))]
    kind: Kind,
}

fn company() -> Kind {
    Kind::Company
}

fn is_company(kind: &Kind, _: &()) -> garde::Result {
    if *kind == Kind::Company { Ok(()) } else { Err(garde::Error::new("the tenant of one person is made at sign-up")) }
}

impl From<NewCompany> for NewTenant {
    fn from(NewCompany { kind, name, slug }: NewCompany) -> Self {
        Self { kind, name, slug, logo: None, metadata: None }
    }
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
#[derive(Clone, Debug, Serialize, JsonSchema, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TenantMember")]
pub struct Member {
    /// What the protocol calls the membership.
    #[serde(skip)]
    pub id: Uuid,
    pub user_id: Uuid,
    pub name: String,
    pub email: String,
    pub image: Option<String>,
    pub role: String,
    /// Since when.
    pub created_at: Time,
}

/// A user's place in the tenant that a transaction has entered.
#[derive(Clone, Debug)]
pub struct Place {
    pub tenant: Tenant,
    pub role: String,
    pub permissions: Permissions,
}

impl Place {
    /// Whether they have the role of whoever founds such a tenant.
    pub fn is_owner(&self) -> bool {
        self.role == self.tenant.kind.founder()
    }
}

/// Which members are asked for.
#[derive(Default, Deserialize, JsonSchema, Validate)]
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
pub struct TenantPatch {
    #[garde(length(chars, min = 1, max = 200))]
    pub name: Option<String>,
    /// Its part of a domain: `acme` of `acme.example.com`.
    #[garde(inner(custom(slug::is_slug)))]
    pub slug: Option<String>,
    /// The address of a picture, by http or https; `null` takes it away.
    #[serde(deserialize_with = "given")]
    #[garde(inner(inner(length(max = 2048), custom(is_web_address))))]
    pub logo: Option<Option<String>>,
    /// What its applications note of it: an object of at most 16 KiB, which takes the place of the old one.
    #[garde(inner(custom(is_metadata)))]
    pub metadata: Option<Map<String, Value>>,
}

/// The most that applications may note of a tenant, in bytes.
const MOST_METADATA: usize = 16 << 10;

/// Whether it may be noted of a tenant: not too much, and nothing that the database cannot hold.
pub fn is_metadata(metadata: &Map<String, Value>, _: &()) -> garde::Result {
    let text = serde_json::to_string(metadata).unwrap_or_default();
    match text.len() {
        _ if text.contains("\\u0000") => Err(garde::Error::new("the character NUL")),
        0..=MOST_METADATA => Ok(()),
        _ => Err(garde::Error::new(format!("more than {MOST_METADATA} bytes"))),
    }
}

/// The tenant that is to be the default one.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DefaultTenant {
    #[garde(skip)]
    pub(crate) tenant_id: Uuid,
}

/// The role that a member is to have.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoleChange {
    #[garde(length(min = 1, max = 64))]
    pub(crate) role: String,
}

/// Who is to own the tenant.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Transfer {
    /// A member.
    #[garde(skip)]
    pub(crate) user_id: Uuid,
}
