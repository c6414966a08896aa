//! Candle files: `open_time_ms,open,high,low,close,volume` with or without that header, and
//! Binance's public dumps (twelve columns, times in milliseconds or microseconds); plain or gzip.
//!
//! Digits are read straight into integers, so nothing is rounded. Every refusal names the line.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

use super::Candles;
use crate::time::{Timeframe, Timestamp};
use row::{COLUMNS, Layout};
use table::Table;

mod row;
mod table;

const CHUNK: usize = 256 * 1024;
/// No line of a candle file is longer.
const MAX_LINE: usize = 1_024;
const GZIP: [u8; 2] = [0x1f, 0x8b];
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

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
pub fn read(mut source: impl Read, options: &Options) -> Result<Candles, CsvError> {
    let mut start = Vec::with_capacity(GZIP.len());
    source.by_ref().take(2).read_to_end(&mut start)?;
    let packed = start == GZIP;
    let whole = io::Cursor::new(start).chain(source);
    if packed { read_plain(MultiGzDecoder::new(whole), options) } else { read_plain(whole, options) }
}

/// Reads text in chunks and hands over its lines; only the end of an unfinished line is copied.
fn read_plain(mut source: impl Read, options: &Options) -> Result<Candles, CsvError> {
    let mut lines = Lines { table: Table::new(options.latest, options.max_rows), number: 0, layout: None, blank: None };
    let mut buffer = vec![0; CHUNK + MAX_LINE];
    let (mut held, mut total) = (0, 0);
    loop {
        let count = read_some(&mut source, &mut buffer[held..])?;
        total += count as u64;
        if total > options.max_bytes {
            return Err(CsvError::TooLarge { max: options.max_bytes });
        }
        let filled = held + count;
        let used = lines.take_all(&buffer[..filled])?;
        if count == 0 {
            lines.take(&buffer[used..filled])?;
            return lines.table.into_candles(options.timeframe, lines.layout.is_some_and(|layout| layout.header));
        }
        held = filled - used;
        if held > MAX_LINE {
            return Err(CsvError::line(lines.number + 1, None, format!("is longer than {MAX_LINE} bytes")));
        }
        buffer.copy_within(used..filled, 0);
    }
}

fn read_some(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match source.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}

struct Lines {
    table: Table,
    /// Lines that were seen.
    number: usize,
    layout: Option<Layout>,
    /// The first empty line; none but empty lines may follow.
    blank: Option<usize>,
}

impl Lines {
    /// Takes every finished line; gives the number of bytes that they were.
    fn take_all(&mut self, text: &[u8]) -> Result<usize, CsvError> {
        let mut used = 0;
        while let Some(length) = memchr::memchr(b'\n', &text[used..]) {
            self.take(&text[used..used + length])?;
            used += length + 1;
        }
        Ok(used)
    }

    fn take(&mut self, line: &[u8]) -> Result<(), CsvError> {
        self.number += 1;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            self.blank.get_or_insert(self.number);
            return Ok(());
        }
        if let Some(blank) = self.blank {
            return Err(CsvError::line(blank, None, "is empty, and others follow"));
        }
        match self.layout {
            Some(layout) => self.row(line, layout),
            None => self.first(line),
        }
    }

    /// The first line tells how many columns there are and whether it is a header.
    fn first(&mut self, line: &[u8]) -> Result<(), CsvError> {
        let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        let layout = Layout::of(line).map_err(|why| CsvError::line(self.number, None, why))?;
        self.layout = Some(layout);
        if layout.header { Ok(()) } else { self.row(line, layout) }
    }

    fn row(&mut self, line: &[u8], layout: Layout) -> Result<(), CsvError> {
        let fault = |fault: row::RowFault| {
            let (column, why) = fault.explain(line, layout);
            CsvError::line(self.number, column.map(|column| COLUMNS[column]), why)
        };
        let row = row::parse(line, layout).map_err(fault)?;
        self.table.push(&row).map_err(|refused| match refused {
            table::Refused::Full(max) => CsvError::TooManyRows { max },
            table::Refused::Row(reason) => fault(reason),
        })
    }
}
