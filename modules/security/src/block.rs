use crate::networks;
use garde::Validate;
use kit::{Error, Result, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a block is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "BlockTarget")]
pub(crate) enum Target {
    /// An address, or a network in CIDR notation.
    Network,
    User,
    Key,
}

impl Target {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::User => "user",
            Self::Key => "key",
        }
    }
}

/// A block of an address or a network.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "NewTenantBlock")]
pub(crate) struct NewBlock {
    /// An address, or a network in CIDR notation. Of IPv6 an address means its /64.
    #[garde(length(max = 64))]
    pub(crate) target: String,
    /// Why, for whoever looks at it later.
    #[garde(length(chars, min = 1, max = 500))]
    pub(crate) reason: String,
    /// Until when; until it is lifted, if not said.
    #[garde(skip)]
    pub(crate) expires_at: Option<Time>,
}

/// A block on the whole platform.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "NewPlatformBlock")]
pub(crate) struct NewPlatformBlock {
    /// What is blocked.
    #[garde(skip)]
    pub(crate) kind: Target,
    /// An address, a network in CIDR notation, or the id of a user or a key. Of IPv6 an address means its /64.
    #[garde(length(max = 64))]
    pub(crate) target: String,
    /// Why, for whoever looks at it later.
    #[garde(length(chars, min = 1, max = 500))]
    pub(crate) reason: String,
    /// Until when; until it is lifted, if not said.
    #[garde(skip)]
    pub(crate) expires_at: Option<Time>,
}

impl From<NewBlock> for NewPlatformBlock {
    fn from(new: NewBlock) -> Self {
        let NewBlock { target, reason, expires_at } = new;
        Self { kind: Target::Network, target, reason, expires_at }
    }
}

/// What is to be blocked, in the one spelling that it is kept in.
pub(crate) enum Meant {
    Network(ipnet::IpNet),
    User(Uuid),
    Key(Uuid),
}

impl NewPlatformBlock {
    /// What is meant by the target.
    ///
    /// # Errors
    /// 422 when it is nothing of its kind.
    pub(crate) fn meant(&self) -> Result<Meant> {
        let id = || Uuid::parse_str(&self.target).ok();
        let meant = match self.kind {
            Target::Network => networks::parse(&self.target).map(Meant::Network),
            Target::User => id().map(Meant::User),
            Target::Key => id().map(Meant::Key),
        };
        let message = "An address, a network in CIDR notation or an id is expected, as the kind says.";
        meant.ok_or_else(|| Error::invalid("target", "INVALID_TARGET", message))
    }
}

impl Meant {
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Network(network) => network.to_string(),
            Self::User(id) | Self::Key(id) => id.to_string(),
        }
    }
}

/// A block as it is shown.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Block")]
pub(crate) struct BlockView {
    pub(crate) id: Uuid,
    /// `network`, `user` or `key`.
    pub(crate) kind: String,
    /// A network in CIDR notation, or an id.
    pub(crate) target: String,
    pub(crate) reason: String,
    /// `null`: until it is lifted.
    pub(crate) expires_at: Option<Time>,
    /// Whether the platform did it by itself.
    pub(crate) automatic: bool,
    pub(crate) created_by: Option<Uuid>,
    pub(crate) created_at: Time,
}
