//! Addresses at which bots take signals, and what has come there.

use crate::{
    alert::{Alert, Unfit},
    hook::{BotSignal, Hook, SignalStatus},
};
use kit::{Result, SystemTx, TenantTx, Time};
use trading::engine::Signal;
use uuid::Uuid;

/// Whose address it is, and what opens it.
pub(crate) struct Door {
    pub(crate) tenant: Uuid,
    pub(crate) bot: Uuid,
    pub(crate) secret: Option<Vec<u8>>,
    pub(crate) networks: Vec<String>,
}

/// The address of this token. Nobody else takes signals there until the transaction ends.
pub(crate) async fn find(tx: &mut SystemTx, token_hash: &[u8]) -> Result<Option<Door>> {
    let found = sqlx::query_as!(
        Door,
        "select tenant_id as tenant, bot_id as bot, secret, networks from bot_hooks where token_hash = $1 for update",
        token_hash
    );
    Ok(found.fetch_optional(tx.conn()).await?)
}

pub(crate) async fn put(
    tx: &mut TenantTx,
    bot: Uuid,
    token_hash: &[u8],
    secret: Option<&[u8]>,
    networks: &[String],
) -> Result<()> {
    let now = tx.now();
    sqlx::query!(
        "insert into bot_hooks (bot_id, token_hash, secret, networks, created_at) values ($1, $2, $3, $4, $5)
         on conflict (tenant_id, bot_id) do update
         set token_hash = excluded.token_hash, secret = excluded.secret, networks = excluded.networks,
             created_at = excluded.created_at",
        bot,
        token_hash,
        secret,
        networks,
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn get(tx: &mut TenantTx, bot: Uuid) -> Result<Option<Hook>> {
    let hook = sqlx::query_as!(
        Hook,
        r#"select networks, secret is not null as "signed!", created_at from bot_hooks
           where tenant_id = current_tenant() and bot_id = $1"#,
        bot
    );
    Ok(hook.fetch_optional(tx.conn()).await?)
}

/// Answers whether there was one.
pub(crate) async fn remove(tx: &mut TenantTx, bot: Uuid) -> Result<bool> {
    let removed = sqlx::query!("delete from bot_hooks where tenant_id = current_tenant() and bot_id = $1", bot);
    Ok(removed.execute(tx.conn()).await?.rows_affected() == 1)
}

/// How many have come since a moment; forgets those that came before another.
pub(crate) async fn count(tx: &mut TenantTx, bot: Uuid, since: Time, kept_since: Time) -> Result<i64> {
    let count = sqlx::query_scalar!(
        r#"with forgotten as (
               delete from bot_signals where tenant_id = current_tenant() and bot_id = $1 and at < $3
           )
           select count(*) as "n!" from bot_signals where tenant_id = current_tenant() and bot_id = $1 and at > $2"#,
        bot,
        since.utc(),
        kept_since.utc()
    );
    Ok(count.fetch_one(tx.conn()).await?)
}

/// The signal that came under this name, if one did.
pub(crate) async fn named(tx: &mut TenantTx, bot: Uuid, alert_id: &str) -> Result<Option<Uuid>> {
    let known = sqlx::query_scalar!(
        "select id from bot_signals where tenant_id = current_tenant() and bot_id = $1 and alert_id = $2",
        bot,
        alert_id
    );
    Ok(known.fetch_optional(tx.conn()).await?)
}

pub(crate) async fn add(tx: &mut TenantTx, bot: Uuid, alert: &Result<Alert, Unfit>) -> Result<Uuid> {
    let (id, now) = (tx.new_id(), tx.now());
    let (alert_id, signal, status, message) = match alert {
        Ok(alert) => (Some(&alert.id), Some(word(alert.signal)), SignalStatus::Waiting, None),
        Err(unfit) => (unfit.id.as_ref(), None, SignalStatus::Refused, Some(&unfit.message)),
    };
    let symbol = alert.as_ref().ok().and_then(|alert| alert.symbol).map(|symbol| symbol.to_string());
    sqlx::query!(
        "insert into bot_signals (bot_id, id, alert_id, at, signal, status, message, symbol)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        bot,
        id,
        alert_id,
        now.utc(),
        signal,
        status as _,
        message,
        symbol
    )
    .execute(tx.conn())
    .await?;
    Ok(id)
}

const fn word(signal: Signal) -> &'static str {
    match signal {
        Signal::Enter => "enter",
        Signal::Exit => "exit",
    }
}

/// A signal that a bot has not taken yet.
pub(crate) struct Waiting {
    pub(crate) at: Time,
    pub(crate) alert_id: String,
    /// What it is about, if not about all that the bot trades.
    pub(crate) symbol: Option<String>,
    pub(crate) is_entry: bool,
}

/// Takes the signals that wait, in the order in which they came: those that came before a moment are late.
pub(crate) async fn take(tx: &mut TenantTx, bot: Uuid, late_before: Time) -> Result<Vec<Waiting>> {
    let waiting = sqlx::query_as!(
        Waiting,
        r#"with taken as (
               update bot_signals set status = case when at < $2 then 'late' else 'taken' end
               where tenant_id = current_tenant() and bot_id = $1 and status = 'waiting'
               returning id, at, alert_id, symbol, signal
           )
           select at as "at!", alert_id as "alert_id!", symbol, signal = 'enter' as "is_entry!" from taken order by id"#,
        bot,
        late_before.utc()
    );
    Ok(waiting.fetch_all(tx.conn()).await?)
}

/// What has come, the newest first, or what came after one, the oldest first.
pub(crate) async fn list(
    tx: &mut TenantTx,
    bot: Uuid,
    before: Option<Uuid>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<BotSignal>> {
    let signals = sqlx::query_as!(
        BotSignal,
        r#"select id, alert_id, at, symbol, signal, status as "status: SignalStatus", message from bot_signals
           where tenant_id = current_tenant() and bot_id = $1 and ($2::uuid is null or id < $2)
             and ($3::uuid is null or id > $3)
           order by case when $3::uuid is not null then id end, id desc limit $4"#,
        bot,
        before,
        after,
        limit
    );
    Ok(signals.fetch_all(tx.conn()).await?)
}
