use crate::{Gap, Market};
use chrono::{DateTime, Utc};
use kit::{Result, TenantTx, Time};

/// What other series that were recorded at the time of a gap have in it.
pub(crate) struct Witness {
    /// Series of other symbols of the exchange.
    pub(crate) others: i64,
    /// Those of them that have candles in the gap.
    pub(crate) others_trading: i64,
    /// Finer series of the symbol itself.
    pub(crate) finer: i64,
    /// Those of them that have candles in the gap.
    pub(crate) finer_trading: i64,
}

/// Asks at most so many other series, those that are seen of the exchange with the most candles.
const WITNESSES: i64 = 8;

/// The witnesses of each gap, in the order of the gaps.
pub(crate) async fn witnesses(
    tx: &mut TenantTx,
    market: &Market,
    comparable: &[&str],
    finer: &[&str],
    gaps: &[Gap],
) -> Result<Vec<Witness>> {
    let times = |time: fn(&Gap) -> Time| gaps.iter().map(|gap| time(gap).utc()).collect::<Vec<DateTime<Utc>>>();
    let witnesses = sqlx::query_as!(
        Witness,
        r#"with asked as (
               (select id, first_open_time, last_open_time, false as finer from candle_series
                where exchange = $1 and symbol <> $2 and timeframe = any($3)
                order by candle_count desc, id limit $7)
               union all
               (select id, first_open_time, last_open_time, true from candle_series
                where exchange = $1 and symbol = $2 and timeframe = any($4)
                order by candle_count desc, id limit $7))
           select count(*) filter (where not s.finer) as "others!",
                  count(*) filter (where not s.finer and traded) as "others_trading!",
                  count(*) filter (where s.finer) as "finer!",
                  count(*) filter (where s.finer and traded) as "finer_trading!"
           from unnest($5::timestamptz[], $6::timestamptz[]) with ordinality g (since, until, place)
           left join asked s on s.first_open_time < g.since and s.last_open_time >= g.until
           left join lateral (
               select exists (select from candles c
                              where c.series_id = s.id and c.open_time >= g.since and c.open_time < g.until) as traded
           ) t on s.id is not null
           group by g.place order by g.place"#,
        market.exchange.as_str(),
        market.symbol.as_str(),
        comparable as _,
        finer as _,
        &times(|gap| gap.from),
        &times(|gap| gap.to),
        WITNESSES
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(witnesses)
}
