use crate::{admission::Sums, limits::notional, positions::Holding, profit::Figures};
use chrono::TimeDelta;
use kit::{Error, Result, TenantTx};
use rust_decimal::Decimal;
use trading::money::Notional;
use uuid::Uuid;

/// The time in which entries are counted.
const MINUTE: TimeDelta = TimeDelta::seconds(60);

/// Lets one transaction of the tenant at a time use what limits leave to all bots together.
pub(crate) async fn lock(tx: &mut TenantTx) -> Result<()> {
    sqlx::query!("select pg_advisory_xact_lock(hashtext('risk'), hashtext(current_tenant()::text))")
        .fetch_one(tx.conn())
        .await?;
    Ok(())
}

/// What all live bots but these hold, and the entries of the last minute.
pub(crate) async fn sums(tx: &mut TenantTx, currency: &str, bots: &[Uuid]) -> Result<Sums> {
    let since = tx.now() - MINUTE;
    let sums = sqlx::query!(
        r#"select (select coalesce(sum(value + purchases), 0) from risk_positions
                   where mode = 'live' and currency = $1 and bot_id <> all ($2)) as "exposure!",
                  (select coalesce(sum(orders), 0) from risk_admissions
                   where tenant_id = current_tenant() and currency = $1 and at > $3) as "orders!""#,
        currency,
        bots,
        since.utc()
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(Sums { exposure: notional(sums.exposure)?, orders: sums.orders })
}

/// Remembers entries for as long as their rate may be asked for.
pub(crate) async fn admitted(tx: &mut TenantTx, currency: &str, orders: usize) -> Result<()> {
    let orders = i32::try_from(orders).map_err(Error::internal)?;
    if orders == 0 {
        return Ok(());
    }
    let (id, now) = (tx.new_id(), tx.now());
    // a transaction that began earlier may still look back a minute from then
    let over = now - MINUTE - MINUTE;
    sqlx::query!(
        "with gone as (
             delete from risk_admissions where (tenant_id, id) in (
                 select tenant_id, id from risk_admissions
                 where tenant_id = current_tenant() and currency = $2 and at < $5 for update skip locked))
         insert into risk_admissions (id, currency, at, orders) values ($1, $2, $3, $4)",
        id,
        currency,
        now.utc(),
        orders,
        over.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Writes down what bots have earned; answers by how much that is more than they last told.
pub(crate) async fn tell(tx: &mut TenantTx, currency: &str, profits: &[(Uuid, Notional)]) -> Result<Decimal> {
    let today = tx.now().utc().date_naive();
    let bots: Vec<_> = profits.iter().map(|(bot, _)| *bot).collect();
    let profits: Vec<_> = profits.iter().map(|(_, profit)| profit.decimal().normalize()).collect();
    let change = sqlx::query_scalar!(
        r#"with before as (
               select bot, profit,
                      coalesce((select latest from risk_days where tenant_id = current_tenant() and bot_id = bot
                                order by day desc limit 1), 0) as latest
               from unnest($1::uuid[], $4::numeric[]) as told (bot, profit)),
           told as (
               insert into risk_days (currency, day, bot_id, opening, latest)
               select $2, $3, bot, latest, profit from before where latest <> profit
               on conflict (tenant_id, day, currency, bot_id) do update set latest = excluded.latest)
           select coalesce(sum(profit - latest), 0) as "change!" from before"#,
        &bots,
        currency,
        today,
        &profits
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(change)
}

/// The profit of all bots has changed by so much.
pub(crate) async fn move_peak(tx: &mut TenantTx, currency: &str, change: Decimal) -> Result<()> {
    sqlx::query!(
        "insert into risk_peaks (currency, profit, peak) values ($1, $2::numeric, greatest($2::numeric, 0))
         on conflict (tenant_id, currency) do update
         set profit = risk_peaks.profit + $2::numeric, peak = greatest(risk_peaks.peak, risk_peaks.profit + $2::numeric)",
        currency,
        change.normalize()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// How the live bots stand, for each currency that has any or is limited, or for one of them.
pub(crate) async fn all(tx: &mut TenantTx, currency: Option<&str>) -> Result<Vec<Figures>> {
    let (today, since) = (tx.now().utc().date_naive(), tx.now() - MINUTE);
    let figures = sqlx::query_as!(
        Figures,
        r#"with held as (
               select currency, sum(value + purchases) as exposure, max(value + purchases) as largest,
                      sum(capital) filter (where status in ('running', 'paused', 'stopping', 'failed')) as capital
               from risk_positions where mode = 'live' group by currency),
           days as (
               select currency, sum(latest - opening) as today from risk_days
               where tenant_id = current_tenant() and day = $1 group by currency),
           entries as (
               select currency, sum(orders) as orders from risk_admissions
               where tenant_id = current_tenant() and at > $2 group by currency),
           known as (
               select currency from held union select currency from risk_limits where tenant_id = current_tenant()
               union select currency from risk_platform_limits
               union select currency from risk_peaks where tenant_id = current_tenant())
           select currency as "currency!", coalesce(profit, 0) as "profit!", coalesce(peak, 0) as "peak!",
                  coalesce(today, 0) as "today!",
                  case when forgiven_on = $1 then forgiven else 0 end as "forgiven!",
                  coalesce(capital, 0) as "capital!", coalesce(exposure, 0) as "exposure!",
                  coalesce(largest, 0) as "largest!", coalesce(orders, 0) as "orders!"
           from known
           left join held using (currency) left join days using (currency) left join entries using (currency)
           left join (select * from risk_peaks where tenant_id = current_tenant()) peaks using (currency)
           where $3::text is null or currency = $3
           order by currency"#,
        today,
        since.utc(),
        currency
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(figures)
}

/// What the day has lost until now does not count any more.
pub(crate) async fn forgive_loss(tx: &mut TenantTx, currency: &str) -> Result<()> {
    let today = tx.now().utc().date_naive();
    sqlx::query!(
        "update risk_peaks set forgiven_on = $2, forgiven = greatest(0, -(
             select coalesce(sum(latest - opening), 0) from risk_days
             where tenant_id = current_tenant() and currency = $1 and day = $2))
         where tenant_id = current_tenant() and currency = $1",
        currency,
        today
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The peak is what the profit is now.
pub(crate) async fn forget_peak(tx: &mut TenantTx, currency: &str) -> Result<()> {
    sqlx::query!("update risk_peaks set peak = profit where tenant_id = current_tenant() and currency = $1", currency)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// What the tenant's bots hold, on paper too.
pub(crate) async fn holdings(tx: &mut TenantTx) -> Result<Vec<Holding>> {
    let holdings = sqlx::query_as!(
        Holding,
        r#"select bot_id as "bot_id!", name as "name!", mode as "mode!: _", exchange as "exchange!", symbol as "symbol!",
                  currency as "currency!", value as "value!"
           from risk_positions where value > 0 order by bot_id"#
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(holdings)
}
