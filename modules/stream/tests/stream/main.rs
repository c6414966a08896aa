//! The stream over real sockets.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

mod access;
mod bots;
mod common;
mod limits;
mod markets;
mod protocol;
mod resume;
