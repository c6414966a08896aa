use crate::Kind;
use kit::{Membership, Permissions, Share, Source, TenantState, Tier, Time};
use serde::Deserialize;
use users::Role;
use uuid::Uuid;

/// A user's place in a tenant, if they have one, and all that gives them permissions there and on the platform: what
/// the database answers by `standing_of`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    platform_role: Option<String>,
    seat: Option<Seat>,
    #[serde(default)]
    rights: Vec<Right>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Seat {
    tenant: Uuid,
    name: String,
    slug: String,
    kind: Kind,
    role: String,
    /// Of a role of the tenant's own making.
    permissions: Option<Vec<String>>,
    suspended_at: Option<Time>,
    suspension_reason: Option<String>,
    closed_at: Option<Time>,
}

/// What gives or takes permissions beside the first role.
#[derive(Clone, Debug, Deserialize)]
struct Right {
    /// Whether on the whole platform.
    platform: bool,
    effect: Effect,
    source: String,
    #[serde(default)]
    permissions: Vec<String>,
    until: Option<Time>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Effect {
    Granted,
    Revoked,
    Role,
}

impl Standing {
    /// Until when it holds, if something in it ends by itself.
    pub fn until(&self) -> Option<Time> {
        self.rights.iter().filter_map(|right| right.until).min()
    }

    /// Whether something is revoked from the user in the tenant.
    pub(crate) fn is_restricted(&self) -> bool {
        self.rights.iter().any(|right| !right.platform && right.effect == Effect::Revoked)
    }

    /// The tenant's part of a domain.
    pub fn slug(&self) -> Option<&str> {
        Some(self.seat.as_ref()?.slug.as_str())
    }

    /// The user's place in the tenant, with all that they may do in it.
    pub fn membership(&self) -> Option<Membership> {
        let seat = self.seat.as_ref()?;
        let share = seat.kind.share(&seat.role, seat.permissions.clone());
        let mut sources = vec![source(Tier::TenantRole, &format!("role:{}", seat.role), share)];
        sources.extend(self.given(true));
        sources.push(self.global());
        Some(Membership {
            tenant: seat.tenant,
            name: seat.name.clone(),
            kind: seat.kind.as_str().to_owned(),
            role: seat.role.clone(),
            state: seat.state(),
            permissions: Permissions::new(sources, self.revoked(true)),
        })
    }

    /// What the user may do on the whole platform.
    pub fn on_platform(&self) -> Permissions {
        let sources = self.given(false).chain([self.global()]).collect();
        Permissions::new(sources, self.revoked(false))
    }

    fn global(&self) -> Source {
        let role = self.platform_role.as_deref().and_then(Role::parse).unwrap_or(Role::User);
        source(Tier::GlobalRole, &format!("role:{}", role.as_str()), role.share())
    }

    /// Those that hold in the tenant too, or on the platform alone.
    fn rights(&self, tenants_too: bool) -> impl Iterator<Item = &Right> {
        self.rights.iter().filter(move |right| tenants_too || right.platform)
    }

    fn given(&self, tenants_too: bool) -> impl Iterator<Item = Source> {
        self.rights(tenants_too).filter(|right| right.effect != Effect::Revoked).map(|right| {
            let tier = match (right.effect, right.platform) {
                (Effect::Role, true) => Tier::GlobalRole,
                (Effect::Role, false) => Tier::TenantRole,
                _ => Tier::Direct,
            };
            source(tier, &right.source, Share::of(right.permissions.clone()))
        })
    }

    fn revoked(&self, tenants_too: bool) -> Vec<String> {
        let revoked = self.rights(tenants_too).filter(|right| right.effect == Effect::Revoked);
        revoked.flat_map(|right| right.permissions.clone()).collect()
    }
}

impl Seat {
    fn state(&self) -> TenantState {
        match (self.closed_at, self.suspended_at) {
            (Some(_), _) => TenantState::Closed,
            (None, Some(_)) => TenantState::Suspended { reason: self.suspension_reason.clone() },
            (None, None) => TenantState::Active,
        }
    }
}

fn source(tier: Tier, name: &str, share: Share) -> Source {
    Source { tier, name: name.to_owned(), share }
}
