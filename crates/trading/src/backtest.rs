//! Back-tests: a history through the engine and the simulated venue, and the figures of it.

mod file;
mod history;
mod outside;
mod recorder;
mod run;
mod sweep;

pub use file::{BacktestConfig, BacktestFile, MAX_COMBINATIONS, MAX_FILE_BYTES};
pub use history::History;
pub use outside::{MAX_SIGNALS, OutsideSignal};
pub use recorder::{MAX_POINTS, Report};
pub use run::{Answer, Setup, measure, run};
use sweep::sweep;
pub use sweep::{Combination, Sweep};

use crate::money::Symbol;
use crate::strategy::{Failure, Fault};
use crate::strategy::plan::PlanError;
use crate::time::Timeframe;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BacktestError {
    /// Nothing between `from` and `to`.
    #[error("there are no candles between `from` and `to`")]
    NoCandles,
    /// The strategy decides on other candles than were given.
    #[error("the strategy decides on {strategy} candles, but these are {candles}")]
    Timeframe {
        /// What the strategy asks for.
        strategy: Timeframe,
        /// What was given.
        candles: Timeframe,
    },
    /// A symbol of the strategy of which no candles were given.
    #[error("there are no candles of {0}")]
    NoHistory(Symbol),
    /// The file asks for finer candles that were not given.
    #[error("`intrabar` asks for {0} candles of the same market, which are not there")]
    NoIntrabar(Timeframe),
    /// Sizing, protection or guards make no sense.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A combination of a sweep is no strategy.
    #[error("{}", .0.first().map_or_else(String::new, ToString::to_string))]
    Faults(Vec<Fault>),
    /// The script failed.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// `progress` asked for the end.
    #[error("the back-test was cancelled")]
    Cancelled,
}
