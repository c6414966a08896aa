//! What a tenant's live bots may venture, over HTTP and as bots ask for it.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod admission;
mod figures;
mod limits;
mod losses;
mod support;
