//! Back-tests: a history through the engine and the simulated venue, and the figures of it.

mod account;
mod chain;
mod checks;
mod compare;
mod execute;
mod file;
mod filters;
mod history;
mod lanes;
mod monte_carlo;
mod outside;
mod random;
mod recorder;
mod run;
mod search;
mod study;
mod sweep;
mod symbols;
mod tpe;
mod trial;
mod walk_forward;

pub use checks::{CheckReport, DRIFT_ALLOWED, Difference, Drift, LookAhead, look_ahead, look_ahead_of, recursive};
pub use compare::{Comparison, Row, compare};
pub use execute::Answer;
pub use file::{BacktestConfig, BacktestFile, MAX_COMBINATIONS, MAX_FILE_BYTES};
pub use filters::{AppliedFilters, Filters};
pub use history::History;
pub use monte_carlo::{FanPoint, MAX_PLAYED, MonteCarloReport, Quantiles, monte_carlo};
pub use outside::{MAX_SIGNALS, OutsideSignal};
pub use recorder::{MAX_POINTS, Report, Sections};
pub use run::{Setup, measure, run};
pub use study::{
    Checks, Direction, MAX_PATHS, MAX_RUNS, MAX_TRIALS, MAX_VALUES, Method, MonteCarlo, Objective, Search, SearchKind,
    Values, WalkForward,
};
pub use sweep::{Combination, Sweep};
pub use symbols::{Contribution, contributions};
pub use walk_forward::{WalkForwardReport, Window};

use crate::money::Symbol;
use crate::strategy::plan::PlanError;
use crate::strategy::{Failure, Fault};
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
    /// A walk-forward has nothing to test.
    #[error("the period is too short: it holds no training with a test after it")]
    NoWindow,
    /// A walk-forward asks for too much.
    #[error("{windows} windows need {runs} runs; at most {MAX_COMBINATIONS} are allowed")]
    TooManyRuns {
        /// Trainings.
        windows: usize,
        /// All combinations of all of them.
        runs: usize,
    },
    /// A Monte-Carlo simulation asks for too much.
    #[error("{runs} runs of {trades} trades are too many; at most {MAX_PLAYED} trades are played in all")]
    TooMuchLuck {
        /// Of the back-test.
        trades: usize,
        /// That were asked for.
        runs: usize,
    },
    /// `progress` asked for the end.
    #[error("the back-test was cancelled")]
    Cancelled,
}

impl BacktestError {
    /// A stable name, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoCandles | Self::NoHistory(_) => "NO_CANDLES",
            Self::Timeframe { .. } => "WRONG_TIMEFRAME",
            Self::NoIntrabar(_) => "NO_FINER_CANDLES",
            Self::Plan(_) | Self::Faults(_) => "INVALID",
            Self::Failed(_) => "SCRIPT_FAILED",
            Self::NoWindow => "TOO_SHORT",
            Self::TooManyRuns { .. } | Self::TooMuchLuck { .. } => "TOO_MUCH",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// The key of the back-test file that it is about; empty for the whole.
    #[must_use]
    pub const fn path(&self) -> &'static str {
        match self {
            Self::NoCandles | Self::Faults(_) | Self::Cancelled => "",
            Self::NoHistory(_) => "strategy.market",
            Self::Timeframe { .. } => "strategy.market.timeframe",
            Self::NoIntrabar(_) => "intrabar",
            Self::Plan(_) => "strategy",
            Self::Failed(_) => "strategy.script",
            Self::NoWindow | Self::TooManyRuns { .. } => "walkForward",
            Self::TooMuchLuck { .. } => "monteCarlo",
        }
    }
}
