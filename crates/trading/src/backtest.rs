//! Back-tests: a history through the engine and the simulated venue, and the figures of it.

mod checks;
mod compare;
mod file;
mod monte_carlo;
mod random;
mod recorder;
mod run;
mod search;
mod study;
mod sweep;
mod tpe;
mod walk_forward;

pub use checks::{CheckReport, DRIFT_ALLOWED, Difference, Drift, LookAhead, look_ahead, look_ahead_of, recursive};
pub use compare::{Comparison, Row, compare};
pub use file::{BacktestConfig, BacktestFile, MAX_COMBINATIONS, MAX_FILE_BYTES};
pub use monte_carlo::{FanPoint, MAX_PLAYED, MonteCarloReport, Quantiles, monte_carlo};
pub use recorder::{MAX_POINTS, Report, Sections};
pub use run::{Answer, Setup, measure, run};
pub use search::search;
pub use study::{
    Checks, Direction, MAX_PATHS, MAX_RUNS, MAX_TRIALS, MAX_VALUES, Method, MonteCarlo, Objective, Search, SearchKind,
    Values, WalkForward,
};
pub use sweep::{Combination, Sweep, sweep};
pub use walk_forward::{WalkForwardReport, Window, walk_forward};

use crate::money::Symbol;
use crate::strategy::Fault;
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
    /// Sizing, protection or guards make no sense.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A combination of a sweep is no strategy.
    #[error("{}", .0.first().map_or_else(String::new, ToString::to_string))]
    Faults(Vec<Fault>),
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
