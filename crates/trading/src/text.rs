//! Files of lines that strangers send: read in chunks, so that no more than a line is held, and numbers whose digits
//! go straight into integers, so that nothing is rounded.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

const CHUNK: usize = 256 * 1024;
/// No line of a file is longer.
const MAX_LINE: usize = 1_024;
const GZIP: [u8; 2] = [0x1f, 0x8b];
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Digits that an integer of 63 bits always holds.
pub(crate) const MAX_DIGITS: usize = 18;
/// From here on a time is in microseconds; in milliseconds it is the year 5138.
pub(crate) const MICROSECONDS: i64 = 100_000_000_000_000;

/// Who takes the lines of a file.
pub(crate) trait Lines {
    type Fault: From<io::Error>;

    /// A line that is not empty, without its end; they are counted from 1.
    fn take(&mut self, number: usize, line: &[u8]) -> Result<(), Self::Fault>;

    /// What is told of a line that is wrong whatever it says.
    fn fault(number: usize, why: String) -> Self::Fault;

    /// What is told of a file that is longer than this.
    fn too_large(max: u64) -> Self::Fault;
}

/// Reads a file to its end; gzip is recognised by its first bytes.
///
/// # Errors
/// The first thing that is wrong.
pub(crate) fn read<L: Lines>(mut source: impl Read, max_bytes: u64, lines: &mut L) -> Result<(), L::Fault> {
    let mut start = Vec::with_capacity(GZIP.len());
    source.by_ref().take(2).read_to_end(&mut start)?;
    let packed = start == GZIP;
    let whole = io::Cursor::new(start).chain(source);
    if packed { read_plain(MultiGzDecoder::new(whole), max_bytes, lines) } else { read_plain(whole, max_bytes, lines) }
}

/// Hands over lines from where they stand; only the end of an unfinished line is copied.
fn read_plain<L: Lines>(mut source: impl Read, max_bytes: u64, lines: &mut L) -> Result<(), L::Fault> {
    let mut framing = Framing { lines, number: 0, blank: None };
    let mut buffer = vec![0; CHUNK + MAX_LINE];
    let (mut held, mut total) = (0, 0);
    loop {
        let count = read_some(&mut source, &mut buffer[held..])?;
        total += count as u64;
        if total > max_bytes {
            return Err(L::too_large(max_bytes));
        }
        let filled = held + count;
        let used = framing.take_all(&buffer[..filled])?;
        if count == 0 {
            return framing.take(&buffer[used..filled]);
        }
        held = filled - used;
        if held > MAX_LINE {
            return Err(L::fault(framing.number + 1, format!("is longer than {MAX_LINE} bytes")));
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

struct Framing<'a, L> {
    lines: &'a mut L,
    /// Lines that were seen.
    number: usize,
    /// The first empty line; none but empty lines may follow.
    blank: Option<usize>,
}

impl<L: Lines> Framing<'_, L> {
    /// Takes every finished line; gives the number of bytes that they were.
    fn take_all(&mut self, text: &[u8]) -> Result<usize, L::Fault> {
        let mut used = 0;
        while let Some(length) = memchr::memchr(b'\n', &text[used..]) {
            self.take(&text[used..used + length])?;
            used += length + 1;
        }
        Ok(used)
    }

    fn take(&mut self, line: &[u8]) -> Result<(), L::Fault> {
        self.number += 1;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            self.blank.get_or_insert(self.number);
            return Ok(());
        }
        if let Some(blank) = self.blank {
            return Err(L::fault(blank, "is empty, and others follow".to_owned()));
        }
        let line = if self.number == 1 { line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line) } else { line };
        self.lines.take(self.number, line)
    }
}

/// Takes the bytes before the next comma; the comma stays at the front of the rest and is skipped
/// by the next call, so that a missing field reads as an empty one.
pub(crate) fn field<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let line = rest.strip_prefix(b",").unwrap_or(rest);
    let end = line.iter().position(|&byte| byte == b',').unwrap_or(line.len());
    let (field, after) = line.split_at(end);
    *rest = after;
    field
}

/// The text of a column, at most the beginning of it.
pub(crate) fn quoted(line: &[u8], column: usize) -> String {
    let field = line.split(|&byte| byte == b',').nth(column).unwrap_or_default();
    String::from_utf8_lossy(&field[..field.len().min(40)]).into_owned()
}

/// Why a field is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberFault {
    NotDecimal,
    TooManyDigits,
}

/// A decimal number: `mantissa / 10^scale`, without trailing noughts after the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Number {
    pub(crate) mantissa: i64,
    pub(crate) scale: u32,
}

impl Number {
    /// Whether it lies above a limit.
    pub(crate) fn exceeds(&self, limit: i64) -> bool {
        self.mantissa > limit && self.mantissa / 10_i64.pow(self.scale) >= limit
    }
}

/// Digits and nothing else.
///
/// # Errors
/// [`NumberFault`].
pub(crate) fn integer(field: &[u8]) -> Result<i64, NumberFault> {
    if field.is_empty() || !field.iter().all(u8::is_ascii_digit) {
        return Err(NumberFault::NotDecimal);
    }
    if field.len() > MAX_DIGITS {
        return Err(NumberFault::TooManyDigits);
    }
    Ok(field.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit & 0x0f)))
}

/// Digits with at most one point between them.
///
/// # Errors
/// [`NumberFault`].
pub(crate) fn decimal(field: &[u8]) -> Result<Number, NumberFault> {
    let (mut mantissa, mut point, mut digits, mut noughts) = (0_i64, None, 0_usize, 0_u32);
    for (i, &byte) in field.iter().enumerate() {
        match byte {
            b'0' if point.is_some() => noughts += 1,
            b'0'..=b'9' => {
                for _ in 0..noughts {
                    mantissa = mantissa.wrapping_mul(10);
                }
                digits += (noughts + 1) as usize;
                noughts = 0;
                mantissa = mantissa.wrapping_mul(10).wrapping_add(i64::from(byte & 0x0f));
            }
            b'.' if point.is_none() && i > 0 => point = Some(digits),
            _ => return Err(NumberFault::NotDecimal),
        }
    }
    if field.last().is_none_or(|byte| !byte.is_ascii_digit()) {
        return Err(NumberFault::NotDecimal);
    }
    if digits > MAX_DIGITS {
        return Err(NumberFault::TooManyDigits);
    }
    #[expect(clippy::cast_possible_truncation, reason = "at most 18 digits")]
    Ok(Number { mantissa, scale: (digits - point.unwrap_or(digits)) as u32 })
}
