//! What is asked of the exchange, by HTTP or over the WebSocket API: one table, and a plain function for each row.

mod access;
mod account;
mod answers;
mod ask;
mod listing;
mod market;
mod orders;
pub mod params;
mod replace;
mod serve;
mod session;
mod table;
mod tickers;

pub use crate::signing::{NoKey, Proof, PublicKey, sign};
pub(crate) use access::is_key;
pub use ask::{Ask, Reply};
pub(crate) use market::levels;
pub(crate) use serve::{rate_limits, serve};
pub(crate) use table::of_socket;
pub(crate) use tickers::{Day, best, day_of};
