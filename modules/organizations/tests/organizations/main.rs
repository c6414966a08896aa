//! Companies as clients of the protocol see them, and invitations as everybody does.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod attacks;
mod closing;
mod companies;
mod invitations;
mod members;
mod support;
mod tenants;
