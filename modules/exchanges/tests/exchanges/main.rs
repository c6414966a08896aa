//! Connections to exchanges as their users see them, at an exchange that answers as a test says.

#![allow(clippy::unwrap_used, reason = "a test that cannot be prepared has failed")]

mod accounts;
mod connect;
mod fake;
mod limits;
mod secrets;
mod walls;
