//! Candle files: what is read exactly, and how each kind of broken file is told.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::collection::vec;
use proptest::prelude::*;
use trading::candle::csv::{self, CsvError, Options};
use trading::candle::gaps::{Gap, gaps};
use trading::candle::{Candles, Field};
use trading::time::{Timeframe, Timestamp};

const HEADER: &str = "open_time_ms,open,high,low,close,volume\n";

fn read(text: &str) -> Result<Candles, CsvError> {
    csv::read(text.as_bytes(), &Options::default())
}

fn minutes() -> Options {
    Options { timeframe: Some(Timeframe::M1), ..Options::default() }
}

/// The refusal of a file of one-minute candles.
fn refused(text: &str) -> String {
    csv::read(text.as_bytes(), &minutes()).unwrap_err().to_string()
}

fn bundled(name: &str) -> Candles {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/candles").join(name);
    csv::read(File::open(path).unwrap(), &Options::default()).unwrap()
}

fn packed(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn the_bundled_files_are_read_with_their_gaps() {
    let hours = bundled("binance_BTCUSDT_1h_20170817_20211231.csv.gz");
    assert_eq!((hours.len(), hours.timeframe()), (38_221, Timeframe::H1));
    let found = gaps(&hours);
    assert_eq!((found.len(), found.iter().map(|gap| gap.missing).sum::<u64>()), (27, 127));
    for (name, rows) in [
        ("binance_BTCUSDT_5m_20230101_20231230.csv.gz", 104_816),
        ("binance_ETHUSDT_5m_20230101_20230630.csv.gz", 52_112),
    ] {
        let candles = bundled(name);
        assert_eq!((candles.len(), candles.timeframe()), (rows, Timeframe::M5));
        let found = gaps(&candles);
        assert_eq!(found.iter().map(|gap| gap.missing).collect::<Vec<_>>(), [16], "{name}");
    }
    let first = hours.get(0);
    assert_eq!(first.open_time, Timestamp::from_millis(1_502_942_400_000));
    let numbers = [first.open.to_string(), first.high.to_string(), first.low.to_string(), first.close.to_string()];
    assert_eq!(numbers, ["4261.48", "4313.62", "4261.32", "4308.83"]);
    assert_eq!(first.volume.to_string(), "47.181009");
}

#[test]
fn a_header_windows_line_ends_a_mark_and_empty_last_lines_change_nothing() {
    let rows = ["0,1.5,2,1,1.5,10", "60000,1.5,3,1,2,0"];
    let plain = csv::read(rows.join("\n").as_bytes(), &minutes()).unwrap();
    assert_eq!(plain.column(Field::High), [2.0, 3.0]);
    for text in [
        format!("{HEADER}{}\n", rows.join("\n")),
        format!("\u{feff}{HEADER}{}\r\n\r\n\n", rows.join("\r\n")),
        format!("timestamp,\"Open\",High,low,close,volume\n{}\n", rows.join("\n")),
    ] {
        let candles = csv::read(text.as_bytes(), &minutes()).unwrap();
        assert_eq!(candles.iter().collect::<Vec<_>>(), plain.iter().collect::<Vec<_>>(), "{text:?}");
    }
}

#[test]
fn a_binance_dump_is_read_in_milliseconds_and_in_microseconds() {
    let rest = "4308.83000000,47.18100900,1502945999999,202366.13839304,171,35.16050300,150952.47794304,0";
    for time in ["1502942400000", "1502942400000000"] {
        let text = format!("{time},4261.48000000,4313.62000000,4261.32000000,{rest}\n");
        let candles = csv::read(text.as_bytes(), &Options { timeframe: Some(Timeframe::H1), ..minutes() }).unwrap();
        let candle = candles.get(0);
        assert_eq!(candle.open_time, Timestamp::from_millis(1_502_942_400_000));
        assert_eq!(
            (candle.high.to_string(), candle.volume.to_string()),
            ("4313.62".to_owned(), "47.181009".to_owned())
        );
    }
}

#[test]
fn the_time_frame_is_the_smallest_step_unless_it_is_given() {
    let day = 86_400_000_i64;
    let file = |times: &[i64]| times.iter().map(|time| format!("{time},1,1,1,1,1\n")).collect::<String>();
    let frame =
        |times: &[i64]| read(&file(times)).map(|candles| candles.timeframe()).map_err(|error| error.to_string());
    assert_eq!(frame(&[0, 180_000, 240_000]), Ok(Timeframe::M1));
    assert_eq!(frame(&[0, 2 * 14_400_000, 14_400_000 * 3]), Ok(Timeframe::H4));
    assert_eq!(frame(&[0, 31 * day, 59 * day, 90 * day]), Ok(Timeframe::Month1));
    assert_eq!(frame(&[4 * day, 11 * day]), Ok(Timeframe::W1));
    assert_eq!(frame(&[0]), Err("the time frame cannot be inferred: there is only one candle".to_owned()));
    let none = "the time frame cannot be inferred: the smallest step is 61000 ms, which is none of ours";
    assert_eq!(frame(&[0, 61_000]), Err(none.to_owned()));
}

#[test]
fn each_kind_of_broken_line_is_told_with_its_line_column_and_reason() {
    let good = "0,2,3,1,2,1\n";
    for (line, told) in [
        ("60000,2,1.0,2.0,2,1", "line 2: high 1.0 is below low 2.0"),
        ("60000,2,1.9,1,1,1", "line 2: high 1.9 is below open 2"),
        ("60000,1,1.9,1,2,1", "line 2: high 1.9 is below close 2"),
        ("60000,2,3,2.5,3,1", "line 2: low 2.5 is above open 2"),
        ("60000,3,3,2.5,2,1", "line 2: low 2.5 is above close 2"),
        ("0,2,3,1,2,1", "line 2: open_time_ms 0 does not come after 0"),
        ("60001,2,3,1,2,1", "line 2: open_time_ms 60001 does not open a candle of 1m"),
        ("60000,0,3,1,2,1", "line 2: open 0 is not above 0"),
        ("60000,2,3,1,2,-1", "line 2: volume `-1` is not a plain decimal number"),
        ("60000,2,3,1,2,1e5", "line 2: volume `1e5` is not a plain decimal number"),
        ("60000,2,3,1,NaN,1", "line 2: close `NaN` is not a plain decimal number"),
        ("60000,2,3,1,,1", "line 2: close `` is not a plain decimal number"),
        ("60000,2,3,1,.5,1", "line 2: close `.5` is not a plain decimal number"),
        ("60000,2,3,1,5.,1", "line 2: close `5.` is not a plain decimal number"),
        ("60000,2,3,1,1.2.3,1", "line 2: close `1.2.3` is not a plain decimal number"),
        ("60000, 2,3,1,2,1", "line 2: open ` 2` is not a plain decimal number"),
        ("6e4,2,3,1,2,1", "line 2: open_time_ms `6e4` is not a whole number of milliseconds"),
        ("-60000,2,3,1,2,1", "line 2: open_time_ms `-60000` is not a whole number of milliseconds"),
        ("100000000000000001,2,3,1,2,1", "line 2: open_time_ms 100000000000000001 is no whole millisecond"),
        ("999999999999999000,2,3,1,2,1", "line 2: open_time_ms 999999999999999000 is beyond 100000000000000"),
        ("60000,2,1000000000001,1,2,1", "line 2: high 1000000000001 is beyond 1000000000000"),
        ("60000,2,1234567890.1234567891,1,2,1", "line 2: high `1234567890.1234567891` has more than 18 digits"),
        ("60000,2,3,1,2", "line 2: has 5 columns, and the first line has 6"),
        ("60000,2,3,1,2,1,9", "line 2: has 7 columns, and the first line has 6"),
        ("60000", "line 2: has 1 columns, and the first line has 6"),
        ("\n60000,2,3,1,2,1", "line 2: is empty, and others follow"),
    ] {
        assert_eq!(refused(&format!("{good}{line}\n")), told);
        let after_header = told.replace("line 2", "line 3");
        assert_eq!(refused(&format!("{HEADER}{good}{line}")), after_header);
    }
}

#[test]
fn a_first_line_that_is_neither_a_candle_nor_a_header_is_told() {
    let columns = "open_time_ms,open,high,low,close,volume";
    for (text, told) in [
        ("a,b\n", format!("line 1: has 2 columns; expected {columns} or the twelve of a Binance dump")),
        ("time,open,high,low,volume,close\n", format!("line 1: is neither a candle nor the header {columns}")),
        ("\u{0},,,,,\n", format!("line 1: is neither a candle nor the header {columns}")),
        (HEADER, "the file has no candles".to_owned()),
        ("", "the file has no candles".to_owned()),
        ("\n\n", "the file has no candles".to_owned()),
    ] {
        assert_eq!(refused(text), told, "{text:?}");
    }
}

#[test]
fn more_digits_than_fit_beside_the_other_lines_are_told() {
    let told = refused("0,2,3,1,2,1\n60000,2,3,1,2,0.00000000000000001\n120000,2,3,1,2,1000000\n");
    assert_eq!(told, "line 3: volume 1000000 has more digits than fit beside those of the other lines");
    let told = refused("0,100000,100000,100000,100000,1\n60000,2,2,0.00000000000000001,2,1\n");
    assert!(told.starts_with("line 2: open "), "{told}");
}

#[test]
fn a_file_is_limited_in_bytes_rows_and_line_length_even_when_packed() {
    let row = |i: usize| format!("{},2,3,1,2,1\n", i * 60_000);
    let text: String = (0..1_000).map(row).collect();
    let limits = |max_bytes: u64, max_rows: usize| Options { max_bytes, max_rows, ..minutes() };
    for file in [text.clone().into_bytes(), packed(text.as_bytes())] {
        let told = |limits: Options| csv::read(file.as_slice(), &limits).unwrap_err().to_string();
        assert_eq!(csv::read(file.as_slice(), &limits(text.len() as u64, 1_000)).unwrap().len(), 1_000);
        assert_eq!(
            told(limits(text.len() as u64 - 1, 1_000)),
            format!("the file is longer than {} bytes", text.len() - 1)
        );
        assert_eq!(told(limits(u64::MAX, 999)), "the file has more than 999 candles");
    }
    assert_eq!(refused(&format!("{}{}", row(0), "9".repeat(400_000))), "line 2: is longer than 1024 bytes");
}

#[test]
fn a_bomb_is_refused_before_it_is_unpacked() {
    let bomb = packed(&vec![b'\n'; 64 << 20]);
    assert!(bomb.len() < 400_000);
    let options = Options { max_bytes: 1 << 20, ..minutes() };
    assert!(matches!(csv::read(bomb.as_slice(), &options), Err(CsvError::TooLarge { max }) if max == 1 << 20));
}

#[test]
fn a_broken_source_or_gzip_is_told() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the wire is cut"))
        }
    }
    assert_eq!(csv::read(Broken, &minutes()).unwrap_err().to_string(), "the file cannot be read: the wire is cut");
    let mut file = packed(b"0,2,3,1,2,1\n60000,2,3,1,2,1\n");
    file.truncate(file.len() - 9);
    assert!(matches!(csv::read(file.as_slice(), &minutes()), Err(CsvError::Read(_))));
}

#[test]
fn gaps_are_counted_by_the_calendar() {
    let day = 86_400_000_i64;
    let text: String = [0, 31, 90, 120].map(|days| format!("{},1,1,1,1,1\n", days * day)).concat();
    let options = Options { timeframe: Some(Timeframe::Month1), ..Options::default() };
    let at = |days: i64| Timestamp::from_millis(days * day);
    let candles = csv::read(text.as_bytes(), &options).unwrap();
    assert_eq!(gaps(&candles), [Gap { from: at(59), to: at(90), missing: 1 }]);
    assert_eq!(gaps(&Candles::new(Timeframe::M1)), []);
}

/// A reader that gives as many bytes at a time as it is told.
struct Dripping<'a>(&'a [u8], usize);

impl Read for Dripping<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.1.min(self.0.len()).min(buffer.len());
        let (now, rest) = self.0.split_at(count);
        buffer[..count].copy_from_slice(now);
        self.0 = rest;
        Ok(count)
    }
}

/// A candle's prices (ascending: low, two between, high) and volume as mantissas and scales.
type AnyRow = (u8, [u32; 4], u32, u64, u32);

fn any_row() -> impl Strategy<Value = AnyRow> {
    (1..4_u8, [(); 4].map(|()| 1..1_000_000_u32), 0..6_u32, 0..10_000_000_u64, 0..6_u32)
}

fn decimal(mantissa: u64, scale: u32) -> String {
    rust_decimal::Decimal::from_i128_with_scale(i128::from(mantissa), scale).to_string()
}

proptest! {
    #[test]
    fn what_is_written_is_read_to_the_digit_however_the_bytes_arrive(rows in vec(any_row(), 1..200), drip in 1..300_usize) {
        let (mut time, mut text, mut expected) = (0_i64, String::new(), Vec::new());
        for (step, mut prices, scale, volume, volume_scale) in rows {
            time += i64::from(step) * 60_000;
            prices.sort_unstable();
            let [low, open, close, high] = prices.map(|price| decimal(price.into(), scale));
            let volume = decimal(volume, volume_scale);
            text.push_str(&format!("{time},{open},{high},{low},{close},{volume}\n"));
            expected.push((time, [open, high, low, close].map(|p| p.parse().unwrap()), volume.parse().unwrap()));
        }
        let candles = csv::read(Dripping(text.as_bytes(), drip), &minutes()).unwrap();
        let read: Vec<_> = candles
            .iter()
            .map(|c| (c.open_time.millis(), [c.open, c.high, c.low, c.close].map(|p| p.decimal()), c.volume.decimal()))
            .collect();
        let expected: Vec<(i64, [rust_decimal::Decimal; 4], rust_decimal::Decimal)> = expected;
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..400), text in "[0-9.,\n\r-]{0,400}") {
        for source in [bytes.as_slice(), text.as_bytes()] {
            let _ = csv::read(source, &minutes()).map(|candles| gaps(&candles));
            let _ = csv::read(packed(source).as_slice(), &Options::default());
        }
    }
}
