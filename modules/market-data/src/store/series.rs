use crate::{Market, market::Exchange, service::Series};
use kit::{Error, Paging, Result, TenantTx, Time, Tx};
use trading::money::Symbol;
use uuid::Uuid;

/// A row of `candle_series`.
#[derive(sqlx::FromRow)]
pub(super) struct SeriesRow {
    pub(super) id: Uuid,
    pub(super) exchange: String,
    pub(super) symbol: String,
    pub(super) timeframe: String,
    pub(super) shared: bool,
    pub(super) first_open_time: Option<Time>,
    pub(super) last_open_time: Option<Time>,
    pub(super) candle_count: i64,
    pub(super) created_at: Time,
    pub(super) updated_at: Time,
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
        let stored = market.timeframe;
        Ok(Self { id, market, stored, shared, first_open_time, last_open_time, candle_count, created_at, updated_at })
    }
}

/// The series by which a market is answered: one of its own time frame, else the one of the longest
/// among the others that are named, which ascend; the tenant's own before the platform's. Across
/// tenants only the platform's are meant.
pub(crate) async fn find<K>(tx: &mut Tx<K>, market: &Market, others: &[&str]) -> Result<Option<Series>> {
    let row = sqlx::query_as!(
        SeriesRow,
        r#"select id, exchange, symbol, timeframe, tenant_id is null as "shared!",
                  first_open_time as "first_open_time: Time", last_open_time as "last_open_time: Time",
                  candle_count, created_at, updated_at
           from candle_series
           where exchange = $1 and symbol = $2 and (timeframe = $3 or timeframe = any($4) and candle_count > 0)
             and (tenant_id is null or tenant_id = current_tenant())
           order by timeframe = $3 desc, tenant_id nulls last, array_position($4, timeframe) desc limit 1"#,
        market.exchange.as_str(),
        market.symbol.as_str(),
        market.timeframe.as_str(),
        others as _
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

/// The series that a market's gaps can be filled from: others of its time frame, then shorter ones,
/// the longest of them first; the tenant's own before the platform's.
pub(crate) async fn sources(tx: &mut TenantTx, market: &Market, but: Uuid, shorter: &[&str]) -> Result<Vec<Series>> {
    let rows = sqlx::query_as!(
        SeriesRow,
        r#"select id, exchange, symbol, timeframe, tenant_id is null as "shared!",
                  first_open_time as "first_open_time: Time", last_open_time as "last_open_time: Time",
                  candle_count, created_at, updated_at
           from candle_series
           where exchange = $1 and symbol = $2 and (timeframe = $3 or timeframe = any($4)) and id <> $5
             and candle_count > 0
           order by timeframe = $3 desc, array_position($4, timeframe) desc, tenant_id nulls last"#,
        market.exchange.as_str(),
        market.symbol.as_str(),
        market.timeframe.as_str(),
        shorter as _,
        but
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Series::try_from).collect()
}

/// All series of a symbol that the tenant sees and that have candles.
pub(crate) async fn series_of(tx: &mut TenantTx, exchange: &Exchange, symbol: &Symbol) -> Result<Vec<Series>> {
    let rows = sqlx::query_as!(
        SeriesRow,
        r#"select id, exchange, symbol, timeframe, tenant_id is null as "shared!",
                  first_open_time as "first_open_time: Time", last_open_time as "last_open_time: Time",
                  candle_count, created_at, updated_at
           from candle_series where exchange = $1 and symbol = $2 and candle_count > 0"#,
        exchange.as_str(),
        symbol.as_str()
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Series::try_from).collect()
}

/// Whether the tenant sees a series: its own or the platform's.
pub(crate) async fn sees(tx: &mut TenantTx, id: Uuid) -> Result<bool> {
    let sees = sqlx::query_scalar!(r#"select exists (select from candle_series where id = $1) as "sees!""#, id);
    Ok(sees.fetch_one(tx.conn()).await?)
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
