//! When a bot starts and stops by itself.

use crate::{
    bot::{Bot, Coins},
    checklist, service,
    status::Verb,
};
use chrono::TimeDelta;
use kit::{Error, Job, JobContext, Result, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How far ahead a moment may lie.
const MOST_AHEAD: TimeDelta = TimeDelta::days(366);

/// When a bot starts and stops by itself, each once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "BotSchedule")]
pub(crate) struct Schedule {
    /// It is started, if its checklist passes; within a year.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) start_at: Option<Time>,
    /// It is stopped for good, after it was started; within a year.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stop_at: Option<Time>,
    /// What becomes of its coins then: `sell` if not said.
    #[serde(default)]
    pub(crate) coins: Coins,
}

/// What is done at a moment of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Turn {
    Start,
    Stop,
}

impl Schedule {
    /// Its moments.
    pub(crate) fn moments(&self) -> impl Iterator<Item = (Turn, Time)> {
        let turns = [(Turn::Start, self.start_at), (Turn::Stop, self.stop_at)];
        turns.into_iter().filter_map(|(turn, at)| Some((turn, at?)))
    }

    /// What is left of it after a turn.
    pub(crate) fn without(&self, turn: Turn) -> Option<Self> {
        let mut left = self.clone();
        match turn {
            Turn::Start => left.start_at = None,
            Turn::Stop => left.stop_at = None,
        }
        (left.moments().count() > 0).then_some(left)
    }

    /// Whether it can be kept by a bot as it stands now; a live one that was never started is confirmed by its name.
    ///
    /// # Errors
    /// 422 for moments that make no sense, 409 `BOT_STATE` or `NOT_CONFIRMED`.
    pub(crate) fn check(&self, bot: &Bot, confirm: Option<&str>, now: Time) -> Result<()> {
        if self.moments().count() == 0 {
            return Err(Error::invalid("schedule", "NO_MOMENT", "Say `startAt`, `stopAt` or both."));
        }
        for (turn, at) in self.moments() {
            if at <= now || at > now + MOST_AHEAD {
                let message = "It must lie ahead, within a year.";
                return Err(Error::invalid(turn.path(), "NOT_AHEAD", message));
            }
        }
        if self.start_at.zip(self.stop_at).is_some_and(|(start, stop)| start >= stop) {
            return Err(Error::invalid("schedule.stopAt", "BEFORE_START", "It must be after `startAt`."));
        }
        for (turn, _) in self.moments() {
            bot.status.after(turn.verb())?;
        }
        match self.start_at {
            Some(_) => checklist::confirmed(bot, confirm),
            None => Ok(()),
        }
    }
}

impl Turn {
    pub(crate) fn verb(self) -> Verb {
        match self {
            Self::Start => Verb::Start,
            Self::Stop => Verb::Stop,
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Start => "schedule.startAt",
            Self::Stop => "schedule.stopAt",
        }
    }
}

/// A moment of a bot's schedule has come. It runs in the name of whoever has set it, and does nothing where the schedule
/// is another one by now.
#[derive(Serialize, Deserialize)]
pub(crate) struct ScheduledTurn {
    pub(crate) bot: Uuid,
    pub(crate) turn: Turn,
    pub(crate) at: Time,
}

impl Job for ScheduledTurn {
    const KIND: &'static str = "bots.scheduled-turn";
    /// For hours: nobody else tries again.
    const ATTEMPTS: i32 = 15;

    async fn run(self, context: JobContext) -> Result<()> {
        if !service::schedule::is_due(&mut context.begin().await?, &self).await? {
            return Ok(());
        }
        let checks = match self.turn {
            Turn::Start => {
                let begun = checklist::begin(&mut context.begin().await?, context.app(), self.bot).await?;
                begun.complete().await
            }
            Turn::Stop => vec![],
        };
        let mut tx = context.begin().await?;
        service::schedule::turn(&mut tx, &self, &checks).await?;
        tx.commit().await
    }
}
