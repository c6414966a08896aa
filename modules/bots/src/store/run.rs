//! Bots as their runners lease and advance them.

use crate::{bot::Coins, event::Event, status::Status, tell};
use chrono::{DateTime, Utc};
use kit::{Result, SystemTx, TenantTx, Time, Tx};
use serde_json::Value;
use sqlx::types::Json;
use trading::{engine::Input, time::Timestamp};
use uuid::Uuid;

/// The right to run a bot. It is worth nothing once the bot has another token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Lease {
    pub(crate) tenant: Uuid,
    pub(crate) bot: Uuid,
    pub(crate) token: i64,
}

/// Has the database end the transaction if this process stands still: whoever takes its bots over waits for no lock of
/// its for longer.
pub(crate) async fn hurry<K>(tx: &mut Tx<K>) -> Result<()> {
    sqlx::query!("set local idle_in_transaction_session_timeout = '5s'").execute(tx.conn()).await?;
    Ok(())
}

/// Keeps the owner's leases, but of tenants that are suspended or closed, whose bots stand still; answers which they are.
pub(crate) async fn keep(tx: &mut SystemTx, owner: Uuid, until: Time) -> Result<Vec<Lease>> {
    let kept = sqlx::query_as!(
        Lease,
        "update bots set lease_until = $2
         where lease_owner = $1 and status in ('running', 'stopping')
           and not exists (select from tenants t where t.id = tenant_id
                           and (t.suspended_at is not null or t.closed_at is not null))
         returning tenant_id as tenant, id as bot, lease_token as token",
        owner,
        until.utc()
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(kept)
}

/// Leases bots of active tenants that are to run and that nobody holds any more.
pub(crate) async fn lease(tx: &mut SystemTx, owner: Uuid, until: Time, most: i64) -> Result<Vec<Lease>> {
    let now = tx.now();
    let leased = sqlx::query_as!(
        Lease,
        "update bots set lease_owner = $1, lease_until = $2, lease_token = lease_token + 1
         where (tenant_id, id) in (
             select tenant_id, id from bots
             where status in ('running', 'stopping') and (lease_until is null or lease_until < $3)
               and not exists (select from tenants t where t.id = tenant_id
                               and (t.suspended_at is not null or t.closed_at is not null))
             order by lease_until nulls first limit $4 for update skip locked
         )
         returning tenant_id as tenant, id as bot, lease_token as token",
        owner,
        until.utc(),
        now.utc(),
        most
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(leased)
}

/// Gives the owner's leases back, so that another need not wait for their end.
pub(crate) async fn release(tx: &mut SystemTx, owner: Uuid) -> Result<()> {
    sqlx::query!("update bots set lease_owner = null, lease_until = null where lease_owner = $1", owner)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// The tenants with live bots that can be stopped.
pub(crate) async fn tenants_at_work(tx: &mut SystemTx) -> Result<Vec<Uuid>> {
    let tenants = sqlx::query_scalar!(
        "select distinct tenant_id from bots where mode = 'live' and status in ('running', 'paused', 'failed')
         order by tenant_id"
    );
    Ok(tenants.fetch_all(tx.conn()).await?)
}

/// How far a bot has come.
pub(crate) struct Progress {
    pub(crate) status: Status,
    pub(crate) stop: Option<Coins>,
    pub(crate) journal_seq: i64,
    pub(crate) event_seq: i64,
    pub(crate) candles: i64,
    pub(crate) last_candle: Option<DateTime<Utc>>,
    /// Whether it has heard that entries are halted.
    pub(crate) halted: bool,
}

/// Locks the bot for this transaction if the lease is still good: from here to the commit nobody
/// can take it over. `None` where somebody has.
pub(crate) async fn hold(tx: &mut TenantTx, lease: &Lease) -> Result<Option<Progress>> {
    hurry(tx).await?;
    let held = sqlx::query_as!(
        Progress,
        r#"select status as "status: Status", stop as "stop: Coins", journal_seq, event_seq, candles, last_candle, halted
           from bots where tenant_id = current_tenant() and id = $1 and lease_token = $2
           for no key update"#,
        lease.bot,
        lease.token
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(held)
}

/// Writes how far the bot has come. A bot that nobody has to run any more is given back.
/// Answers whether the lease was still good.
pub(crate) async fn write(
    tx: &mut TenantTx,
    lease: &Lease,
    progress: &Progress,
    performance: Option<Value>,
) -> Result<bool> {
    let now = tx.now();
    let written = sqlx::query!(
        "update bots set status = $3, journal_seq = $4, event_seq = $5, candles = $6, last_candle = $7,
                         performance = coalesce($8, performance), updated_at = $9, halted = $11,
                         lease_owner = case when $10 then lease_owner end,
                         lease_until = case when $10 then lease_until end
         where tenant_id = current_tenant() and id = $1 and lease_token = $2",
        lease.bot,
        lease.token,
        progress.status as _,
        progress.journal_seq,
        progress.event_seq,
        progress.candles,
        progress.last_candle,
        performance,
        now.utc(),
        progress.status.is_live(),
        progress.halted
    )
    .execute(tx.conn())
    .await?;
    Ok(written.rows_affected() == 1)
}

/// An input of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Which of the bot's symbols took it in, counted from 0.
    pub(crate) lane: usize,
    pub(crate) at: Timestamp,
    pub(crate) input: Input,
}

/// Adds to the journal of a bot that has so many entries.
pub(crate) async fn add_journal(tx: &mut TenantTx, bot: Uuid, seq: i64, entries: &[Entry]) -> Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let lanes: Vec<_> = entries.iter().map(|it| i16::try_from(it.lane).unwrap_or(i16::MAX)).collect();
    let at: Vec<_> = entries.iter().map(|it| it.at.to_datetime()).collect();
    let inputs: Vec<_> = entries.iter().map(|it| Json(it.input)).collect();
    sqlx::query!(
        "insert into bot_journal (bot_id, seq, lane, at, input)
         select $1, $2 + place, lane, at, input
         from unnest($3::smallint[], $4::timestamptz[], $5::jsonb[]) with ordinality as new (lane, at, input, place)",
        bot,
        seq,
        &lanes,
        &at,
        &inputs as _
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The next entries of the journal after so many.
pub(crate) async fn journal(tx: &mut TenantTx, bot: Uuid, seq: i64, most: i64) -> Result<Vec<Entry>> {
    let rows = sqlx::query!(
        r#"select lane, at, input as "input: Json<Input>" from bot_journal
           where tenant_id = current_tenant() and bot_id = $1 and seq > $2
           order by seq limit $3"#,
        bot,
        seq,
        most
    )
    .fetch_all(tx.conn())
    .await?;
    let entries = rows.into_iter().map(|row| Entry {
        lane: usize::try_from(row.lane).unwrap_or_default(),
        at: row.at.into(),
        input: row.input.0,
    });
    Ok(entries.collect())
}

/// Adds events to those of a bot that has so many, and tells them to those who listen.
pub(crate) async fn add_events(tx: &mut TenantTx, bot: Uuid, seq: i64, events: &[Event]) -> Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let now = tx.now();
    let feed_at: Vec<_> = events.iter().map(|event| event.feed_at.map(|at| at.to_datetime())).collect();
    let kinds: Vec<_> = events.iter().map(|event| event.kind.to_owned()).collect();
    let messages: Vec<_> = events.iter().map(|event| event.message.clone()).collect();
    let data: Vec<_> = events.iter().map(|event| event.data.clone()).collect();
    sqlx::query!(
        "insert into bot_events (bot_id, seq, at, feed_at, kind, message, data)
         select $1, $2 + place, $3, feed_at, kind, message, data
         from unnest($4::timestamptz[], $5::text[], $6::text[], $7::jsonb[])
              with ordinality as new (feed_at, kind, message, data, place)",
        bot,
        seq,
        now.utc(),
        &feed_at as &[Option<DateTime<Utc>>],
        &kinds,
        &messages,
        &data as &[Option<Value>]
    )
    .execute(tx.conn())
    .await?;
    tell::events(tx, bot, seq, events).await
}
