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

/// The permissions that a caller holds in a tenant.
#[derive(Clone, Debug)]
pub enum Permissions {
    /// Every one.
    All,
    /// Every one whose action is among these.
    Actions(&'static [&'static str]),
    /// Just these.
    Named(Arc<[String]>),
}

impl Permissions {
    /// Whether `resource:action` is among them.
    pub fn hold(&self, permission: &str) -> bool {
        match self {
            Self::All => true,
            Self::Actions(actions) => permission.split_once(':').is_some_and(|(_, action)| actions.contains(&action)),
            Self::Named(names) => names.iter().any(|name| name == permission),
        }
    }

    /// Those of these names that are among them.
    pub fn intersect(&self, names: &[String]) -> Self {
        Self::Named(names.iter().filter(|name| self.hold(name)).cloned().collect())
    }

    /// Whether all of the others are among them.
    pub fn cover(&self, others: &Self) -> bool {
        match (self, others) {
            (Self::All, _) => true,
            (Self::Actions(own), Self::Actions(others)) => others.iter().all(|action| own.contains(action)),
            (_, Self::Named(names)) => names.iter().all(|name| self.hold(name)),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_intersection_holds_what_both_hold() {
        let names = ["bots:read", "bots:execute", "orders:read"].map(str::to_owned);
        let may = |permissions: Permissions| {
            let both = permissions.intersect(&names);
            ["bots:read", "bots:execute", "orders:read", "audit:read"].map(|name| both.hold(name))
        };
        assert_eq!(may(Permissions::All), [true, true, true, false]);
        assert_eq!(may(Permissions::Actions(&["read"])), [true, false, true, false]);
        assert_eq!(may(Permissions::Named(["bots:execute".to_owned()].into())), [false, true, false, false]);
        assert!(!Permissions::All.intersect(&[]).hold("bots:read"));
    }

    #[test]
    fn permissions_cover_those_that_are_all_among_them() {
        let named = |names: &[&str]| Permissions::Named(names.iter().map(|&it| it.to_owned()).collect());
        let (read, write) = (Permissions::Actions(&["read"]), Permissions::Actions(&["read", "write"]));
        for (own, others) in [
            (&Permissions::All, &Permissions::All),
            (&Permissions::All, &write),
            (&write, &read),
            (&write, &named(&["bots:read", "orders:write"])),
            (&named(&["bots:read", "bots:write"]), &named(&["bots:read"])),
            (&named(&[]), &named(&[])),
        ] {
            assert!(own.cover(others), "{own:?} {others:?}");
        }
        for (own, others) in [
            (&write, &Permissions::All),
            (&read, &write),
            (&read, &named(&["bots:read", "bots:write"])),
            (&named(&["bots:read"]), &read),
            (&named(&["bots:read"]), &named(&["bots:read", "bots:write"])),
        ] {
            assert!(!own.cover(others), "{own:?} {others:?}");
        }
    }
}
