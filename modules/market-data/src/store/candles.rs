use crate::{CandleOrigin, copy::Number};
use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use kit::{Error, Result, TenantTx, Tx};
use rust_decimal::Decimal;
use trading::{
    candle::Candle,
    money::{Price, Quantity},
    time::{Timeframe, Timestamp},
};
use uuid::Uuid;

/// Which candles of a series are asked for.
#[derive(Clone, Copy)]
pub(crate) struct Part {
    /// The first to be answered opens then or later.
    pub(crate) from: Timestamp,
    /// All open before.
    pub(crate) to: Timestamp,
    pub(crate) limit: i64,
    pub(crate) newest_first: bool,
}

/// Hands over candles as the database sends them. Not by `copy`, which is a little faster: the
/// driver loses count of a connection's answers when a `copy` is given up halfway.
pub(crate) async fn each_candle<K>(
    tx: &mut Tx<K>,
    series: Uuid,
    part: Part,
    mut take: impl FnMut(Candle, CandleOrigin) -> Result<()>,
) -> Result<()> {
    let (from, to) = (part.from.to_datetime(), part.to.to_datetime());
    macro_rules! candles {
        ($statement:literal) => {{
            let mut rows = sqlx::query!($statement, series, from, to, part.limit).fetch(tx.conn());
            while let Some(row) = rows.try_next().await? {
                let candle = candle(row.open_time, [row.open, row.high, row.low, row.close], row.volume)?;
                take(candle, row.origin.try_into()?)?;
            }
        }};
    }
    if part.newest_first {
        candles!(
            r#"select open_time, open as "open: Number", high as "high: Number", low as "low: Number",
                      close as "close: Number", volume as "volume: Number", origin
               from candles
               where series_id = $1 and open_time >= $2 and open_time < $3 order by open_time desc limit $4"#
        );
    } else {
        candles!(
            r#"select open_time, open as "open: Number", high as "high: Number", low as "low: Number",
                      close as "close: Number", volume as "volume: Number", origin
               from candles
               where series_id = $1 and open_time >= $2 and open_time < $3 order by open_time limit $4"#
        );
    }
    Ok(())
}

/// Hands over the hours or days of a series in the same way.
pub(crate) async fn each_rollup<K>(
    tx: &mut Tx<K>,
    series: Uuid,
    timeframe: Timeframe,
    part: Part,
    mut take: impl FnMut(Candle) -> Result<()>,
) -> Result<()> {
    let (from, to) = (part.from.to_datetime(), part.to.to_datetime());
    macro_rules! rollups {
        ($statement:literal) => {{
            let mut rows = sqlx::query!($statement, series, from, to, part.limit, timeframe.as_str()).fetch(tx.conn());
            while let Some(row) = rows.try_next().await? {
                take(candle(row.open_time, [row.open, row.high, row.low, row.close], row.volume)?)?;
            }
        }};
    }
    if part.newest_first {
        rollups!(
            r#"select open_time, open as "open: Number", high as "high: Number", low as "low: Number",
                      close as "close: Number", volume as "volume: Number"
               from candle_rollups
               where series_id = $1 and timeframe = $5 and open_time >= $2 and open_time < $3
               order by open_time desc limit $4"#
        );
    } else {
        rollups!(
            r#"select open_time, open as "open: Number", high as "high: Number", low as "low: Number",
                      close as "close: Number", volume as "volume: Number"
               from candle_rollups
               where series_id = $1 and timeframe = $5 and open_time >= $2 and open_time < $3
               order by open_time limit $4"#
        );
    }
    Ok(())
}

fn candle(open_time: DateTime<Utc>, prices: [Number; 4], Number(volume): Number) -> Result<Candle> {
    let [open, high, low, close] = prices.map(|Number(value)| price(value));
    let volume = quantity(volume)?;
    Ok(Candle { open_time: open_time.into(), open: open?, high: high?, low: low?, close: close?, volume })
}

pub(super) fn price(value: Decimal) -> Result<Price> {
    Price::new(value).map_err(Error::internal)
}

pub(super) fn quantity(value: Decimal) -> Result<Quantity> {
    Quantity::new(value).map_err(Error::internal)
}

/// Hands over the times of candles, in their order.
pub(crate) async fn each_time(
    tx: &mut TenantTx,
    series: Uuid,
    from: Timestamp,
    to: Timestamp,
    mut see: impl FnMut(Timestamp),
) -> Result<()> {
    let mut times = sqlx::query_scalar!(
        "select open_time from candles where series_id = $1 and open_time >= $2 and open_time < $3 order by open_time",
        series,
        from.to_datetime(),
        to.to_datetime()
    )
    .fetch(tx.conn());
    while let Some(time) = times.try_next().await? {
        see(time.into());
    }
    Ok(())
}

/// Whether a series has candles between two times, both included.
pub(crate) async fn any_between<K>(tx: &mut Tx<K>, series: Uuid, first: Timestamp, last: Timestamp) -> Result<bool> {
    let any = sqlx::query_scalar!(
        r#"select exists (select from candles where series_id = $1 and open_time between $2 and $3) as "any!""#,
        series,
        first.to_datetime(),
        last.to_datetime()
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(any)
}
