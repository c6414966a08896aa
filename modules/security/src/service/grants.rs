use crate::{
    actor::{Actor, Term, Turn},
    place::{self, Place},
    service::refuse_past,
    store::grants as store,
};
use audit::Change;
use garde::Validate;
use kit::{Catalogue, Error, Result, Tier, Time, Tx};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use uuid::Uuid;

/// A permission that was granted to somebody directly, or revoked from them.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PermissionGrant")]
pub(crate) struct Grant {
    pub(crate) permission: String,
    /// `false`: it is revoked, whatever else gives it.
    pub(crate) granted: bool,
    pub(crate) reason: Option<String>,
    /// When it ends; `null` is never.
    pub(crate) expires_at: Option<Time>,
    /// Who decided it last.
    pub(crate) created_by: Option<Uuid>,
    pub(crate) created_at: Time,
}

/// What is to be granted to somebody, or revoked from them.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GrantWish {
    /// `resource:action`.
    #[garde(length(min = 1, max = 100))]
    permission: String,
    /// `false`: it is revoked, whatever else gives it.
    #[garde(skip)]
    granted: bool,
    #[garde(length(chars, max = 500))]
    reason: Option<String>,
    /// When it ends; never, if not said.
    #[garde(skip)]
    expires_at: Option<Time>,
}

/// Several at once: all of them or none.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantWishes {
    #[garde(length(min = 1, max = 100), dive)]
    pub(crate) changes: Vec<GrantWish>,
}

/// All that somebody may do, and why.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "UserPermissions")]
pub(crate) struct UserPermissions {
    user_id: Uuid,
    /// Every permission that they hold.
    effective: Vec<Held>,
    /// What was granted to them directly.
    grants: Vec<Grant>,
    /// What was revoked from them, whatever else gives it.
    revocations: Vec<Grant>,
}

/// A permission that somebody holds.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "HeldPermission")]
struct Held {
    permission: String,
    tier: Option<Tier>,
    /// What of the tier gives it, such as `role:manager`.
    source: Option<String>,
}

impl Grant {
    fn term(&self) -> Term {
        Term { given: self.granted, until: self.expires_at }
    }
}

/// All that somebody may do, and why.
///
/// # Errors
/// 404 for who is not there.
pub(crate) async fn show<K: Place>(tx: &mut Tx<K>, catalogue: &Catalogue, user: Uuid) -> Result<UserPermissions> {
    let held = place::rank(tx, user).await?.permissions;
    let verdicts = catalogue.iter().map(|it| (it.name.clone(), held.verdict(&it.name)));
    let effective = verdicts.filter(|(_, verdict)| verdict.allowed).map(|(permission, verdict)| Held {
        permission,
        tier: verdict.tier,
        source: verdict.source.map(str::to_owned),
    });
    let effective = effective.collect();
    let (grants, revocations) = store::grants_of(tx, user).await?.into_iter().partition(|it| it.granted);
    Ok(UserPermissions { user_id: user, effective, grants, revocations })
}

/// Where a field of the wish of this number stands in a body.
type Path = fn(usize, &str) -> String;

/// Makes sure that the wishes can be meant: known permissions, each once, that end in the future.
fn check(catalogue: &Catalogue, wishes: &[GrantWish], now: Time, path: Path) -> Result<()> {
    let named = wishes.iter().enumerate();
    catalogue.check(named.map(|(at, wish)| (path(at, "permission"), wish.permission.as_str())))?;
    let mut seen = HashSet::new();
    for (at, wish) in wishes.iter().enumerate() {
        refuse_past(wish.expires_at, now, &path(at, "expiresAt"))?;
        if !seen.insert(&wish.permission) {
            let message = format!("`{}` stands there twice.", wish.permission);
            return Err(Error::invalid(&path(at, "permission"), "TWICE", message));
        }
    }
    Ok(())
}

/// Grants permissions to somebody, or revokes them: all or none.
///
/// # Errors
/// 403 `PERMISSION_NOT_HELD`, `OWN_RIGHTS` and `ROLE_ABOVE_YOUR_OWN`; 404 for who is not there; 409
/// `OWNER_UNRESTRICTED`; 422, by the paths of the wishes, for unknown permissions, one twice, and an end in the past.
pub(crate) async fn decide_all<K: Place>(
    tx: &mut Tx<K>,
    catalogue: &Catalogue,
    user: Uuid,
    wishes: Vec<GrantWish>,
) -> Result<Vec<Grant>> {
    settle(tx, catalogue, user, wishes, |at, field| format!("changes[{at}].{field}")).await
}

/// Grants a permission to somebody, or revokes it.
///
/// # Errors
/// As [`decide_all`].
pub(crate) async fn decide<K: Place>(
    tx: &mut Tx<K>,
    catalogue: &Catalogue,
    user: Uuid,
    wish: GrantWish,
) -> Result<Grant> {
    let settled = settle(tx, catalogue, user, vec![wish], |_, field| field.to_owned()).await?;
    settled.into_iter().next().ok_or_else(|| Error::internal("a wish came to nothing"))
}

async fn settle<K: Place>(
    tx: &mut Tx<K>,
    catalogue: &Catalogue,
    user: Uuid,
    wishes: Vec<GrantWish>,
    path: Path,
) -> Result<Vec<Grant>> {
    check(catalogue, &wishes, tx.now(), path)?;
    let (actor, target) = Actor::facing(tx, user).await?;
    let known = store::grants_of(tx, user).await?;
    let (created_by, created_at) = (tx.user(), tx.now());
    let (mut grants, mut changes) = (vec![], vec![]);
    for GrantWish { permission, granted, reason, expires_at } in wishes {
        let grant = Grant { permission, granted, reason, expires_at, created_by, created_at };
        let before = known.iter().find(|it| it.permission == grant.permission);
        let turn = Turn { before: before.map(Grant::term), after: Some(grant.term()) };
        actor.allow(&target, std::slice::from_ref(&grant.permission), turn)?;
        store::put_grant(tx, user, &grant).await?;
        changes.push(change(
            user,
            if granted { "permission.granted" } else { "permission.revoked" },
            before,
            Some(&grant),
        ));
        grants.push(grant);
    }
    audit::record_all(tx, &changes).await?;
    Ok(grants)
}

fn change(user: Uuid, action: &'static str, before: Option<&Grant>, after: Option<&Grant>) -> Change {
    let change = Change::new("user-permission", user, action);
    let change = before.into_iter().fold(change, Change::before);
    after.into_iter().fold(change, Change::after)
}

/// Takes back what was granted to somebody, or gives back what was revoked from them.
///
/// # Errors
/// 403 `PERMISSION_NOT_HELD`, `OWN_RIGHTS` and `ROLE_ABOVE_YOUR_OWN`; 404 for who is not there and where nothing was.
pub(crate) async fn lift<K: Place>(tx: &mut Tx<K>, user: Uuid, permission: &str) -> Result<()> {
    let (actor, target) = Actor::facing(tx, user).await?;
    let known = store::grants_of(tx, user).await?.into_iter().find(|it| it.permission == permission);
    let before = known.ok_or_else(|| Error::not_found("grant"))?;
    let turn = Turn { before: Some(before.term()), after: None };
    actor.allow(&target, std::slice::from_ref(&before.permission), turn)?;
    store::delete_grant(tx, user, permission).await?;
    audit::record(tx, change(user, "permission.lifted", Some(&before), None)).await
}
