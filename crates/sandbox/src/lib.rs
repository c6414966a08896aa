//! A sandbox exchange that speaks as Binance spot does: unmodified clients trade on it, and faults can be ordered.
//!
//! [`exchange`] is pure: books, accounts and orders, to which time is told. [`market`] moves prices by candles of the
//! past, recorded streams or a random walk. One task ([`engine`]) owns both as a [`World`]; [`http`] serves REST, market
//! streams, the WebSocket API and what steers the sandbox.

pub mod clock;
pub mod engine;
pub mod exchange;
pub mod faults;
pub mod http;
pub mod limits;
pub mod market;
mod options;
pub mod rest;
mod signing;
pub mod stream;
mod world;

pub use clock::{Speed, Wall};
pub use engine::Engine;
pub use options::{Options, OptionsError, Replay, fair_dice, random_key};
pub use world::World;
