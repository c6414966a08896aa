//! Files that are made while they are sent.

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use futures::{Stream, future::BoxFuture, stream::try_unfold};
use garde::Validate;
use kit::{Error, Result, Time};
use schemars::JsonSchema;
use serde::Deserialize;
use std::{
    io::{self, Write},
    sync::Arc,
};

/// Which part is exported, and how.
#[derive(Clone, Copy, Deserialize, JsonSchema, Validate)]
#[garde(allow_unvalidated)]
pub(crate) struct ExportFilter {
    /// Only what is of this time or later; of candles, what opens then.
    pub(super) from: Option<Time>,
    /// Only what is before this time; of candles, what opens before.
    pub(super) to: Option<Time>,
    /// Packs the file.
    pub(super) pack: Option<Pack>,
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
    pub(crate) fn file(&self, what: &str, format: Format) -> (&'static str, String) {
        let (media_type, end) = match format {
            Format::Csv => ("text/csv; charset=utf-8", "csv"),
            Format::Lines => ("application/x-ndjson", "ndjson"),
        };
        match self.pack {
            None => (media_type, format!("{what}.{end}")),
            Some(Pack::Gzip) => ("application/gzip", format!("{what}.{end}.gz")),
            Some(Pack::Zstd) => ("application/zstd", format!("{what}.{end}.zst")),
        }
    }
}

/// The text of a page, and where to go on.
pub(super) type Paged<Place> = Result<(String, Option<Place>)>;

/// A file in parts, page by page.
pub(super) fn parts<Place: Send + 'static>(
    pack: Option<Pack>,
    head: &str,
    first: Place,
    page: impl Fn(Place) -> BoxFuture<'static, Paged<Place>> + Send + Sync + 'static,
) -> Result<impl Stream<Item = Result<Bytes>> + Send + 'static> {
    let mut file = Packer::new(pack).map_err(Error::internal)?;
    file.write_all(head.as_bytes()).map_err(Error::internal)?;
    let page = Arc::new(page);
    Ok(try_unfold(Some((first, file)), move |rest| {
        let page = page.clone();
        async move {
            let Some((place, mut file)) = rest else { return Ok(None) };
            let (text, next) = page(place).await?;
            file.write_all(text.as_bytes()).map_err(Error::internal)?;
            Ok(Some(match next {
                Some(next) => (file.take(), Some((next, file))),
                None => (Bytes::from(file.finish().map_err(Error::internal)?), None),
            }))
        }
    }))
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
