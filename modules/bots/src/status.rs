use kit::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a bot stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, sqlx::Type)]
#[serde(rename_all = "camelCase")]
#[sqlx(type_name = "text", rename_all = "camelCase")]
#[schemars(rename = "BotStatus")]
pub enum Status {
    /// It has not begun.
    Created,
    /// It is fed candles.
    Running,
    /// It is fed none for now; what it holds and has ordered stays.
    Paused,
    /// It is being stopped: orders are taken back, coins sold if that was asked for.
    Stopping,
    /// It was stopped.
    Stopped,
    /// Its replay has ended.
    Finished,
    /// Something kept it from going on; its last event says what.
    Failed,
}

/// What changes a bot's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Start,
    Pause,
    Stop,
    Delete,
    /// It holds nothing more that it was asked to sell.
    Settle,
    /// There are no further candles.
    Finish,
    /// Something keeps it from going on.
    Fail,
}

/// The only changes there are: from, by, to. What is deleted is nowhere afterwards.
const CHANGES: [(Status, Verb, Option<Status>); 18] = {
    use Status::{Created, Failed, Finished, Paused, Running, Stopped, Stopping};
    [
        (Created, Verb::Start, Some(Running)),
        (Paused, Verb::Start, Some(Running)),
        (Failed, Verb::Start, Some(Running)),
        (Running, Verb::Pause, Some(Paused)),
        (Created, Verb::Stop, Some(Stopping)),
        (Running, Verb::Stop, Some(Stopping)),
        (Paused, Verb::Stop, Some(Stopping)),
        (Failed, Verb::Stop, Some(Stopping)),
        (Stopping, Verb::Settle, Some(Stopped)),
        (Stopping, Verb::Finish, Some(Stopped)),
        (Stopping, Verb::Fail, Some(Failed)),
        (Running, Verb::Finish, Some(Finished)),
        (Running, Verb::Fail, Some(Failed)),
        (Created, Verb::Delete, None),
        (Paused, Verb::Delete, None),
        (Stopped, Verb::Delete, None),
        (Finished, Verb::Delete, None),
        (Failed, Verb::Delete, None),
    ]
};

impl Status {
    /// Where the verb leads from here; `None` for nowhere.
    ///
    /// # Errors
    /// 409 `BOT_STATE`, which says what can be done instead.
    pub(crate) fn after(self, verb: Verb) -> Result<Option<Self>> {
        let known = CHANGES.iter().find(|(from, by, _)| (*from, *by) == (self, verb));
        known.map(|(.., to)| *to).ok_or_else(|| {
            let possible: Vec<_> = CHANGES.iter().filter(|it| it.0 == self).filter_map(|it| it.1.asked()).collect();
            let hint = if possible.is_empty() { "wait until it has".to_owned() } else { possible.join(", ") };
            let message = format!("A bot that is {self} cannot be {}. Possible: {hint}.", verb.done());
            Error::conflict("BOT_STATE", message).with("status", self.to_string())
        })
    }

    /// Whether it was ever started.
    pub(crate) fn has_begun(self) -> bool {
        self != Self::Created
    }

    /// Whether a runner works for it.
    pub(crate) fn is_live(self) -> bool {
        matches!(self, Self::Running | Self::Stopping)
    }
}

impl Verb {
    /// How a caller asks for it; `None` where only the platform does it.
    fn asked(self) -> Option<&'static str> {
        match self {
            Self::Start => Some("start"),
            Self::Pause => Some("pause"),
            Self::Stop => Some("stop"),
            Self::Delete => Some("delete"),
            Self::Settle | Self::Finish | Self::Fail => None,
        }
    }

    fn done(self) -> &'static str {
        match self {
            Self::Start => "started",
            Self::Pause => "paused",
            Self::Stop => "stopped",
            Self::Delete => "deleted",
            Self::Settle => "settled",
            Self::Finish => "finished",
            Self::Fail => "failed",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Status; 7] = [
        Status::Created,
        Status::Running,
        Status::Paused,
        Status::Stopping,
        Status::Stopped,
        Status::Finished,
        Status::Failed,
    ];

    #[test]
    fn from_stopped_and_finished_there_is_no_way_back() {
        for status in [Status::Stopped, Status::Finished] {
            for verb in [Verb::Start, Verb::Pause, Verb::Stop, Verb::Settle, Verb::Finish, Verb::Fail] {
                assert_eq!(status.after(verb).unwrap_err().code(), "BOT_STATE", "{status} {verb:?}");
            }
        }
    }

    #[test]
    fn only_a_bot_that_nobody_runs_can_be_deleted() {
        for status in ALL {
            assert_eq!(status.after(Verb::Delete).is_err(), status.is_live(), "{status}");
        }
    }

    #[test]
    fn a_refusal_says_where_the_bot_stands_and_what_can_be_done() {
        let refusal = Status::Running.after(Verb::Start).unwrap_err();
        assert_eq!(refusal.message(), "A bot that is running cannot be started. Possible: pause, stop.");
    }
}
