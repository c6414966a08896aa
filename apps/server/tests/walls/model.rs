//! A small model of who may do what, driven beside the real application by random deeds of random people: what the
//! application answers is what the model says, at two servers that remember, whoever asks for whatever.

use crate::world::World;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use std::collections::{BTreeMap, BTreeSet};
use testkit::{PgPool, db_test};

pub(crate) const PEOPLE: usize = 6;
pub(crate) const TENANTS: usize = 2;
/// The roles of a company, and two that tenants make themselves.
pub(crate) const ROLES: [&str; 7] = ["ceo", "admin", "manager", "funcionario", "viewer", "night shift", "desk"];
const OWN_ROLES: [&str; 2] = ["night shift", "desk"];
/// What is looked at; `other:…` stands for everything that nobody names.
const RESOURCES: [&str; 4] = ["strategies", "bots", "members", "other"];
const ACTIONS: [&str; 7] = ["read", "write", "delete", "manage", "execute", "approve", "view_all"];
/// What can be given by name.
pub(crate) const NAMED: [&str; 5] =
    ["strategies:read", "strategies:write", "strategies:delete", "bots:execute", "members:manage"];

const STEPS: usize = 60;
const SEEDS: std::ops::Range<u64> = 0..6;
/// Replays one seed.
const SEED: &str = "WALLS_SEED";

pub(crate) type Rights = BTreeSet<String>;
/// A tenant and a person.
type Seat = (usize, usize);

/// What somebody does. Tenants, people and names are counted.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Invite {
        by: usize,
        tenant: usize,
        who: usize,
        role: &'static str,
    },
    ChangeRole {
        by: usize,
        tenant: usize,
        who: usize,
        role: &'static str,
    },
    Remove {
        by: usize,
        tenant: usize,
        who: usize,
    },
    Transfer {
        by: usize,
        tenant: usize,
        who: usize,
    },
    Leave {
        by: usize,
        tenant: usize,
    },
    /// What no rule of members is about: the owner's hand in the database.
    Define {
        tenant: usize,
        role: &'static str,
        gives: Vec<&'static str>,
    },
    Assign {
        tenant: usize,
        who: usize,
        role: &'static str,
        until: Option<i64>,
    },
    Grant {
        tenant: usize,
        who: usize,
        permission: &'static str,
        granted: bool,
        until: Option<i64>,
    },
    Forget {
        tenant: usize,
        who: usize,
        permission: &'static str,
    },
    Suspend {
        tenant: usize,
        suspended: bool,
    },
    Pass {
        minutes: i64,
    },
    SignInAnew {
        who: usize,
    },
}

/// Who may do what.
#[derive(Default)]
pub(crate) struct Model {
    members: BTreeMap<Seat, &'static str>,
    roles: BTreeMap<(usize, &'static str), Vec<&'static str>>,
    further: BTreeMap<(Seat, &'static str), Option<i64>>,
    grants: BTreeMap<(Seat, &'static str), (bool, Option<i64>)>,
    suspended: BTreeSet<usize>,
    /// In minutes.
    pub(crate) now: i64,
}

fn those_with(actions: &[&str]) -> Rights {
    RESOURCES.iter().flat_map(|resource| actions.iter().map(move |action| format!("{resource}:{action}"))).collect()
}

impl Model {
    pub(crate) fn new() -> Self {
        let founded = (0..TENANTS).map(|tenant| ((tenant, tenant), "ceo")).collect();
        Self { members: founded, ..Self::default() }
    }

    fn of_role(&self, tenant: usize, role: &'static str) -> Option<Rights> {
        Some(match role {
            "ceo" | "admin" => those_with(&ACTIONS),
            "manager" => those_with(&["read", "write", "execute", "delete", "approve", "view_all"]),
            "funcionario" => those_with(&["read", "write"]),
            "viewer" => those_with(&["read"]),
            own => self.roles.get(&(tenant, own))?.iter().map(|name| (*name).to_owned()).collect(),
        })
    }

    fn lasts(&self, until: Option<i64>) -> bool {
        until.is_none_or(|until| until > self.now)
    }

    /// What somebody may do in a tenant, whether it is suspended or not; `None` for who is no member.
    pub(crate) fn rights(&self, seat: Seat) -> Option<Rights> {
        let mut rights = self.of_role(seat.0, self.members.get(&seat)?).unwrap_or_default();
        for ((at, role), until) in &self.further {
            if *at == seat && self.lasts(*until) {
                rights.extend(self.of_role(seat.0, role).unwrap_or_default());
            }
        }
        let direct = || self.grants.iter().filter(|((at, _), (_, until))| *at == seat && self.lasts(*until));
        rights.extend(direct().filter(|(_, (granted, _))| *granted).map(|((_, name), _)| (*name).to_owned()));
        for ((_, name), (granted, _)) in direct() {
            if !granted {
                rights.remove(*name);
            }
        }
        Some(rights)
    }

    /// The status that a member gets who asks for what needs this permission, and 200 for who may.
    pub(crate) fn verdict(&self, seat: Seat, permission: &str) -> u16 {
        match self.rights(seat) {
            None => 404,
            Some(rights) if !rights.contains(permission) || self.suspended.contains(&seat.0) => 403,
            Some(_) => 200,
        }
    }

    fn is_owner(&self, seat: Seat) -> bool {
        self.members.get(&seat) == Some(&"ceo")
    }

    fn owners(&self, tenant: usize) -> usize {
        (0..PEOPLE).filter(|who| self.is_owner((tenant, *who))).count()
    }

    /// Nobody acts upon what is above their own.
    fn above(&self, by: Seat, role: &str, rights: &Rights) -> bool {
        let own = self.rights(by).unwrap_or_default();
        !self.is_owner(by) && (role == "ceo" || !rights.is_subset(&own))
    }

    fn offers(&self, by: Seat, role: &'static str) -> u16 {
        match self.of_role(by.0, role) {
            None => 422,
            Some(rights) if self.above(by, role, &rights) => 403,
            Some(_) => 200,
        }
    }

    fn reaches(&self, by: Seat, who: Seat) -> u16 {
        match (self.members.get(&who), self.rights(who)) {
            (Some(role), Some(rights)) if self.above(by, role, &rights) => 403,
            (Some(_), Some(_)) => 200,
            _ => 404,
        }
    }

    fn last_owner(&self, who: Seat) -> u16 {
        if self.is_owner(who) && self.owners(who.0) == 1 { 409 } else { 200 }
    }

    /// The status that the step gets, after which it has happened if that is a success.
    pub(crate) fn take(&mut self, step: &Step) -> u16 {
        let manages = |by, tenant| self.verdict((tenant, by), "members:manage");
        let first = |rules: &[u16]| rules.iter().copied().find(|status| *status != 200).unwrap_or(200);
        match *step {
            Step::Invite { by, tenant, who, role } => {
                let known = if self.members.contains_key(&(tenant, who)) { 409 } else { 200 };
                let status = first(&[manages(by, tenant), self.offers((tenant, by), role), known]);
                if status == 200 {
                    self.members.insert((tenant, who), role);
                }
                status
            }
            Step::ChangeRole { by, tenant, who, role } => {
                let (by, seat) = ((tenant, by), (tenant, who));
                let same = self.members.get(&seat) == Some(&role);
                let last = if same { 200 } else { self.last_owner(seat) };
                let rules = [manages(by.1, tenant), self.reaches(by, seat), self.offers(by, role), last];
                let status = first(&rules);
                if status == 200 {
                    self.members.insert(seat, role);
                }
                status
            }
            Step::Remove { by, tenant, who } => {
                let seat = (tenant, who);
                let reaches = if by == who { 200 } else { self.reaches((tenant, by), seat) };
                self.leaves(seat, first(&[manages(by, tenant), reaches, self.last_owner(seat)]))
            }
            Step::Leave { by, tenant } => {
                let seat = (tenant, by);
                let known = if self.members.contains_key(&seat) { 200 } else { 404 };
                self.leaves(seat, first(&[known, self.last_owner(seat)]))
            }
            Step::Transfer { by, tenant, who } => {
                let (by, seat) = ((tenant, by), (tenant, who));
                let owns = if self.is_owner(by) { 200 } else { 403 };
                let known = if self.members.contains_key(&seat) { 200 } else { 404 };
                let another = if self.is_owner(seat) { 409 } else { 200 };
                let status = first(&[self.verdict(by, "other:manage"), owns, known, another]);
                if status == 200 {
                    self.members.insert(by, "admin");
                    self.members.insert(seat, "ceo");
                }
                status
            }
            _ => self.happens(step),
        }
    }

    fn leaves(&mut self, seat: Seat, status: u16) -> u16 {
        if status == 200 {
            self.members.remove(&seat);
            self.further.retain(|(at, _), _| *at != seat);
            self.grants.retain(|(at, _), _| *at != seat);
        }
        status
    }

    /// What nobody is asked for.
    fn happens(&mut self, step: &Step) -> u16 {
        match step.clone() {
            Step::Define { tenant, role, gives } => drop(self.roles.insert((tenant, role), gives)),
            Step::Assign { tenant, who, role, until } => drop(self.further.insert(((tenant, who), role), until)),
            Step::Grant { tenant, who, permission, granted, until } => {
                self.grants.insert(((tenant, who), permission), (granted, until));
            }
            Step::Forget { tenant, who, permission } => drop(self.grants.remove(&((tenant, who), permission))),
            Step::Suspend { tenant, suspended: true } => drop(self.suspended.insert(tenant)),
            Step::Suspend { tenant, .. } => drop(self.suspended.remove(&tenant)),
            Step::Pass { minutes } => self.now += minutes,
            _ => {}
        }
        200
    }

    /// Whether it can be done at all: rows of the database are about members and roles that there are.
    fn makes_sense(&self, step: &Step) -> bool {
        match step {
            Step::Assign { tenant, who, role, .. } => {
                self.members.contains_key(&(*tenant, *who)) && self.roles.contains_key(&(*tenant, *role))
            }
            Step::Grant { tenant, who, .. } => {
                self.members.contains_key(&(*tenant, *who)) && !self.is_owner((*tenant, *who))
            }
            // whoever is restricted does not become an owner
            Step::ChangeRole { tenant, who, role: "ceo", .. } | Step::Transfer { tenant, who, .. } => {
                !self.grants.iter().any(|((seat, _), (granted, _))| *seat == (*tenant, *who) && !granted)
            }
            _ => true,
        }
    }

    /// All that everybody in a tenant may do.
    fn everything(&self, tenant: usize) -> Rights {
        (0..PEOPLE).filter_map(|who| self.rights((tenant, who))).flatten().collect()
    }
}

fn random(dice: &mut StdRng) -> Step {
    let (by, who) = (dice.random_range(0..PEOPLE), dice.random_range(0..PEOPLE));
    let tenant = dice.random_range(0..TENANTS);
    let (role, own) = (*ROLES.choose(dice).unwrap(), *OWN_ROLES.choose(dice).unwrap());
    let permission = *NAMED.choose(dice).unwrap();
    let until = dice.random_bool(0.5).then(|| dice.random_range(1..20));
    match dice.random_range(0..26) {
        0..=5 => Step::Invite { by, tenant, who, role },
        6..=10 => Step::ChangeRole { by, tenant, who, role },
        11..=12 => Step::Remove { by, tenant, who },
        13 => Step::Transfer { by, tenant, who },
        14 => Step::Leave { by, tenant },
        15..=16 => {
            let gives = NAMED.iter().copied().filter(|_| dice.random_bool(0.5)).collect();
            Step::Define { tenant, role: own, gives }
        }
        17..=18 => Step::Assign { tenant, who, role: own, until },
        19..=21 => Step::Grant { tenant, who, permission, granted: dice.random_bool(0.5), until },
        22 => Step::Forget { tenant, who, permission },
        23 => Step::Suspend { tenant, suspended: dice.random_bool(0.3) },
        24 => Step::Pass { minutes: dice.random_range(1..15) },
        _ => Step::SignInAnew { who },
    }
}

/// The same in absolute time.
fn dated(step: Step, now: i64) -> Step {
    match step {
        Step::Assign { tenant, who, role, until } => {
            Step::Assign { tenant, who, role, until: until.map(|minutes| now + minutes) }
        }
        Step::Grant { tenant, who, permission, granted, until } => {
            Step::Grant { tenant, who, permission, granted, until: until.map(|minutes| now + minutes) }
        }
        other => other,
    }
}

/// Lives one life by a seed; the story so far is told where the application says otherwise than the model.
async fn live(world: &mut World, seed: u64) {
    let (mut dice, mut model, mut story) = (StdRng::seed_from_u64(seed), Model::new(), vec![]);
    while story.len() < STEPS {
        let step = dated(random(&mut dice), model.now);
        if !model.makes_sense(&step) {
            continue;
        }
        let before: Vec<Rights> = (0..TENANTS).map(|tenant| model.everything(tenant)).collect();
        let expected = model.take(&step);
        story.push(step.clone());
        let told = || format!("{SEED}={seed}, after {story:#?}");
        let got = world.take(&step, &mut dice).await;
        assert_eq!(got, expected, "{}", told());
        for (tenant, held) in before.iter().enumerate() {
            assert!(model.owners(tenant) > 0, "tenant {tenant} has no owner: {}", told());
            let by_people = expected == 200
                && matches!(step, Step::Invite { .. } | Step::ChangeRole { .. } | Step::Transfer { .. });
            let gained = model.everything(tenant).is_subset(held);
            assert!(!by_people || gained, "somebody holds what nobody held: {}", told());
        }
        for _ in 0..4 {
            let seat = (dice.random_range(0..TENANTS), dice.random_range(0..PEOPLE));
            let permission = NAMED.choose(&mut dice).unwrap();
            let verdict = world.tries(seat, permission, &mut dice).await;
            assert_eq!(verdict, model.verdict(seat, permission), "{seat:?} {permission}: {}", told());
        }
    }
}

#[db_test]
async fn whoever_does_whatever_the_application_says_what_the_model_says(db: PgPool) {
    let seeds = match std::env::var(SEED) {
        Ok(seed) => vec![seed.parse().unwrap()],
        Err(_) => SEEDS.collect(),
    };
    let mut world = World::new(db).await;
    for seed in seeds {
        world.begin().await;
        live(&mut world, seed).await;
    }
    world.end().await;
}
