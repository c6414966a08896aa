//! Trades of a file or of an exchange, written by batches: however many they are, few are held.

use super::{EARLIEST, TradeMarket, TradeSeries};
use crate::{
    CandleOrigin,
    service::{
        difference::Difference,
        import::{MAX_TEXT, MOST_AHEAD, MOST_SERIES, PARSING},
    },
    store,
    unpack::unpack,
};
use audit::Change;
use axum::http::StatusCode;
use configurations::Setting;
use kit::{Error, Level, Result, Time, Tx, kind::Kind};
use schemars::JsonSchema;
use serde::Serialize;
use std::{
    io::{self, Read},
    sync::Arc,
};
use tokio::{sync::mpsc, task};
use trading::{
    time::Timestamp,
    trades::{
        Trade,
        csv::{self, CsvError, Options, Summary},
    },
};

/// The most trades of one file.
const MAX_TRADES: u64 = 20_000_000;
/// Trades that are compared and written at once.
const BATCH: usize = 10_000;
pub(crate) static MOST_TRADES: Setting<i64> = Setting::integer(
    "market-data.most-trades",
    [1, 50_000_000, 100_000_000_000],
    &[Level::System],
    "How many trades a tenant may have in all of its series.",
);

/// What an import of trades has done.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TradeImport")]
pub struct ImportedTrades {
    /// Trades that were not there before.
    pub imported: u64,
    /// Trades that were there with other figures and now have the file's.
    pub updated: u64,
    /// Trades that were there already, as they are in the file.
    pub unchanged: u64,
    /// Trades that were there with other figures and keep them, as they come from a higher place than the file.
    pub kept: u64,
    /// The number of the first trade of the file.
    pub first_id: i64,
    /// The number of the last trade of the file.
    pub last_id: i64,
    /// The earliest time of the file.
    pub from: Time,
    /// The latest time of the file.
    pub to: Time,
    /// How many numbers between the first and the last the file does not have.
    pub missing: u64,
    /// The series as it is now.
    pub series: TradeSeries,
}

type Opened = Box<dyn Read + Send>;

/// A file of trades, all of which has been checked.
#[derive(Clone)]
pub struct TradeFile {
    open: Arc<dyn Fn() -> io::Result<Opened> + Send + Sync>,
    options: Options,
    summary: Summary,
}

impl TradeFile {
    /// Reads a file (CSV; plain, gzip, zstd, or the only file of a zip) and checks all of it. It is opened once more
    /// when it is imported, so that it need not be held.
    ///
    /// # Errors
    /// 422 `BAD_TRADE_FILE` with the line, also for a trade that happened more than a day after `now`; 413 for more
    /// than 20,000,000 trades.
    pub async fn check<R: Read + Send + 'static>(
        open: impl Fn() -> io::Result<R> + Send + Sync + 'static,
        now: Time,
    ) -> Result<Self> {
        let latest = Timestamp::from_millis(now.millis().saturating_add(MOST_AHEAD));
        let options = Options { earliest: EARLIEST, latest, max_bytes: MAX_TEXT, max_rows: MAX_TRADES };
        let open = Arc::new(move || open().map(|file| -> Opened { Box::new(file) }));
        let _turn = PARSING.acquire().await.map_err(Error::internal)?;
        let opened = open.clone();
        let parsed = task::spawn_blocking(move || csv::read(unpack(opened()?)?, &options, |_| Ok(())));
        let summary = parsed.await.map_err(Error::internal)?.map_err(|fault| refused(&fault))?;
        Ok(Self { open, options, summary })
    }

    /// Sends all trades by batches; a receiver that is gone ends it.
    fn send(&self, to: &mpsc::Sender<Vec<Trade>>) -> Result<(), CsvError> {
        let mut batch = Vec::with_capacity(BATCH);
        let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
        let summary = csv::read(unpack((self.open)()?)?, &self.options, |trade| {
            batch.push(trade);
            if batch.len() < BATCH {
                return Ok(());
            }
            let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
            to.blocking_send(full).map_err(|_| gone())
        })?;
        if summary != self.summary {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it was changed while it was read").into());
        }
        to.blocking_send(batch).map_err(|_| gone().into())
    }
}

fn refused(fault: &CsvError) -> Error {
    let message = format!("Nothing was imported: {fault}.");
    match fault {
        CsvError::TooLarge { .. } | CsvError::TooManyRows { .. } => {
            Error::new(StatusCode::PAYLOAD_TOO_LARGE, "FILE_TOO_LARGE", message)
        }
        CsvError::Line { line, column, .. } => {
            let error = Error::invalid("", "BAD_TRADE_FILE", message).with("line", *line);
            column.iter().fold(error, |error, column| error.with("column", *column))
        }
        _ => Error::invalid("", "BAD_TRADE_FILE", message),
    }
}

/// Writes the trades of a file into the tenant's own series of the market, or into the platform's where a system
/// transaction asks; all or none, and commits. A trade that is there already takes the new figures, unless it comes
/// from a higher place. Imports of one series are one after the other. It runs to its end even when nobody waits for
/// it any more.
///
/// # Errors
/// 409 `TOO_MANY_SERIES` or `TOO_MANY_TRADES`; 422 for a file that has changed since it was checked.
pub async fn import_trades<K: Kind + Send + Sync + 'static>(
    mut tx: Tx<K>,
    market: &TradeMarket,
    file: TradeFile,
) -> Result<ImportedTrades> {
    let market = market.clone();
    let writing = task::spawn(async move {
        let (sender, batches) = mpsc::channel(1);
        let summary = file.summary;
        let sending = task::spawn_blocking(move || file.send(&sender));
        let written = write(&mut tx, &market, CandleOrigin::File, &summary, batches).await;
        let sent = sending.await.map_err(Error::internal)?;
        // where nothing was written, nobody took what was sent
        let imported = written?;
        sent.map_err(|fault| refused(&fault))?;
        tx.commit().await?;
        Ok(imported)
    });
    writing.await.map_err(Error::internal)?
}

/// The same for trades that come in batches, without the commit.
pub(crate) async fn write<K: Kind>(
    tx: &mut Tx<K>,
    market: &TradeMarket,
    origin: CandleOrigin,
    summary: &Summary,
    mut batches: mpsc::Receiver<Vec<Trade>>,
) -> Result<ImportedTrades> {
    let series = store::lock_trades(tx, market, summary.kind).await?;
    let room = room(tx).await?;
    store::ensure_trade_partitions(tx, summary.first_time, summary.last_time).await?;
    let alone = !store::any_trade_between(tx, series.id, summary.first_id, summary.last_id).await?;
    if alone {
        room.holds(summary.trades)?;
    }
    let mut counts = Counts::default();
    while let Some(batch) = batches.recv().await {
        let difference =
            if alone { Difference::all(batch.len()) } else { compare(tx, &series, &batch, origin).await? };
        store::delete_trades(tx, series.id, &difference.replaced).await?;
        store::copy_trades(tx, series.id, &batch, &difference.rows, origin).await?;
        counts.add(&difference);
        room.holds(counts.imported)?;
    }
    finish(tx, series, summary, counts).await
}

async fn finish<K: Kind>(
    tx: &mut Tx<K>,
    mut series: TradeSeries,
    summary: &Summary,
    counts: Counts,
) -> Result<ImportedTrades> {
    let Counts { imported, updated, unchanged, kept, written } = counts;
    if written > 0 {
        series = store::extend_trades(tx, &series, imported.cast_signed()).await?;
    }
    let Summary { trades, first_id, last_id, first_time, last_time, .. } = *summary;
    let [from, to] = [first_time, last_time].map(|at| Time::from_millis(at.millis()));
    let missing = last_id.abs_diff(first_id) + 1 - trades;
    let imported = ImportedTrades { imported, updated, unchanged, kept, first_id, last_id, from, to, missing, series };
    let id = imported.series.id;
    audit::record(tx, Change::new("trade_series", id, "trade_series.imported").after(&imported)).await?;
    Ok(imported)
}

#[derive(Default)]
struct Counts {
    imported: u64,
    updated: u64,
    unchanged: u64,
    kept: u64,
    written: u64,
}

impl Counts {
    fn add(&mut self, difference: &Difference<i64>) {
        self.imported += difference.new;
        self.updated += difference.corrected.len() as u64;
        self.unchanged += difference.unchanged;
        self.kept += difference.kept;
        self.written += difference.rows.iter().map(|rows| rows.len() as u64).sum::<u64>();
    }
}

/// How many trades the tenant may still have, in a series that has been made for them. The platform may have any.
struct Room {
    most: i64,
    left: i64,
}

impl Room {
    fn holds(&self, more: u64) -> Result<()> {
        if i64::try_from(more).is_ok_and(|more| more == 0 || more <= self.left) {
            return Ok(());
        }
        let most = self.most;
        let message = format!("There may be {most} trades in all series together; delete one first.");
        Err(Error::conflict("TOO_MANY_TRADES", message).with("limit", most))
    }
}

async fn room<K: Kind>(tx: &mut Tx<K>) -> Result<Room> {
    let (series, trades) = store::own_trades(tx).await?;
    let most = MOST_SERIES.get(tx).await?;
    if series > most {
        let message = format!("There may be {most} series of trades; delete one first.");
        return Err(Error::conflict("TOO_MANY_SERIES", message).with("limit", most));
    }
    let most = MOST_TRADES.get(tx).await?;
    let left = if tx.inside().is_some() { most - trades } else { i64::MAX };
    Ok(Room { most, left })
}

/// The numbers of both ascend, so one pass over each tells them apart.
async fn compare<K>(
    tx: &mut Tx<K>,
    series: &TradeSeries,
    batch: &[Trade],
    origin: CandleOrigin,
) -> Result<Difference<i64>> {
    let (mut difference, mut row) = (Difference::none(), 0);
    let Some((first, last)) = batch.first().zip(batch.last()) else { return Ok(difference) };
    store::each_numbered(tx, series.id, (first.id, last.id), |stored, stored_origin| {
        let before = batch[row..].iter().take_while(|trade| trade.id < stored.id).count();
        difference.add(row..row + before);
        row += before;
        if batch.get(row).is_some_and(|trade| trade.id == stored.id) {
            difference.meet(row, batch[row] == stored, origin, (stored.id, stored_origin));
            row += 1;
        }
        Ok(())
    })
    .await?;
    difference.add(row..batch.len());
    Ok(difference)
}
