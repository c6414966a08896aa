//! Candles: one at a time for the engine, and as columns for back-tests and indicators.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::money::{Price, Quantity};
use crate::time::{Timeframe, Timestamp};

mod aggregate;
mod columns;
pub mod csv;
mod finer;
pub mod gaps;

pub use aggregate::Aggregator;
pub(crate) use aggregate::sum;
pub use columns::{Candles, Field};
pub use finer::Finer;

/// What was traded from `open_time` on, for the length of a time frame that the context knows.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Candle {
    /// The first moment of the candle.
    pub open_time: Timestamp,
    /// The first price.
    pub open: Price,
    /// The highest price.
    pub high: Price,
    /// The lowest price.
    pub low: Price,
    /// The last price.
    pub close: Price,
    /// Coins traded.
    pub volume: Quantity,
}

/// Why a candle was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum CandleError {
    #[error("the candle of {at} has a price that is not above 0")]
    NoPrice { at: Timestamp },
    #[error("the candle of {at} has its high {high} below another of its prices")]
    HighTooLow { at: Timestamp, high: Price },
    #[error("the candle of {at} has its low {low} above another of its prices")]
    LowTooHigh { at: Timestamp, low: Price },
    #[error("the candle of {at} follows the one of {last}; candles must ascend")]
    NotAscending { at: Timestamp, last: Timestamp },
    #[error("the candle of {at} does not open on the {timeframe} grid")]
    OffGrid { at: Timestamp, timeframe: Timeframe },
    #[error("the candle of {at} has more digits than a column can hold beside the others")]
    TooPrecise { at: Timestamp },
    #[error("{finer} candles do not make up {timeframe} candles")]
    NotFiner { finer: Timeframe, timeframe: Timeframe },
}

impl Candle {
    /// Whether its prices are above nought and lie between low and high.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check(&self) -> Result<(), CandleError> {
        let (at, Self { open, high, low, close, .. }) = (self.open_time, *self);
        if [open, high, low, close].iter().any(|price| price.is_zero()) {
            return Err(CandleError::NoPrice { at });
        }
        if high < open.max(close).max(low) {
            return Err(CandleError::HighTooLow { at, high });
        }
        if low > open.min(close) {
            return Err(CandleError::LowTooHigh { at, low });
        }
        Ok(())
    }
}
