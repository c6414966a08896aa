//! Scripted strategies: a text that is run at every closed candle, for those who outgrow rules.
//!
//! The language is Rhai without anything that reaches out of it: no files, no network, no clock,
//! no randomness, no `eval`, `import` or `print`. A script sees the indicators that the document
//! declares, the candle, the position, its parameters and a map `state` that it keeps; it answers
//! by `enter()` and `exit()`. Each candle has a budget of steps, and texts, lists, maps, calls and
//! the state have limits, so that the same candles give the same answers everywhere and no script
//! can hold anybody up. A script that fails ends its strategy with a [`Failure`].

mod check;
mod code;
mod failure;
mod host;
mod language;
mod run;
mod words;

pub use code::Script;
pub use failure::Failure;
pub use language::{MAX_SOURCE, MAX_STATE, MAX_STEPS};
pub use run::{ColumnScript, StreamScript};
pub(super) use words::may_be_id;

/// How many parameters a script may have.
pub const MAX_PARAMETERS: usize = 50;
