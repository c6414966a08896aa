//! Live bots on the sandbox exchange, through the adapter of Binance.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

#[path = "../common/mod.rs"]
mod common;

mod books;
mod checklist;
mod door;
mod faults;
mod floor;
mod full;
mod hints;
mod redis;
mod risk;
mod strays;
mod symbols;
mod together;
mod trading;
mod troubles;
