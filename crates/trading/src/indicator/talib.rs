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
    /// Where the formula is written.
    pub(super) source: &'static str,
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

/// Room for an output that TA-Lib writes as whole numbers, beside the column in which we want it.
pub(super) struct Integers<'a> {
    column: &'a mut [f64],
    pub(super) room: Vec<i32>,
}

impl<'a> Integers<'a> {
    pub(super) fn of(column: &'a mut [f64]) -> Self {
        Self { room: vec![0; column.len()], column }
    }

    pub(super) fn write(self) {
        for (slot, number) in self.column.iter_mut().zip(self.room) {
            *slot = f64::from(number);
        }
    }
}

/// `talib!(function, open function, look-back function; (inputs) [parameters] -> (outputs))`.
/// A parameter is `integer`, `number`, or what TA-Lib wants and the catalogue fixes: a literal or
/// the type of an average (`sma`, `ema`, `rma`). An output that TA-Lib gives as whole numbers is
/// written `name: i32`.
macro_rules! talib {
    ($batch:ident, $open:ident, $lookback:ident;
     ($($input:ident),+) [$($parameter:tt),*] -> ($($output:ident $(: $whole:ident)?),+)) => {
        $crate::indicator::talib::Code {
            source: concat!("https://ta-lib.org/functions/", stringify!($batch)),
            lookback: |parameters| {
                #[allow(unused_mut, unused_variables, reason = "a kind may have no parameter")]
                let mut parameters = parameters.iter();
                $crate::indicator::talib::CORE.$lookback($(talib!(@ parameters $parameter)),*)
            },
            batch: |inputs, parameters, outputs| {
                let [$($input),+] = inputs else { return Err(ta_lib::RetCode::BadParam) };
                let [$($output),+] = outputs else { return Err(ta_lib::RetCode::BadParam) };
                let last = inputs[0].len().checked_sub(1).ok_or(ta_lib::RetCode::OutOfRangeEndIndex)?;
                #[allow(unused_mut, unused_variables, reason = "a kind may have no parameter")]
                let mut parameters = parameters.iter();
                $(talib!(@begin $output $($whole)?);)+
                $crate::indicator::talib::CORE.$batch(
                    0, last, $($input,)+ $(talib!(@ parameters $parameter),)* $(talib!(@room $output $($whole)?)),+
                )?;
                $(talib!(@write $output $($whole)?);)+
                Ok(())
            },
            open: |inputs, parameters| {
                let [$($input),+] = inputs else { return Err(ta_lib::RetCode::BadParam) };
                #[allow(unused_mut, unused_variables, reason = "a kind may have no parameter")]
                let mut parameters = parameters.iter();
                #[allow(unused_parens, reason = "there may be one output only")]
                let (mut stream, ($($output),+)) =
                    $crate::indicator::talib::CORE.$open($($input,)+ $(talib!(@ parameters $parameter)),*)?;
                let mut first = [f64::NAN; $crate::indicator::MAX_OUTPUTS];
                for (slot, value) in first.iter_mut().zip([$(talib!(@float $output $($whole)?)),+]) {
                    *slot = value;
                }
                let step: $crate::indicator::talib::Step = Box::new(move |inputs, outputs| {
                    let [$($input),+] = inputs else { return Err(ta_lib::RetCode::BadParam) };
                    #[allow(unused_parens, reason = "there may be one output only")]
                    let ($($output),+) = stream.update($(*$input),+)?;
                    for (slot, value) in outputs.iter_mut().zip([$(talib!(@float $output $($whole)?)),+]) {
                        *slot = value;
                    }
                    Ok(())
                });
                Ok($crate::indicator::talib::Opened { step, first })
            },
        }
    };
    (@ $parameters:ident integer) => { $crate::indicator::talib::integer(&mut $parameters) };
    (@ $parameters:ident number) => { $crate::indicator::talib::number(&mut $parameters) };
    (@ $parameters:ident sma) => { ta_lib::MAType::SMA };
    (@ $parameters:ident ema) => { ta_lib::MAType::EMA };
    (@ $parameters:ident rma) => { ta_lib::MAType::RMA };
    (@ $parameters:ident $constant:literal) => { $constant };
    (@begin $output:ident) => {};
    (@begin $output:ident $whole:ident) => { let mut $output = $crate::indicator::talib::Integers::of($output); };
    (@room $output:ident) => { $output };
    (@room $output:ident $whole:ident) => { &mut $output.room };
    (@write $output:ident) => {};
    (@write $output:ident $whole:ident) => { $output.write() };
    (@float $output:ident) => { $output };
    (@float $output:ident $whole:ident) => { f64::from($output) };
}

pub(super) use talib;
