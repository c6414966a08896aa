use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// For whom a feature is on. What decides first decides: whether it is on at all, the tenant's choice where it has one,
/// the rules in their order, the default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "FlagDefinition")]
pub(crate) struct Definition {
    #[garde(length(chars, min = 1, max = 500))]
    pub(crate) description: String,
    /// `false`: off for everybody, whatever the rest says.
    #[garde(skip)]
    pub(crate) enabled: bool,
    /// Whether the administrators of a tenant may choose for it.
    #[serde(default)]
    #[garde(skip)]
    pub(crate) tenant_may_choose: bool,
    #[serde(default)]
    #[garde(length(max = 50), dive)]
    pub(crate) rules: Vec<Rule>,
    /// Whether it is on for those whom no rule is about.
    #[serde(default)]
    #[garde(skip)]
    pub(crate) default: bool,
}

/// Whom a rule is about, and whether the feature is on for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(tag = "about", rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "FlagRule")]
pub(crate) enum Rule {
    Users {
        #[garde(length(min = 1, max = 1000))]
        users: Vec<Uuid>,
        #[garde(skip)]
        enabled: bool,
    },
    Tenants {
        #[garde(length(min = 1, max = 1000))]
        tenants: Vec<Uuid>,
        #[garde(skip)]
        enabled: bool,
    },
    /// Tenants on one of these plans.
    Plans {
        #[garde(length(min = 1, max = 50), inner(length(chars, min = 1, max = 64)))]
        plans: Vec<String>,
        #[garde(skip)]
        enabled: bool,
    },
    /// So many of a hundred, the same ones each time; those of a smaller percentage are among those of a larger one.
    Percentage {
        #[garde(range(max = 100))]
        percentage: u8,
        /// What is drawn.
        #[garde(skip)]
        by: By,
        #[garde(skip)]
        enabled: bool,
    },
}

/// What a percentage is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "FlagBy")]
pub(crate) enum By {
    /// Of all users.
    User,
    /// Of all tenants, each with all its users.
    Tenant,
}

/// Who asks.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Context<'a> {
    pub(crate) user: Option<Uuid>,
    pub(crate) tenant: Option<Uuid>,
    /// What the tenant has subscribed to.
    pub(crate) plan: Option<&'a str>,
}

/// Whether a feature is on for the caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "FlagVerdict")]
pub(crate) struct Verdict {
    pub(crate) enabled: bool,
    reason: Reason,
    /// Whether the tenant's administrators may choose.
    tenant_may_choose: bool,
}

/// What decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "FlagReason")]
enum Reason {
    /// It is off for everybody.
    Off,
    TenantChoice,
    Rule,
    Default,
}

impl Definition {
    /// Whether the feature of this key is on for whoever asks.
    pub(crate) fn verdict(&self, key: &str, choice: Option<bool>, asking: &Context) -> Verdict {
        let choice = choice.filter(|_| self.tenant_may_choose);
        let rule = || self.rules.iter().find_map(|rule| rule.verdict(key, asking));
        let (enabled, reason) = match choice {
            _ if !self.enabled => (false, Reason::Off),
            Some(choice) => (choice, Reason::TenantChoice),
            None => rule().map_or((self.default, Reason::Default), |enabled| (enabled, Reason::Rule)),
        };
        Verdict { enabled, reason, tenant_may_choose: self.tenant_may_choose }
    }
}

impl Rule {
    /// What it says, if it is about whoever asks.
    fn verdict(&self, key: &str, asking: &Context) -> Option<bool> {
        let among = |ids: &[Uuid], id: Option<Uuid>| id.is_some_and(|id| ids.contains(&id));
        let (about, enabled) = match self {
            Self::Users { users, enabled } => (among(users, asking.user), enabled),
            Self::Tenants { tenants, enabled } => (among(tenants, asking.tenant), enabled),
            Self::Plans { plans, enabled } => {
                (asking.plan.is_some_and(|plan| plans.iter().any(|known| known == plan)), enabled)
            }
            Self::Percentage { percentage, by, enabled } => {
                let drawn = match by {
                    By::User => asking.user,
                    By::Tenant => asking.tenant,
                };
                (drawn.is_some_and(|id| place(key, id) < u64::from(*percentage)), enabled)
            }
        };
        about.then_some(*enabled)
    }
}

/// Where an id stands among a hundred: the first eight bytes of SHA-256 of `key:id`, the id in lower case with hyphens,
/// as a big-endian number, modulo 100. A percentage of 10 is about those who stand at 0 to 9.
fn place(key: &str, id: Uuid) -> u64 {
    let digest = Sha256::digest(format!("{key}:{id}"));
    digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte)) % 100
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn percent(percentage: u8) -> Definition {
        let rule = Rule::Percentage { percentage, by: By::User, enabled: true };
        Definition { rules: vec![rule], ..off() }
    }

    fn off() -> Definition {
        Definition { description: "x".into(), enabled: true, tenant_may_choose: false, rules: vec![], default: false }
    }

    fn user(id: u128) -> Context<'static> {
        Context { user: Some(Uuid::from_u128(id)), ..Context::default() }
    }

    fn on(definition: &Definition, asking: &Context) -> bool {
        definition.verdict("new-chart", None, asking).enabled
    }

    proptest! {
        #[test]
        fn whoever_is_in_a_percentage_stays_in_every_larger_one(id: u128, less in 0u8..=100, more in 0u8..=100) {
            let (less, more) = (less.min(more), less.max(more));
            prop_assert!(!on(&percent(less), &user(id)) || on(&percent(more), &user(id)));
            prop_assert!(!on(&percent(0), &user(id)) && on(&percent(100), &user(id)));
        }

        #[test]
        fn the_first_rule_about_somebody_decides(id: u128, first: bool, second: bool, default: bool) {
            let users = vec![Uuid::from_u128(id)];
            let rules = vec![
                Rule::Tenants { tenants: users.clone(), enabled: !first },
                Rule::Users { users: users.clone(), enabled: first },
                Rule::Users { users, enabled: second },
            ];
            let definition = Definition { rules, default, ..off() };
            prop_assert_eq!(on(&definition, &user(id)), first);
            prop_assert_eq!(on(&definition, &user(id.wrapping_add(1))), default);
        }
    }

    #[test]
    fn a_percentage_is_about_as_many_as_it_says_and_about_others_for_another_key() {
        let ids = || (0..10_000).map(|id| id * 7919);
        for percentage in [1, 10, 50, 90] {
            let share = ids().filter(|id| on(&percent(percentage), &user(*id))).count();
            // four standard deviations of a draw of 10,000
            let (share, expected) = (f64::from(u32::try_from(share).unwrap()), f64::from(percentage) * 100.0);
            let tolerance = 4.0 * (expected * (1.0 - expected / 10_000.0)).sqrt();
            assert!((share - expected).abs() < tolerance, "{percentage}: {share}");
        }
        let ten = percent(10);
        let both = ids().filter(|id| on(&ten, &user(*id)) && ten.verdict("other", None, &user(*id)).enabled).count();
        assert!((50..200).contains(&both), "{both}");
    }

    #[test]
    fn where_somebody_stands_never_changes() {
        // sha256("new-chart:00000000-0000-0000-0000-000000000001") and its sisters
        let places = [1, 2, 3].map(|id| place("new-chart", Uuid::from_u128(id)));
        assert_eq!(places, PLACES);
    }

    const PLACES: [u64; 3] = [3, 24, 93];

    #[test]
    fn plans_and_tenants_are_asked_for_and_what_is_off_is_off_for_all() {
        let tenant = Uuid::from_u128(5);
        let pro = Context { tenant: Some(tenant), plan: Some("pro"), ..Context::default() };
        let plans = Rule::Plans { plans: vec!["pro".into()], enabled: true };
        let tenants = Rule::Percentage { percentage: 100, by: By::Tenant, enabled: true };
        assert!(on(&Definition { rules: vec![plans.clone()], ..off() }, &pro));
        assert!(!on(&Definition { rules: vec![plans.clone()], ..off() }, &Context { plan: None, ..pro }));
        assert!(on(&Definition { rules: vec![tenants.clone()], ..off() }, &pro));
        assert!(!on(&Definition { rules: vec![tenants], ..off() }, &user(1)));
        let chosen = Definition { tenant_may_choose: true, rules: vec![plans], ..off() };
        assert!(!chosen.verdict("k", Some(false), &pro).enabled);
        let killed = Definition { enabled: false, default: true, ..chosen };
        assert!(!killed.verdict("k", Some(true), &pro).enabled);
    }
}
