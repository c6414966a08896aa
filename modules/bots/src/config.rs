//! What a bot is made of, as a caller says it.

use crate::{hours::Hours, schedule::Schedule};
use garde::Validate;
use kit::Time;
use rust_decimal::Decimal;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{borrow::Cow, num::NonZeroU16, ops::RangeInclusive};
use trading::{
    money::{BasisPoints, Notional, Share},
    risk::Limits,
    simulator::{Fees, FillAt, LimitFill, MAX_LATENCY_MS, Rules},
};
use uuid::Uuid;

/// A new bot.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewBot {
    /// What people call it; no other bot of the tenant has this name.
    #[garde(length(chars, min = 1, max = 100))]
    pub(crate) name: String,
    /// `strategy`, `script`, `grid`, `dca` or `signal`: what the strategy's document makes it, and so may be left out.
    #[garde(skip)]
    pub(crate) kind: Option<String>,
    /// On a simulated venue, or on an account of the tenant's.
    #[garde(skip)]
    pub(crate) mode: Mode,
    /// The account that a live bot trades on: a connection to the exchange of its strategy.
    #[garde(custom(of_a_live_bot(&self.mode)))]
    pub(crate) connection_id: Option<Uuid>,
    /// The strategy that it follows.
    #[garde(skip)]
    pub(crate) strategy_id: Uuid,
    /// At which version: the latest if not said. The bot keeps it.
    #[garde(skip)]
    pub(crate) strategy_version: Option<NonZeroU16>,
    /// Quote currency at the start: 0.01 to 1,000,000,000,000. A live bot ventures no more of its account.
    #[serde(deserialize_with = "cash")]
    #[garde(skip)]
    pub(crate) initial_cash: Notional,
    /// What the simulated venue charges: a thousandth of each fill, in quote currency, if not said.
    #[serde(default)]
    #[garde(skip)]
    fees: Fees,
    /// When market orders fill.
    #[serde(default)]
    #[garde(skip)]
    fill: FillAt,
    /// How much worse than the candle's price markets and stops fill.
    #[serde(default)]
    #[garde(skip)]
    slippage_bps: BasisPoints,
    /// The part of a candle's volume that the bot's fills can be; without it any order fills whole.
    #[garde(skip)]
    volume_share: Option<Share>,
    /// The part of a candle's range, high less low, by which markets and stops fill worse on top of `slippageBps`.
    #[garde(skip)]
    slippage_of_range: Option<Share>,
    /// How far the market must go for a limit to fill: to its price, or through it, as behind all who wait there.
    #[serde(default)]
    #[garde(skip)]
    limit_fill: LimitFill,
    /// Milliseconds from a decision until the simulated venue knows of it; only where `fill` is `nextOpen`.
    #[serde(default)]
    #[garde(range(max = MAX_LATENCY_MS), custom(at_the_next_open(&self.fill)))]
    latency_ms: u32,
    /// What fills the orders of a paper bot that take at once: on a live feed the exchange's book as it is then, if it is
    /// not said. `book` needs a live feed and `fill` to be `nextOpen`.
    #[garde(custom(of_a_book(&self.mode, &self.feed, &self.fill)))]
    pub(crate) taker_fills: Option<TakerFills>,
    /// Which filters its orders are held to.
    #[serde(default)]
    #[garde(skip)]
    pub(crate) filters: WhichFilters,
    /// How much it may venture.
    #[serde(default)]
    #[garde(skip)]
    pub(crate) limits: Limits,
    /// When it opens positions: at any time if it is not said.
    #[garde(skip)]
    pub(crate) hours: Option<Hours>,
    /// When it starts and stops by itself; whoever says so needs `bots:execute` too.
    #[garde(skip)]
    pub(crate) schedule: Option<Schedule>,
    /// The name of a live bot that its schedule is to start: it says that its money is really to be ventured.
    #[garde(length(max = 100))]
    pub(crate) confirm: Option<String>,
    /// What it is made like.
    #[serde(skip)]
    #[garde(skip)]
    pub(crate) copied_from: Option<Uuid>,
    /// Where its candles come from.
    #[garde(dive, custom(fits(&self.mode)))]
    pub(crate) feed: Feed,
}

/// Which filters the orders of a bot are held to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "BotFilters")]
pub(crate) enum WhichFilters {
    /// Those of the exchange as they are when the bot is made, where they are known. The bot keeps them.
    #[default]
    Exchange,
    /// None: any order is taken.
    None,
}

/// What fills the orders of a paper bot that take at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, sqlx::Type)]
#[serde(rename_all = "camelCase")]
#[sqlx(type_name = "text", rename_all = "camelCase")]
#[schemars(rename = "BotTakerFills")]
pub(crate) enum TakerFills {
    /// The book of the exchange as it is when they come, level by level; the candle where it cannot be had.
    Book,
    /// The candle, as in a back-test.
    Candle,
}

impl NewBot {
    /// What fills its orders that take at once.
    pub(crate) fn taker_fills(&self) -> TakerFills {
        let preset = if meets_a_book(self.mode, &self.feed, self.fill) { TakerFills::Book } else { TakerFills::Candle };
        self.taker_fills.unwrap_or(preset)
    }

    /// The manners of its venue.
    pub(crate) fn rules(&self) -> Rules {
        Rules {
            fees: self.fees,
            fill: self.fill,
            slippage_bps: self.slippage_bps,
            slippage_of_range: self.slippage_of_range,
            volume_share: self.volume_share,
            limit_fill: self.limit_fill,
            latency_ms: self.latency_ms,
            funding: None,
        }
    }
}

/// What of a bot may be changed. What its journal depends on may not: make another bot for that.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct BotChange {
    /// Another name.
    #[garde(length(chars, min = 1, max = 100))]
    pub(crate) name: Option<String>,
    /// Another speed of its replay.
    #[garde(skip)]
    pub(crate) speed: Option<Speed>,
    /// Other hours in which it opens positions; `null`: any.
    #[serde(default, deserialize_with = "given")]
    #[garde(skip)]
    pub(crate) hours: Option<Option<Hours>>,
    /// Another time to start and stop by itself; `null`: none. Whoever says so needs `bots:execute` too.
    #[serde(default, deserialize_with = "given")]
    #[garde(skip)]
    pub(crate) schedule: Option<Option<Schedule>>,
    /// The name of a live bot that was never started and that its schedule is to start.
    #[garde(length(max = 100))]
    pub(crate) confirm: Option<String>,
}

/// What is there, even where it is `null`.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Where a bot trades.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, sqlx::Type)]
#[serde(rename_all = "camelCase")]
#[sqlx(type_name = "text", rename_all = "camelCase")]
#[schemars(rename = "BotMode")]
pub(crate) enum Mode {
    /// On a simulated venue.
    Paper,
    /// On an account at an exchange.
    Live,
}

/// Where a bot's candles come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "BotFeedKind")]
pub(crate) enum FeedKind {
    /// From the stored ones, which are replayed.
    Replay,
    /// From the exchange, as they close.
    Live,
}

/// A bot's candles.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "BotFeed")]
pub(crate) struct Feed {
    /// A replay of what is stored, or the market as it goes.
    #[garde(skip)]
    pub(crate) kind: FeedKind,
    /// The first candle that trades; those before it only warm up the indicators, at full speed. Of a live feed it is
    /// when the bot was first started, and not to be chosen.
    #[garde(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<Time>,
    /// The candle before which the replay ends.
    #[garde(custom(after(&self.from)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<Time>,
    /// How fast a replay is.
    #[garde(custom(of_a_replay(&self.kind)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) speed: Option<Speed>,
}

impl Feed {
    /// How fast it is.
    pub(crate) fn speed(&self) -> Speed {
        self.speed.unwrap_or(Speed::Max)
    }
}

/// `"max"`, or a number of candles a second from 0.001 to 10,000.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Speed {
    Max,
    CandlesPerSecond(f64),
}

const SPEEDS: RangeInclusive<f64> = 0.001..=10_000.0;

fn of_a_live_bot(mode: &Mode) -> impl Fn(&Option<Uuid>, &()) -> garde::Result + '_ {
    move |connection, ()| match (mode, connection) {
        (Mode::Live, None) => Err(garde::Error::new("a live bot trades by a connection to an exchange: name one")),
        (Mode::Paper, Some(_)) => Err(garde::Error::new("a paper bot needs no connection")),
        _ => Ok(()),
    }
}

fn at_the_next_open(fill: &FillAt) -> impl Fn(&u32, &()) -> garde::Result + '_ {
    move |latency, ()| match (fill, latency) {
        (_, 0) | (FillAt::NextOpen, _) => Ok(()),
        _ => Err(garde::Error::new("needs `fill` to be `nextOpen`")),
    }
}

/// Whether there is a book that orders can meet when they come.
fn meets_a_book(mode: Mode, feed: &Feed, fill: FillAt) -> bool {
    mode == Mode::Paper && feed.kind == FeedKind::Live && fill == FillAt::NextOpen
}

fn of_a_book(mode: &Mode, feed: &Feed, fill: &FillAt) -> impl Fn(&Option<TakerFills>, &()) -> garde::Result {
    let meets = meets_a_book(*mode, feed, *fill);
    move |fills, ()| match fills {
        Some(TakerFills::Book) if !meets => {
            Err(garde::Error::new("needs a paper bot, a live feed and `fill` to be `nextOpen`"))
        }
        _ => Ok(()),
    }
}

fn fits(mode: &Mode) -> impl Fn(&Feed, &()) -> garde::Result + '_ {
    move |feed, ()| match (mode, feed) {
        (Mode::Live, Feed { kind: FeedKind::Replay, .. }) => {
            Err(garde::Error::new("a live bot follows the market: its feed is `{\"kind\": \"live\"}`"))
        }
        (_, Feed { kind: FeedKind::Live, from: Some(_), .. } | Feed { kind: FeedKind::Live, to: Some(_), .. }) => {
            Err(garde::Error::new("a live feed has neither `from` nor `to`"))
        }
        _ => Ok(()),
    }
}

fn of_a_replay(kind: &FeedKind) -> impl Fn(&Option<Speed>, &()) -> garde::Result + '_ {
    move |speed, ()| match (kind, speed) {
        (FeedKind::Replay, None) => Err(garde::Error::new("say how fast the replay is, such as \"max\"")),
        (FeedKind::Live, Some(_)) => Err(garde::Error::new("a live feed has no speed")),
        _ => Ok(()),
    }
}

fn cash<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Notional, D::Error> {
    let (least, most) = (Decimal::new(1, 2), Decimal::new(1_000_000_000_000, 0));
    let cash = Notional::deserialize(deserializer)?;
    if (least..=most).contains(&cash.decimal()) {
        return Ok(cash);
    }
    Err(de::Error::custom(format!("must be from {least} to {most}")))
}

fn after(from: &Option<Time>) -> impl Fn(&Option<Time>, &()) -> garde::Result + '_ {
    move |to, ()| match (from, to) {
        (Some(from), Some(to)) if from >= to => Err(garde::Error::new("must be after `from`")),
        _ => Ok(()),
    }
}

impl Serialize for Speed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Max => serializer.serialize_str("max"),
            Self::CandlesPerSecond(rate) => serializer.serialize_f64(*rate),
        }
    }
}

impl<'de> Deserialize<'de> for Speed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Given {
            Rate(f64),
            Word(String),
        }
        let refused = || de::Error::custom("a speed is \"max\" or a number of candles a second from 0.001 to 10000");
        match Given::deserialize(deserializer).map_err(|_| refused())? {
            Given::Rate(rate) if SPEEDS.contains(&rate) => Ok(Self::CandlesPerSecond(rate)),
            Given::Word(word) if word == "max" => Ok(Self::Max),
            _ => Err(refused()),
        }
    }
}

impl JsonSchema for Speed {
    fn schema_name() -> Cow<'static, str> {
        "BotSpeed".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "How fast candles are replayed: as fast as it goes, or so many a second.",
            "anyOf": [
                { "const": "max" },
                { "type": "number", "minimum": SPEEDS.start(), "maximum": SPEEDS.end() }
            ]
        })
    }
}
