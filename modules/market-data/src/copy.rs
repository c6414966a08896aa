//! The binary format of PostgreSQL's `copy`, made of exact integers.
//!
//! Source: <https://www.postgresql.org/docs/15/sql-copy.html>, `numeric_send` for the numbers.

use rust_decimal::Decimal;
use sqlx::{
    Decode, Postgres, Type,
    error::BoxDynError,
    postgres::{PgTypeInfo, PgValueFormat, PgValueRef},
};
use trading::{
    candle::Candle,
    time::{Timeframe, Timestamp},
    trades::Trade,
};
use uuid::Uuid;

const HEADER: &[u8; 19] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();
/// The length of what is not there.
const NULL: [u8; 4] = (-1_i32).to_be_bytes();
/// PostgreSQL counts from 2000-01-01.
const EPOCH_MILLIS: i64 = 946_684_800_000;
/// PostgreSQL's numbers are digits of this base.
const BASE: u64 = 10_000;
const BASE_DIGITS: u32 = 4;
/// Digits of that base in 2^96 and a fraction that begins within one.
const MOST_DIGITS: usize = 9;
/// Bytes of one candle at most, for the room that a buffer needs; a trade has fewer.
pub(crate) const ROW_BYTES: usize = 2 + (4 + 16) + (4 + 8) + 5 * (4 + 8 + 2 * MOST_DIGITS) + (4 + 2);

/// Begins the data.
pub(crate) fn begin(buffer: &mut Vec<u8>) {
    buffer.extend_from_slice(HEADER);
}

/// Ends the data.
pub(crate) fn end(buffer: &mut Vec<u8>) {
    buffer.extend_from_slice(&TRAILER);
}

/// A row of `candles (series_id, open_time, open, high, low, close, volume, origin)`.
pub(crate) fn row(buffer: &mut Vec<u8>, series: Uuid, candle: &Candle, origin: i16) {
    figures(buffer, series, candle);
    buffer.extend_from_slice(&2_i32.to_be_bytes());
    buffer.extend_from_slice(&origin.to_be_bytes());
}

/// A row of `candle_rollups (series_id, open_time, open, high, low, close, volume, timeframe)`.
pub(crate) fn rollup(buffer: &mut Vec<u8>, series: Uuid, candle: &Candle, timeframe: Timeframe) {
    figures(buffer, series, candle);
    // "1h" and "1d"
    buffer.extend_from_slice(&2_i32.to_be_bytes());
    buffer.extend_from_slice(timeframe.as_str().as_bytes());
}

/// A row of `trades (series_id, trade_id, time, price, quantity, quote, buyer_is_maker, first_id, last_id, origin)`.
pub(crate) fn trade(buffer: &mut Vec<u8>, series: Uuid, trade: &Trade, origin: i16) {
    let Trade { id, time, price, quantity, quote, buyer_is_maker, parts } = *trade;
    buffer.extend_from_slice(&10_i16.to_be_bytes());
    buffer.extend_from_slice(&16_i32.to_be_bytes());
    buffer.extend_from_slice(series.as_bytes());
    for word in [id, microseconds(time)] {
        long(buffer, Some(word));
    }
    number(buffer, price.decimal());
    number(buffer, quantity.decimal());
    match quote {
        Some(quote) => number(buffer, quote.decimal()),
        None => buffer.extend_from_slice(&NULL),
    }
    buffer.extend_from_slice(&1_i32.to_be_bytes());
    buffer.push(buyer_is_maker.into());
    long(buffer, parts.map(|(first, _)| first));
    long(buffer, parts.map(|(_, last)| last));
    buffer.extend_from_slice(&2_i32.to_be_bytes());
    buffer.extend_from_slice(&origin.to_be_bytes());
}

fn long(buffer: &mut Vec<u8>, value: Option<i64>) {
    match value {
        Some(value) => {
            buffer.extend_from_slice(&8_i32.to_be_bytes());
            buffer.extend_from_slice(&value.to_be_bytes());
        }
        None => buffer.extend_from_slice(&NULL),
    }
}

/// Eight columns, of which one more is to follow.
fn figures(buffer: &mut Vec<u8>, series: Uuid, candle: &Candle) {
    let Candle { open_time, open, high, low, close, volume } = *candle;
    buffer.extend_from_slice(&8_i16.to_be_bytes());
    buffer.extend_from_slice(&16_i32.to_be_bytes());
    buffer.extend_from_slice(series.as_bytes());
    buffer.extend_from_slice(&8_i32.to_be_bytes());
    buffer.extend_from_slice(&microseconds(open_time).to_be_bytes());
    for price in [open, high, low, close] {
        number(buffer, price.decimal());
    }
    number(buffer, volume.decimal());
}

fn microseconds(at: Timestamp) -> i64 {
    at.millis().saturating_sub(EPOCH_MILLIS).saturating_mul(1_000)
}

/// A number of at least 0.
fn number(buffer: &mut Vec<u8>, value: Decimal) {
    let scale = value.scale();
    let mut large = value.mantissa().unsigned_abs();
    let mut digits = [0_u8; 2 * MOST_DIGITS];
    let mut start = digits.len();
    let mut put = |digit: u64, start: &mut usize| {
        *start -= 2;
        #[expect(clippy::cast_possible_truncation, reason = "a digit is below 10,000")]
        digits[*start..*start + 2].copy_from_slice(&(digit as u16).to_be_bytes());
    };
    // the last digit of the fraction may be a partial one
    let partial = scale % BASE_DIGITS;
    if partial > 0 && large > 0 {
        let power = 10_u64.pow(partial);
        let part = digit(large, power);
        put(part * 10_u64.pow(BASE_DIGITS - partial), &mut start);
        large /= u128::from(power);
    }
    // only a long sum does not fit the words of the machine
    let mut rest = loop {
        match u64::try_from(large) {
            Ok(rest) => break rest,
            Err(_) => {
                put(digit(large, BASE), &mut start);
                large /= u128::from(BASE);
            }
        }
    };
    while rest > 0 {
        put(rest % BASE, &mut start);
        rest /= BASE;
    }
    let digits = &digits[start..];
    #[expect(clippy::cast_possible_truncation, reason = "at most nine digits, and a scale of at most 28")]
    let (count, fraction) = ((digits.len() / 2) as u16, scale.div_ceil(BASE_DIGITS) as u16);
    // the power of the base that the first digit counts
    let weight = count.wrapping_sub(fraction).wrapping_sub(1);
    #[expect(clippy::cast_possible_truncation, reason = "a scale of at most 28")]
    let head = [count, weight, 0, scale as u16];
    buffer.extend_from_slice(&(8 + i32::from(count) * 2).to_be_bytes());
    head.iter().for_each(|word| buffer.extend_from_slice(&word.to_be_bytes()));
    buffer.extend_from_slice(digits);
}

#[expect(clippy::cast_possible_truncation, reason = "below a power that fits")]
fn digit(value: u128, power: u64) -> u64 {
    (value % u128::from(power)) as u64
}

/// A number of at least 0 of a column, read without the detours of a general decimal: a back-test
/// reads millions.
#[derive(Debug)]
pub(crate) struct Number(pub(crate) Decimal);

impl Type<Postgres> for Number {
    fn type_info() -> PgTypeInfo {
        <Decimal as Type<Postgres>>::type_info()
    }
}

impl<'r> Decode<'r, Postgres> for Number {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        if value.format() == PgValueFormat::Binary
            && let Some(number) = read(value.as_bytes()?)
        {
            return Ok(Self(number));
        }
        <Decimal as Decode<Postgres>>::decode(value).map(Self)
    }
}

/// What `numeric_send` wrote, where it is at least 0 and its digits fit 63 bits.
fn read(bytes: &[u8]) -> Option<Decimal> {
    let (head, digits) = bytes.split_first_chunk::<8>()?;
    let [count, weight, sign, scale] = [0, 2, 4, 6].map(|at| u16::from_be_bytes([head[at], head[at + 1]]));
    let (digits, cut) = digits.as_chunks::<2>();
    if sign != 0 || digits.len() != usize::from(count) || !cut.is_empty() {
        return None;
    }
    let push = |sum: i64, digit: &[u8; 2]| sum.checked_mul(10_000)?.checked_add(u16::from_be_bytes(*digit).into());
    let mantissa = digits.iter().try_fold(0, push)?;
    // digits of the base after the point; below 0 some before it are left out
    let places = i32::from(count) - 1 - i32::from(weight.cast_signed());
    if places <= 0 {
        let power = 10_000_i64.checked_pow(places.unsigned_abs())?;
        return Some(Decimal::new(mantissa.checked_mul(power)?, 0));
    }
    let places = places.unsigned_abs() * BASE_DIGITS;
    let excess = places.saturating_sub(scale.into());
    let meant = places - excess;
    (meant <= Decimal::MAX_SCALE).then_some(Decimal::new(mantissa / 10_i64.checked_pow(excess)?, meant))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(text: &str) -> Decimal {
        let mut buffer = vec![];
        number(&mut buffer, text.parse().unwrap());
        let (length, bytes) = buffer.split_first_chunk::<4>().unwrap();
        assert_eq!(usize::try_from(i32::from_be_bytes(*length)), Ok(bytes.len()));
        assert!(bytes.len() <= 8 + 2 * MOST_DIGITS, "{text}");
        read(bytes).or_else(|| generic(bytes)).unwrap()
    }

    /// digits × 10000^(weight − place), the definition.
    fn generic(bytes: &[u8]) -> Option<Decimal> {
        let word = |at: usize| i16::from_be_bytes([bytes[at], bytes[at + 1]]);
        let place = |place: i16| match word(2) - place {
            power if power >= 0 => Decimal::from(10_000_i64.pow(power.unsigned_abs().into())),
            power => Decimal::new(1, 4 * u32::from(power.unsigned_abs())),
        };
        Some((0..word(0)).map(|at| Decimal::from(word(8 + 2 * usize::from(at.unsigned_abs()))) * place(at)).sum())
    }

    #[test]
    fn numbers_are_written_as_postgresql_reads_them() {
        for text in [
            "0",
            "0.00",
            "1",
            "9999",
            "10000",
            "0.1",
            "0.0001",
            "0.00001",
            "0.00012",
            "16541.77",
            "100000000",
            "123456.789",
            "0.000000000000000001",
            "9.223372036854775807",
            "9223372036854775807",
            "1000000000.00000001",
            "18446744073709551616.5",
            "7.9228162514264337593543950335",
        ] {
            let value: Decimal = text.parse().unwrap();
            assert_eq!(there_and_back(text), value, "{text}");
            let mut buffer = vec![];
            number(&mut buffer, value);
            assert_eq!(generic(&buffer[4..]), Some(value), "{text}");
            assert_eq!(u32::from(buffer[11]), value.scale(), "{text}");
        }
    }

    #[test]
    fn a_row_is_never_longer_than_the_room_that_is_kept_for_it() {
        let mut buffer = vec![];
        let price = "9.223372036854775807".parse().unwrap();
        let volume = "9.223372036854775807".parse().unwrap();
        let open_time = Timestamp::from_millis(0);
        row(
            &mut buffer,
            Uuid::nil(),
            &Candle { open_time, open: price, high: price, low: price, close: price, volume },
            2,
        );
        assert!(buffer.len() <= ROW_BYTES, "{}", buffer.len());
    }
}
