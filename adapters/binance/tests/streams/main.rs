//! What is told without being asked, and what becomes of connections that fail.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod accounts;
mod fake;
mod markets;
