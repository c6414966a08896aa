use crate::{
    Exchange,
    service::trades::{TradeMarket, TradeSeries},
};
use kit::{Error, Paging, Result, TenantTx, Time, Tx};
use trading::{time::Timestamp, trades::TradeKind};
use uuid::Uuid;

/// A row of `trade_series`.
#[derive(sqlx::FromRow)]
struct SeriesRow {
    id: Uuid,
    exchange: String,
    symbol: String,
    kind: String,
    shared: bool,
    first_trade_id: Option<i64>,
    last_trade_id: Option<i64>,
    first_trade_time: Option<Time>,
    last_trade_time: Option<Time>,
    trade_count: i64,
    created_at: Time,
    updated_at: Time,
}

impl TryFrom<SeriesRow> for TradeSeries {
    type Error = Error;

    fn try_from(row: SeriesRow) -> Result<Self> {
        let market = TradeMarket {
            exchange: Exchange::try_from(row.exchange).map_err(Error::internal)?,
            symbol: row.symbol.parse().map_err(Error::internal)?,
        };
        Ok(Self {
            id: row.id,
            market,
            kind: row.kind.parse().map_err(|unknown: String| Error::internal(unknown))?,
            shared: row.shared,
            first_trade_id: row.first_trade_id,
            last_trade_id: row.last_trade_id,
            first_trade_time: row.first_trade_time,
            last_trade_time: row.last_trade_time,
            trade_count: row.trade_count,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// The series by which a market's trades are answered: of the kind, or else of single trades before aggregate ones; the
/// tenant's own before the platform's.
pub(crate) async fn find_trades<K>(
    tx: &mut Tx<K>,
    market: &TradeMarket,
    kind: Option<TradeKind>,
) -> Result<Option<TradeSeries>> {
    let row = sqlx::query_as!(
        SeriesRow,
        r#"select id, exchange, symbol, kind, tenant_id is null as "shared!", first_trade_id, last_trade_id,
                  first_trade_time as "first_trade_time: Time", last_trade_time as "last_trade_time: Time",
                  trade_count, created_at, updated_at
           from trade_series
           where exchange = $1 and symbol = $2 and ($3::text is null or kind = $3) and trade_count > 0
             and (tenant_id is null or tenant_id = current_tenant())
           order by tenant_id nulls last, kind = 'single' desc limit 1"#,
        market.exchange.as_str(),
        market.symbol.as_str(),
        kind.map(TradeKind::as_str)
    )
    .fetch_optional(tx.conn())
    .await?;
    row.map(TradeSeries::try_from).transpose()
}

/// A series of the tenant's own.
pub(crate) async fn find_own_trades(tx: &mut TenantTx, id: Uuid) -> Result<Option<TradeSeries>> {
    let row = sqlx::query_as!(
        SeriesRow,
        r#"select id, exchange, symbol, kind, false as "shared!", first_trade_id, last_trade_id,
                  first_trade_time as "first_trade_time: Time", last_trade_time as "last_trade_time: Time",
                  trade_count, created_at, updated_at
           from trade_series where id = $1 and tenant_id = current_tenant() for update"#,
        id
    )
    .fetch_optional(tx.conn())
    .await?;
    row.map(TradeSeries::try_from).transpose()
}

/// A page of the series that the tenant sees, and how many there are.
pub(crate) async fn list_trade_series(
    tx: &mut TenantTx,
    (exchange, symbol): (Option<&str>, Option<&str>),
    order: &str,
    paging: &Paging,
) -> Result<(Vec<TradeSeries>, i64)> {
    let total = sqlx::query_scalar!(
        r#"select count(*) as "count!" from trade_series
           where ($1::text is null or exchange = $1) and ($2::text is null or symbol = $2)"#,
        exchange,
        symbol
    )
    .fetch_one(tx.conn())
    .await?;
    let statement = format!(
        "select *, tenant_id is null as shared from trade_series
         where ($1::text is null or exchange = $1) and ($2::text is null or symbol = $2)
         order by {order}, id limit $3 offset $4"
    );
    let rows: Vec<SeriesRow> = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(exchange)
        .bind(symbol)
        .bind(paging.limit)
        .bind(paging.offset())
        .fetch_all(tx.conn())
        .await?;
    let series: Result<_> = rows.into_iter().map(TradeSeries::try_from).collect();
    Ok((series?, total))
}

/// How many series and trades are the tenant's own; none where no tenant asks.
pub(crate) async fn own_trades<K>(tx: &mut Tx<K>) -> Result<(i64, i64)> {
    let size = sqlx::query!(
        r#"select count(*) as "series!", coalesce(sum(trade_count), 0)::bigint as "trades!"
           from trade_series where tenant_id = current_tenant()"#
    )
    .fetch_one(tx.conn())
    .await?;
    Ok((size.series, size.trades))
}

/// The own series of a market, made where there is none, and kept from others until the end of the transaction.
pub(crate) async fn lock_trades<K>(tx: &mut Tx<K>, market: &TradeMarket, kind: TradeKind) -> Result<TradeSeries> {
    let (id, now) = (tx.new_id(), tx.now());
    let (exchange, symbol, kind) = (market.exchange.as_str(), market.symbol.as_str(), kind.as_str());
    sqlx::query!(
        "insert into trade_series (id, exchange, symbol, kind, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $5) on conflict on constraint trade_series_taken do nothing",
        id,
        exchange,
        symbol,
        kind,
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    let row = sqlx::query_as!(
        SeriesRow,
        r#"select id, exchange, symbol, kind, tenant_id is null as "shared!", first_trade_id, last_trade_id,
                  first_trade_time as "first_trade_time: Time", last_trade_time as "last_trade_time: Time",
                  trade_count, created_at, updated_at
           from trade_series
           where tenant_id is not distinct from current_tenant() and exchange = $1 and symbol = $2 and kind = $3
           for update"#,
        exchange,
        symbol,
        kind
    )
    .fetch_one(tx.conn())
    .await?;
    row.try_into()
}

/// Writes down what a series has become with so many trades more, or less.
pub(crate) async fn extend_trades<K>(tx: &mut Tx<K>, series: &TradeSeries, more: i64) -> Result<TradeSeries> {
    let now = tx.now();
    let row = sqlx::query_as!(
        SeriesRow,
        r#"update trade_series
           set first_trade_id = (select min(trade_id) from trades where series_id = $1),
               last_trade_id = (select max(trade_id) from trades where series_id = $1),
               first_trade_time = (select min(time) from trades where series_id = $1),
               last_trade_time = (select max(time) from trades where series_id = $1),
               trade_count = trade_count + $2, updated_at = $3
           where id = $1
           returning id, exchange, symbol, kind, tenant_id is null as "shared!", first_trade_id, last_trade_id,
                     first_trade_time as "first_trade_time: Time", last_trade_time as "last_trade_time: Time",
                     trade_count, created_at, updated_at"#,
        series.id,
        more,
        now.utc()
    )
    .fetch_one(tx.conn())
    .await?;
    row.try_into()
}

/// Deletes a series; its trades go with it.
pub(crate) async fn delete_trade_series(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    sqlx::query!("delete from trade_series where id = $1", id).execute(tx.conn()).await?;
    Ok(())
}

/// The tenant's own series whose first trade happened before a moment.
pub(crate) async fn own_trades_since_before(tx: &mut TenantTx, before: Timestamp) -> Result<Vec<Uuid>> {
    let series = sqlx::query_scalar!(
        "select id from trade_series where tenant_id = current_tenant() and first_trade_time < $1 order by id",
        before.to_datetime()
    );
    Ok(series.fetch_all(tx.conn()).await?)
}
