use crate::{
    actor::{Actor, Term, Turn},
    place::{self, Place},
    service::{refuse_past, roles},
    store::grants as store,
};
use audit::Change;
use garde::Validate;
use kit::{Error, Result, Time, Tx};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A role that somebody has.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "UserRole")]
pub(crate) struct Assignment {
    pub(crate) role: String,
    /// Whether it is the one that everybody has, which is changed elsewhere.
    pub(crate) first: bool,
    /// When it ends; `null` is never.
    pub(crate) expires_at: Option<Time>,
    /// Who gave it last.
    pub(crate) created_by: Option<Uuid>,
    pub(crate) created_at: Option<Time>,
}

/// The role that somebody is to have beside their first one.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RoleWish {
    /// A role of the place's own making.
    #[garde(length(min = 1, max = 64))]
    role: String,
    /// When it ends; never, if not said.
    #[garde(skip)]
    expires_at: Option<Time>,
}

impl Assignment {
    fn term(&self) -> Term {
        Term { given: true, until: self.expires_at }
    }
}

/// The roles that somebody has, the first one first.
///
/// # Errors
/// 404 for who is not there.
pub(crate) async fn list<K: Place>(tx: &mut Tx<K>, user: Uuid) -> Result<Vec<Assignment>> {
    let role = place::rank(tx, user).await?.role;
    let first = Assignment { role, first: true, expires_at: None, created_by: None, created_at: None };
    let further = store::assignments_of(tx, user).await?;
    Ok([vec![first], further].concat())
}

/// Gives somebody a role beside their first one, or another end to one that they have.
///
/// # Errors
/// 403 `PERMISSION_NOT_HELD`, `OWN_RIGHTS`, and `ROLE_ABOVE_YOUR_OWN` for an earlier end; 404 for who is not there;
/// 409 `SYSTEM_ROLE`; 422 for an unknown role and an end in the past.
pub(crate) async fn assign<K: Place>(tx: &mut Tx<K>, user: Uuid, wish: RoleWish) -> Result<Assignment> {
    refuse_past(wish.expires_at, tx.now(), "expiresAt")?;
    let (actor, target) = Actor::facing(tx, user).await?;
    let role = roles::find_own(tx, &wish.role).await.map_err(|refused| unknown(refused, &wish.role))?;
    let before = find(tx, user, &role.name).await?;
    let (created_by, created_at) = (tx.user(), Some(tx.now()));
    let after = Assignment { role: role.name, first: false, expires_at: wish.expires_at, created_by, created_at };
    let turn = Turn { before: before.as_ref().map(Assignment::term), after: Some(after.term()) };
    actor.allow(&target, &role.permissions, turn)?;
    store::put_assignment(tx, user, &after).await?;
    let mut change = Change::new("user-role", user, "role.assigned").after(&after);
    if let Some(before) = before {
        change = change.before(before);
    }
    audit::record(tx, change).await?;
    Ok(after)
}

/// What a body names is at fault if it is unknown, not the path.
fn unknown(refused: Error, role: &str) -> Error {
    if refused.code() == "ROLE_NOT_FOUND" {
        return Error::invalid("role", "UNKNOWN_ROLE", format!("There is no role `{role}`."));
    }
    refused
}

async fn find<K: Place>(tx: &mut Tx<K>, user: Uuid, role: &str) -> Result<Option<Assignment>> {
    Ok(store::assignments_of(tx, user).await?.into_iter().find(|it| it.role == role))
}

/// Takes a role from somebody that they have beside their first one.
///
/// # Errors
/// 403 `ROLE_ABOVE_YOUR_OWN`; 404 for who is not there, and where they do not have it beside their first one.
pub(crate) async fn unassign<K: Place>(tx: &mut Tx<K>, user: Uuid, role: &str) -> Result<()> {
    let (actor, target) = Actor::facing(tx, user).await?;
    let before = find(tx, user, role).await?.ok_or_else(|| Error::not_found("user role"))?;
    actor.allow(&target, &[], Turn { before: Some(before.term()), after: None })?;
    store::delete_assignment(tx, user, role).await?;
    audit::record(tx, Change::new("user-role", user, "role.unassigned").before(before)).await
}
