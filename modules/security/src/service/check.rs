use crate::ReadSecurity;
use garde::Validate;
use kit::{AnyMember, Catalogue, Error, Permission, Permissions, Result, Tier};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What somebody wants to know whether it may be done.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Question {
    /// `resource:action`; or several as `permissions`.
    #[garde(length(max = 100))]
    permission: Option<String>,
    #[garde(inner(length(min = 1, max = 100), inner(length(max = 100))))]
    permissions: Option<Vec<String>>,
    /// By whom; the caller, if not said. Of others those with `security:read` learn it.
    #[garde(skip)]
    user_id: Option<Uuid>,
    /// Where; in the tenant of the request, if not said.
    #[garde(skip)]
    tenant_id: Option<Uuid>,
}

/// Whether something may be done, and why: of one permission, or of several.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "PermissionCheck")]
pub(crate) enum Checked {
    One(Verdict),
    Several {
        /// Whether all of them may be done.
        allowed: bool,
        verdicts: Vec<Verdict>,
    },
}

/// Whether something may be done, and why.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PermissionVerdict")]
pub(crate) struct Verdict {
    permission: String,
    allowed: bool,
    /// The tier that decided; `null` where nothing gives it.
    tier: Option<Tier>,
    /// What of the tier decided, such as `role:manager`.
    source: Option<String>,
    /// The same in words.
    reason: String,
    /// What each tier says, the first one first.
    tiers: Vec<Say>,
}

/// What a tier says of a permission.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TierVerdict")]
struct Say {
    tier: Tier,
    /// Whether it gives the permission.
    gives: bool,
    /// Whether it takes the permission, whatever gives it.
    takes: bool,
    /// What of the tier gives it.
    sources: Vec<String>,
}

/// What whoever is asked about holds, where it is asked about.
///
/// # Errors
/// 403 without `security:read` for another user; 404 for who is no member and a tenant of others.
pub(crate) async fn held(caller: &AnyMember, question: &Question) -> Result<Permissions> {
    let here = caller.membership();
    let other = question.user_id.filter(|user| *user != caller.user().id);
    let Some(tenant) = question.tenant_id.filter(|tenant| *tenant != here.tenant) else {
        let Some(other) = other else { return Ok(here.permissions.clone()) };
        refuse_unless_they_read(&here.permissions)?;
        return tenants::rights(&mut caller.begin().await?, other).await;
    };
    let entered = tenants::enter(caller.begin_own().await?, tenant).await?;
    let (mut tx, place) = entered.ok_or_else(|| Error::not_found("tenant"))?;
    let Some(other) = other else { return Ok(place.permissions) };
    refuse_unless_they_read(&place.permissions)?;
    tenants::rights(&mut tx, other).await
}

fn refuse_unless_they_read(held: &Permissions) -> Result<()> {
    if held.hold(ReadSecurity::NAME) { Ok(()) } else { Err(Error::lacks(ReadSecurity::NAME)) }
}

/// What these permissions say to the question.
///
/// # Errors
/// 422 for an unknown permission, and unless one or several are asked for.
pub(crate) fn answer(catalogue: &Catalogue, held: &Permissions, question: Question) -> Result<Checked> {
    match (question.permission, question.permissions) {
        (Some(one), None) => {
            catalogue.check([("permission".to_owned(), one.as_str())])?;
            Ok(Checked::One(verdict(held, one)))
        }
        (None, Some(several)) => {
            let named = several.iter().enumerate();
            catalogue.check(named.map(|(at, name)| (format!("permissions[{at}]"), name.as_str())))?;
            let verdicts: Vec<_> = several.into_iter().map(|name| verdict(held, name)).collect();
            Ok(Checked::Several { allowed: verdicts.iter().all(|it| it.allowed), verdicts })
        }
        _ => Err(Error::invalid("permission", "ONE_OR_SEVERAL", "Ask for a `permission` or for `permissions`.")),
    }
}

fn verdict(held: &Permissions, permission: String) -> Verdict {
    let said = held.verdict(&permission);
    let (allowed, tier, source) = (said.allowed, said.tier, said.source.map(str::to_owned));
    let reason = reason(&permission, allowed, tier, said.source.unwrap_or_default());
    let tiers = [Tier::Direct, Tier::TenantRole, Tier::GlobalRole].map(|tier| say(held, &permission, tier)).into();
    Verdict { permission, allowed, tier, source, reason, tiers }
}

fn say(held: &Permissions, permission: &str, tier: Tier) -> Say {
    let given = held.sources().iter().filter(|it| it.tier == tier && it.share.hold(permission));
    let sources: Vec<_> = given.map(|it| it.name.clone()).collect();
    let takes = tier == Tier::Direct && held.revoked().iter().any(|name| name == permission);
    Say { tier, gives: !sources.is_empty(), takes, sources }
}

fn reason(permission: &str, allowed: bool, tier: Option<Tier>, source: &str) -> String {
    let source = source.split_once(':').map_or(source.to_owned(), |(what, name)| format!("the {what} `{name}`"));
    let place = match tier {
        Some(Tier::Direct) if allowed => {
            return format!("`{permission}` is granted directly; a direct revocation would win over it.");
        }
        Some(Tier::Direct) => {
            return format!("`{permission}` is revoked directly, which wins over whatever gives it.");
        }
        Some(Tier::TenantRole) => "in this tenant",
        Some(Tier::GlobalRole) => "on the whole platform",
        None => {
            return format!(
                "Nothing gives `{permission}`: no direct grant, no role or department in this tenant, and no role on the platform."
            );
        }
    };
    format!("`{permission}` is given by {source} {place}; a direct revocation would win over it.")
}
