//! Fills `market_data::Source` from Binance spot: public market data, read by REST and parsed from streams; and
//! `exchanges::Venue` and `exchanges::Trader`: what the holder of a key is told and has done, by signed requests. What
//! Binance tells by itself is heard over one connection for all markets and one for each key.
//!
//! [`Binance`] calls out; [`parse`] is pure and tested on recorded replies. All that leaves by one address shares one
//! [`Budget`] of request weight behind a [`Gate`].

mod account;
mod accounts;
mod budget;
mod client;
mod failure;
mod gate;
mod markets;
mod orders;
mod parameters;
pub mod parse;
mod persistence;
mod refusal;
mod sign;
mod signed;
mod socket;
mod source;
mod subscriptions;
mod topics;
mod transport;
mod venue;

pub use budget::{Budget, Millis, Priority, Ticket, TooHeavy};
pub use client::{Binance, Settings};
pub use failure::Failure;
pub use gate::Gate;
