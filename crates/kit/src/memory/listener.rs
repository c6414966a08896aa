use super::{ANSWERS, Memory, signals, store};
use crate::{App, Error, Result, rotation};
use sqlx::postgres::{PgListener, PgNotification};
use std::{sync::PoisonError, time::Duration};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};
use uuid::Uuid;

/// How often the lease is renewed.
const RENEWAL: Duration = Duration::from_secs(1);
/// How long to wait before the database is asked again that could not be reached.
const PAUSE: Duration = Duration::from_secs(1);

impl Memory {
    /// Listens to what is to be forgotten until it is told to stop. Only meanwhile is anything remembered. Tells the
    /// process to stop when a rotation has replaced the key with which it seals.
    pub async fn listen(self, app: App, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let process = app.ids().uuid(app.clock().now());
            let ended = self.attend(&app, process, &stop).await;
            self.leave();
            if let Err(failure) = ended {
                warn!("nothing is remembered for a while: {failure}");
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = sleep(PAUSE) => {}
                }
            }
        }
    }

    async fn attend(&self, app: &App, process: Uuid, stop: &CancellationToken) -> Result<()> {
        let mut listener = app.db().listen(&["forget", ANSWERS, signals::CHANNEL]).await?;
        // what was announced before is unknown
        self.forget_all();
        self.renew(&mut listener, app, process, stop).await?;
        *self.0.name.lock().unwrap_or_else(PoisonError::into_inner) = Some(process);
        let mut renewal = interval(RENEWAL);
        renewal.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return store::release(&mut listener, process).await,
                heard = listener.try_recv() => match heard? {
                    Some(notice) => self.hear(&mut listener, process, &notice).await?,
                    None => return Err(Error::internal("the connection that listens was lost")),
                },
                _ = renewal.tick() => self.renew(&mut listener, app, process, stop).await?,
            }
        }
    }

    async fn renew(&self, listener: &mut PgListener, app: &App, process: Uuid, stop: &CancellationToken) -> Result<()> {
        let key = app.vault().current()?;
        // counted from before it is asked for: it ends here before it ends for others
        let asked = Instant::now();
        if store::renew(listener, process, key).await? {
            self.lease_from(asked);
        } else {
            error!("this server cannot go on: {}", rotation::replaced(key));
            stop.cancel();
        }
        Ok(())
    }

    async fn hear(&self, listener: &mut PgListener, process: Uuid, notice: &PgNotification) -> Result<()> {
        if notice.channel() == signals::CHANNEL {
            self.signals().wake(notice.payload());
            return Ok(());
        }
        let words: Vec<&str> = notice.payload().split(' ').collect();
        let id = |word: &str| Uuid::parse_str(word).ok();
        match (notice.channel(), words.as_slice()) {
            ("forget", ["?", round, asking]) => match (id(round), id(asking)) {
                (Some(round), Some(asking)) if asking == process => self.heard(round, process),
                _ => store::answer(listener, &format!("{round} {process}")).await?,
            },
            ("forget", [thing]) => match id(thing) {
                Some(thing) => self.forget(thing),
                None => self.forget_all(),
            },
            (ANSWERS, _) => self.hear_answer(notice),
            _ => self.forget_all(),
        }
        Ok(())
    }

    /// Hears nothing but answers, until the connection is lost.
    pub(super) async fn hear_answers(&self, ears: &mut PgListener) -> Result<()> {
        while let Some(notice) = ears.try_recv().await? {
            self.hear_answer(&notice);
        }
        Err(Error::internal("the connection that listens to answers was lost"))
    }

    fn hear_answer(&self, notice: &PgNotification) {
        let ids =
            notice.payload().split_once(' ').map(|(round, process)| (Uuid::parse_str(round), Uuid::parse_str(process)));
        if let Some((Ok(round), Ok(process))) = ids {
            self.heard(round, process);
        }
    }

    /// Remembers nothing from now on, hears nothing, and waits for nobody.
    fn leave(&self) {
        self.0.lease.store(0, std::sync::atomic::Ordering::SeqCst);
        self.0.name.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.signals().end();
    }
}
