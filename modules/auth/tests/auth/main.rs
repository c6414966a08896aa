//! The Better Auth protocol, over HTTP.

#![expect(clippy::expect_used, reason = "a test may panic")]

mod account;
mod attacks;
mod change_email;
mod deletion;
mod erasure;
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod lockout;
mod lookup;
mod magic_link;
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod memory;
mod origin;
mod password;
mod reset;
mod sessions;
mod sign_in;
mod sign_up;
mod support;
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod two_factor;
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod two_factor_attacks;
mod verification;
