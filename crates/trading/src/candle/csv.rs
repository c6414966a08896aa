//! Candle files: `open_time_ms,open,high,low,close,volume` with or without that header, and
//! Binance's public dumps (twelve columns, times in milliseconds or microseconds); plain or gzip.
//!
//! Every refusal names the line.

use std::io::{self, Read};

use super::Candles;
use crate::text;
use crate::time::{Timeframe, Timestamp};
use row::{COLUMNS, Layout};
use table::Table;

mod row;
mod table;

/// What is expected of a file, and how much is read at most.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The length of the candles; inferred from the smallest step where it is not given.
    pub timeframe: Option<Timeframe>,
    /// No candle opens after this.
    pub latest: Option<Timestamp>,
    /// Bytes of text, after unpacking.
    pub max_bytes: u64,
    /// Candles.
    pub max_rows: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { timeframe: None, latest: None, max_bytes: 1 << 30, max_rows: 10_000_000 }
    }
}

/// Why a file was refused.
#[derive(Debug, thiserror::Error)]
pub enum CsvError {
    /// The source failed, or its gzip is broken.
    #[error("the file cannot be read: {0}")]
    Read(#[from] io::Error),
    /// A line is wrong.
    #[error("line {line}: {}{why}", named(*column))]
    Line {
        /// Counted from 1, the header included.
        line: usize,
        /// The column at fault, where there is one.
        column: Option<&'static str>,
        /// What is wrong, in words.
        why: String,
    },
    /// The text is longer than allowed.
    #[error("the file is longer than {max} bytes")]
    TooLarge {
        /// The limit.
        max: u64,
    },
    /// There are more candles than allowed.
    #[error("the file has more than {max} candles")]
    TooManyRows {
        /// The limit.
        max: usize,
    },
    /// There is no candle at all.
    #[error("the file has no candles")]
    Empty,
    /// The time frame was not given and cannot be told from the times.
    #[error("the time frame cannot be inferred: {why}")]
    NoTimeframe {
        /// What is missing.
        why: String,
    },
}

fn named(column: Option<&'static str>) -> String {
    column.map_or_else(String::new, |column| format!("{column} "))
}

impl CsvError {
    fn line(line: usize, column: Option<&'static str>, why: impl Into<String>) -> Self {
        Self::Line { line, column, why: why.into() }
    }
}

/// Reads a file; gzip is recognised by its first bytes.
///
/// # Errors
/// The first thing that is wrong, with its line.
pub fn read(source: impl Read, options: &Options) -> Result<Candles, CsvError> {
    let mut lines = Lines { table: Table::new(options.latest, options.max_rows), layout: None };
    text::read(source, options.max_bytes, &mut lines)?;
    lines.table.into_candles(options.timeframe, lines.layout.is_some_and(|layout| layout.header))
}

struct Lines {
    table: Table,
    layout: Option<Layout>,
}

impl text::Lines for Lines {
    type Fault = CsvError;

    /// The first line tells how many columns there are and whether it is a header.
    fn take(&mut self, number: usize, line: &[u8]) -> Result<(), CsvError> {
        if let Some(layout) = self.layout {
            return self.row(number, line, layout);
        }
        let layout = Layout::of(line).map_err(|why| CsvError::line(number, None, why))?;
        self.layout = Some(layout);
        if layout.header { Ok(()) } else { self.row(number, line, layout) }
    }

    fn fault(number: usize, why: String) -> CsvError {
        CsvError::line(number, None, why)
    }

    fn too_large(max: u64) -> CsvError {
        CsvError::TooLarge { max }
    }
}

impl Lines {
    fn row(&mut self, number: usize, line: &[u8], layout: Layout) -> Result<(), CsvError> {
        let fault = |fault: row::RowFault| {
            let (column, why) = fault.explain(line, layout);
            CsvError::line(number, column.map(|column| COLUMNS[column]), why)
        };
        let row = row::parse(line, layout).map_err(fault)?;
        self.table.push(&row).map_err(|refused| match refused {
            table::Refused::Full(max) => CsvError::TooManyRows { max },
            table::Refused::Row(reason) => fault(reason),
        })
    }
}
