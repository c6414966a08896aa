use crate::{
    Exchange,
    book::{BookLevel, OrderBook},
    service::trades::TradeMarket,
    snapshots::BookSnapshot,
};
use kit::{Error, Result, TenantTx, Time, Tx};
use rust_decimal::Decimal;
use trading::time::Timestamp;
use uuid::Uuid;

use super::candles::{price, quantity};

/// A row of `book_snapshots`.
struct Row {
    id: Uuid,
    shared: bool,
    exchange: String,
    symbol: String,
    last_update_id: i64,
    bid_prices: Vec<Decimal>,
    bid_quantities: Vec<Decimal>,
    ask_prices: Vec<Decimal>,
    ask_quantities: Vec<Decimal>,
    taken_at: Time,
}

impl TryFrom<Row> for BookSnapshot {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let side = |prices: Vec<Decimal>, quantities: Vec<Decimal>| {
            let levels = prices.into_iter().zip(quantities);
            levels
                .map(|(at, of)| Ok(BookLevel { price: price(at)?, quantity: quantity(of)? }))
                .collect::<Result<Vec<_>>>()
        };
        let book = OrderBook {
            exchange: Exchange::try_from(row.exchange).map_err(Error::internal)?,
            symbol: row.symbol.parse().map_err(Error::internal)?,
            last_update_id: row.last_update_id.cast_unsigned(),
            bids: side(row.bid_prices, row.bid_quantities)?,
            asks: side(row.ask_prices, row.ask_quantities)?,
        };
        Ok(Self { id: row.id, shared: row.shared, book, taken_at: row.taken_at })
    }
}

/// How many are the tenant's own; none where no tenant asks. Whoever asks holds the door until the transaction ends, so
/// that two at once do not both find the last place free.
pub(crate) async fn own_snapshots<K>(tx: &mut Tx<K>) -> Result<i64> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('book_snapshots ' || current_tenant(), 0))")
        .execute(tx.conn())
        .await?;
    let count =
        sqlx::query_scalar!(r#"select count(*) as "count!" from book_snapshots where tenant_id = current_tenant()"#);
    Ok(count.fetch_one(tx.conn()).await?)
}

pub(crate) async fn insert_snapshot<K>(tx: &mut Tx<K>, id: Uuid, book: &OrderBook) -> Result<()> {
    let now = tx.now();
    let prices = |side: &[BookLevel]| side.iter().map(|level| level.price.decimal()).collect::<Vec<_>>();
    let quantities = |side: &[BookLevel]| side.iter().map(|level| level.quantity.decimal()).collect::<Vec<_>>();
    sqlx::query!(
        "insert into book_snapshots (id, exchange, symbol, last_update_id, bid_prices, bid_quantities, ask_prices,
                                     ask_quantities, taken_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        id,
        book.exchange.as_str(),
        book.symbol.as_str(),
        i64::try_from(book.last_update_id).map_err(Error::internal)?,
        &prices(&book.bids),
        &quantities(&book.bids),
        &prices(&book.asks),
        &quantities(&book.asks),
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Those of a market between two identifiers, each side cut to so many levels.
pub(crate) async fn list_snapshots(
    tx: &mut TenantTx,
    market: &TradeMarket,
    (after, before): (Uuid, Uuid),
    newest_first: bool,
    (limit, levels): (i64, i32),
) -> Result<Vec<BookSnapshot>> {
    let (exchange, symbol) = (market.exchange.as_str(), market.symbol.as_str());
    macro_rules! snapshots {
        ($statement:literal) => {
            sqlx::query_as!(Row, $statement, exchange, symbol, after, before, limit, levels)
                .fetch_all(tx.conn())
                .await?
        };
    }
    // the tenant's own and the platform's each by the index, then both in their order
    let rows = if newest_first {
        snapshots!(
            r#"select id as "id!", tenant_id is null as "shared!", exchange as "exchange!", symbol as "symbol!",
                      last_update_id as "last_update_id!", bid_prices[1:$6] as "bid_prices!: Vec<Decimal>",
                      bid_quantities[1:$6] as "bid_quantities!: Vec<Decimal>", ask_prices[1:$6] as "ask_prices!: Vec<Decimal>",
                      ask_quantities[1:$6] as "ask_quantities!: Vec<Decimal>", taken_at as "taken_at!: Time"
               from ((select * from book_snapshots
                      where tenant_id = current_tenant() and exchange = $1 and symbol = $2 and id > $3 and id < $4
                      order by id desc limit $5)
                     union all
                     (select * from book_snapshots
                      where tenant_id is null and exchange = $1 and symbol = $2 and id > $3 and id < $4
                      order by id desc limit $5)) both_owners
               order by id desc limit $5"#
        )
    } else {
        snapshots!(
            r#"select id as "id!", tenant_id is null as "shared!", exchange as "exchange!", symbol as "symbol!",
                      last_update_id as "last_update_id!", bid_prices[1:$6] as "bid_prices!: Vec<Decimal>",
                      bid_quantities[1:$6] as "bid_quantities!: Vec<Decimal>", ask_prices[1:$6] as "ask_prices!: Vec<Decimal>",
                      ask_quantities[1:$6] as "ask_quantities!: Vec<Decimal>", taken_at as "taken_at!: Time"
               from ((select * from book_snapshots
                      where tenant_id = current_tenant() and exchange = $1 and symbol = $2 and id > $3 and id < $4
                      order by id limit $5)
                     union all
                     (select * from book_snapshots
                      where tenant_id is null and exchange = $1 and symbol = $2 and id > $3 and id < $4
                      order by id limit $5)) both_owners
               order by id limit $5"#
        )
    };
    rows.into_iter().map(BookSnapshot::try_from).collect()
}

pub(crate) async fn find_snapshot(tx: &mut TenantTx, id: Uuid) -> Result<Option<BookSnapshot>> {
    let row = sqlx::query_as!(
        Row,
        r#"select id, tenant_id is null as "shared!", exchange, symbol, last_update_id,
                  bid_prices as "bid_prices: Vec<Decimal>", bid_quantities as "bid_quantities: Vec<Decimal>",
                  ask_prices as "ask_prices: Vec<Decimal>", ask_quantities as "ask_quantities: Vec<Decimal>", taken_at as "taken_at: Time"
           from book_snapshots where id = $1"#,
        id
    )
    .fetch_optional(tx.conn())
    .await?;
    row.map(BookSnapshot::try_from).transpose()
}

/// Deletes one of the tenant's own; answers of what it was.
pub(crate) async fn delete_snapshot(tx: &mut TenantTx, id: Uuid) -> Result<Option<(String, String)>> {
    let row = sqlx::query!(
        "delete from book_snapshots where id = $1 and tenant_id = current_tenant() returning exchange, symbol",
        id
    );
    Ok(row.fetch_optional(tx.conn()).await?.map(|row| (row.exchange, row.symbol)))
}

/// Deletes the tenant's own that were taken before a moment; answers how many.
pub(crate) async fn delete_snapshots_before(tx: &mut TenantTx, before: Timestamp) -> Result<i64> {
    let delete = sqlx::query!(
        "delete from book_snapshots where tenant_id = current_tenant() and taken_at < $1",
        before.to_datetime()
    );
    Ok(delete.execute(tx.conn()).await?.rows_affected().cast_signed())
}
