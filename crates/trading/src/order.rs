//! Orders and their states.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::is_default;
use crate::money::{Notional, Quantity};
use crate::time::Timestamp;

mod id;
mod kind;
mod status;

pub use id::{ClientOrderId, ID_LENGTH, IdError, IdPrefix, PREFIX_LENGTH};
pub use kind::{OrderKind, TimeInForce};
pub use status::{OrderStatus, TransitionError};

/// Which way coins go.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Side {
    Buy,
    Sell,
}

/// What an order is for. All but `Entry` only ever reduce the position.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Purpose {
    /// Opens the position.
    Entry,
    /// The strategy's own exit.
    Exit,
    /// The stop loss was reached.
    StopLoss,
    /// The trailing stop was reached.
    TrailingStop,
    /// A take-profit target was reached.
    TakeProfit,
    /// Held for the longest time allowed.
    MaxHold,
    /// The largest drawdown allowed was reached.
    MaxDrawdown,
    /// The bot was stopped and told to sell.
    Stopped,
}
/// How much an order trades.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Size {
    /// So many coins.
    Base(Quantity),
    /// As many coins as this much quote currency buys, the fee included.
    Quote(Notional),
}

/// An intent to trade.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Order {
    /// Our name for it.
    pub client_order_id: ClientOrderId,
    /// Buy or sell.
    pub side: Side,
    /// When it executes.
    pub kind: OrderKind,
    /// How much.
    pub size: Size,
    /// What for.
    pub purpose: Purpose,
    /// How long it may execute; until it is done or taken back when absent.
    #[serde(default, skip_serializing_if = "is_default")]
    pub time_in_force: TimeInForce,
    /// When the venue ends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// The other order of a pair (one cancels the other): what one executes is taken off the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pair: Option<ClientOrderId>,
}

impl Order {
    /// An order of its own that stands until it is done or taken back.
    #[must_use]
    pub const fn new(
        client_order_id: ClientOrderId,
        side: Side,
        kind: OrderKind,
        size: Size,
        purpose: Purpose,
    ) -> Self {
        let (time_in_force, expires, pair) = (TimeInForce::Gtc, None, None);
        Self { client_order_id, side, kind, size, purpose, time_in_force, expires, pair }
    }

    /// Whether it may only sell what is held: an execution is cut to the position.
    #[must_use]
    pub fn reduces_only(&self) -> bool {
        self.purpose != Purpose::Entry
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_order_is_written_without_what_it_does_not_ask_for() {
        let plain = json!({
            "clientOrderId": "bot-1", "side": "sell", "kind": {"kind": "market"}, "size": {"base": "2"}, "purpose": "exit"
        });
        let order: Order = serde_json::from_value(plain.clone()).unwrap();
        assert_eq!(serde_json::to_value(order).unwrap(), plain);
        let mut rich = plain;
        rich["timeInForce"] = json!("fok");
        rich["expires"] = json!(60_000);
        rich["pair"] = json!("bot-2");
        let order: Order = serde_json::from_value(rich.clone()).unwrap();
        assert_eq!(serde_json::to_value(order).unwrap(), rich);
    }
}
