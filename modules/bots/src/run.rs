//! How bots run: each under a lease, in a task of its own, one transaction for each batch of candles.

mod candles;
mod pace;
mod paper;
mod runner;
mod session;

pub use runner::{Runner, Tick};
