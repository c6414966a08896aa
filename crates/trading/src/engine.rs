//! The engine: the only place where the state of a bot changes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::candle::Candle;
use crate::position::Position;

/// What a strategy asks for.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Signal {
    /// Open the position.
    Enter,
    /// Close the position.
    Exit,
}

/// Decides at each closed candle.
pub trait Strategy: Send {
    /// Called once for every closed candle, in order, whether or not a position is open.
    fn on_candle(&mut self, candle: &Candle, position: &Position) -> Option<Signal>;
}
