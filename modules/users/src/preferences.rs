use crate::profile::{is_currency, is_language_tag, is_time_zone};
use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How a user likes to see the platform and to be told by it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Preferences {
    /// A language tag, such as `pt-BR`.
    pub(crate) locale: String,
    /// A name of the IANA time zone database, such as `America/Sao_Paulo`.
    pub(crate) time_zone: String,
    /// What amounts are shown in, such as `USD`.
    pub(crate) currency: String,
    pub(crate) notifications: Notifications,
}

/// The whole of a user's preferences; kinds of messages that are left out go by the usual channels.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PreferencesInput {
    /// A language tag, such as `pt-BR`.
    #[garde(custom(is_language_tag))]
    pub(crate) locale: String,
    /// A name of the IANA time zone database, such as `America/Sao_Paulo`.
    #[garde(custom(is_time_zone))]
    pub(crate) time_zone: String,
    /// A code of three to five letters, such as `USD` or `USDT`.
    #[garde(custom(is_currency))]
    pub(crate) currency: String,
    #[serde(default)]
    #[garde(dive)]
    pub(crate) notifications: Notifications,
}

/// A way to reach a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "NotificationChannel")]
pub(crate) enum Channel {
    InApp,
    Email,
    Telegram,
    Push,
    Webhook,
}

type Channels = BTreeSet<Channel>;

/// By which channels a user is told, by kind of message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Notifications {
    /// What concerns the safety of the account; always also by mail.
    #[garde(custom(has_mail))]
    security: Channels,
    /// Orders, fills and positions.
    #[garde(skip)]
    trading: Channels,
    /// What bots do and why they stop.
    #[garde(skip)]
    bots: Channels,
    /// Invoices, payments and plans.
    #[garde(skip)]
    billing: Channels,
    /// Answers to the user's tickets.
    #[garde(skip)]
    support: Channels,
    /// News of the platform.
    #[garde(skip)]
    product: Channels,
    /// Offers.
    #[garde(skip)]
    marketing: Channels,
}

impl Default for Notifications {
    fn default() -> Self {
        let told = BTreeSet::from([Channel::InApp, Channel::Email]);
        let shown = BTreeSet::from([Channel::InApp]);
        Self {
            security: told.clone(),
            trading: shown.clone(),
            bots: told.clone(),
            billing: told.clone(),
            support: told,
            product: shown,
            marketing: Channels::new(),
        }
    }
}

fn has_mail(channels: &Channels, (): &()) -> garde::Result {
    match channels.contains(&Channel::Email) {
        true => Ok(()),
        false => Err(garde::Error::new("what concerns the safety of the account is always told by `email`")),
    }
}
