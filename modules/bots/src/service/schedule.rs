//! Bots that start and stop by themselves.

use crate::{
    bot::Bot,
    checklist::Check,
    event::Event,
    schedule::{Schedule, ScheduledTurn, Turn},
    service, store, tell,
};
use audit::Change;
use kit::{Error, Result, TenantTx, enqueue_job_at};
use uuid::Uuid;

/// Keeps a schedule in the place of the one that there is, or none.
///
/// # Errors
/// As [`Schedule::check`].
pub(crate) async fn set(
    tx: &mut TenantTx,
    bot: &Bot,
    schedule: Option<&Schedule>,
    confirm: Option<&str>,
) -> Result<()> {
    if let Some(schedule) = schedule {
        schedule.check(bot, confirm, tx.now())?;
        for (turn, at) in schedule.moments() {
            enqueue_job_at(tx, &ScheduledTurn { bot: bot.id, turn, at }, at).await?;
        }
    }
    store::set_schedule(tx, bot.id, schedule).await
}

/// Whether the bot is there, and this still its schedule.
pub(crate) async fn is_due(tx: &mut TenantTx, due: &ScheduledTurn) -> Result<bool> {
    let bot = store::get(tx, due.bot).await?;
    let schedule = bot.and_then(|bot| bot.schedule);
    Ok(schedule.is_some_and(|it| it.moments().any(|moment| moment == (due.turn, due.at))))
}

/// Does what is due, or tells why it cannot be done. Either way that moment is over.
pub(crate) async fn turn(tx: &mut TenantTx, due: &ScheduledTurn, checks: &[Check]) -> Result<()> {
    store::lock(tx, due.bot).await?;
    if !is_due(tx, due).await? {
        return Ok(());
    }
    let bot = service::get(tx, due.bot).await?;
    let Some(schedule) = &bot.schedule else { return Ok(()) };
    store::set_schedule(tx, due.bot, schedule.without(due.turn).as_ref()).await?;
    let turned = match due.turn {
        Turn::Start if schedule.stop_at.is_some_and(|stop| stop <= tx.now()) => {
            Err(Error::conflict("SCHEDULE_OVER", "The moment to stop it has come as well."))
        }
        Turn::Start => service::start(tx, due.bot, checks, Some(&bot.name)).await,
        Turn::Stop => service::stop(tx, due.bot, schedule.coins).await,
    };
    match turned {
        Ok(_) => Ok(()),
        Err(refusal) if refusal.status().is_client_error() => missed(tx, due.bot, due.turn, &refusal).await,
        Err(failure) => Err(failure),
    }
}

async fn missed(tx: &mut TenantTx, bot: Uuid, turn: Turn, refusal: &Error) -> Result<()> {
    let what = match turn {
        Turn::Start => "started",
        Turn::Stop => "stopped",
    };
    let message = format!("The bot was to be {what} by its schedule, and was not: {}", refusal.message());
    store::add_event(tx, bot, &Event::of_bot("schedule.missed", message)).await?;
    let why = serde_json::json!({ "turn": turn, "code": refusal.code(), "message": refusal.message() });
    audit::record(tx, Change::new("bot", bot, "bot.schedule-missed").after(why)).await?;
    tell::turned(tx, bot).await
}
