//! What a bot is made of, as a caller says it.

use garde::Validate;
use kit::Time;
use rust_decimal::Decimal;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{borrow::Cow, num::NonZeroU16, ops::RangeInclusive};
use trading::{
    money::{BasisPoints, Notional, Share},
    simulator::{Fees, FillAt, Rules},
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
    /// `paper`: trades on a simulated venue.
    #[garde(custom(supported(&["paper"])))]
    mode: String,
    /// The strategy that it follows.
    #[garde(skip)]
    pub(crate) strategy_id: Uuid,
    /// At which version: the latest if not said. The bot keeps it.
    #[garde(skip)]
    pub(crate) strategy_version: Option<NonZeroU16>,
    /// Quote currency at the start: 0.01 to 1,000,000,000,000.
    #[serde(deserialize_with = "cash")]
    #[garde(skip)]
    pub(crate) initial_cash: Notional,
    /// What the venue charges: a thousandth of each fill, in quote currency, if not said.
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
    /// Which filters its orders are held to.
    #[serde(default)]
    #[garde(skip)]
    pub(crate) filters: WhichFilters,
    /// Where its candles come from.
    #[garde(dive)]
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

impl NewBot {
    /// The manners of its venue.
    pub(crate) fn rules(&self) -> Rules {
        let (fees, fill, slippage_bps, volume_share) = (self.fees, self.fill, self.slippage_bps, self.volume_share);
        Rules { fees, fill, slippage_bps, volume_share, ..Rules::default() }
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
}

/// A replay of stored candles.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "BotFeed")]
pub(crate) struct Feed {
    /// `replay`.
    #[garde(custom(supported(&["replay"])))]
    kind: String,
    /// The first candle that trades; those before it only warm up the indicators, at full speed.
    #[garde(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<Time>,
    /// The candle before which the replay ends.
    #[garde(custom(after(&self.from)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<Time>,
    /// How fast.
    #[garde(skip)]
    pub(crate) speed: Speed,
}

/// `"max"`, or a number of candles a second from 0.001 to 10,000.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Speed {
    Max,
    CandlesPerSecond(f64),
}

const SPEEDS: RangeInclusive<f64> = 0.001..=10_000.0;

fn supported(known: &'static [&'static str]) -> impl Fn(&String, &()) -> garde::Result {
    move |given, ()| {
        if known.contains(&given.as_str()) {
            return Ok(());
        }
        let given: String = given.chars().take(40).collect();
        Err(garde::Error::new(format!("`{given}` is not supported; supported: {}", known.join(", "))))
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
