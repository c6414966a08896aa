//! The manners of the simulated venue.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::is_default;
use crate::money::{BasisPoints, FundingRate, Rate, Share};
use crate::time::Span;

/// The longest time that an order takes to the venue, in milliseconds.
pub const MAX_LATENCY_MS: u32 = 600_000;

/// What the venue charges, as fractions of a fill's value.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Fees {
    /// For orders that waited.
    pub maker: Rate,
    /// For orders that took.
    pub taker: Rate,
    /// In what it is paid.
    pub paid_in: PaidIn,
}

impl Default for Fees {
    fn default() -> Self {
        Self { maker: Rate::THOUSANDTH, taker: Rate::THOUSANDTH, paid_in: PaidIn::Quote }
    }
}

/// In what fees are paid.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum PaidIn {
    /// In quote currency, on top of a purchase and off a sale.
    #[default]
    Quote,
    /// From what is received: coins when buying, quote currency when selling.
    Received,
}

/// When a market order fills.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FillAt {
    /// At the open of the candle after the signal's.
    #[default]
    NextOpen,
    /// At the close of the signal's candle.
    Close,
}

/// How far the market must go for a limit that waits to fill.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum LimitFill {
    /// To its price.
    #[default]
    Touch,
    /// Beyond its price, as where others wait before us at the same price.
    Through,
}

/// What holding a position costs, or earns where the rate is negative.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Funding {
    /// Of the position's value, each time.
    pub rate: FundingRate,
    /// Charged at each multiple of this time since midnight of 1970-01-01 UTC; at least an hour.
    pub every: Span,
}

/// The venue's manners.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Rules {
    /// What it charges.
    pub fees: Fees,
    /// When market orders fill.
    pub fill: FillAt,
    /// How much worse than the candle's price markets and stops fill.
    pub slippage_bps: BasisPoints,
    /// The part of the candle's range, high less low, by which they fill worse on top of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slippage_of_range: Option<Share>,
    /// The part of a candle's volume that our fills can be; all of any order fills when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume_share: Option<Share>,
    /// How far the market must go for a limit to fill.
    #[serde(skip_serializing_if = "is_default")]
    pub limit_fill: LimitFill,
    /// Milliseconds from a decision until the venue knows of it, be it an order or that one is
    /// taken back; at most [`MAX_LATENCY_MS`].
    #[serde(skip_serializing_if = "is_default")]
    pub latency_ms: u32,
    /// What holding a position costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub funding: Option<Funding>,
}

impl Rules {
    /// Whether the manners make sense together.
    ///
    /// # Errors
    /// The key of the first that does not, and what must hold.
    pub fn check(&self) -> Result<(), (&'static str, &'static str)> {
        if self.latency_ms > MAX_LATENCY_MS {
            return Err(("latencyMs", "must be at most 600000"));
        }
        if self.latency_ms > 0 && self.fill == FillAt::Close {
            return Err(("latencyMs", "needs `fill` to be nextOpen: an order that takes time misses the close"));
        }
        if self.funding.is_some_and(|funding| funding.every.millis() < 3_600_000) {
            return Err(("funding.every", "must be at least 1h"));
        }
        Ok(())
    }
}
