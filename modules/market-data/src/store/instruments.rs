use crate::{
    Exchange, Listing,
    instruments::{Instrument, InstrumentFilter},
};
use kit::{Error, Paging, Result, SystemTx, TenantTx, Time};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use sqlx::{Postgres, QueryBuilder};
use trading::money::{MoneyError, Symbol};

/// A row of `instruments`.
#[derive(sqlx::FromRow)]
struct Row {
    exchange: String,
    symbol: String,
    base: String,
    quote: String,
    status: String,
    tick: Option<Decimal>,
    lot: Option<Decimal>,
    min_quantity: Option<Decimal>,
    max_quantity: Option<Decimal>,
    market_lot: Option<Decimal>,
    market_min_quantity: Option<Decimal>,
    market_max_quantity: Option<Decimal>,
    min_notional: Option<Decimal>,
    base_digits: i16,
    quote_digits: i16,
    order_types: Vec<String>,
    permissions: Vec<String>,
    updated_at: Time,
}

fn size<T: TryFrom<Decimal, Error = MoneyError>>(stored: Option<Decimal>) -> Result<Option<T>> {
    stored.map(T::try_from).transpose().map_err(Error::internal)
}

impl TryFrom<Row> for Instrument {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            exchange: Exchange::try_from(row.exchange).map_err(Error::internal)?,
            symbol: row.symbol.parse().map_err(Error::internal)?,
            base: row.base,
            quote: row.quote,
            status: row.status,
            tick: size(row.tick)?,
            lot: size(row.lot)?,
            min_quantity: size(row.min_quantity)?,
            max_quantity: size(row.max_quantity)?,
            market_lot: size(row.market_lot)?,
            market_min_quantity: size(row.market_min_quantity)?,
            market_max_quantity: size(row.market_max_quantity)?,
            min_notional: size(row.min_notional)?,
            base_digits: row.base_digits,
            quote_digits: row.quote_digits,
            order_types: row.order_types,
            permissions: row.permissions,
            updated_at: row.updated_at,
        })
    }
}

/// When an exchange was last asked for its symbols.
pub(crate) async fn learned(tx: &mut TenantTx, exchange: &Exchange) -> Result<Option<Time>> {
    let learned = sqlx::query_scalar!(
        r#"select max(updated_at) as "at: Time" from instruments where exchange = $1"#,
        exchange.as_str()
    );
    Ok(learned.fetch_one(tx.conn()).await?)
}

pub(crate) async fn find_instrument(
    tx: &mut TenantTx,
    exchange: &Exchange,
    symbol: &Symbol,
) -> Result<Option<Instrument>> {
    let row = sqlx::query_as!(
        Row,
        r#"select exchange, symbol, base as "base!", quote as "quote!", status, tick, lot, min_quantity, max_quantity,
                  market_lot, market_min_quantity, market_max_quantity, min_notional, base_digits, quote_digits,
                  order_types, permissions, updated_at as "updated_at: Time"
           from instruments where exchange = $1 and symbol = $2"#,
        exchange.as_str(),
        symbol.as_str()
    )
    .fetch_optional(tx.conn())
    .await?;
    row.map(Instrument::try_from).transpose()
}

const SORTS: [(&str, &str); 4] =
    [("symbol", "symbol"), ("exchange", "exchange"), ("status", "status"), ("updatedAt", "updated_at")];

pub(crate) async fn list_instruments(
    tx: &mut TenantTx,
    filter: &InstrumentFilter,
    paging: &Paging,
) -> Result<(Vec<Instrument>, i64)> {
    let order = paging.order(&SORTS, "exchange, symbol")?;
    let mut count = QueryBuilder::new("select count(*) from instruments where true");
    narrow(&mut count, filter);
    let total: i64 = count.build_query_scalar().fetch_one(tx.conn()).await?;
    let mut select = QueryBuilder::new("select * from instruments where true");
    narrow(&mut select, filter);
    select.push(format_args!(" order by {order}, exchange, symbol limit ")).push_bind(paging.limit);
    select.push(" offset ").push_bind(paging.offset());
    let rows: Vec<Row> = select.build_query_as().fetch_all(tx.conn()).await?;
    let instruments: Result<_> = rows.into_iter().map(Instrument::try_from).collect();
    Ok((instruments?, total))
}

fn narrow(query: &mut QueryBuilder<Postgres>, filter: &InstrumentFilter) {
    let InstrumentFilter { exchange, base, quote, status, q } = filter;
    let equal = [
        ("exchange", exchange.as_ref().map(|exchange| exchange.as_str().to_owned())),
        ("base", base.as_ref().map(|base| base.to_uppercase())),
        ("quote", quote.as_ref().map(|quote| quote.to_uppercase())),
        ("status", status.as_ref().map(|status| status.to_uppercase())),
    ];
    for (column, wanted) in equal {
        if let Some(wanted) = wanted {
            query.push(format_args!(" and {column} = ")).push_bind(wanted);
        }
    }
    if let Some(part) = q {
        query.push(" and strpos(symbol, ").push_bind(part.to_uppercase()).push(") > 0");
    }
}

fn row(listing: &Listing) -> Value {
    json!({
        "symbol": listing.symbol,
        "status": listing.status,
        "tick": listing.tick,
        "lot": listing.lot,
        "min_quantity": listing.min_quantity,
        "max_quantity": listing.max_quantity,
        "market_lot": listing.market_lot,
        "market_min_quantity": listing.market_min_quantity,
        "market_max_quantity": listing.market_max_quantity,
        "min_notional": listing.min_notional,
        "base_digits": listing.base_digits,
        "quote_digits": listing.quote_digits,
        "order_types": listing.order_types,
        "permissions": listing.permissions,
    })
}

/// Writes down what an exchange lists; what it does not is marked. Answers how many there are of both.
pub(crate) async fn write_listings(tx: &mut SystemTx, exchange: &Exchange, listings: &[Listing]) -> Result<(i64, i64)> {
    let (now, rows) = (tx.now(), Value::Array(listings.iter().map(row).collect()));
    let listed = sqlx::query!(
        "insert into instruments (exchange, symbol, status, tick, lot, min_quantity, max_quantity, market_lot,
                                  market_min_quantity, market_max_quantity, min_notional, base_digits, quote_digits,
                                  order_types, permissions, updated_at)
         select $1, l.symbol, l.status, l.tick, l.lot, l.min_quantity, l.max_quantity, l.market_lot,
                l.market_min_quantity, l.market_max_quantity, l.min_notional, l.base_digits, l.quote_digits,
                l.order_types, l.permissions, $3
         from jsonb_to_recordset($2) as l (
             symbol text, status text, tick numeric, lot numeric, min_quantity numeric, max_quantity numeric,
             market_lot numeric, market_min_quantity numeric, market_max_quantity numeric, min_notional numeric,
             base_digits smallint, quote_digits smallint, order_types text[], permissions text[])
         on conflict (exchange, symbol) do update set
             status = excluded.status, tick = excluded.tick, lot = excluded.lot,
             min_quantity = excluded.min_quantity, max_quantity = excluded.max_quantity,
             market_lot = excluded.market_lot, market_min_quantity = excluded.market_min_quantity,
             market_max_quantity = excluded.market_max_quantity, min_notional = excluded.min_notional,
             base_digits = excluded.base_digits, quote_digits = excluded.quote_digits,
             order_types = excluded.order_types, permissions = excluded.permissions, updated_at = excluded.updated_at",
        exchange.as_str(),
        rows,
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    let symbols: Vec<_> = listings.iter().map(|listing| listing.symbol.to_string()).collect();
    let delisted = sqlx::query!(
        "update instruments set status = 'DELISTED', updated_at = $3
         where exchange = $1 and not symbol = any ($2) and status <> 'DELISTED'",
        exchange.as_str(),
        &symbols,
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok((listed.rows_affected().cast_signed(), delisted.rows_affected().cast_signed()))
}
