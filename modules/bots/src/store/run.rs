//! Bots as their runners lease and advance them.

use crate::{bot::Coins, event::Event, status::Status, tell};
use chrono::{DateTime, Utc};
use kit::{Columns, Result, SystemTx, TenantTx, Time, Tx};
use serde_json::Value;
use sqlx::types::Json;
use std::collections::HashMap;
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

/// Says that a runner lives, so that its bots are its own until then; answers which they are. Those of tenants that are
/// suspended or closed stand still.
pub(crate) async fn keep(tx: &mut SystemTx, owner: Uuid, until: Time) -> Result<Vec<Lease>> {
    sqlx::query!(
        "insert into bot_runners (id, until) values ($1, $2) on conflict (id) do update set until = excluded.until",
        owner,
        until.utc()
    )
    .execute(tx.conn())
    .await?;
    let kept = sqlx::query_as!(
        Lease,
        "select tenant_id as tenant, id as bot, lease_token as token from bots
         where lease_owner = $1 and status in ('running', 'stopping')
           and not exists (select from tenants t where t.id = tenant_id
                           and (t.suspended_at is not null or t.closed_at is not null))",
        owner
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(kept)
}

/// Leases bots of active tenants that are to run and that nobody holds who lives.
pub(crate) async fn lease(tx: &mut SystemTx, owner: Uuid, most: i64) -> Result<Vec<Lease>> {
    let now = tx.now();
    let leased = sqlx::query_as!(
        Lease,
        "update bots set lease_owner = $1, lease_token = lease_token + 1
         where (tenant_id, id) in (
             select tenant_id, id from bots
             where status in ('running', 'stopping')
               and not exists (select from bot_runners r where r.id = lease_owner and r.until >= $2)
               and not exists (select from tenants t where t.id = tenant_id
                               and (t.suspended_at is not null or t.closed_at is not null))
             limit $3 for update of bots skip locked
         )
         returning tenant_id as tenant, id as bot, lease_token as token",
        owner,
        now.utc(),
        most
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(leased)
}

/// Gives the owner's bots back, so that another need not wait until it is taken for dead, and forgets those that are.
pub(crate) async fn release(tx: &mut SystemTx, owner: Uuid) -> Result<()> {
    let now = tx.now();
    sqlx::query!("update bots set lease_owner = null where lease_owner = $1", owner).execute(tx.conn()).await?;
    sqlx::query!("delete from bot_runners where id = $1 or until < $2", owner, now.utc()).execute(tx.conn()).await?;
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
    pub(crate) bot: Uuid,
    pub(crate) status: Status,
    pub(crate) stop: Option<Coins>,
    pub(crate) journal_seq: i64,
    pub(crate) event_seq: i64,
    pub(crate) candles: i64,
    pub(crate) last_candle: Option<DateTime<Utc>>,
    /// Whether it has heard that entries are halted.
    pub(crate) halted: bool,
}

/// Locks the bots for this transaction whose leases are still good: from here to the commit nobody can take them over.
/// Answers how far each of those has come. One bot is waited for while others are at its row; of several, those are passed
/// over, so that nobody waits who holds a bot already.
pub(crate) async fn hold(tx: &mut TenantTx, leases: &[Lease]) -> Result<HashMap<Uuid, Progress>> {
    hurry(tx).await?;
    let bots: Vec<_> = leases.iter().map(|lease| lease.bot).collect();
    let tokens: Vec<_> = leases.iter().map(|lease| lease.token).collect();
    if let [lease] = leases {
        sqlx::query!(
            "select id from bots where tenant_id = current_tenant() and id = $1 and lease_token = $2 for no key update",
            lease.bot,
            lease.token
        )
        .fetch_optional(tx.conn())
        .await?;
    }
    let held = sqlx::query_as!(
        Progress,
        r#"select id as bot, status as "status: Status", stop as "stop: Coins", journal_seq, event_seq, candles,
                  last_candle, halted
           from bots join unnest($1::uuid[], $2::bigint[]) as leased (bot, token) on id = bot and lease_token = token
           where tenant_id = current_tenant()
           for no key update of bots skip locked"#,
        &bots,
        &tokens
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(held.into_iter().map(|progress| (progress.bot, progress)).collect())
}

/// Writes how far bots have come. One that nobody has to run any more is given back. Answers how many leases were still
/// good.
pub(crate) async fn write(tx: &mut TenantTx, marks: &[(Lease, &Progress, Option<Value>)]) -> Result<usize> {
    let now = tx.now();
    let column = Columns(marks);
    let written = sqlx::query!(
        "update bots set status = new.status, journal_seq = new.journal_seq, event_seq = new.event_seq,
                         candles = new.candles, last_candle = new.last_candle,
                         performance = coalesce(new.performance, bots.performance), updated_at = $11,
                         halted = new.halted,
                         lease_owner = case when new.live then lease_owner end
         from unnest($1::uuid[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::timestamptz[],
                     $8::jsonb[], $9::boolean[], $10::boolean[])
              as new (id, token, status, journal_seq, event_seq, candles, last_candle, performance, halted, live)
         where tenant_id = current_tenant() and bots.id = new.id and lease_token = token",
        &column.of(|(lease, ..)| lease.bot),
        &column.of(|(lease, ..)| lease.token),
        &column.of(|(_, it, _)| it.status) as _,
        &column.of(|(_, it, _)| it.journal_seq),
        &column.of(|(_, it, _)| it.event_seq),
        &column.of(|(_, it, _)| it.candles),
        &column.of(|(_, it, _)| it.last_candle) as &[Option<DateTime<Utc>>],
        &column.of(|(.., performance)| performance.clone()) as &[Option<Value>],
        &column.of(|(_, it, _)| it.halted),
        &column.of(|(_, it, _)| it.status.is_live()),
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(usize::try_from(written.rows_affected()).unwrap_or(usize::MAX))
}

/// An input of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Which of the bot's symbols took it in, counted from 0.
    pub(crate) lane: usize,
    pub(crate) at: Timestamp,
    pub(crate) input: Input,
}

/// Adds to the journals of bots that have so many entries.
pub(crate) async fn add_journal(tx: &mut TenantTx, journals: &[(Uuid, i64, &[Entry])]) -> Result<()> {
    let new = numbered(journals);
    if new.is_empty() {
        return Ok(());
    }
    let column = Columns(&new);
    sqlx::query!(
        "insert into bot_journal (bot_id, seq, lane, at, input)
         select * from unnest($1::uuid[], $2::bigint[], $3::smallint[], $4::timestamptz[], $5::jsonb[])",
        &column.of(|(bot, ..)| *bot),
        &column.of(|(_, seq, _)| *seq),
        &column.of(|(.., it)| i16::try_from(it.lane).unwrap_or(i16::MAX)),
        &column.of(|(.., it)| it.at.to_datetime()),
        &column.of(|(.., it)| Json(it.input)) as _
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// What is added to lists that have so many entries, each with its number.
fn numbered<'a, T>(lists: &[(Uuid, i64, &'a [T])]) -> Vec<(Uuid, i64, &'a T)> {
    let number = |&(bot, before, new): &(Uuid, i64, &'a [T])| (before + 1..).zip(new).map(move |(n, it)| (bot, n, it));
    lists.iter().flat_map(number).collect()
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

/// Adds events to those of bots that have so many, and tells them to those who listen.
pub(crate) async fn add_events(tx: &mut TenantTx, events: &[(Uuid, i64, &[Event])]) -> Result<()> {
    let new = numbered(events);
    if new.is_empty() {
        return Ok(());
    }
    let (now, column) = (tx.now(), Columns(&new));
    sqlx::query!(
        "insert into bot_events (bot_id, seq, at, feed_at, kind, message, data)
         select bot_id, seq, $1, feed_at, kind, message, data
         from unnest($2::uuid[], $3::bigint[], $4::timestamptz[], $5::text[], $6::text[], $7::jsonb[])
              as new (bot_id, seq, feed_at, kind, message, data)",
        now.utc(),
        &column.of(|(bot, ..)| *bot),
        &column.of(|(_, seq, _)| *seq),
        &column.of(|(.., event)| event.feed_at.map(|at| at.to_datetime())) as &[Option<DateTime<Utc>>],
        &column.of(|(.., event)| event.kind.to_owned()),
        &column.of(|(.., event)| event.message.clone()),
        &column.of(|(.., event)| event.data.clone()) as &[Option<Value>]
    )
    .execute(tx.conn())
    .await?;
    tell::events(tx, &new).await
}
