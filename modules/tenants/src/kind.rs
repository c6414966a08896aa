use kit::Share;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a tenant is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
#[schemars(rename = "TenantKind")]
pub enum Kind {
    /// Many people work in it.
    Company,
    /// One person's own.
    #[default]
    Trader,
    /// One person's own, who brings others.
    Influencer,
}

const READ: Share = Share::Actions(&["read"]);
const WRITE: Share = Share::Actions(&["read", "write"]);
const RUN: Share = Share::Actions(&["read", "write", "execute", "delete", "approve", "view_all"]);

/// What each role may do. The first role of a kind is that of whoever founds the tenant.
const ROLES: [(Kind, &str, Share); 9] = [
    (Kind::Company, "ceo", Share::All),
    (Kind::Company, "admin", Share::All),
    (Kind::Company, "manager", RUN),
    (Kind::Company, "funcionario", WRITE),
    (Kind::Company, "viewer", READ),
    (Kind::Trader, "trader", Share::All),
    (Kind::Trader, "viewer", READ),
    (Kind::Influencer, "influencer", WRITE),
    (Kind::Influencer, "viewer", READ),
];

impl Kind {
    /// The roles that every tenant of the kind has, the first one that of whoever founds it.
    pub fn roles(self) -> impl Iterator<Item = &'static str> {
        ROLES.iter().filter(move |(kind, ..)| *kind == self).map(|(_, role, _)| *role)
    }

    /// The kind of this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Company, Self::Trader, Self::Influencer].into_iter().find(|kind| kind.as_str() == name)
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Company => "company",
            Self::Trader => "trader",
            Self::Influencer => "influencer",
        }
    }

    /// The role of whoever founds such a tenant.
    pub fn founder(self) -> &'static str {
        self.roles().next().unwrap_or("viewer")
    }

    /// The role of a founder who has handed the tenant over to another; `None` where only one person works.
    pub(crate) fn deputy(self) -> Option<&'static str> {
        (self == Self::Company).then_some("admin")
    }

    /// What a role may do in such a tenant: by the table, or, for a role of the tenant's own making, what it names.
    /// A role that nobody knows may do nothing.
    pub fn share(self, role: &str, named: Option<Vec<String>>) -> Share {
        match ROLES.iter().find(|(kind, name, _)| *kind == self && *name == role) {
            Some((.., share)) => share.clone(),
            None => Share::of(named.unwrap_or_default()),
        }
    }

    /// Whether the role is one of the table's.
    pub fn knows(self, role: &str) -> bool {
        ROLES.iter().any(|(kind, name, _)| *kind == self && *name == role)
    }

    /// Whether no role of a tenant's own making may have the name: it is one of the table's, or would pass for one
    /// where clients of the protocol read it, who list roles with commas.
    pub fn reserves(self, role: &str) -> bool {
        self.knows(role) || ["owner", "member"].contains(&role) || role.contains(',')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may(kind: Kind, role: &str) -> Vec<&'static str> {
        let share = kind.share(role, None);
        kit::ACTIONS.into_iter().filter(|action| share.hold(&format!("bots:{action}"))).collect()
    }

    #[test]
    fn each_role_may_do_what_the_table_says() {
        for owner in [(Kind::Company, "ceo"), (Kind::Company, "admin"), (Kind::Trader, "trader")] {
            assert_eq!(may(owner.0, owner.1), kit::ACTIONS);
        }
        assert_eq!(may(Kind::Company, "manager"), ["read", "write", "delete", "execute", "approve", "view_all"]);
        assert_eq!(may(Kind::Company, "funcionario"), ["read", "write"]);
        assert_eq!(may(Kind::Influencer, "influencer"), ["read", "write"]);
        for kind in [Kind::Company, Kind::Trader, Kind::Influencer] {
            assert_eq!(may(kind, "viewer"), ["read"]);
        }
    }

    #[test]
    fn a_role_of_another_kind_or_of_nobody_may_do_nothing() {
        assert!(may(Kind::Trader, "ceo").is_empty());
        assert!(may(Kind::Company, "nobody").is_empty());
    }

    #[test]
    fn a_role_of_the_tenants_own_making_may_do_what_it_names_and_cannot_take_the_name_of_another() {
        let named = Some(vec!["bots:execute".to_owned()]);
        assert!(Kind::Company.share("night shift", named.clone()).hold("bots:execute"));
        assert!(!Kind::Company.share("night shift", named.clone()).hold("bots:read"));
        assert!(!Kind::Company.share("viewer", named).hold("bots:execute"));
    }

    #[test]
    fn the_founder_holds_the_first_role_of_the_kind() {
        assert_eq!(Kind::Company.founder(), "ceo");
        assert_eq!(Kind::Trader.founder(), "trader");
        assert_eq!(Kind::Influencer.founder(), "influencer");
        assert_eq!(Kind::parse("company"), Some(Kind::Company));
        assert_eq!(Kind::parse("Company"), None);
    }
}
