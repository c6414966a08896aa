//! The bridge to TA-Lib: its functions differ in the number of inputs, parameters and outputs;
//! the `talib!` macro gives all of them one shape.

use std::sync::LazyLock;

use ta_lib::{Core, RetCode};

use super::catalogue::MAX_OUTPUTS;

/// TA-Lib with its default settings (no unstable period, not Metastock).
pub(super) static CORE: LazyLock<Core> = LazyLock::new(Core::new);

/// Takes the inputs of one candle and writes the outputs of that candle.
pub(super) type Step = Box<dyn FnMut(&[f64], &mut [f64]) -> Result<(), RetCode> + Send>;

/// A stream that has seen its warm-up, and the outputs of the last candle of it.
pub(super) struct Opened {
    pub(super) step: Step,
    pub(super) first: [f64; MAX_OUTPUTS],
}

/// Input columns of one length.
pub(super) type Columns<'a> = &'a [&'a [f64]];

/// Output columns of one length.
pub(super) type Outputs<'a, 'b> = &'a mut [&'b mut [f64]];

/// How one kind of indicator is computed.
#[derive(Clone, Copy)]
pub(super) struct Code {
    /// Candles before the first output, by parameters.
    pub(super) lookback: fn(&[f64]) -> Result<usize, RetCode>,
    /// Inputs (columns of one length), parameters, outputs (each shorter by the look-back).
    pub(super) batch: fn(Columns<'_>, &[f64], Outputs<'_, '_>) -> Result<(), RetCode>,
    /// Opens a stream over inputs of exactly the look-back plus one candle.
    pub(super) open: fn(Columns<'_>, &[f64]) -> Result<Opened, RetCode>,
}

/// The next parameter as TA-Lib's integer.
#[expect(clippy::cast_possible_truncation, reason = "an integer parameter is at most 10,000: `Indicator::new` checks")]
pub(super) fn integer(parameters: &mut std::slice::Iter<'_, f64>) -> i32 {
    number(parameters) as i32
}

/// The next parameter.
pub(super) fn number(parameters: &mut std::slice::Iter<'_, f64>) -> f64 {
    parameters.next().copied().unwrap_or(f64::NAN)
}

/// `talib!(function, open function, look-back function; (inputs) [parameters] -> (outputs))`.
/// A parameter is `integer`, `number` or a constant that TA-Lib wants and the catalogue fixes.
macro_rules! talib {
    ($batch:ident, $open:ident, $lookback:ident;
     ($($input:ident),+) [$($parameter:tt),*] -> ($($output:ident),+)) => {
        Code {
            lookback: |parameters| {
                #[allow(unused_mut, unused_variables, reason = "a kind may have no parameter")]
                let mut parameters = parameters.iter();
                CORE.$lookback($(talib!(@ parameters $parameter)),*)
            },
            batch: |inputs, parameters, outputs| {
                let [$($input),+] = inputs else { return Err(RetCode::BadParam) };
                let [$($output),+] = outputs else { return Err(RetCode::BadParam) };
                let last = inputs[0].len().checked_sub(1).ok_or(RetCode::OutOfRangeEndIndex)?;
                #[allow(unused_mut, unused_variables, reason = "a kind may have no parameter")]
                let mut parameters = parameters.iter();
                CORE.$batch(0, last, $($input,)+ $(talib!(@ parameters $parameter),)* $($output),+)?;
                Ok(())
            },
            open: |inputs, parameters| {
                let [$($input),+] = inputs else { return Err(RetCode::BadParam) };
                #[allow(unused_mut, unused_variables, reason = "a kind may have no parameter")]
                let mut parameters = parameters.iter();
                let (mut stream, ($($output),+)) =
                    CORE.$open($($input,)+ $(talib!(@ parameters $parameter)),*)?;
                let mut first = [f64::NAN; MAX_OUTPUTS];
                for (slot, value) in first.iter_mut().zip([$($output),+]) {
                    *slot = value;
                }
                let step: Step = Box::new(move |inputs, outputs| {
                    let [$($input),+] = inputs else { return Err(RetCode::BadParam) };
                    let ($($output),+) = stream.update($(*$input),+)?;
                    for (slot, value) in outputs.iter_mut().zip([$($output),+]) {
                        *slot = value;
                    }
                    Ok(())
                });
                Ok(Opened { step, first })
            },
        }
    };
    (@ $parameters:ident integer) => { integer(&mut $parameters) };
    (@ $parameters:ident number) => { number(&mut $parameters) };
    (@ $parameters:ident $constant:expr) => { $constant };
}

pub(super) use talib;
