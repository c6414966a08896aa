//! Passkeys, over HTTP, by a device of software.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod authentication;
mod device;
mod own;
mod registration;
mod support;
