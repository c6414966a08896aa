//! What carries a bot's orders out.

use trading::{
    candle::Candle,
    engine::{Driver, Effects, Engine, Input, Strategy},
    time::{Timeframe, Timestamp},
};

type Mind = Box<dyn Strategy>;

/// A bot's engine, and the venue that its orders go to.
pub(super) enum Hands {
    /// The simulated one, which answers at once.
    Simulated(Box<Driver<Mind>>),
    /// An exchange, which answers when it answers: what it says comes as further inputs.
    Exchange(Box<Distant>),
}

/// An engine whose venue is elsewhere.
pub(super) struct Distant {
    engine: Engine<Mind>,
    timeframe: Timeframe,
    /// The time of the last input: what the exchange tells late is taken in no earlier.
    last: Timestamp,
}

impl Distant {
    pub(super) fn new(engine: Engine<Mind>, timeframe: Timeframe) -> Self {
        Self { engine, timeframe, last: Timestamp::default() }
    }

    fn step(&mut self, at: Timestamp, input: Input, mut record: impl FnMut(Timestamp, &Input, &Effects)) {
        self.last = self.last.max(at);
        let effects = self.engine.step(self.last, input);
        record(self.last, &input, &effects);
    }
}

impl Hands {
    pub(super) fn engine(&self) -> &Engine<Mind> {
        match self {
            Self::Simulated(driver) => driver.engine(),
            Self::Exchange(distant) => &distant.engine,
        }
    }

    /// Takes in a closed candle.
    pub(super) fn on_candle(&mut self, candle: &Candle, record: impl FnMut(Timestamp, &Input, &Effects)) {
        match self {
            Self::Simulated(driver) => driver.on_candle(candle, record),
            Self::Exchange(distant) => {
                distant.step(distant.timeframe.close_of(candle.open_time), Input::Candle(*candle), record);
            }
        }
    }

    /// Takes in something else.
    pub(super) fn on_input(&mut self, at: Timestamp, input: Input, record: impl FnMut(Timestamp, &Input, &Effects)) {
        match self {
            Self::Simulated(driver) => driver.on_input(at, input, record),
            Self::Exchange(distant) => distant.step(at, input, record),
        }
    }

    /// Whether the inputs of a journal that the venue gave are given by it again when it is rebuilt.
    pub(super) fn repeats_itself(&self) -> bool {
        matches!(self, Self::Simulated(_))
    }
}
