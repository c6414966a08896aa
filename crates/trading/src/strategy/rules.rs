//! A compiled strategy as the engine runs it: by signals that were computed before, or live.

use std::sync::Arc;

use arrayvec::ArrayVec;
use rust_decimal::Decimal;

use super::frame::{Bar, Gathering, millis};
use super::machine::{Feed, Machine};
use super::program::{Program, Value};
use super::signals::Signals;
use crate::candle::{Candle, Field};
use crate::engine::{Signal, Strategy};
use crate::indicator::Streaming;
use crate::position::Position;
use crate::time::Timeframe;

/// Leaves an open position where the exit condition holds; enters where only the entry one does.
fn decide(entry: bool, exit: bool, position: &Position) -> Option<Signal> {
    match (position.is_open(), exit) {
        (true, true) => Some(Signal::Exit),
        (false, false) if entry => Some(Signal::Enter),
        _ => None,
    }
}

/// Signals that were computed for every candle of a history, which must come in the same order.
#[derive(Debug, Clone)]
pub struct ColumnRules {
    signals: Arc<Signals>,
    next: usize,
}

impl ColumnRules {
    /// Rules whose first candle is `first` in the history.
    #[must_use]
    pub fn new(signals: Arc<Signals>, first: usize) -> Self {
        Self { signals, next: first }
    }
}

impl Strategy for ColumnRules {
    fn on_candle(&mut self, _: &Candle, position: &Position) -> Option<Signal> {
        let index = self.next;
        self.next += 1;
        decide(self.signals.entry(index), self.signals.exit(index), position)
    }
}

/// Signals candle by candle, the same as those of [`Program::signals`].
pub struct StreamRules {
    program: Arc<Program>,
    machine: Machine,
    gatherings: Vec<(Timeframe, Gathering)>,
    streams: Vec<Stream>,
}

struct Stream {
    indicator: Streaming,
    inputs: ArrayVec<Field, 4>,
    /// Which gathering's candles it takes; the market's own where there is none.
    gathering: Option<usize>,
}

impl StreamRules {
    /// Rules that have seen no candle.
    #[must_use]
    pub fn new(program: Arc<Program>) -> Self {
        let mut gatherings: Vec<(Timeframe, Gathering)> = Vec::new();
        let mut streams = Vec::new();
        for series in &program.series {
            let gathering = series.timeframe.map(|frame| {
                gatherings.iter().position(|(known, _)| *known == frame).unwrap_or_else(|| {
                    gatherings.push((frame, Gathering::new(program.timeframe, frame)));
                    gatherings.len() - 1
                })
            });
            let inputs = series.indicator.inputs().iter().copied().collect();
            streams.push(Stream { indicator: series.indicator.stream(), inputs, gathering });
        }
        Self { machine: Machine::new(&program, 1), program, gatherings, streams }
    }

    /// Takes a candle without acting on it, as before a bot begins: whether the entry and the exit
    /// condition hold.
    pub fn observe(&mut self, candle: &Candle) -> (bool, bool) {
        let bar = bar(candle);
        self.update(&bar, None);
        for index in 0..self.gatherings.len() {
            let mut closed: ArrayVec<Bar, 2> = ArrayVec::new();
            self.gatherings[index].1.push(candle.open_time, bar, |bar| closed.push(bar));
            closed.iter().for_each(|bar| self.update(bar, Some(index)));
        }
        self.machine.run(&self.program, 1, &Now { bar, streams: &self.streams });
        let holds = |node: usize| self.machine.bits(node)[0] & 1 == 1;
        (holds(self.program.entry), self.program.exit.is_some_and(holds))
    }

    fn update(&mut self, bar: &Bar, gathering: Option<usize>) {
        for stream in self.streams.iter_mut().filter(|stream| stream.gathering == gathering) {
            let inputs: ArrayVec<f64, 4> = stream.inputs.iter().map(|field| bar.field(*field)).collect();
            stream.indicator.update(&inputs);
        }
    }
}

impl Strategy for StreamRules {
    fn on_candle(&mut self, candle: &Candle, position: &Position) -> Option<Signal> {
        let (entry, exit) = self.observe(candle);
        decide(entry, exit, position)
    }
}

/// The candle that has just closed.
struct Now<'a> {
    bar: Bar,
    streams: &'a [Stream],
}

impl Feed for Now<'_> {
    fn fill(&self, value: Value, lane: &mut [f64]) {
        lane[0] = match value {
            Value::Field(field) => self.bar.field(field),
            Value::Output { series, output } => self.streams[series].indicator.values()[output],
            _ => return,
        };
    }
}

fn bar(candle: &Candle) -> Bar {
    let [open, high, low, close] =
        [candle.open, candle.high, candle.low, candle.close].map(|price| float(price.decimal()));
    Bar { open_time: millis(candle.open_time), open, high, low, close, volume: float(candle.volume.decimal()) }
}

/// The nearest floating number, as [`Candles::column`](crate::candle::Candles::column) has it: one
/// division of exact numbers where the digits fit into 53 bits, else what the text reads as.
#[expect(clippy::float_arithmetic, clippy::cast_precision_loss, reason = "an input of indicators")]
fn float(number: Decimal) -> f64 {
    let number = number.normalize();
    match i64::try_from(number.mantissa()) {
        Ok(mantissa) if mantissa.unsigned_abs() < 1 << 53 && number.scale() <= 22 => {
            mantissa as f64 / 10_f64.powi(number.scale().cast_signed())
        }
        _ => number.to_string().parse().unwrap_or(f64::NAN),
    }
}
