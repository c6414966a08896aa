//! By which kinds of order a plan enters, leaves and protects.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PlanError, must, partial};
use crate::money::{Instrument, Percent, Price};
use crate::order::OrderKind;
use crate::time::Span;

/// By which kinds of order a plan enters, leaves and protects; without it by market orders.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Orders {
    /// How an entry buys.
    pub entry: EntryOrder,
    /// How the strategy's exit sells. Whatever else sells does so at the market.
    pub exit: ExitOrder,
    /// How a stop sells once it is reached.
    pub stop: StopOrder,
    /// How stop and targets belong together.
    pub pair: Pairing,
}

/// How an entry buys. Offsets are percentages of the close of the signal's candle.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum EntryOrder {
    /// At once.
    Market {},
    /// At a price below the close or a better one.
    Limit {
        /// Below the close; below 100.
        #[serde(default)]
        offset: Percent,
        /// How long it stands; until an exit takes it back when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<Span>,
    },
    /// The same, and only by waiting: passed over where the venue could execute it at once.
    LimitMaker {
        /// Below the close; above 0, below 100.
        offset: Percent,
        /// How long it stands; until an exit takes it back when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<Span>,
    },
    /// At the market once the price has risen so far.
    Stop {
        /// Above the close; above 0, below 100.
        offset: Percent,
        /// How long it stands; until an exit takes it back when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<Span>,
    },
}

/// How an exit sells. Offsets are percentages of the close of the signal's candle. What an order
/// has not sold when it ends is sold at the market, and while it waits, stops still stand.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum ExitOrder {
    /// At once.
    Market {},
    /// At a price above the close or a better one.
    Limit {
        /// Above the close; below 100.
        #[serde(default)]
        offset: Percent,
        /// How long it stands; until it is filled or a stop is when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<Span>,
    },
    /// The same, and only by waiting: sold at the market where the venue refuses it.
    LimitMaker {
        /// Above the close; above 0, below 100.
        offset: Percent,
        /// How long it stands; until it is filled or a stop is when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<Span>,
    },
}

/// How a stop sells once it is reached.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum StopOrder {
    /// At the market.
    Market {},
    /// At a price below the trigger or a better one. What the market jumps over is not sold.
    Limit {
        /// Below the trigger; below 100.
        offset: Percent,
    },
}

/// How stop and targets belong together.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Pairing {
    /// One stop for all that is held, and each target beside it. A venue that locks the coins of
    /// every order does not take both.
    #[default]
    Separate,
    /// Each target with a stop of its own for the same coins, of which one cancels the other, and
    /// one more stop for what no target sells.
    Oco,
}

impl Default for EntryOrder {
    fn default() -> Self {
        Self::Market {}
    }
}

impl Default for ExitOrder {
    fn default() -> Self {
        Self::Market {}
    }
}

impl Default for StopOrder {
    fn default() -> Self {
        Self::Market {}
    }
}

fn below(price: Price, offset: Percent, instrument: &Instrument) -> Price {
    instrument.price_down(price.moved_by(-offset.fraction()))
}

fn above(price: Price, offset: Percent, instrument: &Instrument) -> Price {
    instrument.price_up(price.moved_by(offset.fraction()))
}

impl EntryOrder {
    /// The kind of the order that enters after a candle's close.
    #[must_use]
    pub fn kind(self, close: Price, instrument: &Instrument) -> OrderKind {
        match self {
            Self::Market {} => OrderKind::Market {},
            Self::Limit { offset, .. } => OrderKind::Limit { price: below(close, offset, instrument) },
            Self::LimitMaker { offset, .. } => OrderKind::LimitMaker { price: below(close, offset, instrument) },
            Self::Stop { offset, .. } => OrderKind::StopMarket { trigger: above(close, offset, instrument) },
        }
    }

    /// How long it stands.
    #[must_use]
    pub const fn expires(self) -> Option<Span> {
        match self {
            Self::Market {} => None,
            Self::Limit { expires, .. } | Self::LimitMaker { expires, .. } | Self::Stop { expires, .. } => expires,
        }
    }

    fn check(self) -> Result<(), PlanError> {
        match self {
            Self::Market {} => Ok(()),
            Self::Limit { offset, .. } => must(offset < Percent::HUNDRED, "orders.entry.offset", "must be below 100"),
            Self::LimitMaker { offset, .. } | Self::Stop { offset, .. } => {
                must(partial(offset), "orders.entry.offset", "must be above 0 and below 100")
            }
        }
    }
}

impl ExitOrder {
    /// The kind of the order that leaves after a candle's close.
    #[must_use]
    pub fn kind(self, close: Price, instrument: &Instrument) -> OrderKind {
        match self {
            Self::Market {} => OrderKind::Market {},
            Self::Limit { offset, .. } => OrderKind::Limit { price: above(close, offset, instrument) },
            Self::LimitMaker { offset, .. } => OrderKind::LimitMaker { price: above(close, offset, instrument) },
        }
    }

    /// How long it stands.
    #[must_use]
    pub const fn expires(self) -> Option<Span> {
        match self {
            Self::Market {} => None,
            Self::Limit { expires, .. } | Self::LimitMaker { expires, .. } => expires,
        }
    }

    fn check(self) -> Result<(), PlanError> {
        match self {
            Self::Market {} => Ok(()),
            Self::Limit { offset, .. } => must(offset < Percent::HUNDRED, "orders.exit.offset", "must be below 100"),
            Self::LimitMaker { offset, .. } => {
                must(partial(offset), "orders.exit.offset", "must be above 0 and below 100")
            }
        }
    }
}

impl StopOrder {
    /// The kind of a stop that stands at `trigger`.
    #[must_use]
    pub fn kind(self, trigger: Price, instrument: &Instrument) -> OrderKind {
        match self {
            Self::Market {} => OrderKind::StopMarket { trigger },
            Self::Limit { offset } => OrderKind::StopLimit { trigger, price: below(trigger, offset, instrument) },
        }
    }
}

impl Orders {
    /// Whether the numbers make sense; `pairs` says whether the plan has both a stop and targets.
    pub(super) fn check(&self, pairs: bool) -> Result<(), PlanError> {
        self.entry.check()?;
        self.exit.check()?;
        if let StopOrder::Limit { offset } = self.stop {
            must(offset < Percent::HUNDRED, "orders.stop.offset", "must be below 100")?;
        }
        let needs = "oco needs protect.takeProfit and a stop: stopLoss, trailingStop or the sizing atrRisk";
        must(self.pair == Pairing::Separate || pairs, "orders.pair", needs)
    }
}
