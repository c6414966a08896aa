use super::{Verdict, verdicts};
use crate::ReadConfigurations;
use kit::{Caller, Event, Events, Result, Signal, Stay};
use std::collections::BTreeMap;
use tokio::time::sleep;
use tracing::warn;

/// What tells of changes of flags; with a tenant before it, of the tenant's choices.
pub(super) const TOPIC: &str = "flags";

/// A caller who listens to what is on for them.
struct Listening {
    caller: Caller<ReadConfigurations>,
    flags: Signal,
    choices: Signal,
    stay: Stay,
    told: Option<BTreeMap<String, Verdict>>,
}

/// What is on for the caller, at once and again whenever it changes.
///
/// # Errors
/// 429 `TOO_MANY_STREAMS`.
pub(crate) async fn stream(caller: Caller<ReadConfigurations>) -> Result<Events> {
    let app = caller.app().clone();
    let tenant = caller.begin().await?.scope().key(TOPIC);
    let listening = Listening {
        stay: Stay::begin(&caller)?,
        flags: app.signals().subscribe(TOPIC),
        choices: app.signals().subscribe(&tenant),
        told: None,
        caller,
    };
    Ok(Events::new(futures::stream::unfold(listening, Listening::next)))
}

impl Listening {
    async fn next(mut self) -> Option<(Event, Self)> {
        while self.told.is_none() || self.has_news().await {
            match self.verdicts().await {
                Ok(now) if self.told.as_ref() == Some(&now) => {}
                Ok(now) => {
                    let event = Event::default().event(TOPIC).json_data(&now).ok()?;
                    self.told = Some(now);
                    return Some((event, self));
                }
                Err(failure) => {
                    warn!("a stream of flags ends: {failure}");
                    return None;
                }
            }
        }
        None
    }

    async fn verdicts(&self) -> Result<BTreeMap<String, Verdict>> {
        verdicts(&mut self.caller.begin().await?).await
    }

    /// Waits for news; `false` once the stream is to end.
    async fn has_news(&mut self) -> bool {
        loop {
            let news = tokio::select! {
                heard = self.flags.changed() => Some(heard),
                heard = self.choices.changed() => Some(heard),
                () = sleep(Stay::LOOK) => None,
            };
            if news == Some(false) || !self.stay.may_go_on() {
                return false;
            }
            if news == Some(true) {
                return true;
            }
        }
    }
}
