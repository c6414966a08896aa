use super::session::{self, Halt, Session};
use crate::store::{self, Lease};
use chrono::TimeDelta;
use futures::FutureExt;
use kit::{App, Origin, Reason, Result, SystemTx};
use std::{collections::HashMap, panic::AssertUnwindSafe, sync::Arc, time::Duration};
use tokio::{
    sync::{Mutex, Semaphore},
    task::JoinHandle,
    time,
};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info_span, warn};
use uuid::Uuid;

/// How long a silent runner keeps its bots.
const LEASE: TimeDelta = TimeDelta::seconds(5);
/// How often leases are kept, and bots looked for when no notification comes.
const ROUND: Duration = Duration::from_secs(1);
/// The most bots that one runner holds.
const MOST_HELD: usize = 1_000;
/// The most transactions of bots at once, so that callers get connections too.
const AT_ONCE: usize = 4;

/// Runs bots of all tenants, as many as it can lease.
pub struct Runner {
    app: App,
    owner: Uuid,
    /// Those that [`Runner::tick`] advances.
    sessions: Mutex<HashMap<Lease, Session>>,
}

/// What [`Runner::tick`] has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tick {
    /// How many bots it holds.
    pub held: usize,
    /// How many candles it has fed to them.
    pub candles: usize,
}

impl Runner {
    /// A runner that holds no bot yet.
    pub fn new(app: &App) -> Self {
        Self { app: app.clone(), owner: app.ids().uuid(app.clock().now()), sessions: Mutex::default() }
    }

    /// Leases what it can and feeds each bot what is due by the clock, one batch at the most: one
    /// step of [`Runner::run`] without its own time, for tests.
    ///
    /// # Errors
    /// 503 where the leases cannot be kept.
    pub async fn tick(&self) -> Result<Tick> {
        let mut sessions = self.sessions.lock().await;
        let held = self.held().await?;
        sessions.retain(|lease, _| held.contains(lease));
        let (mut tick, room) = (Tick { held: held.len(), candles: 0 }, Semaphore::new(1));
        for lease in held {
            match Box::pin(self.step(sessions.remove(&lease), lease, &room)).await {
                Ok((session, step)) => {
                    tick.candles += step.candles;
                    if step.next.is_some() {
                        sessions.insert(lease, session);
                    }
                }
                Err(halt) => Box::pin(self.halted(&lease, halt)).await,
            }
        }
        Ok(tick)
    }

    /// Nobody waits for an exchange within the room for transactions.
    async fn step(
        &self,
        session: Option<Session>,
        lease: Lease,
        room: &Semaphore,
    ) -> Result<(Session, session::Step), Halt> {
        let mut session = match session {
            Some(session) => session,
            None => {
                let _permit = room.acquire().await;
                Session::open(&self.app, lease).await?
            }
        };
        session.gather().await?;
        let written = {
            let _permit = room.acquire().await;
            session.advance().await?
        };
        let step = session.send(written).await;
        Ok((session, step))
    }

    /// Runs bots until it is told to stop, each in a task of its own; then waits for their present
    /// transactions and gives the bots back.
    pub async fn run(self, stop: CancellationToken) {
        let runner = Arc::new(self);
        let (mut tasks, room) = (HashMap::<Lease, JoinHandle<()>>::new(), Arc::new(Semaphore::new(AT_ONCE)));
        let mut notices = None;
        while !stop.is_cancelled() {
            if notices.is_none() {
                notices = runner.app.db().listen(&["bots"]).await.ok();
            }
            if let Err(failure) = runner.attend(&mut tasks, &room, &stop).await {
                warn!("bots cannot be leased: {failure}");
            }
            let notice = async {
                match &mut notices {
                    Some(listener) => listener.recv().await.is_ok(),
                    None => std::future::pending().await,
                }
            };
            let heard = tokio::select! {
                () = stop.cancelled() => true,
                heard = notice => heard,
                () = time::sleep(ROUND) => true,
            };
            if !heard {
                notices = None;
            }
        }
        for task in tasks.into_values() {
            // a task that panicked has told so itself
            let _ = task.await;
        }
        if let Err(failure) = runner.release().await {
            warn!("bots cannot be given back, their leases run out: {failure}");
        }
    }

    /// Ends the tasks of bots that are no longer held and starts those that lack one.
    async fn attend(
        self: &Arc<Self>,
        tasks: &mut HashMap<Lease, JoinHandle<()>>,
        room: &Arc<Semaphore>,
        stop: &CancellationToken,
    ) -> Result<()> {
        let held = self.held().await?;
        tasks.retain(|lease, task| {
            let wanted = held.contains(lease);
            if !wanted {
                task.abort();
            }
            wanted && !task.is_finished()
        });
        for lease in held {
            tasks.entry(lease).or_insert_with(|| {
                let span = info_span!("bot", bot_id = %lease.bot, tenant_id = %lease.tenant);
                let task = self.clone().attend_one(lease, room.clone(), stop.clone());
                tokio::spawn(task.instrument(span))
            });
        }
        Ok(())
    }

    /// Runs one bot as long as there is something to do.
    async fn attend_one(self: Arc<Self>, lease: Lease, room: Arc<Semaphore>, stop: CancellationToken) {
        let run = AssertUnwindSafe(self.advance(lease, &room, &stop)).catch_unwind();
        match run.await {
            Ok(Ok(())) => {}
            Ok(Err(halt)) => self.halted(&lease, halt).await,
            Err(_) => {
                let reason = "Something broke on our side: let the operator look into the log.".to_owned();
                self.halted(&lease, Halt::Failed(reason)).await;
            }
        }
    }

    async fn advance(&self, lease: Lease, room: &Semaphore, stop: &CancellationToken) -> Result<(), Halt> {
        let mut session = None;
        while !stop.is_cancelled() {
            let (mut advanced, step) = Box::pin(self.step(session.take(), lease, room)).await?;
            let Some(next) = step.next else { return Ok(()) };
            let wait = (next - self.app.clock().now()).to_std().unwrap_or_default();
            tokio::select! {
                () = stop.cancelled() => {}
                () = time::sleep(wait) => {}
                () = advanced.is_told() => {}
            }
            session = Some(advanced);
        }
        Ok(())
    }

    async fn halted(&self, lease: &Lease, halt: Halt) {
        match halt {
            Halt::Lost => {}
            // the next round makes the bot anew
            Halt::Later(failure) => warn!("a bot waits for the database: {failure}"),
            Halt::Failed(reason) => {
                if let Err(failure) = session::fail(&self.app, lease, &reason).await {
                    warn!("a bot's failure cannot be written down: {failure}");
                }
            }
        }
    }

    /// Keeps the leases it has and takes more.
    async fn held(&self) -> Result<Vec<Lease>> {
        let mut tx = self.system().await?;
        store::hurry(&mut tx).await?;
        let until = tx.now() + LEASE;
        let mut held = store::keep(&mut tx, self.owner, until).await?;
        let room = i64::try_from(MOST_HELD.saturating_sub(held.len())).unwrap_or_default();
        held.extend(store::lease(&mut tx, self.owner, until, room).await?);
        tx.commit().await?;
        Ok(held)
    }

    /// Gives all bots back, so that another runner need not wait for the end of their leases.
    ///
    /// # Errors
    /// 503 where the database cannot be reached.
    pub async fn release(&self) -> Result<()> {
        self.sessions.lock().await.clear();
        let mut tx = self.system().await?;
        store::release(&mut tx, self.owner).await?;
        tx.commit().await
    }

    async fn system(&self) -> Result<SystemTx> {
        self.app.db().system(Reason::Bots, Origin::internal("bots")).await
    }
}
