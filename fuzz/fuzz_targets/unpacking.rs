//! Packed candle files: no bytes make the unpacking or what reads it panic, what was packed comes back as it was, and no
//! damage to a zip goes unnoticed.
#![no_main]

use std::io::{Cursor, Read, Result, Write};

use flate2::{Compression, write::GzEncoder};
use libfuzzer_sys::fuzz_target;
use trading::candle::csv::{self, Options};
use unpack::unpack;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

// the file alone: its crate brings the whole platform with it
#[path = "../../modules/market-data/src/unpack.rs"]
mod unpack;

/// Bombs are read no further.
const MOST: u64 = 1 << 20;
/// What the end of a zip begins with.
const END: &[u8] = b"PK\x05\x06";

fn text(file: &[u8]) -> Result<Vec<u8>> {
    let mut text = vec![];
    unpack(file)?.take(MOST).read_to_end(&mut text)?;
    Ok(text)
}

fn zipped(text: &[u8], method: CompressionMethod) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(vec![]));
    archive.start_file("candles.csv", SimpleFileOptions::default().compression_method(method)).expect("a file");
    archive.write_all(text).expect("memory suffices");
    archive.finish().expect("an archive").into_inner()
}

fn gzipped(text: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(vec![], Compression::fast());
    out.write_all(text).expect("memory suffices");
    out.finish().expect("memory suffices")
}

fuzz_target!(|bytes: &[u8]| {
    let _ = text(bytes);
    if let Ok(file) = unpack(bytes) {
        let _ = csv::read(file, &Options { max_bytes: MOST, max_rows: 1_000, ..Options::default() });
    }

    let packed = zstd::encode_all(bytes, 1).expect("memory suffices");
    assert_eq!(text(&packed).expect("it was packed whole"), bytes);
    let packed = gzipped(bytes);
    assert_eq!(text(&packed).expect("whoever reads candles unpacks it"), packed);
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let mut packed = zipped(bytes, method);
        assert_eq!(text(&packed).expect("it was packed whole"), bytes);
        let at = bytes.iter().fold(bytes.len(), |sum, byte| sum * 31 % 65_521 + usize::from(*byte)) % packed.len();
        packed[at] ^= 1 << (at % 8);
        // without its first bytes it is no zip; one that holds a zip may pass for that one
        let another = at < 4 || bytes.windows(END.len()).any(|window| window == END);
        assert!(another || text(&packed).map_or(true, |text| text == bytes), "byte {at} is damaged");
    }
});
