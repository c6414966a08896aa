//! The kinds of bot that follow no conditions.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::plan::{Plan, Protect, Sizing, Target};
use crate::money::{Factor, Notional, Percent, Price, Symbol};
use crate::time::Span;

/// The most levels of a grid.
pub const MAX_LEVELS: u32 = 200;
/// The most purchases of a round of cost averaging.
pub const MAX_DCA_ORDERS: u32 = 1_000;

/// Purchases and sales on the levels of a range: each coin bought on a level is sold on the next
/// one above it, and bought again below.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Grid {
    /// The lowest level.
    pub(crate) lower: Price,
    /// The highest level.
    pub(crate) upper: Price,
    /// How many levels there are, the lowest and the highest among them: 2 to [`MAX_LEVELS`].
    #[schemars(range(min = 2, max = MAX_LEVELS))]
    pub(crate) levels: u16,
    /// How they are spaced.
    #[schemars(default)]
    pub(crate) spacing: Spacing,
    /// What is spent on each level but the highest, the fee included.
    pub(crate) quote: Notional,
    /// Sell everything and end when the price falls to this, below the range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stop_loss: Option<Price>,
    /// Sell everything and end when the price rises to this, above the range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) take_profit: Option<Price>,
}

/// How the levels of a grid are spaced.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Spacing {
    /// At equal distances.
    #[default]
    Arithmetic,
    /// In equal ratios.
    Geometric,
}

/// Purchases step by step, by time or as the price falls; all is sold at a target above the
/// average price, and a new round begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "CostAveraging")]
pub struct Dca {
    /// Buy each time so much time has passed; this or `dipPercent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) every: Option<Span>,
    /// Buy each time the price has fallen so far below the last purchase; this or `every`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dip_percent: Option<Percent>,
    /// What the first purchase of a round spends, the fee included.
    pub(crate) quote: Notional,
    /// The most purchases of a round: 1 to [`MAX_DCA_ORDERS`].
    #[schemars(range(min = 1, max = MAX_DCA_ORDERS))]
    pub(crate) max_orders: u32,
    /// Each further purchase spends so many times what the one before did; 1 when absent.
    #[schemars(default = "one")]
    pub(crate) scale: Factor,
    /// When to sell all; never when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) take_profit: Option<DcaTarget>,
}

/// Sell all when the price rises so far.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CostAveragingTarget")]
pub struct DcaTarget {
    /// Above the average price of the round's purchases, fees left out; above 0.
    pub(crate) percent: Percent,
}

/// Several symbols at fixed weights of one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rebalance {
    /// The part of the equity that each symbol of the market is to be; what is left stays cash.
    pub(crate) weights: BTreeMap<Symbol, Percent>,
    /// Nothing is done until a weight is off by more than so much of the equity; below 100.
    pub(crate) threshold: Percent,
    /// How often that is looked at.
    pub(crate) every: Span,
}

fn one() -> Factor {
    Factor::ONE
}

impl Dca {
    /// The first purchase, and the target as a take-profit of everything.
    pub(super) fn plan(&self) -> Plan {
        let target = |target: &DcaTarget| Target { percent: target.percent, sell: Percent::HUNDRED };
        let take_profit = self.take_profit.iter().map(target).collect();
        Plan {
            protect: Protect { take_profit, ..Protect::default() },
            ..Plan::sized(Sizing::FixedQuote { quote: self.quote })
        }
    }
}
