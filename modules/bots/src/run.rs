//! How bots run: each under a lease, in a task of its own, one transaction for each batch of candles.

#![allow(clippy::vec_box, reason = "a session is large, and goes from hand to hand")]

mod candles;
mod depth;
mod exchange;
mod feed;
mod figures;
mod group;
mod hints;
mod log;
mod machine;
mod news;
mod pace;
mod queue;
mod rebuild;
mod replay;
mod risk;
mod runner;
mod session;
mod strays;
mod ticket;
mod turn;
mod watch;

pub(crate) use replay::replay;
pub use runner::{Runner, Tick};
