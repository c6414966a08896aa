use crate::store;
use garde::Validate;
use kit::{Cursor, Error, Result, TenantTx, Time, Tx, mask};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// What is recorded of a change: `Change::new("bot", bot.id, "bot.started").before(&old).after(&new)`.
#[derive(Clone)]
pub struct Change {
    pub(crate) resource: &'static str,
    pub(crate) resource_id: String,
    pub(crate) action: &'static str,
    pub(crate) before: Option<Value>,
    pub(crate) after: Option<Value>,
}

impl Change {
    /// A change of this thing. The action is `thing.done`.
    #[expect(clippy::needless_pass_by_value, reason = "an id is small, and reads better without a reference")]
    pub fn new(resource: &'static str, id: impl ToString, action: &'static str) -> Self {
        Self { resource, resource_id: id.to_string(), action, before: None, after: None }
    }

    /// What it was. Secrets in it are masked.
    pub fn before(mut self, state: impl Serialize) -> Self {
        self.before = serde_json::to_value(state).ok().map(mask);
        self
    }

    /// What it is now. Secrets in it are masked.
    pub fn after(mut self, state: impl Serialize) -> Self {
        self.after = serde_json::to_value(state).ok().map(mask);
        self
    }
}

/// Records a change in the transaction that makes it.
pub async fn record<K>(tx: &mut Tx<K>, change: Change) -> Result<()> {
    record_all(tx, &[change]).await
}

/// Records many changes at once, in the transaction that makes them.
pub async fn record_all<K>(tx: &mut Tx<K>, changes: &[Change]) -> Result<()> {
    store::insert(tx, changes).await
}

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
#[derive(Deserialize, JsonSchema, Validate)]
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
}

pub(crate) async fn list(tx: &mut TenantTx, filter: &Filter, cursor: &Cursor) -> Result<Vec<Entry>> {
    let place = |text: &Option<String>, path: &str| match text {
        None => Ok(None),
        Some(text) => {
            Uuid::parse_str(text).map(Some).map_err(|_| Error::invalid(path, "BAD_CURSOR", "Not a place in the trail."))
        }
    };
    let (before, after) = (place(&cursor.before, "before")?, place(&cursor.after, "after")?);
    store::list(tx, filter, before, after, cursor.limit()).await
}
