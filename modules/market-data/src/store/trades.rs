use super::{
    candles::{price, quantity},
    write::copy_rows,
};
use crate::{
    CandleOrigin,
    copy::{self, Number},
};
use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use kit::{Error, Result, TenantTx, Tx};
use rust_decimal::Decimal;
use std::ops::Range;
use trading::{
    money::{Notional, Price, Quantity},
    time::Timestamp,
    trades::Trade,
};
use uuid::Uuid;

/// A place between trades, which are ordered by time and then by number.
pub(crate) type Place = (Timestamp, i64);

/// Which trades of a series are asked for.
#[derive(Clone, Copy)]
pub(crate) struct TradePart {
    /// All come after this place.
    pub(crate) after: Place,
    /// All come before this place.
    pub(crate) before: Place,
    pub(crate) limit: i64,
    pub(crate) newest_first: bool,
}

/// Makes room for trades between two times.
pub(crate) async fn ensure_trade_partitions<K>(tx: &mut Tx<K>, first: Timestamp, last: Timestamp) -> Result<()> {
    sqlx::query!(
        "select from (select ensure_trade_partitions($1, $2)) ensured",
        first.to_datetime(),
        last.to_datetime()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Whether a series has trades of these numbers, both included.
pub(crate) async fn any_trade_between<K>(tx: &mut Tx<K>, series: Uuid, first: i64, last: i64) -> Result<bool> {
    let any = sqlx::query_scalar!(
        r#"select exists (select from trades where series_id = $1 and trade_id between $2 and $3) as "any!""#,
        series,
        first,
        last
    );
    Ok(any.fetch_one(tx.conn()).await?)
}

/// Deletes the trades of these numbers.
pub(crate) async fn delete_trades<K>(tx: &mut Tx<K>, series: Uuid, ids: &[i64]) -> Result<()> {
    if !ids.is_empty() {
        let delete = sqlx::query!("delete from trades where series_id = $1 and trade_id = any($2)", series, ids);
        delete.execute(tx.conn()).await?;
    }
    Ok(())
}

/// Deletes the trades that happened before a moment; answers how many.
pub(crate) async fn delete_trades_before(tx: &mut TenantTx, series: Uuid, before: Timestamp) -> Result<i64> {
    let delete = sqlx::query!("delete from trades where series_id = $1 and time < $2", series, before.to_datetime());
    Ok(delete.execute(tx.conn()).await?.rows_affected().cast_signed())
}

/// Writes rows of a batch, of whose numbers there must be none yet.
pub(crate) async fn copy_trades<K>(
    tx: &mut Tx<K>,
    series: Uuid,
    batch: &[Trade],
    rows: &[Range<usize>],
    origin: CandleOrigin,
) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let statement = "copy trades (series_id, trade_id, time, price, quantity, quote, buyer_is_maker, first_id, last_id,
                                  origin) from stdin (format binary)";
    let rows = rows.iter().cloned().flatten();
    copy_rows(tx, statement, rows, |buffer, row| copy::trade(buffer, series, &batch[row], origin.rank())).await
}

struct Row {
    trade_id: i64,
    time: DateTime<Utc>,
    price: Number,
    quantity: Number,
    quote: Option<Number>,
    buyer_is_maker: bool,
    first_id: Option<i64>,
    last_id: Option<i64>,
    origin: i16,
}

impl Row {
    fn told(self) -> Result<(Trade, CandleOrigin)> {
        let amount = |Number(quote): Number| Notional::new(quote).map_err(Error::internal);
        let trade = Trade {
            id: self.trade_id,
            time: self.time.into(),
            price: price(self.price.0)?,
            quantity: quantity(self.quantity.0)?,
            quote: self.quote.map(amount).transpose()?,
            buyer_is_maker: self.buyer_is_maker,
            parts: self.first_id.zip(self.last_id),
        };
        Ok((trade, self.origin.try_into()?))
    }
}

/// Hands over trades as the database sends them, in the order of time and number.
pub(crate) async fn each_trade<K>(
    tx: &mut Tx<K>,
    series: Uuid,
    part: TradePart,
    mut take: impl FnMut(Trade, CandleOrigin) -> Result<()>,
) -> Result<()> {
    let TradePart { after, before, limit, newest_first } = part;
    let (from, to) = (after.0.to_datetime(), before.0.to_datetime());
    macro_rules! trades {
        ($statement:literal) => {{
            let mut rows =
                sqlx::query_as!(Row, $statement, series, from, after.1, to, before.1, limit).fetch(tx.conn());
            while let Some(row) = rows.try_next().await? {
                let (trade, origin) = row.told()?;
                take(trade, origin)?;
            }
        }};
    }
    // the times by themselves tell which partitions there are to look at
    if newest_first {
        trades!(
            r#"select trade_id, time, price as "price: Number", quantity as "quantity: Number",
                      quote as "quote: Number", buyer_is_maker, first_id, last_id, origin
               from trades
               where series_id = $1 and time >= $2 and time <= $4
                 and (time, trade_id) > ($2, $3) and (time, trade_id) < ($4, $5)
               order by time desc, trade_id desc limit $6"#
        );
    } else {
        trades!(
            r#"select trade_id, time, price as "price: Number", quantity as "quantity: Number",
                      quote as "quote: Number", buyer_is_maker, first_id, last_id, origin
               from trades
               where series_id = $1 and time >= $2 and time <= $4
                 and (time, trade_id) > ($2, $3) and (time, trade_id) < ($4, $5)
               order by time, trade_id limit $6"#
        );
    }
    Ok(())
}

/// Hands over the trades of these numbers, both included, in the order of their numbers.
pub(crate) async fn each_numbered<K>(
    tx: &mut Tx<K>,
    series: Uuid,
    (first, last): (i64, i64),
    mut take: impl FnMut(Trade, CandleOrigin) -> Result<()>,
) -> Result<()> {
    let mut rows = sqlx::query_as!(
        Row,
        r#"select trade_id, time, price as "price: Number", quantity as "quantity: Number", quote as "quote: Number",
                  buyer_is_maker, first_id, last_id, origin
           from trades where series_id = $1 and trade_id between $2 and $3 order by trade_id"#,
        series,
        first,
        last
    )
    .fetch(tx.conn());
    while let Some(row) = rows.try_next().await? {
        let (trade, origin) = row.told()?;
        take(trade, origin)?;
    }
    Ok(())
}

/// What the trades of a span of time come to.
pub(crate) struct Tally {
    pub(crate) open: Price,
    pub(crate) high: Price,
    pub(crate) low: Price,
    pub(crate) last: Price,
    pub(crate) volume: Quantity,
    pub(crate) quote_volume: Notional,
}

/// Reckons up the trades after one moment and up to another; `None` where there are none.
pub(crate) async fn tally(
    tx: &mut TenantTx,
    series: Uuid,
    after: Timestamp,
    until: Timestamp,
) -> Result<Option<Tally>> {
    // a sum of many digits is rounded, far behind the last that any exchange tells
    let row = sqlx::query!(
        r#"with span as (
               select time, trade_id, price, quantity, quote from trades where series_id = $1 and time > $2 and time <= $3)
           select count(*) as "trades!", max(price) as high, min(price) as low,
                  round(sum(quantity), 12) as volume, round(sum(coalesce(quote, price * quantity)), 8) as quote_volume,
                  (select price from span order by time, trade_id limit 1) as open,
                  (select price from span order by time desc, trade_id desc limit 1) as last
           from span"#,
        series,
        after.to_datetime(),
        until.to_datetime()
    )
    .fetch_one(tx.conn())
    .await?;
    let price = |value: Option<Decimal>| price(value.unwrap_or_default());
    if row.trades == 0 {
        return Ok(None);
    }
    let inexact = |_| Error::invalid("symbol", "INEXACT_SUM", "The trades are of more coins than can be reckoned up.");
    Ok(Some(Tally {
        open: price(row.open)?,
        high: price(row.high)?,
        low: price(row.low)?,
        last: price(row.last)?,
        volume: Quantity::new(row.volume.unwrap_or_default()).map_err(inexact)?,
        quote_volume: Notional::new(row.quote_volume.unwrap_or_default()).map_err(inexact)?,
    }))
}
