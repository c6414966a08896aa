//! Fills `market_data::Source` from Binance spot: public market data, read by REST and parsed from streams.
//!
//! [`Binance`] calls out; [`parse`] is pure and tested on recorded replies. All that leaves by one address shares one
//! [`Budget`] of request weight behind a [`Gate`].

mod budget;
mod client;
mod failure;
mod gate;
pub mod parse;
mod source;

pub use budget::{Budget, Millis, Priority, Ticket, TooHeavy};
pub use client::{Binance, Settings};
pub use failure::Failure;
pub use gate::Gate;
