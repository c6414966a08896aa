use crate::{
    CandleOrigin,
    service::{Correction, Figures},
};
use kit::{Paging, Result, TenantTx, Time};
use rust_decimal::Decimal;
use uuid::Uuid;

/// A page of a series' corrections, the newest first, and how many there are.
pub(crate) async fn list_corrections(
    tx: &mut TenantTx,
    series: Uuid,
    paging: &Paging,
) -> Result<(Vec<Correction>, i64)> {
    let total =
        sqlx::query_scalar!(r#"select count(*) as "count!" from candle_corrections where series_id = $1"#, series)
            .fetch_one(tx.conn())
            .await?;
    let rows = sqlx::query!(
        r#"select open_time as "open_time: Time", old_open, old_high, old_low, old_close, old_volume, old_origin,
                  new_open, new_high, new_low, new_close, new_volume, new_origin, corrected_by,
                  corrected_at as "corrected_at: Time"
           from candle_corrections where series_id = $1
           order by corrected_at desc, import_id desc, open_time limit $2 offset $3"#,
        series,
        paging.limit,
        paging.offset()
    )
    .fetch_all(tx.conn())
    .await?;
    let corrections = rows.into_iter().map(|row| {
        let old = [row.old_open, row.old_high, row.old_low, row.old_close, row.old_volume];
        let new = [row.new_open, row.new_high, row.new_low, row.new_close, row.new_volume];
        Ok(Correction {
            open_time: row.open_time,
            before: figures(old, row.old_origin)?,
            after: figures(new, row.new_origin)?,
            corrected_by: row.corrected_by,
            corrected_at: row.corrected_at,
        })
    });
    Ok((corrections.collect::<Result<_>>()?, total))
}

fn figures([open, high, low, close, volume]: [Decimal; 5], origin: i16) -> Result<Figures> {
    let price = super::candles::price;
    Ok(Figures {
        open: price(open)?,
        high: price(high)?,
        low: price(low)?,
        close: price(close)?,
        volume: super::candles::quantity(volume)?,
        origin: CandleOrigin::try_from(origin)?,
    })
}
