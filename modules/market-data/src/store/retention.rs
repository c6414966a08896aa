use super::series::SeriesRow;
use crate::service::Series;
use kit::{Result, SystemTx, TenantTx, Time};
use trading::time::Timestamp;
use uuid::Uuid;

/// The tenants that have candles, trades or order books of their own.
pub(crate) async fn owners(tx: &mut SystemTx) -> Result<Vec<Uuid>> {
    let owners = sqlx::query_scalar!(
        r#"select tenant_id as "tenant_id!" from candle_series where tenant_id is not null and candle_count > 0
           union select tenant_id from trade_series where tenant_id is not null
           union select tenant_id from book_snapshots where tenant_id is not null order by 1"#
    );
    Ok(owners.fetch_all(tx.conn()).await?)
}

/// The tenant's own series whose first candle opened before a moment.
pub(crate) async fn own_since_before(tx: &mut TenantTx, before: Timestamp) -> Result<Vec<Uuid>> {
    let series = sqlx::query_scalar!(
        "select id from candle_series where tenant_id = current_tenant() and first_open_time < $1 order by id",
        before.to_datetime()
    );
    Ok(series.fetch_all(tx.conn()).await?)
}

/// Deletes the candles that opened before a moment; answers how many.
pub(crate) async fn delete_before(tx: &mut TenantTx, series: Uuid, before: Timestamp) -> Result<i64> {
    let delete =
        sqlx::query!("delete from candles where series_id = $1 and open_time < $2", series, before.to_datetime());
    Ok(delete.execute(tx.conn()).await?.rows_affected().cast_signed())
}

/// Writes down that a series has lost so many candles, all that opened before a moment.
pub(crate) async fn shorten(tx: &mut TenantTx, series: Uuid, before: Timestamp, removed: i64) -> Result<Series> {
    let now = tx.now();
    let row = sqlx::query_as!(
        SeriesRow,
        r#"with rest as (select min(open_time) as first from candles where series_id = $1 and open_time >= $2)
           update candle_series
           set first_open_time = rest.first, last_open_time = case when rest.first is not null then last_open_time end,
               candle_count = candle_count - $3, updated_at = $4
           from rest where id = $1
           returning id, exchange, symbol, timeframe, tenant_id is null as "shared!",
                     first_open_time as "first_open_time: Time", last_open_time as "last_open_time: Time",
                     candle_count, created_at, updated_at"#,
        series,
        before.to_datetime(),
        removed,
        now.utc()
    )
    .fetch_one(tx.conn())
    .await?;
    row.try_into()
}
