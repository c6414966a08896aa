//! Orders that the platform's own client of Binance places on the sandbox.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../common/mod.rs"]
mod common;
mod desk;
mod fate;
mod kinds;
mod told;
