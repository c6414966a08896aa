//! Why a script cannot go on.

use rhai::{EvalAltResult, Position};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::language::MAX_STEPS;
use crate::time::Timestamp;

/// The longest message, in characters: a script's own words may be in it.
const MAX_MESSAGE: usize = 300;

/// A script that failed: where, at which candle and why. Nothing is asked for any more after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Failure {
    /// The line of the source, counted from 1; 0 where no line is at fault.
    pub line: u32,
    /// The column in that line, counted from 1; 0 where no column is at fault.
    pub column: u32,
    /// When the candle opened at which it happened.
    pub candle: Timestamp,
    /// Why.
    pub message: String,
}

impl Failure {
    pub(super) fn new(at: Position, candle: Timestamp, message: &str) -> Self {
        let (line, column) = place(at);
        Self { line, column, candle, message: message.chars().take(MAX_MESSAGE).collect() }
    }

    pub(super) fn of(error: &EvalAltResult, candle: Timestamp) -> Self {
        let inner = error.unwrap_inner();
        Self::new(inner.position(), candle, &reason(inner))
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the script failed at the candle of {}", self.candle)?;
        if self.line > 0 {
            write!(f, ", line {}, column {}", self.line, self.column)?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for Failure {}

/// Line and column, counted from 1; 0 where there is none.
pub(super) fn place(at: Position) -> (u32, u32) {
    let number = |number: Option<usize>| number.and_then(|number| u32::try_from(number).ok()).unwrap_or(0);
    (number(at.line()), number(at.position()))
}

/// The reason in words, without the place.
fn reason(error: &EvalAltResult) -> String {
    match error {
        EvalAltResult::ErrorTooManyOperations(_) => format!("it took more than {MAX_STEPS} steps at one candle"),
        EvalAltResult::ErrorStackOverflow(_) => "its functions call each other too deep".to_owned(),
        EvalAltResult::ErrorDataTooLarge(what, _) => format!("{} exceeds its limit", what.to_lowercase()),
        EvalAltResult::ErrorFunctionNotFound(signature, _) => {
            format!("there is no `{signature}`: no function of this name takes such values")
        }
        EvalAltResult::ErrorArithmetic(what, _) => what.clone(),
        EvalAltResult::ErrorRuntime(value, _) => match value.read_lock::<rhai::ImmutableString>() {
            Some(text) => text.to_string(),
            None => "it threw an error".to_owned(),
        },
        other => without_place(&other.to_string()),
    }
}

fn without_place(message: &str) -> String {
    message.rsplit_once(" (line ").map_or(message, |(reason, _)| reason).to_owned()
}
