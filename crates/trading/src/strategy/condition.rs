//! Conditions and operands: the part of the language that decides when to enter and to leave.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Number;

/// When to act. Where any operand is still warming up, a condition is false, and so is its `not`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Condition {
    /// The first is greater.
    Gt([Operand; 2]),
    /// The first is greater, or both are equal.
    Gte([Operand; 2]),
    /// The first is less.
    Lt([Operand; 2]),
    /// The first is less, or both are equal.
    Lte([Operand; 2]),
    /// The first is above the second, and was not a candle ago.
    CrossesAbove([Operand; 2]),
    /// The first is below the second, and was not a candle ago.
    CrossesBelow([Operand; 2]),
    /// The first lies between the second and the third, both included.
    Between([Operand; 3]),
    /// Each of the last `over` steps went up.
    Rising(Trend),
    /// Each of the last `over` steps went down.
    Falling(Trend),
    /// Every one holds.
    All(Vec<Condition>),
    /// At least one holds.
    Any(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    /// At least so many hold.
    AtLeast(AtLeast),
}

/// A number that changes with the candles, or a constant.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Operand {
    /// An indicator (`fast`), one of its outputs (`bands.upper`), or a field of the candle
    /// (`open high low close volume typical hl2`).
    Name(String),
    /// A constant.
    Number(Number),
    /// Another operand, some candles ago.
    Shifted(Shifted),
    /// Two operands, calculated.
    Arithmetic(Box<Arithmetic>),
}

/// An operand as it was some candles ago.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shifted {
    /// The operand.
    pub of: Box<Operand>,
    /// How many candles ago.
    #[schemars(range(min = 0, max = 1000))]
    pub shift: u32,
}

/// A calculation. A result that is no number (a division by zero) counts as warming up.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Arithmetic {
    /// The sum.
    Add([Operand; 2]),
    /// The first less the second.
    Sub([Operand; 2]),
    /// The product.
    Mul([Operand; 2]),
    /// The first divided by the second.
    Div([Operand; 2]),
    /// The lesser.
    Min([Operand; 2]),
    /// The greater.
    Max([Operand; 2]),
}

/// What rises or falls, and for how long.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trend {
    /// The operand.
    pub of: Operand,
    /// For how many candles.
    #[schemars(range(min = 1, max = 1000))]
    pub over: u32,
}

/// Some of several conditions.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AtLeast {
    /// How many must hold.
    #[schemars(range(min = 1, max = 50))]
    pub count: u32,
    /// The conditions.
    #[schemars(length(min = 1, max = 50))]
    pub of: Vec<Condition>,
}
