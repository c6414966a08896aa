//! Sign-in by other platforms, over HTTP, against platforms that misbehave as they are told.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod attacks;
mod fake;
mod github;
mod illness;
mod linking;
mod shown;
mod sign_in;
mod support;
mod tokens;
