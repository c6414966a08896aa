//! Bots as callers see and change them.

pub(crate) mod hooks;
mod run;

pub(crate) use run::{
    Entry, Lease, Progress, add_events, add_journal, hold, hurry, journal, keep, lease, release, tenants_at_work, write,
};

use crate::{
    bot::{Bot, BotEvent, Coins, Filter},
    config::{Feed, Mode, NewBot},
    event::Event,
    hours::Hours,
    schedule::Schedule,
    status::Status,
};
use kit::{Error, OnConstraint, Paging, Result, TenantTx};
use market_data::Market;
use serde_json::Value;
use sqlx::{FromRow, Postgres, QueryBuilder, Row, postgres::PgRow, types::Json};
use trading::{money::Instrument, simulator::Rules};
use uuid::Uuid;

const BOT: &str = "id, name, kind, mode, status, strategy_id, strategy_version, exchange, symbols, timeframe, \
                   connection_id, initial_cash, rules, taker_fills, instruments, limits, hours, schedule, copied_from, \
                   feed, \
                   candles, last_candle, created_at, updated_at";

impl FromRow<'_, PgRow> for Bot {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            kind: row.try_get("kind")?,
            mode: row.try_get("mode")?,
            connection_id: row.try_get("connection_id")?,
            status: row.try_get("status")?,
            strategy_id: row.try_get("strategy_id")?,
            strategy_version: row.try_get("strategy_version")?,
            exchange: row.try_get("exchange")?,
            symbols: row.try_get("symbols")?,
            timeframe: row.try_get("timeframe")?,
            initial_cash: row.try_get("initial_cash")?,
            venue: row.try_get::<Json<Rules>, _>("rules")?.0.into(),
            taker_fills: row.try_get("taker_fills")?,
            filters: row.try_get::<Option<Json<_>>, _>("instruments")?.map(|filters| filters.0),
            limits: row.try_get::<Json<_>, _>("limits")?.0,
            hours: row.try_get::<Option<Json<_>>, _>("hours")?.map(|hours| hours.0),
            schedule: row.try_get::<Option<Json<_>>, _>("schedule")?.map(|schedule| schedule.0),
            copied_from: row.try_get("copied_from")?,
            feed: row.try_get::<Json<_>, _>("feed")?.0,
            candles: row.try_get("candles")?,
            last_candle: row.try_get("last_candle")?,
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
        })
    }
}

fn name_taken() -> Error {
    Error::conflict("BOT_NAME_TAKEN", "Another bot has this name.")
}

/// Lets one transaction of the tenant at a time count its bots and add one.
pub(crate) async fn lock_bots(tx: &mut TenantTx) -> Result<()> {
    sqlx::query!("select pg_advisory_xact_lock(hashtext('bots'), hashtext(current_tenant()::text))")
        .fetch_one(tx.conn())
        .await?;
    Ok(())
}

pub(crate) async fn count(tx: &mut TenantTx) -> Result<i64> {
    let count = sqlx::query_scalar!(r#"select count(*) as "n!" from bots where tenant_id = current_tenant()"#);
    Ok(count.fetch_one(tx.conn()).await?)
}

pub(crate) async fn insert(
    tx: &mut TenantTx,
    id: Uuid,
    new: &NewBot,
    kind: &str,
    strategy_version: i32,
    markets: &[Market],
    filters: Option<&[Instrument]>,
) -> Result<()> {
    let now = tx.now();
    let Some(Market { exchange, timeframe, .. }) = markets.first() else {
        return Err(Error::internal("a bot trades something"));
    };
    let symbols: Vec<_> = markets.iter().map(|market| market.symbol.to_string()).collect();
    sqlx::query!(
        "insert into bots (id, name, kind, status, strategy_id, strategy_version, exchange, symbols, timeframe,
                           initial_cash, rules, feed, created_at, updated_at, instruments, mode, connection_id, limits,
                           hours, copied_from, taker_fills)
         values ($1, $2, $3, 'created', $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $13, $14, $15, $16, $17, $18,
                 $19)",
        id,
        new.name,
        kind,
        new.strategy_id,
        strategy_version,
        exchange.as_str(),
        &symbols,
        timeframe.as_str(),
        new.initial_cash.decimal().normalize(),
        Json(new.rules()) as _,
        Json(&new.feed) as _,
        now.utc(),
        filters.map(Json) as _,
        new.mode as _,
        new.connection_id,
        Json(new.limits) as _,
        new.hours.as_ref().map(Json) as _,
        new.copied_from,
        new.taker_fills() as _
    )
    .execute(tx.conn())
    .await
    .on_constraint("bots_name_taken", name_taken)?;
    Ok(())
}

/// The bots that have ever been started, of all modes or of one, and how they stand; others change none of them until
/// the transaction ends.
pub(crate) async fn lock_begun(tx: &mut TenantTx, mode: Option<Mode>) -> Result<Vec<(Uuid, Status)>> {
    let rows = sqlx::query!(
        r#"select id, status as "status: Status" from bots
           where tenant_id = current_tenant() and status <> 'created' and ($1::text is null or mode = $1)
           order by id for update"#,
        mode as _
    );
    Ok(rows.fetch_all(tx.conn()).await?.into_iter().map(|row| (row.id, row.status)).collect())
}

/// Keeps others from changing the bot until the transaction ends.
pub(crate) async fn lock(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    sqlx::query!("select id from bots where tenant_id = current_tenant() and id = $1 for update", id)
        .fetch_optional(tx.conn())
        .await?;
    Ok(())
}

pub(crate) async fn get(tx: &mut TenantTx, id: Uuid) -> Result<Option<Bot>> {
    let mut query = QueryBuilder::new(format!("select {BOT} from bots where tenant_id = current_tenant()"));
    query.push(" and id = ").push_bind(id);
    Ok(query.build_query_as().fetch_optional(tx.conn()).await?)
}

/// `order` is one of [`Paging::order`]'s own making.
pub(crate) async fn list(tx: &mut TenantTx, filter: &Filter, order: &str, paging: &Paging) -> Result<(Vec<Bot>, i64)> {
    let mut count = QueryBuilder::new("select count(*) from bots where tenant_id = current_tenant()");
    narrow(&mut count, filter);
    let total = count.build_query_scalar().fetch_one(tx.conn()).await?;
    let mut query = QueryBuilder::new(format!("select {BOT} from bots where tenant_id = current_tenant()"));
    narrow(&mut query, filter);
    query.push(format_args!(" order by {order}, id desc limit ")).push_bind(paging.limit);
    query.push(" offset ").push_bind(paging.offset());
    Ok((query.build_query_as().fetch_all(tx.conn()).await?, total))
}

fn narrow(query: &mut QueryBuilder<Postgres>, filter: &Filter) {
    if let Some(status) = filter.status {
        query.push(" and status = ").push_bind(status);
    }
    if let Some(strategy) = filter.strategy_id {
        query.push(" and strategy_id = ").push_bind(strategy);
    }
    if let Some(original) = filter.copied_from {
        query.push(" and copied_from = ").push_bind(original);
    }
    if let Some(q) = filter.q.as_deref().map(str::trim).filter(|q| !q.is_empty()) {
        query.push(" and strpos(lower(name), lower(").push_bind(q.to_owned()).push(")) > 0");
    }
}

/// A new name, feed and hours. Whoever runs the bot loses it.
pub(crate) async fn change(tx: &mut TenantTx, id: Uuid, name: &str, feed: &Feed, hours: Option<&Hours>) -> Result<()> {
    let now = tx.now();
    sqlx::query!(
        "update bots set name = $2, feed = $3, updated_at = $4, hours = $5,
                         lease_owner = null, lease_token = lease_token + 1
         where tenant_id = current_tenant() and id = $1",
        id,
        name,
        Json(feed) as _,
        now.utc(),
        hours.map(Json) as _
    )
    .execute(tx.conn())
    .await
    .on_constraint("bots_name_taken", name_taken)?;
    Ok(())
}

/// When it starts and stops by itself, or never.
pub(crate) async fn set_schedule(tx: &mut TenantTx, id: Uuid, schedule: Option<&Schedule>) -> Result<()> {
    sqlx::query!(
        "update bots set schedule = $2 where tenant_id = current_tenant() and id = $1",
        id,
        schedule.map(Json) as _
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A new status. Whoever runs the bot loses it.
pub(crate) async fn turn(tx: &mut TenantTx, id: Uuid, status: Status, coins: Option<Coins>) -> Result<()> {
    let now = tx.now();
    sqlx::query!(
        "update bots set status = $2, stop = coalesce($3, stop), updated_at = $4,
                         lease_owner = null, lease_token = lease_token + 1
         where tenant_id = current_tenant() and id = $1",
        id,
        status as _,
        coins as _,
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn delete(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    sqlx::query!("delete from bots where tenant_id = current_tenant() and id = $1", id).execute(tx.conn()).await?;
    Ok(())
}

/// Wakes the runners when the transaction has been committed.
pub(crate) async fn announce(tx: &mut TenantTx) -> Result<()> {
    sqlx::query!("select pg_notify('bots', '')").fetch_one(tx.conn()).await?;
    Ok(())
}

/// Adds an event to a bot that nobody else changes meanwhile.
pub(crate) async fn add_event(tx: &mut TenantTx, id: Uuid, event: &Event) -> Result<()> {
    let seq = sqlx::query_scalar!(
        "update bots set event_seq = event_seq + 1 where tenant_id = current_tenant() and id = $1 returning event_seq",
        id
    )
    .fetch_one(tx.conn())
    .await?;
    add_events(tx, &[(id, seq - 1, std::slice::from_ref(event))]).await
}

pub(crate) async fn events(
    tx: &mut TenantTx,
    id: Uuid,
    before: Option<i64>,
    after: Option<i64>,
    limit: i64,
) -> Result<Vec<BotEvent>> {
    let mut query = QueryBuilder::new(
        "select seq, at, feed_at, kind, message, data from bot_events where tenant_id = current_tenant()",
    );
    query.push(" and bot_id = ").push_bind(id);
    for (place, comparison) in [(before, "<"), (after, ">")] {
        if let Some(seq) = place {
            query.push(format_args!(" and seq {comparison} ")).push_bind(seq);
        }
    }
    let direction = if after.is_some() { "asc" } else { "desc" };
    query.push(format_args!(" order by seq {direction} limit ")).push_bind(limit);
    Ok(query.build_query_as().fetch_all(tx.conn()).await?)
}

/// How many entries its journal has, and how many events there are.
pub(crate) async fn extent(tx: &mut TenantTx, id: Uuid) -> Result<(i64, i64)> {
    let row =
        sqlx::query!("select journal_seq, event_seq from bots where tenant_id = current_tenant() and id = $1", id);
    let row = row.fetch_one(tx.conn()).await?;
    Ok((row.journal_seq, row.event_seq))
}

/// The trades that it has ended, up to an event.
pub(crate) async fn closed_trades(tx: &mut TenantTx, id: Uuid, last_event: i64) -> Result<Vec<Value>> {
    let trades = sqlx::query_scalar!(
        r#"select data as "data!" from bot_events
           where tenant_id = current_tenant() and bot_id = $1 and seq <= $2 and kind = $3 and data is not null
           order by seq"#,
        id,
        last_event,
        Event::TRADE_CLOSED
    );
    Ok(trades.fetch_all(tx.conn()).await?)
}

/// The stored figures.
pub(crate) async fn performance(tx: &mut TenantTx, id: Uuid) -> Result<Option<Value>> {
    let figures =
        sqlx::query_scalar!("select performance from bots where tenant_id = current_tenant() and id = $1", id);
    Ok(figures.fetch_optional(tx.conn()).await?.flatten())
}
