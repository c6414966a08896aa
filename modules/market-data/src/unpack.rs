//! Files as they are sent: plain, gzip, zstd, or a zip of one file, as Binance's public dumps are. What
//! a file is, its first bytes say and not its name.
//!
//! Nothing is unpacked beyond what the reader asks for, so a file that unpacks to nonsense without
//! end is given up at its first wrong line, and one of lines that are right at the reader's limits.

use flate2::{Crc, read::DeflateDecoder};
use std::io::{Cursor, Error, ErrorKind, Read, Result};
use zip::{CompressionMethod, ZipArchive};

const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const ZIP: &[u8] = b"PK\x03\x04";
/// The largest zip, which is held in memory.
const MAX_ZIP: u64 = 512 << 20;
/// The largest window of a zstd file, as its own program has it: 128 MiB.
const MAX_WINDOW_LOG: u32 = 27;

/// The text of a file; gzip is left to whoever reads candles.
///
/// # Errors
/// Where the file cannot be read, or is a zip that holds anything but one file.
pub(crate) fn unpack<'a>(mut file: impl Read + Send + 'a) -> Result<Box<dyn Read + Send + 'a>> {
    let mut start = Vec::with_capacity(ZSTD.len());
    file.by_ref().take(4).read_to_end(&mut start)?;
    let (zstd, zip) = (start == ZSTD, start == ZIP);
    let whole = Cursor::new(start).chain(file);
    if zip {
        return unzip(whole);
    }
    if !zstd {
        return Ok(Box::new(whole));
    }
    let mut text = zstd::Decoder::new(whole)?;
    text.window_log_max(MAX_WINDOW_LOG)?;
    Ok(Box::new(text))
}

fn unzip<'a>(file: impl Read) -> Result<Box<dyn Read + Send + 'a>> {
    let mut packed = vec![];
    if file.take(MAX_ZIP + 1).read_to_end(&mut packed)? as u64 > MAX_ZIP {
        return Err(refused(format!("the zip is larger than {MAX_ZIP} bytes")));
    }
    let mut archive = ZipArchive::new(Cursor::new(packed.as_slice())).map_err(refused)?;
    if archive.len() != 1 {
        return Err(refused(format!("the zip holds {} files; expected one", archive.len())));
    }
    let entry = archive.by_index_raw(0).map_err(refused)?;
    let (method, size, crc) = (entry.compression(), entry.compressed_size(), entry.crc32());
    let start = entry.data_start().ok_or_else(|| refused("the zip is broken"))?;
    if entry.encrypted() {
        return Err(refused("the zip is encrypted"));
    }
    drop(entry);
    let mut packed = Cursor::new(packed);
    packed.set_position(start);
    let packed = packed.take(size);
    match method {
        CompressionMethod::Stored => Ok(Box::new(Checked { text: packed, sum: Crc::new(), expected: crc })),
        CompressionMethod::Deflated => {
            Ok(Box::new(Checked { text: DeflateDecoder::new(packed), sum: Crc::new(), expected: crc }))
        }
        _ => Err(refused("the zip is packed by another method than deflate")),
    }
}

/// Text whose checksum must be right at its end.
struct Checked<R> {
    text: R,
    sum: Crc,
    expected: u32,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let count = self.text.read(buffer)?;
        self.sum.update(&buffer[..count]);
        if count == 0 && !buffer.is_empty() && self.sum.sum() != self.expected {
            return Err(refused("the checksum of the zip is wrong"));
        }
        Ok(count)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it takes errors as they come")]
fn refused(why: impl ToString) -> Error {
    Error::new(ErrorKind::InvalidData, why.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use zip::{ZipWriter, write::SimpleFileOptions};

    fn zipped(files: &[(&str, &str)], method: CompressionMethod) -> Vec<u8> {
        let mut archive = ZipWriter::new(Cursor::new(vec![]));
        for (name, text) in files {
            archive.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
            archive.write_all(text.as_bytes()).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }

    fn text(file: &[u8]) -> Result<String> {
        let mut text = String::new();
        unpack(file)?.read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn what_a_file_is_its_first_bytes_say() {
        let plain = "1,2,3\n".repeat(1_000);
        assert_eq!(text(plain.as_bytes()).unwrap(), plain);
        assert_eq!(text(&zstd::encode_all(plain.as_bytes(), 3).unwrap()).unwrap(), plain);
        for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
            assert_eq!(text(&zipped(&[("BTCUSDT-1m.csv", &plain)], method)).unwrap(), plain);
        }
        assert_eq!(text(b"1").unwrap(), "1");
        assert_eq!(text(b"").unwrap(), "");
    }

    #[test]
    fn a_zip_that_is_broken_or_holds_no_single_file_is_refused() {
        assert!(text(&zipped(&[("a", "1"), ("b", "2")], CompressionMethod::Stored)).is_err());
        let mut flipped = zipped(&[("a", "1,2,3\n1,2,4\n")], CompressionMethod::Stored);
        let at = flipped.windows(5).position(|window| window == b"1,2,3").unwrap();
        flipped[at] = b'7';
        assert!(text(&flipped).unwrap_err().to_string().contains("checksum"));
        for length in 0..flipped.len() {
            assert!(length < 5 || text(&flipped[..length]).is_err(), "{length}");
        }
    }
}
