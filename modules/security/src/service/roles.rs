use crate::{
    actor::{Actor, own_rights},
    place::Place,
};
use audit::Change;
use garde::Validate;
use kit::{Catalogue, Error, Paging, Result, Time, Tx};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tenants::Kind;

/// How many roles of its own making a place has.
const MOST_ROLES: usize = 100;
/// How many permissions a role names.
pub(crate) const MOST_PERMISSIONS: usize = 200;

/// A role, and what it gives.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SecurityRole")]
pub(crate) struct Role {
    pub(crate) name: String,
    /// Whether every such place has it: nobody changes or removes it.
    pub(crate) system: bool,
    pub(crate) description: Option<String>,
    /// What it gives, by name.
    pub(crate) permissions: Vec<String>,
    /// `null` of a system role.
    pub(crate) created_at: Option<Time>,
    pub(crate) updated_at: Option<Time>,
}

/// A role to be.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewRole {
    /// 2 to 40 small letters, digits, spaces, `_` and `-`, which no other role passes for.
    #[garde(custom(is_name))]
    name: String,
    #[serde(default)]
    #[garde(length(chars, max = 500))]
    description: Option<String>,
    #[serde(default)]
    #[garde(length(max = MOST_PERMISSIONS), inner(length(min = 1, max = 100)))]
    permissions: Vec<String>,
}

/// What changes of a role; what is left out stays.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RolePatch {
    #[garde(length(chars, max = 500))]
    description: Option<String>,
    #[garde(inner(length(max = MOST_PERMISSIONS), inner(length(min = 1, max = 100))))]
    permissions: Option<Vec<String>>,
}

/// What a role is to give.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct RolePermissions {
    /// All that it gives from now on.
    #[garde(length(max = MOST_PERMISSIONS), inner(length(min = 1, max = 100)))]
    permissions: Vec<String>,
}

impl From<RolePermissions> for RolePatch {
    fn from(all: RolePermissions) -> Self {
        Self { description: None, permissions: Some(all.permissions) }
    }
}

fn is_name(name: &str, _: &()) -> garde::Result {
    let mut letters = name.chars();
    let begins = letters.next().is_some_and(|first| first.is_ascii_lowercase());
    let sound = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || " _-".contains(it);
    if begins && letters.all(sound) && (2..=40).contains(&name.len()) {
        return Ok(());
    }
    Err(garde::Error::new("2 to 40 small letters, digits, spaces, `_` and `-`, a letter first"))
}

/// What is left of a name where nobody looks closely: `night-shift` passes for `night shift`.
fn squashed(name: &str) -> String {
    name.chars().filter(|it| !" _-".contains(*it)).collect()
}

/// Whether it is, or passes for, the name of a role that some place has of itself.
fn is_reserved(name: &str) -> bool {
    let kinds = [Kind::Company, Kind::Trader, Kind::Influencer].into_iter().flat_map(Kind::roles);
    let platform = users::Role::ALL.map(users::Role::as_str);
    let mut reserved = kinds.chain(platform).chain(["owner", "member"]);
    reserved.any(|known| squashed(known) == squashed(name))
}

/// The roles of the place, its system roles first.
pub(crate) async fn list<K: Place>(tx: &mut Tx<K>, catalogue: &Catalogue, paging: &Paging) -> Result<(Vec<Role>, i64)> {
    let all = all(tx, catalogue).await?;
    let total = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let (skip, take) = (paging.offset().unsigned_abs(), paging.limit.unsigned_abs());
    let (skip, take) = (usize::try_from(skip).unwrap_or(usize::MAX), usize::try_from(take).unwrap_or(usize::MAX));
    Ok((all.into_iter().skip(skip).take(take).collect(), total))
}

async fn all<K: Place>(tx: &mut Tx<K>, catalogue: &Catalogue) -> Result<Vec<Role>> {
    let system = K::system_roles(tx).await?.into_iter().map(|role| {
        let given = catalogue.iter().filter(|it| role.share.hold(&it.name)).map(|it| it.name.clone());
        let (name, permissions) = (role.name.to_owned(), given.collect());
        Role { name, system: true, description: None, permissions, created_at: None, updated_at: None }
    });
    let mut all: Vec<Role> = system.collect();
    all.extend(K::own_roles(tx).await?);
    Ok(all)
}

/// A role of the place, whoever made it.
///
/// # Errors
/// 404 for an unknown one.
pub(crate) async fn find<K: Place>(tx: &mut Tx<K>, catalogue: &Catalogue, name: &str) -> Result<Role> {
    let all = all(tx, catalogue).await?;
    all.into_iter().find(|role| role.name == name).ok_or_else(|| Error::not_found("role"))
}

/// A role of the place's own making.
///
/// # Errors
/// 404 for an unknown one; 409 `SYSTEM_ROLE`.
pub(crate) async fn find_own<K: Place>(tx: &mut Tx<K>, name: &str) -> Result<Role> {
    if K::system_roles(tx).await?.iter().any(|role| role.name == name) {
        let message = format!("`{name}` is a role of the system: nobody changes it, and it is a first role only.");
        return Err(Error::conflict("SYSTEM_ROLE", message));
    }
    let own = K::own_roles(tx).await?.into_iter().find(|role| role.name == name);
    own.ok_or_else(|| Error::not_found("role"))
}

/// Makes a role.
///
/// # Errors
/// 403 `PERMISSION_NOT_HELD` and `TOO_MANY_ROLES`; 409 `ROLE_NAME_TAKEN`; 422 for an unknown permission.
pub(crate) async fn create<K: Place>(tx: &mut Tx<K>, catalogue: &Catalogue, new: NewRole) -> Result<Role> {
    let NewRole { name, description, permissions } = new;
    check(catalogue, &permissions)?;
    let actor = Actor::of(tx).await?;
    actor.refuse_to_give(&permissions)?;
    let own = K::own_roles(tx).await?;
    if is_reserved(&name) || own.iter().any(|role| squashed(&role.name) == squashed(&name)) {
        let message = format!("There is a role `{name}`, or one for which it would pass.");
        return Err(Error::conflict("ROLE_NAME_TAKEN", message));
    }
    if own.len() >= MOST_ROLES {
        let message = format!("There are {MOST_ROLES} roles at most.");
        return Err(Error::forbidden("TOO_MANY_ROLES", message).with("limit", MOST_ROLES));
    }
    let now = Some(tx.now());
    let permissions = tidy(permissions);
    let role = Role { name, system: false, description, permissions, created_at: now, updated_at: now };
    K::put_role(tx, &role).await?;
    audit::record(tx, Change::new("role", &role.name, "role.created").after(&role)).await?;
    Ok(role)
}

fn check(catalogue: &Catalogue, permissions: &[String]) -> Result<()> {
    let named = permissions.iter().enumerate();
    catalogue.check(named.map(|(place, name)| (format!("permissions[{place}]"), name.as_str())))
}

/// Each once, in order.
fn tidy(permissions: Vec<String>) -> Vec<String> {
    permissions.into_iter().collect::<BTreeSet<_>>().into_iter().collect()
}

/// Changes what a role says and gives.
///
/// # Errors
/// 403 `PERMISSION_NOT_HELD`, also for what it gives already, and `OWN_RIGHTS`; 404; 409 `SYSTEM_ROLE`; 422 for an
/// unknown permission.
pub(crate) async fn change<K: Place>(
    tx: &mut Tx<K>,
    catalogue: &Catalogue,
    name: &str,
    patch: RolePatch,
) -> Result<Role> {
    check(catalogue, patch.permissions.as_deref().unwrap_or_default())?;
    let actor = Actor::of(tx).await?;
    let before = find_own(tx, name).await?;
    rewrite(tx, &actor, before, patch).await
}

/// Adds one permission to a role.
///
/// # Errors
/// As [`change`].
pub(crate) async fn add<K: Place>(tx: &mut Tx<K>, catalogue: &Catalogue, name: &str, permission: &str) -> Result<Role> {
    catalogue.check([("permission".to_owned(), permission)])?;
    let actor = Actor::of(tx).await?;
    let before = find_own(tx, name).await?;
    let permissions = [&before.permissions[..], &[permission.to_owned()]].concat();
    rewrite(tx, &actor, before, RolePermissions { permissions }.into()).await
}

/// Takes one permission out of a role.
///
/// # Errors
/// As [`change`], and 404 where the role does not give it.
pub(crate) async fn take<K: Place>(tx: &mut Tx<K>, name: &str, permission: &str) -> Result<Role> {
    let actor = Actor::of(tx).await?;
    let before = find_own(tx, name).await?;
    if !before.permissions.iter().any(|it| it == permission) {
        return Err(Error::not_found("permission"));
    }
    let permissions = before.permissions.iter().filter(|it| *it != permission).cloned().collect();
    rewrite(tx, &actor, before, RolePermissions { permissions }.into()).await
}

async fn rewrite<K: Place>(tx: &mut Tx<K>, actor: &Actor, before: Role, patch: RolePatch) -> Result<Role> {
    let permissions = patch.permissions.map_or_else(|| before.permissions.clone(), tidy);
    actor.refuse_to_give(before.permissions.iter().chain(&permissions))?;
    let adds = permissions.iter().any(|name| !before.permissions.contains(name));
    if adds && actor.has::<K>(&format!("role:{}", before.name)) {
        return Err(own_rights());
    }
    if permissions.len() > MOST_PERMISSIONS {
        let message = format!("A role names {MOST_PERMISSIONS} permissions at most.");
        return Err(Error::forbidden("TOO_MANY_PERMISSIONS", message).with("limit", MOST_PERMISSIONS));
    }
    let description = patch.description.or_else(|| before.description.clone());
    let after = Role { description, permissions, updated_at: Some(tx.now()), ..before.clone() };
    K::put_role(tx, &after).await?;
    audit::record(tx, Change::new("role", &after.name, "role.changed").before(&before).after(&after)).await?;
    Ok(after)
}

/// Removes a role. Those who have it as their first one get another; beside a first one it falls away.
///
/// # Errors
/// 403 `PERMISSION_NOT_HELD` and `ROLE_ABOVE_YOUR_OWN`; 404; 409 `SYSTEM_ROLE` and `ROLE_IN_USE`; 422 for an unknown
/// role in its place.
pub(crate) async fn remove<K: Place>(tx: &mut Tx<K>, name: &str, by: Option<&str>) -> Result<()> {
    let actor = Actor::of(tx).await?;
    let role = find_own(tx, name).await?;
    actor.refuse_to_give(&role.permissions)?;
    if by == Some(name) {
        return Err(Error::invalid("moveTo", "SAME_ROLE", "It is the role that is removed."));
    }
    K::vacate(tx, name, by).await?;
    K::delete_role(tx, name).await?;
    audit::record(tx, Change::new("role", name, "role.deleted").before(&role)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_passes_for_a_role_of_the_system_is_reserved() {
        for name in ["admin", "ad min", "super-admin", "super_admin", "c-e-o", "owner", "mem_ber", "viewer-", "user"] {
            assert!(is_reserved(name), "{name}");
        }
        assert!(!is_reserved("night shift") && !is_reserved("administrator"));
    }

    #[test]
    fn a_name_is_of_small_letters_digits_spaces_and_strokes() {
        for name in ["night shift", "a1", "desk_2-b", &"a".repeat(40)] {
            assert!(is_name(name, &()).is_ok(), "{name}");
        }
        for name in ["", "a", "Admin", "1a", " a1", "a,b", "аdmin", "a\u{200b}b", "a/b", &"a".repeat(41)] {
            assert!(is_name(name, &()).is_err(), "{name}");
        }
    }
}
