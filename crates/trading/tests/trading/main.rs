//! The trading core from outside, in one program: building it once costs a fraction of building each part.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "a test")]

mod common;

mod adopted;
mod backtest_file;
mod book;
mod candle_csv;
mod engine;
mod filters;
mod finer_candles;
mod golden;
mod indicators;
mod indicators_properties;
mod kinds;
mod lanes;
mod metrics;
mod paper;
mod plan_orders;
mod properties;
mod protection;
mod rebalance;
mod simulator;
mod simulator_book;
mod simulator_model;
mod strategy_language;
mod strategy_programs;
mod strategy_scripts;
mod strategy_signals;
mod studies;
mod trades;
