use crate::{Market, copy, copy::Number, market::Exchange, service::Series};
use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use kit::{Error, Paging, Result, TenantTx, Time, Tx};
use std::ops::Range;
use trading::{
    candle::{Candle, Candles},
    money::{Price, Quantity},
    time::Timestamp,
};
use uuid::Uuid;

/// A row of `candle_series`.
#[derive(sqlx::FromRow)]
struct SeriesRow {
    id: Uuid,
    exchange: String,
    symbol: String,
    timeframe: String,
    shared: bool,
    first_open_time: Option<Time>,
    last_open_time: Option<Time>,
    candle_count: i64,
    created_at: Time,
    updated_at: Time,
}

impl TryFrom<SeriesRow> for Series {
    type Error = Error;

    fn try_from(row: SeriesRow) -> Result<Self> {
        let market = Market {
            exchange: Exchange::try_from(row.exchange).map_err(Error::internal)?,
            symbol: row.symbol.parse().map_err(Error::internal)?,
            timeframe: row.timeframe.parse().map_err(Error::internal)?,
        };
        let SeriesRow { id, shared, first_open_time, last_open_time, candle_count, created_at, updated_at, .. } = row;
        Ok(Self { id, market, shared, first_open_time, last_open_time, candle_count, created_at, updated_at })
    }
}

/// The series of a market that the tenant sees: its own, else the platform's.
pub(crate) async fn find(tx: &mut TenantTx, market: &Market) -> Result<Option<Series>> {
    let row = sqlx::query_as!(
        SeriesRow,
        r#"select id, exchange, symbol, timeframe, tenant_id is null as "shared!",
                  first_open_time as "first_open_time: Time", last_open_time as "last_open_time: Time",
                  candle_count, created_at, updated_at
           from candle_series where exchange = $1 and symbol = $2 and timeframe = $3
           order by tenant_id nulls last limit 1"#,
        market.exchange.as_str(),
        market.symbol.as_str(),
        market.timeframe.as_str()
    )
    .fetch_optional(tx.conn())
    .await?;
    row.map(Series::try_from).transpose()
}

/// A series of the tenant's own.
pub(crate) async fn find_own(tx: &mut TenantTx, id: Uuid) -> Result<Option<Series>> {
    let row = sqlx::query_as!(
        SeriesRow,
        r#"select id, exchange, symbol, timeframe, false as "shared!",
                  first_open_time as "first_open_time: Time", last_open_time as "last_open_time: Time",
                  candle_count, created_at, updated_at
           from candle_series where id = $1 and tenant_id = current_tenant() for update"#,
        id
    )
    .fetch_optional(tx.conn())
    .await?;
    row.map(Series::try_from).transpose()
}

/// A page of the series that the tenant sees, and how many there are.
pub(crate) async fn list(
    tx: &mut TenantTx,
    (exchange, symbol, timeframe): (Option<&str>, Option<&str>, Option<&str>),
    order: &str,
    paging: &Paging,
) -> Result<(Vec<Series>, i64)> {
    let total = sqlx::query_scalar!(
        r#"select count(*) as "count!" from candle_series
           where ($1::text is null or exchange = $1) and ($2::text is null or symbol = $2)
             and ($3::text is null or timeframe = $3)"#,
        exchange,
        symbol,
        timeframe
    )
    .fetch_one(tx.conn())
    .await?;
    let statement = format!(
        "select id, exchange, symbol, timeframe, tenant_id is null as shared, first_open_time, last_open_time,
                candle_count, created_at, updated_at
         from candle_series
         where ($1::text is null or exchange = $1) and ($2::text is null or symbol = $2)
           and ($3::text is null or timeframe = $3)
         order by {order}, id limit $4 offset $5"
    );
    let rows: Vec<SeriesRow> = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(exchange)
        .bind(symbol)
        .bind(timeframe)
        .bind(paging.limit)
        .bind(paging.offset())
        .fetch_all(tx.conn())
        .await?;
    let series: Result<_> = rows.into_iter().map(Series::try_from).collect();
    Ok((series?, total))
}

/// How many series and candles are the tenant's own; none where no tenant asks.
pub(crate) async fn own_size<K>(tx: &mut Tx<K>) -> Result<(i64, i64)> {
    let size = sqlx::query!(
        r#"select count(*) as "series!", coalesce(sum(candle_count), 0)::bigint as "candles!"
           from candle_series where tenant_id = current_tenant()"#
    )
    .fetch_one(tx.conn())
    .await?;
    Ok((size.series, size.candles))
}

/// The own series of a market, made where there is none, and kept from others until the end of the transaction.
pub(crate) async fn lock<K>(tx: &mut Tx<K>, market: &Market) -> Result<Series> {
    let (id, now) = (tx.new_id(), tx.now());
    let (exchange, symbol, timeframe) = (market.exchange.as_str(), market.symbol.as_str(), market.timeframe.as_str());
    sqlx::query!(
        "insert into candle_series (id, exchange, symbol, timeframe, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $5) on conflict on constraint candle_series_taken do nothing",
        id,
        exchange,
        symbol,
        timeframe,
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    let row = sqlx::query_as!(
        SeriesRow,
        r#"select id, exchange, symbol, timeframe, tenant_id is null as "shared!",
                  first_open_time as "first_open_time: Time", last_open_time as "last_open_time: Time",
                  candle_count, created_at, updated_at
           from candle_series
           where tenant_id is not distinct from current_tenant() and exchange = $1 and symbol = $2 and timeframe = $3
           for update"#,
        exchange,
        symbol,
        timeframe
    )
    .fetch_one(tx.conn())
    .await?;
    row.try_into()
}

/// Writes down what an import has made of a series.
pub(crate) async fn extend<K>(tx: &mut Tx<K>, series: &Series, first: Time, last: Time, more: i64) -> Result<Series> {
    let now = tx.now();
    let row = sqlx::query_as!(
        SeriesRow,
        r#"update candle_series
           set first_open_time = least(first_open_time, $2), last_open_time = greatest(last_open_time, $3),
               candle_count = candle_count + $4, updated_at = $5
           where id = $1
           returning id, exchange, symbol, timeframe, tenant_id is null as "shared!",
                     first_open_time as "first_open_time: Time", last_open_time as "last_open_time: Time",
                     candle_count, created_at, updated_at"#,
        series.id,
        first.utc(),
        last.utc(),
        more,
        now.utc()
    )
    .fetch_one(tx.conn())
    .await?;
    row.try_into()
}

/// Deletes a series; its candles go with it.
pub(crate) async fn delete(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    sqlx::query!("delete from candle_series where id = $1", id).execute(tx.conn()).await?;
    Ok(())
}

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
    mut take: impl FnMut(Candle) -> Result<()>,
) -> Result<()> {
    let (from, to) = (part.from.to_datetime(), part.to.to_datetime());
    macro_rules! candles {
        ($statement:literal) => {{
            let mut rows = sqlx::query!($statement, series, from, to, part.limit).fetch(tx.conn());
            while let Some(row) = rows.try_next().await? {
                take(candle(row.open_time, [row.open, row.high, row.low, row.close], row.volume)?)?;
            }
        }};
    }
    if part.newest_first {
        candles!(
            r#"select open_time, open as "open: Number", high as "high: Number", low as "low: Number",
                      close as "close: Number", volume as "volume: Number"
               from candles
               where series_id = $1 and open_time >= $2 and open_time < $3 order by open_time desc limit $4"#
        );
    } else {
        candles!(
            r#"select open_time, open as "open: Number", high as "high: Number", low as "low: Number",
                      close as "close: Number", volume as "volume: Number"
               from candles
               where series_id = $1 and open_time >= $2 and open_time < $3 order by open_time limit $4"#
        );
    }
    Ok(())
}

fn candle(open_time: DateTime<Utc>, prices: [Number; 4], Number(volume): Number) -> Result<Candle> {
    let price = |Number(value)| Price::new(value).map_err(Error::internal);
    let [open, high, low, close] = prices;
    Ok(Candle {
        open_time: open_time.into(),
        open: price(open)?,
        high: price(high)?,
        low: price(low)?,
        close: price(close)?,
        volume: Quantity::new(volume).map_err(Error::internal)?,
    })
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
