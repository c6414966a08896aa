//! Indicators candle by candle.

use arrayvec::ArrayVec;

use super::catalogue::MAX_OUTPUTS;
use super::talib::{Code, Step};

/// The state of one indicator in a live feed. Its values are those of
/// [`Indicator::compute`](super::Indicator::compute), to the bit.
pub struct Streaming {
    code: Code,
    parameters: Vec<f64>,
    warm_up: usize,
    history: Vec<Vec<f64>>,
    step: Option<Step>,
    values: ArrayVec<f64, MAX_OUTPUTS>,
}

impl Streaming {
    pub(super) fn new(code: Code, parameters: &[f64], inputs: usize, outputs: usize, warm_up: usize) -> Self {
        Self {
            code,
            parameters: parameters.to_vec(),
            warm_up,
            history: vec![Vec::new(); inputs],
            step: None,
            values: std::iter::repeat_n(f64::NAN, outputs).collect(),
        }
    }

    /// Takes the inputs of a closed candle (in the order of
    /// [`Indicator::inputs`](super::Indicator::inputs)) and gives its outputs: NaN while warming
    /// up, and where an input is not finite, which leaves the state as it was.
    pub fn update(&mut self, inputs: &[f64]) -> &[f64] {
        let done = match self.step.as_mut() {
            Some(step) => step(inputs, &mut self.values).is_ok(),
            None => self.warm(inputs),
        };
        if !done {
            self.values.fill(f64::NAN);
        }
        &self.values
    }

    /// The outputs of the last candle.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Collects candles until TA-Lib can open its stream on them.
    fn warm(&mut self, inputs: &[f64]) -> bool {
        if inputs.len() != self.history.len() || !inputs.iter().all(|value| value.is_finite()) {
            return false;
        }
        for (column, value) in self.history.iter_mut().zip(inputs) {
            column.push(*value);
        }
        if self.history.first().is_none_or(|column| column.len() <= self.warm_up) {
            return false;
        }
        let history = std::mem::take(&mut self.history);
        let columns: ArrayVec<&[f64], 4> = history.iter().map(Vec::as_slice).collect();
        let Ok(opened) = (self.code.open)(&columns, &self.parameters) else { return false };
        for (value, first) in self.values.iter_mut().zip(opened.first) {
            *value = first;
        }
        self.step = Some(opened.step);
        true
    }
}
