use crate::{CandleOrigin, copy};
use chrono::{DateTime, Utc};
use kit::{Result, Tx};
use rust_decimal::Decimal;
use std::ops::Range;
use trading::{
    candle::{Candle, Candles},
    money::Price,
    time::{Timeframe, Timestamp},
};
use uuid::Uuid;

/// Makes room for candles between two times.
pub(crate) async fn ensure_partitions<K>(tx: &mut Tx<K>, first: Timestamp, last: Timestamp) -> Result<()> {
    sqlx::query!(
        "select from (select ensure_candle_partitions($1, $2)) ensured",
        first.to_datetime(),
        last.to_datetime()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Deletes the candles of these times, which ascend.
pub(crate) async fn delete_at<K>(tx: &mut Tx<K>, series: Uuid, times: &[DateTime<Utc>]) -> Result<()> {
    for times in times.chunks(10_000) {
        sqlx::query!(
            "delete from candles
             where series_id = $1 and open_time = any($2) and open_time between $3 and $4",
            series,
            times,
            times.first(),
            times.last()
        )
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}

/// Deletes the hours or days that open in a time.
pub(crate) async fn delete_rollups<K>(
    tx: &mut Tx<K>,
    series: Uuid,
    timeframe: Timeframe,
    from: Timestamp,
    to: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "delete from candle_rollups where series_id = $1 and timeframe = $2 and open_time >= $3 and open_time < $4",
        series,
        timeframe.as_str(),
        from.to_datetime(),
        to.to_datetime()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Keeps the figures that candles have, which are about to get these.
pub(crate) async fn log_corrections<K>(
    tx: &mut Tx<K>,
    series: Uuid,
    import: Uuid,
    candles: &[Candle],
    origin: CandleOrigin,
) -> Result<()> {
    let now = tx.now();
    let times: Vec<DateTime<Utc>> = candles.iter().map(|candle| candle.open_time.into()).collect();
    let prices = |price: fn(&Candle) -> Price| candles.iter().map(|it| price(it).decimal()).collect::<Vec<_>>();
    let volumes: Vec<Decimal> = candles.iter().map(|candle| candle.volume.decimal()).collect();
    sqlx::query!(
        "insert into candle_corrections
                 (import_id, open_time, series_id, old_open, old_high, old_low, old_close, old_volume, old_origin,
                  new_open, new_high, new_low, new_close, new_volume, new_origin, corrected_at)
             select $1, c.open_time, c.series_id, c.open, c.high, c.low, c.close, c.volume, c.origin,
                    n.open, n.high, n.low, n.close, n.volume, $9, $10
             from unnest($3::timestamptz[], $4::numeric[], $5::numeric[], $6::numeric[], $7::numeric[], $8::numeric[])
                 n (open_time, open, high, low, close, volume)
             join candles c on c.series_id = $2 and c.open_time = n.open_time",
        import,
        series,
        &times,
        &prices(|candle| candle.open),
        &prices(|candle| candle.high),
        &prices(|candle| candle.low),
        &prices(|candle| candle.close),
        &volumes,
        origin.rank(),
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// How much is sent at once.
const CHUNK: usize = 256 * 1024;

/// Writes rows of candles, of which there must be none yet at their times. It must run to its end:
/// the driver loses count of a connection's answers when a `copy` is given up halfway.
pub(crate) async fn copy_in<K>(
    tx: &mut Tx<K>,
    series: Uuid,
    candles: &Candles,
    rows: &[Range<usize>],
    origin: CandleOrigin,
) -> Result<()> {
    let statement =
        "copy candles (series_id, open_time, open, high, low, close, volume, origin) from stdin (format binary)";
    let rows = rows.iter().cloned().flatten();
    copy_rows(tx, statement, rows, |buffer, row| copy::row(buffer, series, &candles.get(row), origin.rank())).await
}

/// Writes hours or days, of which there must be none yet at their times.
pub(crate) async fn copy_rollups<K>(
    tx: &mut Tx<K>,
    series: Uuid,
    timeframe: Timeframe,
    candles: &[Candle],
) -> Result<()> {
    let statement = "copy candle_rollups (series_id, open_time, open, high, low, close, volume, timeframe)
                     from stdin (format binary)";
    copy_rows(tx, statement, candles, |buffer, candle| copy::rollup(buffer, series, candle, timeframe)).await
}

pub(super) async fn copy_rows<K, R>(
    tx: &mut Tx<K>,
    statement: &'static str,
    rows: impl IntoIterator<Item = R>,
    put: impl Fn(&mut Vec<u8>, R),
) -> Result<()> {
    let mut copy = tx.conn().copy_in_raw(statement).await?;
    let mut buffer = Vec::with_capacity(CHUNK + copy::ROW_BYTES);
    copy::begin(&mut buffer);
    for row in rows {
        put(&mut buffer, row);
        if buffer.len() >= CHUNK {
            copy.send(buffer.as_slice()).await?;
            buffer.clear();
        }
    }
    copy::end(&mut buffer);
    copy.send(buffer.as_slice()).await?;
    copy.finish().await?;
    Ok(())
}
