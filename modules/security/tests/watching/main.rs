//! Watching over accounts, over HTTP: what is noticed, who called what, and who may not call.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access_log;
mod anomalies;
mod blocks;
mod events;
mod guesses;
mod support;
