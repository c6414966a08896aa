//! Fills `market_data::Source` from Binance spot: public market data, read by REST and parsed from streams; and
//! `exchanges::Venue`: what the holder of a key is told, by signed requests.
//!
//! [`Binance`] calls out; [`parse`] is pure and tested on recorded replies. All that leaves by one address shares one
//! [`Budget`] of request weight behind a [`Gate`].

mod account;
mod budget;
mod client;
mod failure;
mod gate;
pub mod parse;
mod sign;
mod source;
mod transport;
mod venue;

pub use budget::{Budget, Millis, Priority, Ticket, TooHeavy};
pub use client::{Binance, Settings};
pub use failure::Failure;
pub use gate::Gate;
