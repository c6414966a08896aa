use crate::{App, Error, Permissions, Result, Time};
use axum::http::request::Parts;
use futures::future::BoxFuture;
use std::{any::Any, sync::Arc};
use uuid::Uuid;

/// Who a request is from, or `None` when it carries no valid session.
pub type Identify = for<'a> fn(&'a App, &'a Parts, TenantHint) -> BoxFuture<'a, Result<Option<Identity>>>;

/// The tenant that a request asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TenantHint {
    /// By `X-Tenant-ID` or `?tenant_id=`.
    pub id: Option<Uuid>,
    /// By sub-domain.
    pub slug: Option<String>,
}

/// A recognised user and the tenant the request is about.
#[derive(Clone, Debug)]
pub struct Identity {
    pub user: User,
    pub credential: Credential,
    /// The administrator who acts as the user.
    pub impersonated_by: Option<Uuid>,
    /// `None` when the user is a member of no tenant. Its permissions are no more than the credential's.
    pub membership: Option<Membership>,
    /// What whoever recognised the user has to say to guards of their own.
    pub note: Option<Arc<dyn Any + Send + Sync>>,
    /// What the user may do on the whole platform.
    pub platform: Permissions,
}

impl Identity {
    /// The note, where it is of this type.
    pub fn note<T: Any>(&self) -> Option<&T> {
        self.note.as_deref()?.downcast_ref()
    }
}

/// By what a user was recognised, with its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    Session(Uuid),
    ApiKey(Uuid),
}

impl Credential {
    /// The id of the session or key.
    pub fn id(self) -> Uuid {
        match self {
            Self::Session(id) | Self::ApiKey(id) => id,
        }
    }

    /// The key, if it was one.
    pub fn api_key(self) -> Option<Uuid> {
        match self {
            Self::ApiKey(id) => Some(id),
            Self::Session(_) => None,
        }
    }
}

/// A user, as every request of theirs knows them.
#[derive(Clone, Debug)]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub name: String,
    pub image: Option<String>,
    pub email_verified: bool,
    /// The role on the whole platform: `user`, `admin` or `super_admin`.
    pub role: String,
    /// Whether a second factor is asked for at sign-in.
    pub two_factor_enabled: bool,
    /// Whether they are shut out, why, and until when; without an end, until somebody lifts it.
    pub banned: bool,
    pub ban_reason: Option<String>,
    pub ban_expires: Option<Time>,
    /// A language tag, such as `pt-BR`.
    pub locale: String,
    /// A name of the IANA time zone database.
    pub time_zone: String,
    /// What amounts are shown in, such as `USD`.
    pub currency: String,
    pub created_at: Time,
    pub updated_at: Time,
}

impl User {
    /// Whether they are shut out at this moment.
    pub fn is_banned(&self, at: Time) -> bool {
        self.banned && self.ban_expires.is_none_or(|until| until > at)
    }
}

/// A user's place in a tenant.
#[derive(Clone, Debug)]
pub struct Membership {
    pub tenant: Uuid,
    pub name: String,
    /// `company`, `trader` or `influencer`.
    pub kind: String,
    pub role: String,
    pub state: TenantState,
    pub permissions: Permissions,
}

/// How a tenant stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TenantState {
    Active,
    /// By the platform.
    Suspended {
        reason: Option<String>,
    },
    /// By its owner, until it is deleted.
    Closed,
}

impl TenantState {
    /// Refuses what only an active tenant's members may do.
    ///
    /// # Errors
    /// 403 `TENANT_SUSPENDED` and `TENANT_CLOSED`.
    pub fn admit(&self) -> Result<()> {
        match self {
            Self::Active => Ok(()),
            Self::Suspended { reason } => {
                let refusal = Error::forbidden("TENANT_SUSPENDED", "The platform has suspended this tenant.");
                Err(refusal.with("reason", reason.clone()))
            }
            Self::Closed => Err(Error::forbidden("TENANT_CLOSED", "This tenant is closed and will be deleted.")),
        }
    }
}
