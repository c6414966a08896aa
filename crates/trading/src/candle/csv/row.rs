//! One line of a candle file.

use crate::text::{MAX_DIGITS, MICROSECONDS, Number, NumberFault, decimal, field, integer, quoted};
use crate::time::Timestamp;

/// The columns that are read, as errors name them.
pub(super) const COLUMNS: [&str; 6] = ["open_time_ms", "open", "high", "low", "close", "volume"];
/// Words by which other tools name the first column.
const TIMES: [&str; 4] = ["open_time_ms", "open_time", "timestamp", "time"];
const PRICE_LIMIT: i64 = 1_000_000_000_000;
const VOLUME_LIMIT: i64 = 1_000_000_000_000_000;

/// What the first line tells of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) columns: usize,
    pub(super) header: bool,
}

impl Layout {
    pub(super) fn of(line: &[u8]) -> Result<Self, String> {
        let columns = line.split(|&byte| byte == b',').count();
        if ![6, 12].contains(&columns) {
            return Err(format!(
                "has {columns} columns; expected {} or the twelve of a Binance dump",
                COLUMNS.join(",")
            ));
        }
        let header = !line.first().is_some_and(u8::is_ascii_digit);
        if header && !is_header(line) {
            return Err(format!("is neither a candle nor the header {}", COLUMNS.join(",")));
        }
        Ok(Self { columns, header })
    }
}

fn is_header(line: &[u8]) -> bool {
    let line = String::from_utf8_lossy(line).to_lowercase();
    let mut words = line.split(',').map(|word| word.trim().trim_matches('"'));
    words.next().is_some_and(|word| TIMES.contains(&word)) && words.zip(&COLUMNS[1..]).all(|(word, name)| word == *name)
}

/// A candle that is right in itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    /// Milliseconds.
    pub(super) time: i64,
    /// Open, high, low, close.
    pub(super) prices: [Number; 4],
    pub(super) volume: Number,
}

/// Why a line is no candle, by columns counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowFault {
    /// The line has another number of columns than the first.
    Columns,
    NotDecimal(usize),
    TooManyDigits(usize),
    Zero(usize),
    TooLarge(usize, i64),
    /// A time in microseconds that is no whole millisecond.
    NotMilliseconds,
    /// The first column must not be less than the second.
    Below(usize, usize),
    /// The first column must not be greater than the second.
    Above(usize, usize),
    /// The time does not come after this one.
    NotAscending(i64),
    /// The time is after this one, the latest that is taken.
    TooLate(Timestamp),
    /// The prices (or volumes) of the file need more digits than 63 bits hold.
    TooPrecise(usize),
}

/// Reads a line of `layout.columns` fields; what follows the volume is not looked at.
pub(super) fn parse(line: &[u8], layout: Layout) -> Result<Row, RowFault> {
    let mut rest = line;
    let time = time(field(&mut rest))?;
    let mut numbers = [Number::default(); 5];
    for (column, number) in (1..).zip(&mut numbers) {
        *number = decimal(field(&mut rest)).map_err(|fault| RowFault::number(fault, column))?;
    }
    let further = if rest.is_empty() { 0 } else { rest.iter().filter(|&&byte| byte == b',').count() };
    if further != layout.columns - 6 {
        return Err(RowFault::Columns);
    }
    let [open, high, low, close, volume] = numbers;
    let prices = [open, high, low, close];
    for (column, price) in (1..).zip(&prices) {
        if price.mantissa == 0 {
            return Err(RowFault::Zero(column));
        }
        within(price, PRICE_LIMIT, column)?;
    }
    within(&volume, VOLUME_LIMIT, 5)?;
    Ok(Row { time, prices, volume })
}

fn within(number: &Number, limit: i64, column: usize) -> Result<(), RowFault> {
    if number.exceeds(limit) { Err(RowFault::TooLarge(column, limit)) } else { Ok(()) }
}

fn time(field: &[u8]) -> Result<i64, RowFault> {
    let time = integer(field).map_err(|fault| RowFault::number(fault, 0))?;
    if time < MICROSECONDS {
        return Ok(time);
    }
    if time % 1_000 != 0 {
        return Err(RowFault::NotMilliseconds);
    }
    Some(time / 1_000).filter(|time| *time < MICROSECONDS).ok_or(RowFault::TooLarge(0, MICROSECONDS))
}

impl RowFault {
    fn number(fault: NumberFault, column: usize) -> Self {
        match fault {
            NumberFault::NotDecimal => Self::NotDecimal(column),
            NumberFault::TooManyDigits => Self::TooManyDigits(column),
        }
    }

    /// The column at fault, counted from 0, and the reason in words that quote the line.
    pub(super) fn explain(self, line: &[u8], layout: Layout) -> (Option<usize>, String) {
        let columns = line.split(|&byte| byte == b',').count();
        if columns != layout.columns {
            return (None, format!("has {columns} columns, and the first line has {}", layout.columns));
        }
        let text = |column: usize| quoted(line, column);
        match self {
            Self::Columns => (None, "has another number of columns than the first".to_owned()),
            Self::NotDecimal(0) => (Some(0), format!("`{}` is not a whole number of milliseconds", text(0))),
            Self::NotDecimal(at) => (Some(at), format!("`{}` is not a plain decimal number", text(at))),
            Self::TooManyDigits(at) => (Some(at), format!("`{}` has more than {MAX_DIGITS} digits", text(at))),
            Self::Zero(at) => (Some(at), format!("{} is not above 0", text(at))),
            Self::TooLarge(at, limit) => (Some(at), format!("{} is beyond {limit}", text(at))),
            Self::NotMilliseconds => (Some(0), format!("{} is no whole millisecond", text(0))),
            Self::Below(at, other) => (Some(at), format!("{} is below {} {}", text(at), COLUMNS[other], text(other))),
            Self::Above(at, other) => (Some(at), format!("{} is above {} {}", text(at), COLUMNS[other], text(other))),
            Self::NotAscending(last) => (Some(0), format!("{} does not come after {last}", text(0))),
            Self::TooLate(latest) => (Some(0), format!("{} is after {latest}, the latest that is taken", text(0))),
            Self::TooPrecise(at) => {
                (Some(at), format!("{} has more digits than fit beside those of the other lines", text(at)))
            }
        }
    }
}
