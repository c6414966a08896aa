//! The pure core of the platform: exact money, candles, indicators, the strategy language, risk,
//! orders, positions, the engine, the matching simulator and the back-test driver.
//!
//! Nothing here knows of tokio, a database, the network, a clock or randomness: time arrives with
//! the input, so that the same inputs give the same outputs in back-test, paper and live.

#![deny(clippy::float_arithmetic)]

pub mod backtest;
pub mod book;
pub mod candle;
pub mod engine;
pub mod indicator;
pub mod metrics;
pub mod money;
pub mod order;
pub mod position;
pub mod risk;
pub mod simulator;
pub mod strategy;
mod text;
pub mod time;
pub mod trades;

/// Whether JSON may leave a value out, for `skip_serializing_if`.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
