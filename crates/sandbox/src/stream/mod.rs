//! What is told without being asked for: market streams and the events of accounts.

mod api;
mod hub;
mod life;
mod messages;
mod publish;
pub mod request;
mod socket;
mod user;

pub(crate) use api::run as run_api;
pub use hub::Hub;
pub(crate) use publish::Pending;
pub(crate) use socket::run as run_market;
