//! The engine: the only place where the state of a bot changes.
//!
//! A back-test, a paper bot and a live bot are three drivers of one [`Engine::step`]. Time arrives
//! with the input, and the state is a function of the configuration and the inputs alone, so that
//! a journal of `(at, input)` rebuilds it.

mod account;
mod atr;
mod book;
mod day;
mod dca;
mod desk;
mod driver;
mod grid;
mod guard;
mod holding;
mod io;
mod lanes;
mod machine;
mod protect;
mod rebalance;
mod seat;
mod sizing;
mod trade;
mod trips;

pub use driver::Driver;
pub use io::{Adopted, Effect, Effects, Input, Note, Quote, Reason, RejectReason, Rejection, Stop};
pub use lanes::{Lanes, Parts};
pub use machine::{Conduct, Config, Engine, Silent};
pub use rebalance::Rebalancer;
pub use seat::{Distant, Seat};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::candle::Candle;
use crate::position::Position;
use crate::strategy::Failure;

/// What a strategy asks for.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Signal {
    /// Open the position.
    Enter,
    /// Close the position.
    Exit,
}

/// Decides at each closed candle.
pub trait Strategy: Send {
    /// Called once for every closed candle, in order, whether or not a position is open.
    fn on_candle(&mut self, candle: &Candle, position: &Position) -> Option<Signal>;

    /// Why it cannot go on, if so; whoever drives it looks after each candle and ends.
    fn failure(&self) -> Option<&Failure> {
        None
    }

    /// At how many of the next candles it certainly asks for nothing, whatever they hold, as long as
    /// the position stays as it is.
    fn silence(&self, _: &Position) -> usize {
        0
    }

    /// Passes over so many candles, at most those of [`Strategy::silence`].
    fn pass(&mut self, _candles: usize) {}
}

impl<S: Strategy + ?Sized> Strategy for Box<S> {
    fn on_candle(&mut self, candle: &Candle, position: &Position) -> Option<Signal> {
        (**self).on_candle(candle, position)
    }

    fn failure(&self) -> Option<&Failure> {
        (**self).failure()
    }

    fn silence(&self, position: &Position) -> usize {
        (**self).silence(position)
    }

    fn pass(&mut self, candles: usize) {
        (**self).pass(candles);
    }
}
