//! Keys, as their users and their bots meet them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod addresses;
mod calls;
mod keys;
mod limits;
mod memory;
mod rotation;
mod support;
mod update;
