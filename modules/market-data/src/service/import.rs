use super::{Series, difference::Difference, rollup};
use crate::{CandleOrigin, GapReport, Market, gaps::GapFinder, store, store::Part, unpack::unpack};
use audit::Change;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use configurations::Setting;
use kit::{Error, Level, Result, Time, Tx, kind::Kind};
use schemars::JsonSchema;
use serde::Serialize;
use std::io::Read;
use tokio::{sync::Semaphore, task};
use trading::{
    candle::{
        Candles,
        csv::{self, CsvError},
    },
    time::Timestamp,
};

/// The largest file that is taken over HTTP, as it is sent.
pub(crate) const MAX_UPLOAD: usize = 64 << 20;
/// The most candles of one file.
pub const MAX_ROWS: usize = 20_000_000;
/// The largest file, unpacked.
pub(super) const MAX_TEXT: u64 = 2 << 30;
/// How long after the present a candle of a file may open: a day, for clocks and for files of other time zones.
pub(super) const MOST_AHEAD: i64 = 86_400_000;
pub(crate) static MOST_SERIES: Setting<i64> = Setting::integer(
    "market-data.most-series",
    [1, 1_000, 100_000],
    &[Level::System],
    "How many series of candles a tenant may have, and how many of trades.",
);
pub(crate) static MOST_CANDLES: Setting<i64> = Setting::integer(
    "market-data.most-candles",
    [1, 50_000_000, 100_000_000_000],
    &[Level::System],
    "How many candles a tenant may have in all of its series.",
);
/// Files that are unpacked at once; others wait, so that uploads cannot take every core and all memory.
pub(super) static PARSING: Semaphore = Semaphore::const_new(2);

/// What an import has done.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CandleImport")]
pub struct Imported {
    /// Candles that were not there before.
    pub imported: u64,
    /// Candles that were there with other figures and now have the file's.
    pub updated: u64,
    /// Candles that were there already, as they are in the file.
    pub unchanged: u64,
    /// Candles that were there with other figures and keep them, as they come from a higher place than the file.
    pub kept: u64,
    /// When the first candle of the file opened.
    pub from: Time,
    /// When the last candle of the file opened.
    pub to: Time,
    /// What is missing in the file.
    #[serde(flatten)]
    pub gaps: GapReport,
    /// The series as it is now.
    pub series: Series,
}

/// Reads a file of candles (CSV; plain, gzip, zstd, or the only file of a zip) and checks all of it.
///
/// # Errors
/// 422 `BAD_CANDLE_FILE` with the line, also for a candle that opens more than a day after `now`; 413 for more than
/// [`MAX_ROWS`] candles.
pub async fn parse(market: &Market, file: impl Read + Send + 'static, now: Time) -> Result<Candles> {
    let latest = Some(Timestamp::from_millis(now.millis().saturating_add(MOST_AHEAD)));
    let options = csv::Options { timeframe: Some(market.timeframe), latest, max_bytes: MAX_TEXT, max_rows: MAX_ROWS };
    let _turn = PARSING.acquire().await.map_err(Error::internal)?;
    let parsed = task::spawn_blocking(move || csv::read(unpack(file)?, &options)).await.map_err(Error::internal)?;
    parsed.map_err(|fault| refused(&fault))
}

fn refused(fault: &CsvError) -> Error {
    let message = format!("Nothing was imported: {fault}.");
    match fault {
        CsvError::TooLarge { .. } | CsvError::TooManyRows { .. } => {
            Error::new(StatusCode::PAYLOAD_TOO_LARGE, "FILE_TOO_LARGE", message)
        }
        CsvError::Line { line, column, .. } => {
            let error = Error::invalid("", "BAD_CANDLE_FILE", message).with("line", *line);
            column.iter().fold(error, |error, column| error.with("column", *column))
        }
        _ => Error::invalid("", "BAD_CANDLE_FILE", message),
    }
}

/// Writes candles into the tenant's own series of the market, or into the platform's where a
/// system transaction asks; all or none, and commits. A candle that is there already takes the
/// new figures, unless it comes from a higher place; what it was is kept in the log of corrections.
/// Imports of one series are one after the other. It runs to its end even when nobody waits for it
/// any more.
///
/// # Errors
/// 422 for another time frame, candles outside the years 1990 to 2099 or such that cannot be summed
/// exactly, 409 `TOO_MANY_SERIES` or `TOO_MANY_CANDLES`.
pub async fn import<K: Kind + Send + Sync + 'static>(
    mut tx: Tx<K>,
    market: &Market,
    origin: CandleOrigin,
    candles: Candles,
) -> Result<Imported> {
    let market = market.clone();
    let writing = task::spawn(async move {
        let imported = write(&mut tx, &market, origin, &candles).await?;
        tx.commit().await?;
        Ok(imported)
    });
    writing.await.map_err(Error::internal)?
}

/// The same, without the commit.
pub(crate) async fn write<K: Kind>(
    tx: &mut Tx<K>,
    market: &Market,
    origin: CandleOrigin,
    candles: &Candles,
) -> Result<Imported> {
    let (first, last) = span(market, candles)?;
    let mut series = store::lock(tx, market).await?;
    store::ensure_partitions(tx, first, last).await?;
    let (from, to) = rollup::days(first, last);
    let alone = !store::any_between(tx, series.id, from, to).await?;
    let difference = if alone { Difference::all(candles.len()) } else { compare(tx, &series, candles, origin).await? };
    let more = difference.new.cast_signed();
    within_limits(tx, more).await?;
    let (from, to) = (Time::from_millis(first.millis()), Time::from_millis(last.millis()));
    if let Some((first, last)) = changed(candles, &difference) {
        correct(tx, &series, candles, origin, &difference).await?;
        store::copy_in(tx, series.id, candles, &difference.rows, origin).await?;
        if alone {
            rollup::write(tx, &series, candles).await?;
        } else {
            rollup::renew(tx, &series, first, last).await?;
        }
        series = store::extend(tx, &series, from, to, more).await?;
    }
    let imported = Imported {
        imported: difference.new,
        updated: difference.corrected.len() as u64,
        unchanged: difference.unchanged,
        kept: difference.kept,
        from,
        to,
        gaps: gaps_of(candles),
        series,
    };
    record(tx, &imported).await?;
    Ok(imported)
}

/// Takes away what is to be written anew; what gets other figures is kept in the log.
async fn correct<K>(
    tx: &mut Tx<K>,
    series: &Series,
    candles: &Candles,
    origin: CandleOrigin,
    difference: &Difference<DateTime<Utc>>,
) -> Result<()> {
    let import = tx.new_id();
    for rows in difference.corrected.chunks(10_000) {
        let corrected: Vec<_> = rows.iter().map(|row| candles.get(*row)).collect();
        store::log_corrections(tx, series.id, import, &corrected, origin).await?;
    }
    store::delete_at(tx, series.id, &difference.replaced).await
}

/// Whether the tenant may have so many candles more, in a series that has been made for them. The platform may.
async fn within_limits<K: Kind>(tx: &mut Tx<K>, more: i64) -> Result<()> {
    let (series, candles) = store::own_size(tx).await?;
    let most = MOST_SERIES.get(tx).await?;
    if series > most {
        let message = format!("There may be {most} series; delete one first.");
        return Err(Error::conflict("TOO_MANY_SERIES", message).with("limit", most));
    }
    let most = MOST_CANDLES.get(tx).await?;
    if more > 0 && candles + more > most {
        let message = format!("There may be {most} candles in all series together; delete one first.");
        return Err(Error::conflict("TOO_MANY_CANDLES", message).with("limit", most));
    }
    Ok(())
}

/// The first and the last time, once the candles are known to be what the market's series may hold.
fn span(market: &Market, candles: &Candles) -> Result<(Timestamp, Timestamp)> {
    if candles.timeframe() != market.timeframe {
        let message = format!("The candles are of {}, not of {}.", candles.timeframe(), market.timeframe);
        return Err(Error::invalid("timeframe", "OTHER_TIMEFRAME", message));
    }
    let Some(last) = candles.len().checked_sub(1) else {
        return Err(Error::invalid("", "BAD_CANDLE_FILE", "Nothing was imported: there are no candles."));
    };
    let (first, last) = (candles.open_time(0), candles.open_time(last));
    if first < super::read::EARLIEST || last >= super::read::LATEST {
        let message = format!("Candles are kept for the years 1990 to 2099; these are of {first} to {last}.");
        return Err(Error::invalid("", "TIME_OUT_OF_RANGE", message));
    }
    Ok((first, last))
}

/// When the first and the last candle opened that are written.
fn changed(candles: &Candles, difference: &Difference<DateTime<Utc>>) -> Option<(Timestamp, Timestamp)> {
    let (first, last) = difference.rows.first().zip(difference.rows.last())?;
    Some((candles.open_time(first.start), candles.open_time(last.end - 1)))
}

/// Both ascend in time, so one pass over each tells them apart.
async fn compare<K>(
    tx: &mut Tx<K>,
    series: &Series,
    candles: &Candles,
    origin: CandleOrigin,
) -> Result<Difference<DateTime<Utc>>> {
    let (mut difference, mut row) = (Difference::none(), 0);
    let times = candles.open_times();
    let (Some(first), Some(last)) = (times.first(), times.last()) else { return Ok(difference) };
    let (from, to) = (Timestamp::from_millis(*first), Timestamp::from_millis(last + 1));
    let part = Part { from, to, limit: i64::MAX, newest_first: false };
    store::each_candle(tx, series.id, part, |stored, stored_origin| {
        while row < candles.len() && candles.open_time(row) < stored.open_time {
            difference.add(row..row + 1);
            row += 1;
        }
        if row < candles.len() && candles.open_time(row) == stored.open_time {
            difference.meet(row, candles.get(row) == stored, origin, (stored.open_time.into(), stored_origin));
            row += 1;
        }
        Ok(())
    })
    .await?;
    difference.add(row..candles.len());
    Ok(difference)
}

fn gaps_of(candles: &Candles) -> GapReport {
    let mut finder = GapFinder::new(candles.timeframe());
    candles.open_times().iter().for_each(|time| finder.see(Timestamp::from_millis(*time)));
    finder.report()
}

/// What the audit trail keeps of an import.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    #[serde(flatten)]
    market: &'a Market,
    from: Time,
    to: Time,
    imported: u64,
    updated: u64,
    unchanged: u64,
    kept: u64,
}

async fn record<K>(tx: &mut Tx<K>, imported: &Imported) -> Result<()> {
    let Imported { from, to, imported, updated, unchanged, kept, ref series, .. } = *imported;
    let entry = Entry { market: &series.market, from, to, imported, updated, unchanged, kept };
    audit::record(tx, Change::new("candle_series", series.id, "candle_series.imported").after(&entry)).await
}
