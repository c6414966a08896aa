use kit::Time;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

/// What is noticed that the audit trail does not record, since nothing changes by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    SignInFailed,
    NewNetwork,
    NewCountry,
    ImpossibleTravel,
    /// Somebody asked for a tenant that they are no member of.
    TenantRefused,
    /// Somebody called who may not.
    BlockedCaller,
}

impl Kind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::SignInFailed => "sign-in-failed",
            Self::NewNetwork => "new-network",
            Self::NewCountry => "new-country",
            Self::ImpossibleTravel => "impossible-travel",
            Self::TenantRefused => "tenant-refused",
            Self::BlockedCaller => "blocked-caller",
        }
    }

    pub(crate) fn severity(self) -> Severity {
        match self {
            Self::SignInFailed | Self::NewNetwork => Severity::Notice,
            Self::NewCountry | Self::TenantRefused | Self::BlockedCaller => Severity::Warning,
            Self::ImpossibleTravel => Severity::Critical,
        }
    }
}

/// How grave an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    Info,
    Notice,
    Warning,
    Critical,
}

impl Severity {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// Something that was noticed: `Event::new(Kind::SignInFailed, user, "sign-in").with(json!({ … }))`.
#[derive(Clone, Debug)]
pub struct Event {
    pub(crate) kind: Kind,
    pub(crate) user: Option<Uuid>,
    pub(crate) subject: String,
    pub(crate) detail: Value,
}

impl Event {
    /// About this user, if anybody is known, and this thing.
    pub fn new(kind: Kind, user: Option<Uuid>, subject: impl Into<String>) -> Self {
        Self { kind, user, subject: subject.into(), detail: Value::Object(serde_json::Map::new()) }
    }

    /// With what else is known. Secrets in it are masked.
    pub fn with(mut self, detail: Value) -> Self {
        self.detail = kit::mask(detail);
        self
    }
}

/// An event as it is shown.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SecurityEvent")]
pub(crate) struct EventView {
    pub(crate) id: Uuid,
    pub(crate) at: Time,
    /// What happened, such as `sign-in-failed`.
    pub(crate) kind: String,
    /// `info`, `notice`, `warning` or `critical`.
    pub(crate) severity: String,
    /// The tenant that it is about; `null`: it is the user's own or the platform's.
    pub(crate) tenant_id: Option<Uuid>,
    /// Whom it is about.
    pub(crate) user_id: Option<Uuid>,
    /// Who did it; `null`: nobody who is known.
    pub(crate) actor_id: Option<Uuid>,
    pub(crate) ip: Option<String>,
    pub(crate) user_agent: Option<String>,
    /// Where the address is, as far as the server knows.
    pub(crate) country: Option<String>,
    /// What else is known of it.
    pub(crate) detail: Value,
}
