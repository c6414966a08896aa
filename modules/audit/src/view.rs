use garde::Validate;
use kit::{Cursor, Error, Result, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// An entry of the trail.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AuditEntry")]
pub(crate) struct Entry {
    pub(crate) id: Uuid,
    pub(crate) at: Time,
    /// The user who did it; `null` when the platform did.
    pub(crate) actor_id: Option<Uuid>,
    /// The administrator who acted as that user.
    pub(crate) impersonator_id: Option<Uuid>,
    /// The key by which that user did it.
    pub(crate) api_key_id: Option<Uuid>,
    /// What was done, such as `bot.started`.
    pub(crate) action: String,
    /// What kind of thing it was done to.
    pub(crate) resource: String,
    pub(crate) resource_id: Option<String>,
    pub(crate) before: Option<Value>,
    pub(crate) after: Option<Value>,
    pub(crate) ip: Option<String>,
    pub(crate) user_agent: Option<String>,
    pub(crate) correlation_id: String,
}

/// Which entries are asked for.
#[derive(Clone, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Filter {
    /// Only of this user.
    #[garde(skip)]
    pub(crate) actor_id: Option<Uuid>,
    /// Only this action.
    #[garde(length(max = 64))]
    pub(crate) action: Option<String>,
    /// Only on this kind of thing.
    #[garde(length(max = 64))]
    pub(crate) resource: Option<String>,
    /// Only on this thing.
    #[garde(length(max = 64))]
    pub(crate) resource_id: Option<String>,
    /// Only actions that begin so.
    #[garde(length(max = 64))]
    pub(crate) q: Option<String>,
    /// Only from this moment on.
    #[garde(skip)]
    pub(crate) from: Option<Time>,
    /// Only before this moment.
    #[garde(skip)]
    pub(crate) to: Option<Time>,
}

/// Between which identifiers, both excluded, the entries are.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) after: Uuid,
    pub(crate) before: Uuid,
}

impl Bounds {
    /// From one moment on and before another.
    pub(crate) fn between(from: Option<Time>, to: Option<Time>) -> Self {
        Self { after: from.map_or(Uuid::nil(), just_before), before: to.map_or(Uuid::max(), just_before) }
    }

    /// The bounds of the filter and, within them, of the cursor.
    ///
    /// # Errors
    /// 422 `BAD_CURSOR`.
    pub(crate) fn of(filter: &Filter, cursor: &Cursor) -> Result<Self> {
        let mut bounds = Self::between(filter.from, filter.to);
        if let Some(before) = place(cursor.before.as_deref(), "before")? {
            bounds.before = bounds.before.min(before);
        }
        if let Some(after) = place(cursor.after.as_deref(), "after")? {
            bounds.after = bounds.after.max(after);
        }
        Ok(bounds)
    }
}

/// An identifier that nothing has, between those before this moment and those from it on.
fn just_before(moment: Time) -> Uuid {
    let millis = u128::try_from(moment.millis()).unwrap_or(0).min((1 << 48) - 1);
    Uuid::from_u128(millis << 80)
}

fn place(text: Option<&str>, path: &str) -> Result<Option<Uuid>> {
    let place = text.map(Uuid::parse_str).transpose();
    place.map_err(|_| Error::invalid(path, "BAD_CURSOR", "Not a place in the trail."))
}

/// How long the tenant keeps its trail.
#[derive(Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AuditRetention")]
pub(crate) struct Retention {
    /// So many months, at least 12 and at most 120; `null` for ever.
    #[garde(range(min = 12, max = 120))]
    pub(crate) months: Option<i32>,
}

/// Which head is asked about.
#[derive(Deserialize, JsonSchema, Validate)]
pub(crate) struct Asked {
    /// The hash of a head that was kept elsewhere: is it still part of the chain?
    #[garde(length(max = 64))]
    pub(crate) head: Option<String>,
}

/// Of which period a report is.
#[derive(Serialize, Deserialize, JsonSchema, Validate)]
pub(crate) struct Period {
    /// From this moment on.
    #[garde(skip)]
    pub(crate) from: Option<Time>,
    /// Before this moment.
    #[garde(skip)]
    pub(crate) to: Option<Time>,
}

/// Something that touched a member's personal data.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ComplianceEvent")]
pub(crate) struct Deed {
    /// The entry of the trail.
    pub(crate) id: Uuid,
    pub(crate) at: Time,
    pub(crate) user_id: Option<Uuid>,
    /// What was done, such as `consent.granted`.
    pub(crate) action: String,
    pub(crate) details: Option<Value>,
}
