//! The administration of the platform, over HTTP.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::needless_pass_by_value, reason = "tests read better without references")]

mod access;
mod bans;
mod impersonation;
mod listing;
mod roles;
mod sessions;
mod support;
mod users_of_the_platform;
