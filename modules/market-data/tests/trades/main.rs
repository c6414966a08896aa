//! Trades over HTTP: files, parts, series and the candles that are made of them.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod candles;
#[path = "../common/mod.rs"]
mod common;
mod dump;
mod files;
mod import;
mod read;
mod retention;
