//! When an order executes, and for how long it may.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Side;
use crate::money::{Percent, Price};

/// When an order executes. What waits for a trigger waits for the price to come to it: a stop from
/// the side on which it protects (a sale from above, a purchase from below), a take-profit order
/// from the other one.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", tag = "kind", deny_unknown_fields)]
pub enum OrderKind {
    /// At once, at the best price.
    Market {},
    /// At this price or a better one.
    Limit {
        /// The worst price.
        price: Price,
    },
    /// At this price, and only as one that waits: refused where it would execute at once.
    LimitMaker {
        /// The worst price.
        price: Price,
    },
    /// At the market once the price has come to the trigger.
    StopMarket {
        /// The price that releases the order.
        trigger: Price,
    },
    /// A limit order once the price has come to the trigger.
    StopLimit {
        /// The price that releases the order.
        trigger: Price,
        /// The worst price.
        price: Price,
    },
    /// At the market once the price has come to the trigger.
    TakeProfitMarket {
        /// The price that releases the order.
        trigger: Price,
    },
    /// A limit order once the price has come to the trigger.
    TakeProfitLimit {
        /// The price that releases the order.
        trigger: Price,
        /// The worst price.
        price: Price,
    },
    /// At the market once the price has turned by so much from its best since the order was taken.
    TrailingStop {
        /// From the highest price for a sale, from the lowest for a purchase; above 0, below 100.
        percent: Percent,
        /// The price from which on it follows; at once when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        activation: Option<Price>,
    },
}

impl OrderKind {
    /// The name used in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Market {} => "market",
            Self::Limit { .. } => "limit",
            Self::LimitMaker { .. } => "limitMaker",
            Self::StopMarket { .. } => "stopMarket",
            Self::StopLimit { .. } => "stopLimit",
            Self::TakeProfitMarket { .. } => "takeProfitMarket",
            Self::TakeProfitLimit { .. } => "takeProfitLimit",
            Self::TrailingStop { .. } => "trailingStop",
        }
    }

    /// The worst price at which it may execute, where it has one.
    #[must_use]
    pub const fn limit(self) -> Option<Price> {
        match self {
            Self::Limit { price }
            | Self::LimitMaker { price }
            | Self::StopLimit { price, .. }
            | Self::TakeProfitLimit { price, .. } => Some(price),
            Self::Market {} | Self::StopMarket { .. } | Self::TakeProfitMarket { .. } | Self::TrailingStop { .. } => {
                None
            }
        }
    }

    /// The price that it waits for: a trigger, or from where a trailing stop follows.
    #[must_use]
    pub const fn trigger(self) -> Option<Price> {
        match self {
            Self::StopMarket { trigger }
            | Self::StopLimit { trigger, .. }
            | Self::TakeProfitMarket { trigger }
            | Self::TakeProfitLimit { trigger, .. } => Some(trigger),
            Self::TrailingStop { activation, .. } => activation,
            Self::Market {} | Self::Limit { .. } | Self::LimitMaker { .. } => None,
        }
    }

    /// Whether it executes when the price turns against us.
    #[must_use]
    pub const fn is_stop(self) -> bool {
        matches!(self, Self::StopMarket { .. } | Self::StopLimit { .. } | Self::TrailingStop { .. })
    }
}

/// How long an order may execute.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum TimeInForce {
    /// Until it is done or taken back.
    #[default]
    Gtc,
    /// At once as far as it can; the rest expires.
    Ioc,
    /// At once and in full, or not at all.
    Fok,
}

impl Side {
    /// Whether `price` is at `mark` or on the far side of it: where a stop is released, where a
    /// take-profit order of the other side is.
    #[must_use]
    pub fn against(self, price: Price, mark: Price) -> bool {
        match self {
            Self::Sell => price <= mark,
            Self::Buy => price >= mark,
        }
    }

    /// Whether a limit of `mark` can execute at `price`.
    #[must_use]
    pub fn in_favour(self, price: Price, mark: Price) -> bool {
        match self {
            Self::Sell => price >= mark,
            Self::Buy => price <= mark,
        }
    }

    /// The price of the two at which the trade is worse for us.
    #[must_use]
    pub fn worse(self, one: Price, other: Price) -> Price {
        match self {
            Self::Sell => one.min(other),
            Self::Buy => one.max(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn every_kind_has_the_name_and_the_prices_of_its_json() {
        let kinds = [
            json!({"kind": "market"}),
            json!({"kind": "limit", "price": "1"}),
            json!({"kind": "limitMaker", "price": "1"}),
            json!({"kind": "stopMarket", "trigger": "2"}),
            json!({"kind": "stopLimit", "trigger": "2", "price": "1"}),
            json!({"kind": "takeProfitMarket", "trigger": "2"}),
            json!({"kind": "takeProfitLimit", "trigger": "2", "price": "1"}),
            json!({"kind": "trailingStop", "percent": "3", "activation": "2"}),
        ];
        for json in kinds {
            let kind: OrderKind = serde_json::from_value(json.clone()).unwrap();
            assert_eq!(serde_json::to_value(kind).unwrap(), json);
            assert_eq!(kind.as_str(), json["kind"]);
            let price = |key: &str| json.get(key).map(Value::to_string);
            let text = |price: Price| format!("\"{price}\"");
            assert_eq!(kind.limit().map(text), price("price"));
            assert_eq!(kind.trigger().map(text), price("trigger").or_else(|| price("activation")));
        }
        assert!(serde_json::from_value::<OrderKind>(json!({"kind": "market", "price": "1"})).is_err());
    }
}
