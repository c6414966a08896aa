//! Where a lane's orders go.

use super::desk::Desk;
use super::io::{Effects, Input};
use super::{Driver, Engine, Strategy};
use crate::candle::Candle;
use crate::time::{Timeframe, Timestamp};

/// An engine whose venue is elsewhere: what that says comes as further inputs, when it comes.
#[derive(Clone, Debug)]
pub struct Distant<S> {
    engine: Engine<S>,
    timeframe: Timeframe,
    /// The time of the last input: what the venue tells late is taken in no earlier.
    last: Timestamp,
}

/// An engine, and the venue that its orders go to.
#[derive(Clone, Debug)]
pub enum Seat<S> {
    /// The simulated one, which answers at once.
    Simulated(Box<Driver<S>>),
    /// An exchange.
    Distant(Box<Distant<S>>),
}

impl<S: Strategy> Distant<S> {
    /// An engine before its first candle.
    #[must_use]
    pub fn new(engine: Engine<S>, timeframe: Timeframe) -> Self {
        Self { engine, timeframe, last: Timestamp::default() }
    }

    fn step(&mut self, at: Timestamp, input: Input, record: &mut impl FnMut(Timestamp, &Input, &Effects)) {
        self.last = self.last.max(at);
        let effects = self.engine.step(self.last, input);
        record(self.last, &input, &effects);
    }
}

impl<S> From<Driver<S>> for Seat<S> {
    fn from(driver: Driver<S>) -> Self {
        Self::Simulated(Box::new(driver))
    }
}

impl<S> From<Distant<S>> for Seat<S> {
    fn from(distant: Distant<S>) -> Self {
        Self::Distant(Box::new(distant))
    }
}

impl<S: Strategy> Seat<S> {
    /// The engine, to be looked at.
    #[must_use]
    pub fn engine(&self) -> &Engine<S> {
        match self {
            Self::Simulated(driver) => driver.engine(),
            Self::Distant(distant) => &distant.engine,
        }
    }

    /// Whether the venue has no order that waits.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        match self {
            Self::Simulated(driver) => driver.simulator().is_idle(),
            Self::Distant(distant) => distant.engine.desk().book.is_empty(),
        }
    }

    /// When the last candle closed, if one was seen.
    #[must_use]
    pub fn closed_at(&self) -> Option<Timestamp> {
        match self {
            Self::Simulated(driver) => driver.closed_at(),
            Self::Distant(distant) => distant.engine.last_candle().map(|open| distant.timeframe.close_of(open)),
        }
    }

    pub(super) fn desk_mut(&mut self) -> &mut Desk {
        match self {
            Self::Simulated(driver) => driver.desk_mut(),
            Self::Distant(distant) => distant.engine.desk_mut(),
        }
    }

    /// What the venue does in a candle, which is nothing where it is elsewhere.
    pub(super) fn live(&mut self, within: impl FnOnce(&mut Driver<S>)) {
        if let Self::Simulated(driver) = self {
            within(driver);
        }
    }

    /// The decision at the close of a candle.
    pub(super) fn close(&mut self, candle: &Candle, record: &mut impl FnMut(Timestamp, &Input, &Effects)) {
        match self {
            Self::Simulated(driver) => driver.close(candle, record),
            Self::Distant(distant) => {
                distant.step(distant.timeframe.close_of(candle.open_time), Input::Candle(*candle), record);
            }
        }
    }

    /// Takes in something that is no candle.
    pub(super) fn on_input(
        &mut self,
        at: Timestamp,
        input: Input,
        record: &mut impl FnMut(Timestamp, &Input, &Effects),
    ) {
        match self {
            Self::Simulated(driver) => driver.on_input(at, input, record),
            Self::Distant(distant) => distant.step(at, input, record),
        }
    }
}
