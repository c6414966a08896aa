//! Bots that are made like others.

use crate::{
    bot::Bot,
    config::{Feed, FeedKind, Mode},
    hours::Hours,
};
use garde::Validate;
use kit::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trading::{money::Notional, risk::Limits};
use uuid::Uuid;

/// The most accounts that a bot is copied to at once.
const MOST_ACCOUNTS: usize = 20;

/// What is to be different in a copy of a bot; the rest is as there.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "BotCopy")]
#[garde(allow_unvalidated)]
pub(crate) struct Copying {
    /// What people call it; no other bot of the tenant has this name.
    #[garde(length(chars, min = 1, max = 100))]
    pub(crate) name: String,
    /// On paper, or on an account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mode: Option<Mode>,
    /// The account of a live copy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) connection_id: Option<Uuid>,
    /// Quote currency at the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) initial_cash: Option<Notional>,
    /// How much it may venture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limits: Option<Limits>,
    /// When it opens positions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hours: Option<Hours>,
    /// Where its candles come from; for a live copy it is the market.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) feed: Option<Feed>,
}

/// The accounts that a bot is copied to.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "BotMirror")]
pub(crate) struct Mirroring {
    /// Each gets a live bot of its own.
    #[garde(length(min = 1, max = MOST_ACCOUNTS), dive)]
    pub(crate) accounts: Vec<MirrorAccount>,
}

/// An account that gets a copy.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "BotMirrorAccount")]
#[garde(allow_unvalidated)]
pub(crate) struct MirrorAccount {
    /// A connection to the exchange of the bot's strategy.
    pub(crate) connection_id: Uuid,
    /// What the copy is called: the bot's name and the end of the connection's id if it is not said.
    #[garde(inner(length(chars, min = 1, max = 100)))]
    pub(crate) name: Option<String>,
    /// Quote currency at the start, if it is another.
    pub(crate) initial_cash: Option<Notional>,
}

impl MirrorAccount {
    /// The copy that this account gets.
    pub(crate) fn copying(&self, bot: &Bot) -> Copying {
        let id = self.connection_id.simple().to_string();
        let end: String = id.chars().skip(26).collect();
        let kept: String = bot.name.chars().take(90).collect();
        Copying {
            name: self.name.clone().unwrap_or_else(|| format!("{kept} ({end})")),
            mode: Some(Mode::Live),
            connection_id: Some(self.connection_id),
            initial_cash: self.initial_cash,
            ..Copying::default()
        }
    }
}

/// A copy as a caller would say it, whose faults are then found as those of any new bot.
pub(crate) fn like(bot: &Bot, copying: &Copying) -> Result<Value> {
    let mode = copying.mode.unwrap_or(bot.mode);
    let mut feed = serde_json::to_value(&bot.feed).map_err(Error::internal)?;
    if mode == Mode::Live || feed["kind"] == "live" {
        // when a live feed began is its own
        feed = json!({ "kind": "live" });
    }
    let mut copy = json!({
        "mode": mode,
        "strategyId": bot.strategy_id,
        "strategyVersion": bot.strategy_version,
        "initialCash": bot.initial_cash,
        "filters": if mode == Mode::Live || bot.filters.is_some() { "exchange" } else { "none" },
        "limits": bot.limits,
        "hours": bot.hours,
        "feed": feed,
    });
    let venue = serde_json::to_value(&bot.venue).map_err(Error::internal)?;
    let different = serde_json::to_value(copying).map_err(Error::internal)?;
    if mode == bot.mode && mode == Mode::Live {
        copy["connectionId"] = json!(bot.connection_id);
    }
    let is_live = |kind: FeedKind| kind == FeedKind::Live;
    if mode == Mode::Paper && is_live(bot.feed.kind) && copying.feed.as_ref().is_none_or(|feed| is_live(feed.kind)) {
        copy["takerFills"] = json!(bot.taker_fills);
    }
    for (key, value) in [venue, different].iter().filter_map(Value::as_object).flatten() {
        copy[key] = value.clone();
    }
    Ok(copy)
}
