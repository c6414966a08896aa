//! What a compiled strategy tells the engine besides its signals: how much to buy, how to protect
//! what was bought, and when to stay out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::is_default;
use crate::money::{Factor, Notional, Percent, Quantity};
use crate::time::Span;

mod orders;

pub use orders::{EntryOrder, ExitOrder, Orders, Pairing, StopOrder};

/// At most so many take-profit targets.
pub const MAX_TARGETS: usize = 5;

/// Everything but the signals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Plan {
    /// How much an entry buys.
    pub sizing: Sizing,
    /// How an open position is left without a signal.
    #[serde(default)]
    pub protect: Protect,
    /// What keeps the engine from entering.
    #[serde(default)]
    pub guards: Guards,
    /// By which kinds of order it does so.
    #[serde(default, skip_serializing_if = "is_default")]
    pub orders: Orders,
}

/// How much an entry buys. An amount is never more than the cash at hand.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Sizing {
    /// So many coins each time.
    FixedQuantity {
        /// Coins.
        quantity: Quantity,
    },
    /// So much quote currency each time.
    FixedQuote {
        /// Quote currency, the fee included.
        quote: Notional,
    },
    /// A part of the equity.
    PercentEquity {
        /// Of the equity at the signal.
        percent: Percent,
    },
    /// All cash.
    AllIn {},
    /// As much that the stop loss costs a part of the equity; needs `protect.stopLoss`.
    RiskPercent {
        /// Of the equity at the signal.
        percent: Percent,
    },
    /// As much that a fall of `multiple` average true ranges costs a part of the equity. Without
    /// a `protect.stopLoss`, a stop stands at that distance below the entry.
    AtrRisk {
        /// Of the equity at the signal.
        percent: Percent,
        /// Candles of Wilder's average true range, 1 to 1,000.
        period: u16,
        /// Average true ranges between entry and stop.
        multiple: Factor,
    },
}

/// How an open position is left without a signal. Percentages are of the average entry price.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Protect {
    /// Sell all when the price falls so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_loss: Option<StopLoss>,
    /// Sell parts when the price rises so far; at most [`MAX_TARGETS`], ascending.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = MAX_TARGETS))]
    pub take_profit: Vec<Target>,
    /// Sell all when the price falls so far from its highest since the entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trailing_stop: Option<TrailingStop>,
    /// Sell all at the first close that is so long after the entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_hold: Option<Span>,
}

/// Sell all when the price falls `percent` below the entry.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StopLoss {
    /// Below the average entry price; above 0, below 100.
    pub percent: Percent,
}

/// One take-profit target.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Target {
    /// Above the average entry price.
    pub percent: Percent,
    /// The part of the bought quantity to sell; the targets' parts sum to at most 100.
    #[serde(default = "all")]
    pub sell: Percent,
}

fn all() -> Percent {
    Percent::HUNDRED
}

/// A stop that follows the price upwards.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TrailingStop {
    /// Below the highest price since the entry; above 0, below 100.
    pub percent: Percent,
    /// It stands only once the price was so far above the entry; at once when absent.
    #[serde(default)]
    pub after: Percent,
}

/// What keeps the engine from entering.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Guards {
    /// No entry so soon after an exit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cooldown: Option<Span>,
    /// No more entries than this in a UTC day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max_trades_per_day: Option<u32>,
    /// No entry for a while after a series of losses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pause_after_losses: Option<PauseAfterLosses>,
    /// Sell all and enter no more once the equity has fallen so far from its peak.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_drawdown: Option<MaxDrawdown>,
    /// No entry while so many symbols of the account are open or wait for their entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max_open_positions: Option<u32>,
}

/// At most so many losses are watched.
pub const MAX_LOSSES: usize = 20;

/// Pause for a while after `losses` losing trades in a row within a time.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PauseAfterLosses {
    /// Losing trades in a row, 1 to [`MAX_LOSSES`].
    #[schemars(range(min = 1, max = MAX_LOSSES))]
    pub losses: u8,
    /// The time within which they must end.
    pub within: Span,
    /// How long no entry follows.
    pub pause: Span,
}

/// Sell all and enter no more once the equity has fallen so far from its peak.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MaxDrawdown {
    /// Below the highest equity at a close; above 0, below 100.
    pub percent: Percent,
}

/// A plan that reads well but makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct PlanError {
    /// Where, as in `protect.takeProfit[1].percent`.
    pub path: String,
    /// What must hold.
    pub message: &'static str,
}

fn must(holds: bool, path: impl Into<String>, message: &'static str) -> Result<(), PlanError> {
    if holds { Ok(()) } else { Err(PlanError { path: path.into(), message }) }
}

fn partial(percent: Percent) -> bool {
    !percent.is_zero() && percent < Percent::HUNDRED
}

fn at_most_all(percent: Percent) -> bool {
    !percent.is_zero() && percent <= Percent::HUNDRED
}

impl Plan {
    /// A plan that only sizes.
    #[must_use]
    pub fn sized(sizing: Sizing) -> Self {
        Self { sizing, protect: Protect::default(), guards: Guards::default(), orders: Orders::default() }
    }

    /// Whether the numbers make sense together.
    ///
    /// # Errors
    /// The first that does not, with its path in the strategy document.
    pub fn check(&self) -> Result<(), PlanError> {
        self.check_sizing()?;
        self.protect.check()?;
        self.guards.check()?;
        self.orders.check(self.has_stop() && !self.protect.take_profit.is_empty())
    }

    /// Whether a stop of some kind stands while a position is open.
    #[must_use]
    pub fn has_stop(&self) -> bool {
        let Protect { stop_loss, trailing_stop, .. } = &self.protect;
        stop_loss.is_some() || trailing_stop.is_some() || matches!(self.sizing, Sizing::AtrRisk { .. })
    }

    fn check_sizing(&self) -> Result<(), PlanError> {
        const PERCENT: (&str, &str) = ("sizing.percent", "must be above 0 and at most 100");
        match self.sizing {
            Sizing::FixedQuantity { quantity } => must(!quantity.is_zero(), "sizing.quantity", "must be above 0"),
            Sizing::FixedQuote { quote } => must(quote.is_positive(), "sizing.quote", "must be above 0"),
            Sizing::PercentEquity { percent } => must(at_most_all(percent), PERCENT.0, PERCENT.1),
            Sizing::AllIn {} => Ok(()),
            Sizing::RiskPercent { percent } => {
                must(at_most_all(percent), PERCENT.0, PERCENT.1)?;
                must(self.protect.stop_loss.is_some(), "sizing", "riskPercent needs protect.stopLoss")
            }
            Sizing::AtrRisk { percent, period, multiple } => {
                must(at_most_all(percent), PERCENT.0, PERCENT.1)?;
                must((1..=1_000).contains(&period), "sizing.period", "must be from 1 to 1000")?;
                must(!multiple.is_zero(), "sizing.multiple", "must be above 0")
            }
        }
    }
}

impl Protect {
    fn check(&self) -> Result<(), PlanError> {
        let below_all = "must be above 0 and below 100";
        must(self.stop_loss.is_none_or(|stop| partial(stop.percent)), "protect.stopLoss.percent", below_all)?;
        must(self.trailing_stop.is_none_or(|stop| partial(stop.percent)), "protect.trailingStop.percent", below_all)?;
        must(self.take_profit.len() <= MAX_TARGETS, "protect.takeProfit", "has more than 5 targets")?;
        let (mut last, mut sold) = (Percent::default(), rust_decimal::Decimal::ZERO);
        for (index, target) in self.take_profit.iter().enumerate() {
            let path = |key: &str| format!("protect.takeProfit[{index}].{key}");
            must(target.percent > last, path("percent"), "must be above 0 and above the target before")?;
            sold += target.sell.decimal();
            let rest = !target.sell.is_zero() && sold <= Percent::HUNDRED.decimal();
            must(rest, path("sell"), "must be above 0, and all parts together at most 100")?;
            last = target.percent;
        }
        Ok(())
    }
}

impl Guards {
    fn check(&self) -> Result<(), PlanError> {
        must(self.max_trades_per_day != Some(0), "guards.maxTradesPerDay", "must be at least 1")?;
        let losses = self.pause_after_losses.is_none_or(|pause| (1..=MAX_LOSSES).contains(&usize::from(pause.losses)));
        must(losses, "guards.pauseAfterLosses.losses", "must be from 1 to 20")?;
        let drawdown = self.max_drawdown.is_none_or(|drawdown| partial(drawdown.percent));
        must(drawdown, "guards.maxDrawdown.percent", "must be above 0 and below 100")?;
        must(self.max_open_positions != Some(0), "guards.maxOpenPositions", "must be at least 1")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn full() -> Value {
        json!({
            "sizing": {"kind": "percentEquity", "percent": "25"},
            "protect": {
                "stopLoss": {"percent": "3"},
                "takeProfit": [{"percent": "2", "sell": "50"}, {"percent": "5", "sell": "50"}],
                "trailingStop": {"percent": "2", "after": "1"},
                "maxHold": "3d"
            },
            "guards": {
                "cooldown": "30m",
                "maxTradesPerDay": 10,
                "pauseAfterLosses": {"losses": 3, "within": "1d", "pause": "4h"},
                "maxDrawdown": {"percent": "15"}
            },
            "orders": {
                "entry": {"kind": "limit", "offset": "0.1", "expires": "30m"},
                "exit": {"kind": "limitMaker", "offset": "0.2"},
                "stop": {"kind": "limit", "offset": "1"},
                "pair": "oco"
            }
        })
    }

    fn with(pointer: &str, value: Value) -> Value {
        let mut plan = full();
        *plan.pointer_mut(pointer).unwrap() = value;
        plan
    }

    #[test]
    fn a_plan_reads_and_writes_the_documents_shape() {
        let plan: Plan = serde_json::from_value(full()).unwrap();
        assert_eq!(plan.check(), Ok(()));
        assert_eq!(serde_json::to_value(&plan).unwrap(), full());
    }

    #[test]
    fn unknown_keys_are_refused_at_every_depth() {
        for pointer in [
            "",
            "/sizing",
            "/protect",
            "/protect/stopLoss",
            "/protect/takeProfit/0",
            "/guards/maxDrawdown",
            "/orders",
            "/orders/entry",
        ] {
            let mut plan = full();
            plan.pointer_mut(pointer).unwrap()["surprise"] = json!(1);
            assert!(serde_json::from_value::<Plan>(plan).is_err(), "{pointer}");
        }
        assert!(serde_json::from_value::<Sizing>(json!({"kind": "allIn", "percent": "5"})).is_err());
    }

    #[test]
    fn numbers_that_make_no_sense_are_refused_with_their_path() {
        let cases = [
            ("/sizing", json!({"kind": "percentEquity", "percent": "101"}), "sizing.percent"),
            ("/sizing", json!({"kind": "fixedQuote", "quote": "-1"}), "sizing.quote"),
            ("/sizing", json!({"kind": "atrRisk", "percent": "1", "period": 0, "multiple": "2"}), "sizing.period"),
            ("/protect/stopLoss/percent", json!("100"), "protect.stopLoss.percent"),
            ("/protect/takeProfit/1/percent", json!("2"), "protect.takeProfit[1].percent"),
            ("/protect/takeProfit/1/sell", json!("50.1"), "protect.takeProfit[1].sell"),
            ("/guards/maxTradesPerDay", json!(0), "guards.maxTradesPerDay"),
            ("/guards/pauseAfterLosses/losses", json!(21), "guards.pauseAfterLosses.losses"),
            ("/guards/maxDrawdown/percent", json!("0"), "guards.maxDrawdown.percent"),
            ("/orders/entry/offset", json!("100"), "orders.entry.offset"),
            ("/orders/entry", json!({"kind": "stop", "offset": "0"}), "orders.entry.offset"),
            ("/orders/exit/offset", json!("0"), "orders.exit.offset"),
            ("/orders/stop/offset", json!("100"), "orders.stop.offset"),
            ("/protect/takeProfit", json!([]), "orders.pair"),
        ];
        for (pointer, value, path) in cases {
            let plan: Plan = serde_json::from_value(with(pointer, value)).unwrap();
            assert_eq!(plan.check().unwrap_err().path, path);
        }
        let risk = Plan::sized(Sizing::RiskPercent { percent: Percent::HUNDRED });
        assert_eq!(risk.check().unwrap_err().path, "sizing");
    }
}
