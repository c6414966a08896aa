//! The Better Auth protocol, over HTTP.

#![expect(clippy::expect_used, reason = "a test may panic")]

#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod lockout;
mod lookup;
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod memory;
mod origin;
mod sessions;
mod sign_in;
mod sign_up;
mod support;
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod two_factor;
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod two_factor_attacks;
mod verification;
