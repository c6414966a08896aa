//! What becomes of bots, for those who listen.

use crate::{
    BOT_EVENTS, BOTS,
    bot::{Bot, BotEvent},
    event::Event,
    service,
};
use kit::{Result, TenantTx, Time};
use serde::Serialize;
use uuid::Uuid;

/// An event, and of which bot.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    bot_id: Uuid,
    #[serde(flatten)]
    event: BotEvent,
}

/// A bot that is no more.
#[derive(Serialize)]
struct Deleted {
    id: Uuid,
    deleted: bool,
}

/// Tells how a bot is now.
pub(crate) async fn bot(tx: &mut TenantTx, bot: &Bot) -> Result<()> {
    stream::publish(tx, &BOTS, &[(bot.id, bot)]).await
}

/// Tells how a bot is now, by its id.
pub(crate) async fn turned(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    let now = service::get(tx, id).await?;
    bot(tx, &now).await
}

/// Tells that a bot is no more.
pub(crate) async fn deleted(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    stream::publish(tx, &BOTS, &[(id, Deleted { id, deleted: true })]).await
}

/// Tells what bots have done: the events of each, with their numbers.
pub(crate) async fn events(tx: &mut TenantTx, events: &[(Uuid, i64, &Event)]) -> Result<()> {
    let at = tx.now();
    let told = events.iter().map(|&(bot_id, seq, event)| {
        let feed_at = event.feed_at.map(|at| Time::from_millis(at.millis()));
        let Event { kind, message, data, .. } = event.clone();
        (bot_id, Told { bot_id, event: BotEvent { seq, at, feed_at, kind: kind.to_owned(), message, data } })
    });
    stream::publish(tx, &BOT_EVENTS, &told.collect::<Vec<_>>()).await
}
