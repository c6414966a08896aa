//! Candles as a file, made while it is sent.

use super::{
    Series,
    file::{ExportFilter, Format, parts},
    frames,
    read::part,
    timestamp,
};
use crate::{Market, ReadMarketData, store::Part};
use bytes::Bytes;
use futures::{FutureExt, Stream};
use kit::{Caller, Error, Result, Time, Tx};
use std::{fmt::Write as _, io::Write, sync::Arc};
use trading::{candle::Candle, time::Timestamp};

/// How many candles are read at once.
const CANDLES: i64 = 5_000;

/// The candles of a market in parts of a file. No connection is held while somebody reads slowly.
pub(crate) fn candles(
    caller: Caller<ReadMarketData>,
    market: Market,
    filter: &ExportFilter,
    format: Format,
) -> Result<impl Stream<Item = Result<Bytes>> + Send + 'static> {
    let first = part(filter.from.map(timestamp), filter.to.map(timestamp), CANDLES);
    let source = Arc::new((caller, market));
    parts(filter.pack, format.head(), first, move |part| {
        let source = source.clone();
        async move {
            let (caller, market) = source.as_ref();
            let mut tx = caller.begin().await?;
            let series = super::series(&mut tx, market).await?;
            let (text, last) = page(&mut tx, &series, part, format).await?;
            Ok((text, last.map(|last| Part { from: Timestamp::from_millis(last.millis() + 1), ..part })))
        }
        .boxed()
    })
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
