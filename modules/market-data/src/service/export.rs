//! Candles as a file, made while it is sent.

use super::{Series, frames, read::part, timestamp};
use crate::{Market, ReadMarketData, store::Part};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use futures::{Stream, stream::try_unfold};
use garde::Validate;
use kit::{Caller, Error, Result, Time, Tx};
use schemars::JsonSchema;
use serde::Deserialize;
use std::{
    fmt::Write as _,
    io::{self, Write},
    sync::Arc,
};
use trading::{candle::Candle, time::Timestamp};

/// How many candles are read at once.
const CANDLES: i64 = 5_000;

/// Which candles are exported.
#[derive(Deserialize, JsonSchema, Validate)]
#[garde(allow_unvalidated)]
pub(crate) struct ExportFilter {
    /// Only candles that open at this time or later.
    from: Option<Time>,
    /// Only candles that open before this time.
    to: Option<Time>,
    /// Packs the file.
    pack: Option<Pack>,
}

/// How a file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Pack {
    Gzip,
    Zstd,
}

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// As it can be imported again.
    Csv,
    /// A JSON object in each line.
    Lines,
}

impl ExportFilter {
    /// The media type and the name of the file.
    pub(crate) fn file(&self, format: Format) -> (&'static str, &'static str) {
        match (format, self.pack) {
            (Format::Csv, None) => ("text/csv; charset=utf-8", "candles.csv"),
            (Format::Csv, Some(Pack::Gzip)) => ("application/gzip", "candles.csv.gz"),
            (Format::Csv, Some(Pack::Zstd)) => ("application/zstd", "candles.csv.zst"),
            (Format::Lines, None) => ("application/x-ndjson", "candles.ndjson"),
            (Format::Lines, Some(Pack::Gzip)) => ("application/gzip", "candles.ndjson.gz"),
            (Format::Lines, Some(Pack::Zstd)) => ("application/zstd", "candles.ndjson.zst"),
        }
    }
}

/// The candles of a market in parts of a file. No connection is held while somebody reads slowly.
pub(crate) fn parts(
    caller: Caller<ReadMarketData>,
    market: Market,
    filter: &ExportFilter,
    format: Format,
) -> Result<impl Stream<Item = Result<Bytes>> + Send + 'static> {
    let first = part(filter.from.map(timestamp), filter.to.map(timestamp), CANDLES);
    let mut file = Packer::new(filter.pack).map_err(Error::internal)?;
    file.write_all(format.head().as_bytes()).map_err(Error::internal)?;
    let source = Arc::new((caller, market));
    Ok(try_unfold(Some((first, file)), move |rest| {
        let source = source.clone();
        async move {
            let Some((part, mut file)) = rest else { return Ok(None) };
            let (caller, market) = source.as_ref();
            let mut tx = caller.begin().await?;
            let series = super::series(&mut tx, market).await?;
            let (text, last) = page(&mut tx, &series, part, format).await?;
            file.write_all(text.as_bytes()).map_err(Error::internal)?;
            let Some(last) = last else {
                return Ok(Some((Bytes::from(file.finish().map_err(Error::internal)?), None)));
            };
            let from = Timestamp::from_millis(last.millis() + 1);
            Ok(Some((file.take(), Some((Part { from, ..part }, file)))))
        }
    }))
}

/// Writes the candles of a series as CSV that can be imported again; answers how many they are.
///
/// # Errors
/// 500 where the file cannot be written, 503 when the database cannot be reached.
pub async fn export<K>(tx: &mut Tx<K>, series: &Series, file: &mut (impl Write + Send)) -> Result<u64> {
    let (mut rest, mut count) = (Some(part(None, None, CANDLES)), 0);
    file.write_all(Format::Csv.head().as_bytes()).map_err(Error::internal)?;
    while let Some(part) = rest {
        let (text, last) = page(tx, series, part, Format::Csv).await?;
        count += text.lines().count() as u64;
        file.write_all(text.as_bytes()).map_err(Error::internal)?;
        rest = last.map(|last| Part { from: Timestamp::from_millis(last.millis() + 1), ..part });
    }
    Ok(count)
}

/// The text of a part, and when its last candle opened where others follow.
async fn page<K>(tx: &mut Tx<K>, series: &Series, part: Part, format: Format) -> Result<(String, Option<Timestamp>)> {
    let (mut text, mut count, mut last) = (String::new(), 0, None);
    frames::each(tx, series, part, |candle, _| {
        (count, last) = (count + 1, Some(candle.open_time));
        // a text takes whatever is written
        let _ = format.write(&candle, &mut text);
        Ok(())
    })
    .await?;
    Ok((text, last.filter(|_| count == CANDLES)))
}

impl Format {
    fn head(self) -> &'static str {
        match self {
            Self::Csv => "open_time_ms,open,high,low,close,volume\n",
            Self::Lines => "",
        }
    }

    fn write(self, candle: &Candle, text: &mut String) -> std::fmt::Result {
        let Candle { open_time, open, high, low, close, volume } = candle;
        match self {
            Self::Csv => writeln!(text, "{},{open},{high},{low},{close},{volume}", open_time.millis()),
            Self::Lines => {
                let open_time = Time::from_millis(open_time.millis());
                writeln!(
                    text,
                    r#"{{"openTime":"{open_time}","open":"{open}","high":"{high}","low":"{low}","close":"{close}","volume":"{volume}"}}"#
                )
            }
        }
    }
}

/// A file that is taken away piece by piece while it is packed.
enum Packer {
    Plain(Vec<u8>),
    Gzip(GzEncoder<Vec<u8>>),
    Zstd(zstd::Encoder<'static, Vec<u8>>),
}

impl Packer {
    fn new(pack: Option<Pack>) -> io::Result<Self> {
        Ok(match pack {
            None => Self::Plain(vec![]),
            Some(Pack::Gzip) => Self::Gzip(GzEncoder::new(vec![], Compression::default())),
            Some(Pack::Zstd) => Self::Zstd(zstd::Encoder::new(vec![], 3)?),
        })
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(file) => file.write_all(bytes),
            Self::Gzip(file) => file.write_all(bytes),
            Self::Zstd(file) => file.write_all(bytes),
        }
    }

    /// What is ready to be sent.
    fn take(&mut self) -> Bytes {
        let ready = match self {
            Self::Plain(file) => file,
            Self::Gzip(file) => file.get_mut(),
            Self::Zstd(file) => file.get_mut(),
        };
        Bytes::from(std::mem::take(ready))
    }

    fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Plain(file) => Ok(file),
            Self::Gzip(file) => file.finish(),
            Self::Zstd(file) => file.finish(),
        }
    }
}
