use serde::Serialize;
use std::sync::Arc;

/// A right that a member of a tenant holds or lacks. Made by [`permission!`](crate::permission).
pub trait Permission: Send + Sync + 'static {
    /// `resource:action`.
    const NAME: &'static str;
}

/// `permission!(WriteWatchlists = "watchlists:write");`
#[macro_export]
macro_rules! permission {
    ($(#[$doc:meta])* $permission:ident = $name:literal) => {
        #[doc = concat!("The permission `", $name, "`.")]
        $(#[$doc])*
        pub struct $permission;
        impl $crate::Permission for $permission {
            const NAME: &'static str = $name;
        }
    };
}

/// The actions that a permission may name after its resource.
pub const ACTIONS: [&str; 7] = ["read", "write", "delete", "manage", "execute", "approve", "view_all"];

/// What one thing gives, such as a role.
#[derive(Clone, Debug)]
pub enum Share {
    /// Every permission.
    All,
    /// Every one whose action is among these.
    Actions(&'static [&'static str]),
    /// Just these.
    Named(Arc<[String]>),
}

impl Share {
    /// Just these.
    pub fn of(names: impl IntoIterator<Item = String>) -> Self {
        Self::Named(names.into_iter().collect())
    }

    /// Whether `resource:action` is among them.
    pub fn hold(&self, permission: &str) -> bool {
        match self {
            Self::All => true,
            Self::Actions(actions) => permission.split_once(':').is_some_and(|(_, action)| actions.contains(&action)),
            Self::Named(names) => names.iter().any(|name| name == permission),
        }
    }
}

/// Where a permission comes from. The first tier that has it decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "PermissionTier")]
pub enum Tier {
    /// Granted or revoked to the user themselves.
    Direct,
    /// By a role or a department in the tenant.
    TenantRole,
    /// By a role on the whole platform.
    GlobalRole,
}

/// One thing that gives permissions.
#[derive(Clone, Debug)]
pub struct Source {
    pub tier: Tier,
    /// What it is, such as `role:manager`.
    pub name: String,
    pub share: Share,
}

/// The permissions that somebody holds, and why.
#[derive(Clone, Debug, Default)]
pub struct Permissions(Arc<Parts>);

#[derive(Debug, Default)]
struct Parts {
    /// What was taken from the user themselves: nothing gives it back.
    revoked: Vec<String>,
    /// In the order of their tiers.
    sources: Vec<Source>,
}

/// Whether somebody may do something, and what says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict<'a> {
    pub allowed: bool,
    /// The tier that decided; `None` when nothing gives the permission.
    pub tier: Option<Tier>,
    /// What of the tier decided, such as `role:manager`.
    pub source: Option<&'a str>,
}

impl Permissions {
    /// What these things give, without what was revoked.
    pub fn new(mut sources: Vec<Source>, revoked: Vec<String>) -> Self {
        sources.sort_by_key(|source| source.tier);
        Self(Arc::new(Parts { revoked, sources }))
    }

    /// Whether `resource:action` is among them.
    pub fn hold(&self, permission: &str) -> bool {
        self.verdict(permission).allowed
    }

    /// Whether `resource:action` is among them, and why. A direct revocation wins over everything; else the first tier
    /// that gives it decides.
    pub fn verdict(&self, permission: &str) -> Verdict<'_> {
        if self.0.revoked.iter().any(|name| name == permission) {
            return Verdict { allowed: false, tier: Some(Tier::Direct), source: Some("revocation") };
        }
        let giver = self.0.sources.iter().find(|source| source.share.hold(permission));
        Verdict { allowed: giver.is_some(), tier: giver.map(|it| it.tier), source: giver.map(|it| it.name.as_str()) }
    }

    /// What gives them, the first tier first.
    pub fn sources(&self) -> &[Source] {
        &self.0.sources
    }

    /// What was taken from the user themselves.
    pub fn revoked(&self) -> &[String] {
        &self.0.revoked
    }

    /// Those of these names that are among them.
    pub fn intersect(&self, names: &[String]) -> Self {
        let kept = names.iter().filter_map(|name| {
            let Verdict { allowed: true, tier: Some(tier), source: Some(source) } = self.verdict(name) else {
                return None;
            };
            Some(Source { tier, name: source.to_owned(), share: Share::of([name.clone()]) })
        });
        Self::new(kept.collect(), vec![])
    }

    /// Whether all of the others are among them.
    pub fn cover(&self, others: &Self) -> bool {
        let withheld = self.0.revoked.iter().any(|name| others.hold(name));
        !withheld && others.0.sources.iter().all(|source| self.cover_share(&source.share, &others.0.revoked))
    }

    /// Whether all that something would give is among them.
    pub fn cover_all(&self, share: &Share) -> bool {
        self.0.revoked.iter().all(|name| !share.hold(name)) && self.cover_share(share, &[])
    }

    fn cover_share(&self, share: &Share, but: &[String]) -> bool {
        let gives = |all: fn(&Share) -> bool| self.0.sources.iter().any(|source| all(&source.share));
        let every = gives(|share| matches!(share, Share::All));
        let acts = |action: &str| {
            self.0.sources.iter().any(|it| matches!(it.share, Share::Actions(actions) if actions.contains(&action)))
        };
        match share {
            Share::All => every,
            Share::Actions(actions) => every || actions.iter().all(|action| acts(action)),
            Share::Named(names) => names.iter().all(|name| but.contains(name) || self.hold(name)),
        }
    }
}

impl From<Source> for Permissions {
    fn from(source: Source) -> Self {
        Self::new(vec![source], vec![])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str]) -> Share {
        Share::of(names.iter().map(|&it| it.to_owned()))
    }

    fn role(share: Share) -> Permissions {
        Source { tier: Tier::TenantRole, name: "role:tester".to_owned(), share }.into()
    }

    fn without(share: Share, revoked: &[&str]) -> Permissions {
        let sources = role(share).sources().to_vec();
        Permissions::new(sources, revoked.iter().map(|&it| it.to_owned()).collect())
    }

    #[test]
    fn the_first_tier_that_gives_it_decides_and_a_revocation_wins_over_all() {
        let source = |tier, name: &str, share| Source { tier, name: name.to_owned(), share };
        let held = Permissions::new(
            vec![
                source(Tier::GlobalRole, "role:super_admin", Share::All),
                source(Tier::TenantRole, "role:viewer", Share::Actions(&["read"])),
                source(Tier::Direct, "grant", named(&["bots:execute", "orders:write"])),
            ],
            vec!["orders:write".to_owned()],
        );
        let by = |permission| {
            let verdict = held.verdict(permission);
            (verdict.allowed, verdict.tier, verdict.source)
        };
        assert_eq!(by("bots:execute"), (true, Some(Tier::Direct), Some("grant")));
        assert_eq!(by("bots:read"), (true, Some(Tier::TenantRole), Some("role:viewer")));
        assert_eq!(by("bots:delete"), (true, Some(Tier::GlobalRole), Some("role:super_admin")));
        assert_eq!(by("orders:write"), (false, Some(Tier::Direct), Some("revocation")));
        assert_eq!(role(named(&[])).verdict("bots:read"), Verdict { allowed: false, tier: None, source: None });
    }

    #[test]
    fn an_intersection_holds_what_both_hold() {
        let names = ["bots:read", "bots:execute", "orders:read"].map(str::to_owned);
        let may = |permissions: Permissions| {
            let both = permissions.intersect(&names);
            ["bots:read", "bots:execute", "orders:read", "audit:read"].map(|name| both.hold(name))
        };
        assert_eq!(may(role(Share::All)), [true, true, true, false]);
        assert_eq!(may(role(Share::Actions(&["read"]))), [true, false, true, false]);
        assert_eq!(may(role(named(&["bots:execute"]))), [false, true, false, false]);
        assert_eq!(may(without(Share::All, &["bots:read"])), [false, true, true, false]);
        assert!(!role(Share::All).intersect(&[]).hold("bots:read"));
    }

    #[test]
    fn permissions_cover_those_that_are_all_among_them() {
        let (read, write) = (role(Share::Actions(&["read"])), role(Share::Actions(&["read", "write"])));
        let but_audit = without(Share::All, &["audit:read"]);
        for (own, others) in [
            (&role(Share::All), &role(Share::All)),
            (&role(Share::All), &but_audit),
            (&but_audit, &but_audit),
            (&but_audit, &without(Share::Actions(&["read"]), &["audit:read"])),
            (&write, &read),
            (&write, &role(named(&["bots:read", "orders:write"]))),
            (&read, &without(named(&["bots:read", "bots:write"]), &["bots:write"])),
            (&role(named(&["bots:read", "bots:write"])), &role(named(&["bots:read"]))),
            (&role(named(&[])), &role(named(&[]))),
        ] {
            assert!(own.cover(others), "{own:?} {others:?}");
        }
        for (own, others) in [
            (&write, &role(Share::All)),
            (&but_audit, &role(Share::All)),
            (&but_audit, &read),
            (&read, &write),
            (&read, &role(named(&["bots:read", "bots:write"]))),
            (&role(named(&["bots:read"])), &read),
            (&role(named(&["bots:read"])), &role(named(&["bots:read", "bots:write"]))),
        ] {
            assert!(!own.cover(others), "{own:?} {others:?}");
        }
        assert!(!but_audit.cover_all(&Share::Actions(&["read"])) && but_audit.cover_all(&named(&["bots:read"])));
    }
}
