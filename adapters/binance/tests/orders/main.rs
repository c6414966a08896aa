//! Orders at an exchange that is ill, angry or lies.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../common/mod.rs"]
mod common;
mod fake;
mod fate;
mod questions;
mod words;
