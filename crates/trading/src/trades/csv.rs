//! Trade files: Binance's public dumps of trades (`id,price,qty,quoteQty,time,isBuyerMaker,isBestMatch`) and of
//! aggregate trades (`aggId,price,qty,firstId,lastId,time,isBuyerMaker,isBestMatch`), with or without a header and the
//! last column, times in milliseconds or microseconds; plain or gzip.
//!
//! Nothing is held: each trade is handed over as it is read. Digits go straight into integers, so nothing is rounded
//! but times, whose microseconds are cut off, since the exchange itself answers milliseconds. Every refusal names the
//! line.

use std::io::{self, Read};

use super::{Trade, TradeKind};
use crate::text;
use crate::time::Timestamp;
use row::Layout;

mod row;

/// How much is read at most.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// No trade is earlier than this.
    pub earliest: Timestamp,
    /// No trade is later than this.
    pub latest: Timestamp,
    /// Bytes of text, after unpacking.
    pub max_bytes: u64,
    /// Trades.
    pub max_rows: u64,
}

/// Why a file was refused.
#[derive(Debug, thiserror::Error)]
pub enum CsvError {
    /// The source failed, its gzip is broken, or whoever took the trades wants no more.
    #[error("the file cannot be read: {0}")]
    Read(#[from] io::Error),
    /// A line is wrong.
    #[error("line {line}: {}{why}", column.map_or_else(String::new, |column| format!("{column} ")))]
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
    /// There are more trades than allowed.
    #[error("the file has more than {max} trades")]
    TooManyRows {
        /// The limit.
        max: u64,
    },
    /// There is no trade at all.
    #[error("the file has no trades")]
    Empty,
}

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Which kind of trades.
    pub kind: TradeKind,
    /// How many.
    pub trades: u64,
    /// The number of the first.
    pub first_id: i64,
    /// The number of the last.
    pub last_id: i64,
    /// The earliest time.
    pub first_time: Timestamp,
    /// The latest time.
    pub last_time: Timestamp,
}

/// Reads a file and hands over its trades, whose numbers ascend; gzip is recognised by its first bytes.
///
/// # Errors
/// The first thing that is wrong, with its line; trades before it were handed over.
pub fn read(
    source: impl Read,
    options: &Options,
    take: impl FnMut(Trade) -> io::Result<()>,
) -> Result<Summary, CsvError> {
    let mut lines = Lines { options, layout: None, summary: None, take };
    text::read(source, options.max_bytes, &mut lines)?;
    lines.summary.ok_or(CsvError::Empty)
}

struct Lines<'a, F> {
    options: &'a Options,
    layout: Option<Layout>,
    summary: Option<Summary>,
    take: F,
}

impl<F: FnMut(Trade) -> io::Result<()>> text::Lines for Lines<'_, F> {
    type Fault = CsvError;

    /// The first line tells how many columns there are and whether it is a header.
    fn take(&mut self, number: usize, line: &[u8]) -> Result<(), CsvError> {
        if let Some(layout) = self.layout {
            return self.row(number, line, layout);
        }
        let (layout, header) = Layout::of(line).map_err(|why| Self::fault(number, why))?;
        self.layout = Some(layout);
        if header { Ok(()) } else { self.row(number, line, layout) }
    }

    fn fault(line: usize, why: String) -> CsvError {
        CsvError::Line { line, column: None, why }
    }

    fn too_large(max: u64) -> CsvError {
        CsvError::TooLarge { max }
    }
}

impl<F: FnMut(Trade) -> io::Result<()>> Lines<'_, F> {
    fn row(&mut self, number: usize, line: &[u8], layout: Layout) -> Result<(), CsvError> {
        let trade = row::parse(line, layout).map_err(|(column, why)| {
            let column = column.map(|column| layout.columns()[column]);
            CsvError::Line { line: number, column, why }
        })?;
        let summary = self.following(number, &trade, layout)?;
        self.summary = Some(summary);
        (self.take)(trade).map_err(CsvError::Read)
    }

    /// What the file holds with one more trade, which must come after the others and lie within the times.
    fn following(&self, line: usize, trade: &Trade, layout: Layout) -> Result<Summary, CsvError> {
        let Trade { id, time, .. } = *trade;
        let Options { earliest, latest, max_rows, .. } = *self.options;
        let of = |column: usize, why: String| CsvError::Line { line, column: Some(layout.columns()[column]), why };
        if time < earliest {
            return Err(of(layout.time(), format!("{time} is before {earliest}, the earliest that is taken")));
        }
        if time > latest {
            return Err(of(layout.time(), format!("{time} is after {latest}, the latest that is taken")));
        }
        let Some(before) = self.summary else {
            let (first_time, last_time) = (time, time);
            let one = Summary { kind: layout.kind, trades: 1, first_id: id, last_id: id, first_time, last_time };
            return if max_rows == 0 { Err(CsvError::TooManyRows { max: max_rows }) } else { Ok(one) };
        };
        if id <= before.last_id {
            return Err(of(0, format!("{id} does not come after {}", before.last_id)));
        }
        if before.trades >= max_rows {
            return Err(CsvError::TooManyRows { max: max_rows });
        }
        Ok(Summary {
            trades: before.trades + 1,
            last_id: id,
            first_time: before.first_time.min(time),
            last_time: before.last_time.max(time),
            ..before
        })
    }
}
