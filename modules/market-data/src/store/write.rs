use crate::copy;
use chrono::{DateTime, Utc};
use kit::{Result, Tx};
use std::ops::Range;
use trading::{candle::Candles, time::Timestamp};
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

/// How much is sent at once.
const CHUNK: usize = 256 * 1024;

/// Writes rows of candles, of which there must be none yet at their times. It must run to its end:
/// the driver loses count of a connection's answers when a `copy` is given up halfway.
pub(crate) async fn copy_in<K>(tx: &mut Tx<K>, series: Uuid, candles: &Candles, rows: &[Range<usize>]) -> Result<()> {
    let statement = "copy candles (series_id, open_time, open, high, low, close, volume) from stdin (format binary)";
    let mut copy = tx.conn().copy_in_raw(statement).await?;
    let mut buffer = Vec::with_capacity(CHUNK + copy::ROW_BYTES);
    copy::begin(&mut buffer);
    for row in rows.iter().cloned().flatten() {
        copy::row(&mut buffer, series, &candles.get(row));
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
