//! Back-tests: strategies tried on the candles of the past, as jobs with progress and cancel.
//!
//! Owns `backtests`, `backtest_results` and `backtest_trades`. A back-test's id is its job's, and its state stands in
//! the job alone. The same code runs in the job and on the command line ([`offline`]).
//! Permissions: `backtests:read`, `backtests:execute`, `backtests:delete`.

mod curve;
mod events;
mod export;
mod jobs;
mod limits;
mod loaded;
mod made;
pub mod offline;
mod packed;
pub mod report;
mod request;
mod routes;
mod scenes;
mod service;
mod store;
mod summary;

pub use curve::{Points, buy_and_hold};

use kit::{Module, permission};

permission!(ReadBacktests = "backtests:read");
permission!(ExecuteBacktests = "backtests:execute");
permission!(DeleteBacktests = "backtests:delete");

/// The module, for the server.
pub const fn module() -> Module {
    Module { name: "backtests", routes: routes::ROUTES, jobs: jobs::JOBS, settings: limits::SETTINGS, ..Module::EMPTY }
}
