//! The lines of a candle file as columns of integers.

use super::CsvError;
use super::row::{Row, RowFault};
use crate::candle::{Candle, Candles};
use crate::money::{Price, Quantity};
use crate::text::Number;
use crate::time::{Timeframe, Timestamp};

/// Finer scales are refused, as [`Candles`] does.
const MAX_SCALE: u32 = 18;

/// Why a row was not taken.
pub(super) enum Refused {
    /// There are already this many.
    Full(usize),
    Row(RowFault),
}

impl From<RowFault> for Refused {
    fn from(fault: RowFault) -> Self {
        Self::Row(fault)
    }
}

/// Columns that share one decimal scale, which is refined as rows with more digits come.
struct Block<const COLUMNS: usize> {
    scale: u32,
    columns: [Vec<i64>; COLUMNS],
}

impl<const COLUMNS: usize> Block<COLUMNS> {
    fn new() -> Self {
        Self { scale: 0, columns: [const { Vec::new() }; COLUMNS] }
    }

    /// The numbers at this block's scale, once it is fine enough for them.
    fn align(&mut self, numbers: &[Number; COLUMNS]) -> Option<[i64; COLUMNS]> {
        let needed = numbers.iter().map(|number| number.scale).max().unwrap_or(0);
        if needed > self.scale {
            self.refine(needed)?;
        }
        let mut aligned = [0; COLUMNS];
        for (slot, number) in aligned.iter_mut().zip(numbers) {
            *slot = number.mantissa.checked_mul(10_i64.pow(self.scale - number.scale))?;
        }
        Some(aligned)
    }

    fn refine(&mut self, scale: u32) -> Option<()> {
        let factor = 10_i64.pow(scale.min(MAX_SCALE) - self.scale);
        let largest = self.columns.iter().flatten().max().copied().unwrap_or(0);
        largest.checked_mul(factor).filter(|_| scale <= MAX_SCALE)?;
        self.columns.iter_mut().flatten().for_each(|mantissa| *mantissa *= factor);
        self.scale = scale;
        Some(())
    }

    fn push(&mut self, row: [i64; COLUMNS]) {
        for (column, mantissa) in self.columns.iter_mut().zip(row) {
            column.push(mantissa);
        }
    }
}

/// Rows that ascend in time, each right in itself.
pub(super) struct Table {
    latest: Timestamp,
    max_rows: usize,
    times: Vec<i64>,
    prices: Block<4>,
    volumes: Block<1>,
}

impl Table {
    pub(super) fn new(latest: Option<Timestamp>, max_rows: usize) -> Self {
        let latest = latest.unwrap_or(Timestamp::from_millis(i64::MAX));
        Self { latest, max_rows, times: Vec::new(), prices: Block::new(), volumes: Block::new() }
    }

    pub(super) fn push(&mut self, row: &Row) -> Result<(), Refused> {
        if self.times.len() >= self.max_rows {
            return Err(Refused::Full(self.max_rows));
        }
        if let Some(&last) = self.times.last()
            && row.time <= last
        {
            return Err(RowFault::NotAscending(last).into());
        }
        if row.time > self.latest.millis() {
            return Err(RowFault::TooLate(self.latest).into());
        }
        let prices = self.prices.align(&row.prices).ok_or(RowFault::TooPrecise(1))?;
        let volume = self.volumes.align(&[row.volume]).ok_or(RowFault::TooPrecise(5))?;
        consistent(prices)?;
        self.times.push(row.time);
        self.prices.push(prices);
        self.volumes.push(volume);
        Ok(())
    }

    /// The candles, once every time is known to lie on the grid of the time frame.
    pub(super) fn into_candles(self, timeframe: Option<Timeframe>, header: bool) -> Result<Candles, CsvError> {
        if self.times.is_empty() {
            return Err(CsvError::Empty);
        }
        let timeframe = timeframe.map_or_else(|| infer(&self.times), Ok)?;
        if let Some(row) = off_grid(&self.times, timeframe) {
            let why = format!("{} does not open a candle of {timeframe}", self.times[row]);
            return Err(CsvError::line(row + 1 + usize::from(header), Some("open_time_ms"), why));
        }
        let mut candles = Candles::new(timeframe);
        for row in 0..self.times.len() {
            let pushed = candles.push(self.candle(row));
            pushed.map_err(|error| CsvError::line(row + 1 + usize::from(header), None, error.to_string()))?;
        }
        Ok(candles)
    }

    fn candle(&self, row: usize) -> Candle {
        let price = |column: &Vec<i64>| Price::from_mantissa(column[row], self.prices.scale);
        let [open, high, low, close] = &self.prices.columns;
        Candle {
            open_time: Timestamp::from_millis(self.times[row]),
            open: price(open),
            high: price(high),
            low: price(low),
            close: price(close),
            volume: Quantity::from_mantissa(self.volumes.columns[0][row], self.volumes.scale),
        }
    }
}

fn consistent([open, high, low, close]: [i64; 4]) -> Result<(), RowFault> {
    if high < open.max(close).max(low) {
        let other = if high < low {
            3
        } else if high < open {
            1
        } else {
            4
        };
        return Err(RowFault::Below(2, other));
    }
    if low > open.min(close) {
        return Err(RowFault::Above(3, if low > open { 1 } else { 4 }));
    }
    Ok(())
}

fn off_grid(times: &[i64], timeframe: Timeframe) -> Option<usize> {
    let on_grid = |&time: &i64| timeframe.floor(Timestamp::from_millis(time)).millis() == time;
    times.iter().position(|time| !on_grid(time))
}

/// The time frame whose length is the smallest step.
fn infer(times: &[i64]) -> Result<Timeframe, CsvError> {
    let Some(step) = times.windows(2).map(|pair| pair[1] - pair[0]).min() else {
        return Err(CsvError::NoTimeframe { why: "there is only one candle".to_owned() });
    };
    let fits = |frame: &Timeframe| match frame.fixed_millis() {
        Some(length) => length == step,
        None => off_grid(times, *frame).is_none(),
    };
    let unknown = || CsvError::NoTimeframe { why: format!("the smallest step is {step} ms, which is none of ours") };
    Timeframe::ALL.into_iter().find(fits).ok_or_else(unknown)
}
