//! What various people can do to Ana's rows of a table: the facts by which a hole is seen.

use crate::catalogue::{ANAS, BOBS, Table, Whose, literal, run};
use sqlx::PgConnection;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Of no tenant.
const NOBODYS: Whose = Whose { tenant: None, user: ANAS.user };
/// Of the platform, where a row may be nobody's at all.
const PLATFORMS: Whose = Whose { tenant: None, user: Uuid::nil() };
/// Works in Ana's tenant too.
const CARLA: Uuid = Uuid::from_u128(0xcc);

/// Lists of the platform's that everybody reads.
pub(crate) const OPEN: [&str; 4] = ["feature_flags", "instruments", "risk_platform_halts", "risk_platform_limits"];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    Ana,
    /// Ana, while she works in Bob's tenant.
    AnaElsewhere,
    /// Ana, in no tenant.
    AnaAlone,
    Bob,
    Carla,
    /// The application before it knows who calls.
    Nobody,
    /// Work across tenants, begun in Ana's.
    System,
    /// The login that owns the tables, with no role taken on.
    Login,
}

const PEOPLE: [Who; 8] =
    [Who::Ana, Who::AnaElsewhere, Who::AnaAlone, Who::Bob, Who::Carla, Who::Nobody, Who::System, Who::Login];

impl Who {
    fn becomes(self) -> String {
        let role = match self {
            Self::System => "botcriptofy_system",
            Self::Login => "none",
            _ => "botcriptofy_app",
        };
        let tenant = match self {
            Self::Ana | Self::Carla | Self::System => ANAS.tenant,
            Self::AnaElsewhere | Self::Bob => BOBS.tenant,
            _ => None,
        };
        let user = match self {
            Self::Ana | Self::AnaElsewhere | Self::AnaAlone => Some(ANAS.user),
            Self::Bob => Some(BOBS.user),
            Self::Carla => Some(CARLA),
            _ => None,
        };
        let text = |id: Option<Uuid>| literal(Some(id.map(|id| id.to_string()).unwrap_or_default()));
        let (tenant, user) = (text(tenant), text(user));
        format!("set local role {role}; set local app.tenant_id = {tenant}; set local app.user_id = {user}")
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Deed {
    Sees,
    Changes,
    Removes,
    /// Whatever there is: such a statement asks no policy of reading.
    RemovesAll,
    Adds,
    /// Makes a row of Bob's one of Ana's.
    GivesAway,
    /// Adds a row without saying whose, and looks whether it is Ana's.
    AddsOwn,
    SeesShared,
    ChangesShared,
    RemovesShared,
    AddsShared,
}

impl Deed {
    fn all(table: &Table) -> Vec<(Self, String)> {
        let hers = table.condition(ANAS);
        let name = &table.name;
        let mut deeds = vec![
            (Self::Sees, format!("select from {name} where {hers}")),
            (Self::Changes, table.touch(&hers)),
            (Self::Removes, format!("delete from {name} where {hers}")),
            (Self::RemovesAll, format!("delete from {name}")),
            (Self::Adds, table.insert(Some(ANAS), &[])),
        ];
        if let Some(owner) = table.tenant.as_ref().or(table.user.as_ref()) {
            let whose = if table.tenant.is_some() { ANAS.tenant.unwrap() } else { ANAS.user };
            let given = format!("update {name} set {owner} = '{whose}' where {}", table.condition(BOBS));
            deeds.push((Self::GivesAway, given));
            let own = table.insert(None, &[]);
            deeds.push((Self::AddsOwn, format!("{own}; select from {name} where {hers}")));
        }
        if table.shared {
            let shared = table.condition(NOBODYS);
            deeds.push((Self::SeesShared, format!("select from {name} where {shared}")));
            deeds.push((Self::ChangesShared, table.touch(&shared)));
            deeds.push((Self::RemovesShared, format!("delete from {name} where {shared}")));
            deeds.push((Self::AddsShared, table.insert(Some(NOBODYS), &[])));
        }
        deeds
    }
}

/// What comes of each deed of each person: how many rows, or the code of the refusal.
pub(crate) type Facts = BTreeMap<(Who, Deed), Result<u64, String>>;

/// A row of Ana's, one of Bob's and, where there may be, one of nobody's in each table.
pub(crate) async fn fill(on: &mut PgConnection, tables: &[Table]) {
    for table in tables {
        let shared = table.shared.then_some(PLATFORMS);
        for whose in [ANAS, BOBS].into_iter().chain(shared) {
            let tenant = literal(Some(whose.tenant.map(|id| id.to_string()).unwrap_or_default()));
            let insert = table.insert(Some(whose), &[]);
            let statement = format!("set local role botcriptofy_system; set local app.tenant_id = {tenant}; {insert}");
            let added = run(on, &format!("{statement}; set local role none; set local app.tenant_id = ''")).await;
            assert_eq!(added, Ok(1), "{}: {insert}", table.name);
        }
    }
}

/// Tries everything upon one table, and undoes it.
pub(crate) async fn facts(on: &mut PgConnection, table: &Table) -> Facts {
    let mut facts = Facts::new();
    let deeds = Deed::all(table);
    for who in PEOPLE {
        for (deed, statement) in &deeds {
            let tried = format!("savepoint deed; {}; {statement}; rollback to deed", who.becomes());
            let outcome = run(on, &tried).await;
            if outcome.is_err() {
                run(on, "rollback to deed").await.unwrap();
            }
            facts.insert((who, *deed), outcome);
        }
    }
    facts
}

/// What is wrong with the walls of a table, by these facts.
pub(crate) fn holes(table: &Table, facts: &Facts) -> Vec<String> {
    let holes = facts.iter().filter(|((who, deed), outcome)| !sound(table, *who, *deed, outcome));
    holes.map(|((who, deed), outcome)| format!("{}: {who:?} {deed:?}: {outcome:?}", table.name)).collect()
}

/// Whether the outcome is what the walls promise of any table.
fn sound(table: &Table, who: Who, deed: Deed, outcome: &Result<u64, String>) -> bool {
    use Deed::*;
    let nothing = *outcome == Ok(0) || outcome.as_ref().is_err_and(|code| code == "42501");
    match (who, deed) {
        (Who::System, Sees) => outcome.as_ref().is_ok_and(|rows| *rows > 0),
        (Who::System, _) | (_, AddsOwn) => true,
        (_, RemovesAll) => !matches!(who, Who::Nobody | Who::Login) || nothing,
        // what is one user's own in no tenant
        (Who::Ana | Who::AnaElsewhere, AddsShared) if table.user.is_some() => true,
        (_, Sees) if OPEN.contains(&table.name.as_str()) => true,
        // a list of the platform's may be open to all, and whoever is in no tenant may leave work or an entry
        (_, SeesShared) | (Who::Nobody | Who::AnaAlone | Who::Login, AddsShared) => true,
        (_, ChangesShared | RemovesShared | AddsShared) | (Who::Bob | Who::Nobody | Who::Login, _) => nothing,
        (Who::AnaElsewhere | Who::AnaAlone, Changes | Removes | Adds | GivesAway) => table.tenant.is_none() || nothing,
        (Who::Carla, Changes | Removes | Adds | GivesAway) => table.tenant.is_some() || nothing,
        _ => true,
    }
}
