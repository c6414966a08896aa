use kit::mask;
use serde::Serialize;
use serde_json::Value;

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
