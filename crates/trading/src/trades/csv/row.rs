//! One line of a trade file.

use crate::money::{Notional, Price, Quantity};
use crate::text::{MAX_DIGITS, MICROSECONDS, Number, NumberFault, decimal, field, integer, quoted};
use crate::time::Timestamp;
use crate::trades::{Trade, TradeKind};

/// The columns as errors name them.
const SINGLE: [&str; 7] = ["id", "price", "qty", "quoteQty", "time", "isBuyerMaker", "isBestMatch"];
const AGGREGATE: [&str; 8] = ["aggId", "price", "qty", "firstId", "lastId", "time", "isBuyerMaker", "isBestMatch"];
/// The words by which files name them, in small letters and without what stands between words.
const SINGLE_WORDS: [&[&str]; 7] = [
    &["id", "tradeid"],
    &["price"],
    &["qty", "quantity"],
    &["quoteqty", "quotequantity"],
    &["time", "timestamp", "transacttime"],
    &["isbuyermaker", "buyerismaker"],
    &["isbestmatch", "wasbestmatch", "isbestpricematch"],
];
const AGGREGATE_WORDS: [&[&str]; 8] = [
    &["aggid", "aggtradeid", "aggregatetradeid"],
    &["price"],
    &["qty", "quantity"],
    &["firstid", "firsttradeid"],
    &["lastid", "lasttradeid"],
    &["time", "timestamp", "transacttime"],
    &["isbuyermaker", "buyerismaker", "wasthebuyerthemaker"],
    &["isbestmatch", "wasbestmatch", "wasthetradethebestpricematch", "isbestpricematch"],
];
const PRICE_LIMIT: i64 = 1_000_000_000_000;
const QUANTITY_LIMIT: i64 = 1_000_000_000_000_000;

/// What the first line tells of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) kind: TradeKind,
    /// How many columns a line has.
    count: usize,
}

/// What is wrong, and in which column, counted from 0.
pub(super) type Fault = (Option<usize>, String);

impl Layout {
    /// The columns, and whether the line only names them.
    pub(super) fn of(line: &[u8]) -> Result<(Self, bool), String> {
        let count = line.split(|&byte| byte == b',').count();
        let header = !line.first().is_some_and(u8::is_ascii_digit);
        let words = String::from_utf8_lossy(line).to_lowercase().replace(['_', ' ', '"'], "");
        // seven are either kind: of single trades with the last column, of aggregate ones without
        let bool_in_sixth = words.split(',').nth(5).is_some_and(|word| ["true", "false"].contains(&word));
        let kind = match (count, header) {
            (6, _) => TradeKind::Single,
            (8, _) => TradeKind::Aggregate,
            (7, true) if named(&words, &AGGREGATE_WORDS) => TradeKind::Aggregate,
            (7, false) if !bool_in_sixth => TradeKind::Aggregate,
            (7, _) => TradeKind::Single,
            _ => return Err(format!("has {count} columns; expected {}", expected())),
        };
        let layout = Self { kind, count };
        let known = match kind {
            TradeKind::Single => named(&words, &SINGLE_WORDS),
            TradeKind::Aggregate => named(&words, &AGGREGATE_WORDS),
        };
        if header && !known {
            return Err(format!("is neither a trade nor the header {}", expected()));
        }
        Ok((layout, header))
    }

    /// The names of the columns.
    pub(super) fn columns(self) -> &'static [&'static str] {
        match self.kind {
            TradeKind::Single => &SINGLE,
            TradeKind::Aggregate => &AGGREGATE,
        }
    }

    /// The column of the time.
    pub(super) fn time(self) -> usize {
        match self.kind {
            TradeKind::Single => 4,
            TradeKind::Aggregate => 5,
        }
    }
}

fn expected() -> String {
    format!("{} or {}", SINGLE.join(","), AGGREGATE.join(","))
}

fn named(words: &str, columns: &[&[&str]]) -> bool {
    words.split(',').zip(columns).all(|(word, column)| column.contains(&word))
}

/// Reads a line; what it says of the best match is not kept.
pub(super) fn parse(line: &[u8], layout: Layout) -> Result<Trade, Fault> {
    let mut rest = line;
    let mut column = 0..layout.count;
    let mut next = || (column.next().unwrap_or_default(), field(&mut rest));
    let parsed = trade(layout, &mut next);
    let count = line.split(|&byte| byte == b',').count();
    if count != layout.count {
        return Err((None, format!("has {count} columns, and the first line has {}", layout.count)));
    }
    parsed.map_err(|(column, why)| (Some(column), format!("`{}` {why}", quoted(line, column))))
}

type Told = Result<Trade, (usize, String)>;

fn trade<'a>(layout: Layout, next: &mut impl FnMut() -> (usize, &'a [u8])) -> Told {
    let id = whole(next())?;
    let (price, quantity) = (above_nought(next(), PRICE_LIMIT)?, above_nought(next(), QUANTITY_LIMIT)?);
    let price = Price::from_mantissa(price.mantissa, price.scale);
    let quantity = Quantity::from_mantissa(quantity.mantissa, quantity.scale);
    let (mut quote, mut parts) = (None, None);
    match layout.kind {
        TradeKind::Single => quote = amount(next(), price * quantity)?,
        TradeKind::Aggregate => parts = Some(first_and_last(next(), next())?),
    }
    let (time, buyer_is_maker) = (millis(next())?, truth(next())?);
    let with_last_column = layout.count == layout.columns().len();
    if with_last_column {
        truth(next())?;
    }
    Ok(Trade { id, time, price, quantity, quote, buyer_is_maker, parts })
}

fn number<T>(column: usize, read: Result<T, NumberFault>) -> Result<T, (usize, String)> {
    read.map_err(|fault| match fault {
        NumberFault::NotDecimal => (column, "is not a plain number".to_owned()),
        NumberFault::TooManyDigits => (column, format!("has more than {MAX_DIGITS} digits")),
    })
}

fn whole((column, field): (usize, &[u8])) -> Result<i64, (usize, String)> {
    number(column, integer(field))
}

fn above_nought((column, field): (usize, &[u8]), limit: i64) -> Result<Number, (usize, String)> {
    let read = number(column, decimal(field))?;
    if read.mantissa == 0 {
        return Err((column, "is not above 0".to_owned()));
    }
    if read.exceeds(limit) {
        return Err((column, format!("is beyond {limit}")));
    }
    Ok(read)
}

/// The amount, where it is not price times quantity. A product can have more digits than what else is read.
fn amount((column, field): (usize, &[u8]), value: Notional) -> Result<Option<Notional>, (usize, String)> {
    let told = match decimal(field) {
        Ok(told) => Notional::from_mantissa(told.mantissa, told.scale),
        Err(NumberFault::TooManyDigits) => {
            let text = std::str::from_utf8(field).unwrap_or_default();
            text.parse().map_err(|_| (column, "has more digits than an amount can have".to_owned()))?
        }
        Err(fault) => return number(column, Err(fault)),
    };
    Ok((told != value).then_some(told))
}

fn first_and_last(first: (usize, &[u8]), last: (usize, &[u8])) -> Result<(i64, i64), (usize, String)> {
    let column = last.0;
    let (first, last) = (whole(first)?, whole(last)?);
    if last < first {
        return Err((column, format!("comes before firstId {first}")));
    }
    Ok((first, last))
}

/// Milliseconds; microseconds are cut to them.
fn millis(at: (usize, &[u8])) -> Result<Timestamp, (usize, String)> {
    let column = at.0;
    let time = whole(at)?;
    let time = if time < MICROSECONDS { time } else { time / 1_000 };
    if time >= MICROSECONDS {
        return Err((column, "is neither milliseconds nor microseconds".to_owned()));
    }
    Ok(Timestamp::from_millis(time))
}

fn truth((column, field): (usize, &[u8])) -> Result<bool, (usize, String)> {
    match field {
        [b't' | b'T', rest @ ..] if rest.eq_ignore_ascii_case(b"rue") => Ok(true),
        [b'f' | b'F', rest @ ..] if rest.eq_ignore_ascii_case(b"alse") => Ok(false),
        _ => Err((column, "is neither true nor false".to_owned())),
    }
}
