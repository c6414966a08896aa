//! A bot and its events, as they are told.

use crate::{
    config::{Feed, Mode, TakerFills},
    hours::Hours,
    schedule::Schedule,
    status::Status,
};
use garde::Validate;
use kit::Time;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::FromRow;
use trading::{
    metrics::Metrics,
    money::{BasisPoints, Instrument, Rate, Share},
    risk::Limits,
    simulator::{Fees, FillAt, LimitFill, PaidIn, Rules},
};
use uuid::Uuid;

/// A bot.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Bot {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    /// `strategy`.
    pub(crate) kind: String,
    pub(crate) mode: Mode,
    /// The account that a live bot trades on.
    pub(crate) connection_id: Option<Uuid>,
    pub(crate) status: Status,
    pub(crate) strategy_id: Uuid,
    /// The version of the strategy that it keeps to.
    pub(crate) strategy_version: i32,
    pub(crate) exchange: String,
    /// What it trades on its one account: one symbol, or those of its strategy in their order.
    pub(crate) symbols: Vec<String>,
    pub(crate) timeframe: String,
    /// Quote currency at the start.
    pub(crate) initial_cash: Decimal,
    /// How its simulated venue trades.
    #[serde(flatten)]
    pub(crate) venue: Venue,
    /// What fills its orders that take at once, on paper.
    pub(crate) taker_fills: TakerFills,
    /// The filters that its orders are held to, by its symbols; `null` where these are none.
    pub(crate) filters: Option<Vec<Instrument>>,
    /// How much it may venture.
    pub(crate) limits: Limits,
    /// When it opens positions; `null`: at any time.
    pub(crate) hours: Option<Hours>,
    /// When it starts and stops by itself; `null` where nothing is to come.
    pub(crate) schedule: Option<Schedule>,
    /// The bot that it was made like, which may be gone.
    pub(crate) copied_from: Option<Uuid>,
    pub(crate) feed: Feed,
    /// How many candles it has been fed.
    pub(crate) candles: i64,
    /// When the last of them opened.
    pub(crate) last_candle: Option<Time>,
    pub(crate) created_at: Time,
    pub(crate) updated_at: Time,
}

impl Bot {
    /// The currency that it trades for.
    pub(crate) fn quote(&self) -> &str {
        self.symbols.first().and_then(|symbol| symbol.split_once('/')).map_or("", |(_, quote)| quote)
    }
}

/// How a bot's simulated venue trades.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Venue {
    fees: Charges,
    fill: FillAt,
    slippage_bps: BasisPoints,
    volume_share: Option<Share>,
    slippage_of_range: Option<Share>,
    limit_fill: LimitFill,
    latency_ms: u32,
}

/// What a bot's simulated venue charges.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "BotFees")]
struct Charges {
    maker: Rate,
    taker: Rate,
    paid_in: PaidIn,
}

impl From<Rules> for Venue {
    fn from(rules: Rules) -> Self {
        let Fees { maker, taker, paid_in } = rules.fees;
        Self {
            fees: Charges { maker, taker, paid_in },
            fill: rules.fill,
            slippage_bps: rules.slippage_bps,
            volume_share: rules.volume_share,
            slippage_of_range: rules.slippage_of_range,
            limit_fill: rules.limit_fill,
            latency_ms: rules.latency_ms,
        }
    }
}

impl Venue {
    /// As the trading core knows it.
    pub(crate) fn rules(&self) -> Rules {
        let Charges { maker, taker, paid_in } = self.fees;
        Rules {
            fees: Fees { maker, taker, paid_in },
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

/// What a bot has done.
#[derive(Clone, Debug, Serialize, JsonSchema, FromRow)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "BotEvent")]
pub(crate) struct BotEvent {
    /// Counts the bot's events from 1.
    pub(crate) seq: i64,
    /// When it was written down.
    pub(crate) at: Time,
    /// The moment of the feed that it is about: in a replay it lies in the past.
    pub(crate) feed_at: Option<Time>,
    /// What kind of event, such as `bot.started`, `order.filled` or `trade.closed`.
    pub(crate) kind: String,
    /// A sentence for people.
    pub(crate) message: String,
    /// The same for programs.
    pub(crate) data: Option<Value>,
}

/// How a bot has done so far, reckoned as a back-test's.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "BotPerformance")]
pub(crate) struct Performance {
    /// How many candles it has been fed.
    pub(crate) candles: i64,
    /// When the last of them opened.
    pub(crate) last_candle: Option<Time>,
    /// The figures; `null` before the first candle that trades.
    #[schemars(with = "Option<Metrics>")]
    pub(crate) metrics: Option<Value>,
}

/// Which bots are asked for.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "BotFilter")]
pub(crate) struct Filter {
    /// Only where they stand so.
    #[garde(skip)]
    pub(crate) status: Option<Status>,
    /// Only of this strategy.
    #[garde(skip)]
    pub(crate) strategy_id: Option<Uuid>,
    /// Only those that were made like this one.
    #[garde(skip)]
    pub(crate) copied_from: Option<Uuid>,
    /// Only those whose name holds this text.
    #[garde(length(max = 100))]
    pub(crate) q: Option<String>,
}

/// How a bot is to be started.
#[derive(Deserialize, JsonSchema, Validate)]
pub(crate) struct Starting {
    /// The name of a live bot, which says that its money is really to be ventured.
    #[garde(length(max = 100))]
    pub(crate) confirm: Option<String>,
}

/// How a bot is to be stopped.
#[derive(Deserialize, JsonSchema, Validate)]
pub(crate) struct Stopping {
    /// What becomes of its coins: `sell` if not said.
    #[serde(default)]
    #[garde(skip)]
    pub(crate) coins: Coins,
}

/// Which bots the kill switch has stopped.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BotsStopping")]
pub(crate) struct Stopped {
    pub(crate) stopping: Vec<Uuid>,
}

/// What becomes of the coins of a bot that is stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, sqlx::Type)]
#[serde(rename_all = "camelCase")]
#[sqlx(type_name = "text", rename_all = "camelCase")]
pub(crate) enum Coins {
    /// They are sold at the market.
    #[default]
    Sell,
    /// They stay.
    Keep,
}
