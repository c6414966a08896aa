#![allow(clippy::float_arithmetic, reason = "indicators are statistics")]
//! Indicators that TA-Lib does not have, or for which it asks the platform's mathematics library,
//! whose last digit differs from machine to machine.
//!
//! Each is one step a candle; over columns the same step is taken row by row, so that both give
//! the same bits.

mod momentum;
mod session;
mod trend;
mod volatility;
mod window;

use ta_lib::RetCode;

use super::catalogue::MAX_OUTPUTS;
use super::talib::{Code, Columns, Opened, Outputs};

pub(super) use momentum::Fisher;
pub(super) use session::{Camarilla, Classic, Fibonacci, Pivots, SessionVwap};
pub(super) use trend::{Alma, Choppiness, Ichimoku, angle};
pub(super) use volatility::Chandelier;

/// An indicator of our own, by the numbers of its inputs and outputs.
pub(super) trait Rolling<const INPUTS: usize, const OUTPUTS: usize>: Send + 'static {
    /// Where the formula is written.
    const SOURCE: &'static str;

    /// Candles before the first value.
    fn warm_up(parameters: &[f64]) -> usize;

    /// The state before the first candle; `parameters` are those of the catalogue, checked.
    fn new(parameters: &[f64]) -> Self;

    /// Takes the inputs of a candle. What it gives during the warm-up is not looked at.
    fn step(&mut self, candle: [f64; INPUTS]) -> [f64; OUTPUTS];
}

/// How one of our own is computed.
pub(super) const fn own<const INPUTS: usize, const OUTPUTS: usize, R: Rolling<INPUTS, OUTPUTS>>() -> Code {
    Code {
        source: R::SOURCE,
        lookback: |parameters| Ok(R::warm_up(parameters)),
        batch: batch::<INPUTS, OUTPUTS, R>,
        open: open::<INPUTS, OUTPUTS, R>,
    }
}

fn batch<const INPUTS: usize, const OUTPUTS: usize, R: Rolling<INPUTS, OUTPUTS>>(
    inputs: Columns<'_>,
    parameters: &[f64],
    outputs: Outputs<'_, '_>,
) -> Result<(), RetCode> {
    let columns: [&[f64]; INPUTS] = inputs.try_into().map_err(|_| RetCode::BadParam)?;
    let mut state = R::new(parameters);
    let warm_up = R::warm_up(parameters);
    for row in 0..inputs[0].len() {
        let values = state.step(columns.map(|column| column[row]));
        if let Some(row) = row.checked_sub(warm_up) {
            for (column, value) in outputs.iter_mut().zip(values) {
                column[row] = value;
            }
        }
    }
    Ok(())
}

fn open<const INPUTS: usize, const OUTPUTS: usize, R: Rolling<INPUTS, OUTPUTS>>(
    inputs: Columns<'_>,
    parameters: &[f64],
) -> Result<Opened, RetCode> {
    let columns: [&[f64]; INPUTS] = inputs.try_into().map_err(|_| RetCode::BadParam)?;
    let mut state = R::new(parameters);
    let mut first = [f64::NAN; MAX_OUTPUTS];
    for row in 0..columns[0].len() {
        first[..OUTPUTS].copy_from_slice(&state.step(columns.map(|column| column[row])));
    }
    let step = Box::new(move |inputs: &[f64], outputs: &mut [f64]| {
        let candle: [f64; INPUTS] = inputs.try_into().map_err(|_| RetCode::BadParam)?;
        if !candle.iter().all(|value| value.is_finite()) {
            return Err(RetCode::BadParam);
        }
        outputs.copy_from_slice(&state.step(candle));
        Ok(())
    });
    Ok(Opened { step, first })
}

/// A whole parameter, such as a period.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the catalogue bounds every parameter")]
fn whole(parameter: f64) -> usize {
    parameter as usize
}
