//! Instruments, tickers, books and backfills from an exchange that is a fake, and not always an honest one.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod backfills;
mod books;
#[path = "../common/mod.rs"]
mod common;
mod fake;
mod instruments;
mod newest;
mod tickers;
mod trades;
