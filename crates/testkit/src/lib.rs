//! What a module's tests stand on: a database of their own, the application around some modules, clients that
//! call it, and fakes that record what it sends out.

#![allow(clippy::expect_used, reason = "a test that cannot be prepared has failed")]
#![allow(clippy::needless_pass_by_value, reason = "tests read better without references")]

mod app;
mod client;
mod cluster;
pub mod limits;
mod outbox;

pub use app::{KEY, Member, TestApp};
pub use client::{Answer, Client};
pub use cluster::run;
pub use outbox::Outbox;
pub use serde_json::{Value, json};
pub use sqlx::PgPool;
pub use testkit_macros::db_test;
