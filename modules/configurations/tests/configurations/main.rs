//! Settings and feature flags, over HTTP.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod flags;
mod memory;
mod mine;
mod secrets;
mod settings;
mod stream;
mod support;
mod system;
