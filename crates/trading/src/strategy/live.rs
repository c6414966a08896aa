//! The indicators of a program, candle by candle.

use arrayvec::ArrayVec;
use rust_decimal::Decimal;

use super::frame::{Bar, Gathering, millis};
use super::machine::Feed;
use super::program::{Program, Value};
use crate::candle::{Candle, Field};
use crate::indicator::Streaming;
use crate::time::Timeframe;

/// Streams of a program's indicators, and the candle that has just closed.
pub(super) struct Live {
    bar: Bar,
    gatherings: Vec<(Timeframe, Gathering)>,
    streams: Vec<Stream>,
}

struct Stream {
    indicator: Streaming,
    inputs: ArrayVec<Field, 4>,
    /// Which gathering's candles it takes; the market's own where there is none.
    gathering: Option<usize>,
}

impl Live {
    /// Streams that have seen no candle.
    pub(super) fn new(program: &Program) -> Self {
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
        let none = f64::NAN;
        let bar = Bar { open_time: none, open: none, high: none, low: none, close: none, volume: none };
        Self { bar, gatherings, streams }
    }

    /// Takes the next candle.
    pub(super) fn update(&mut self, candle: &Candle) {
        self.bar = bar(candle);
        let bar = self.bar;
        self.stream(&bar, None);
        for index in 0..self.gatherings.len() {
            let mut closed: ArrayVec<Bar, 2> = ArrayVec::new();
            self.gatherings[index].1.push(candle.open_time, self.bar, |bar| closed.push(bar));
            closed.iter().for_each(|bar| self.stream(bar, Some(index)));
        }
    }

    fn stream(&mut self, bar: &Bar, gathering: Option<usize>) {
        for stream in self.streams.iter_mut().filter(|stream| stream.gathering == gathering) {
            let inputs: ArrayVec<f64, 4> = stream.inputs.iter().map(|field| bar.field(*field)).collect();
            stream.indicator.update(&inputs);
        }
    }
}

/// The one candle that has just closed.
impl Feed for Live {
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
pub(super) fn float(number: Decimal) -> f64 {
    let number = number.normalize();
    match i64::try_from(number.mantissa()) {
        Ok(mantissa) if mantissa.unsigned_abs() < 1 << 53 && number.scale() <= 22 => {
            mantissa as f64 / 10_f64.powi(number.scale().cast_signed())
        }
        _ => number.to_string().parse().unwrap_or(f64::NAN),
    }
}
