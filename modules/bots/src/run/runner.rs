use super::{
    group::{self, Outcome},
    queue::{self, Queue},
    session::{self, Halt, Session},
};
use crate::store::{self, Lease};
use chrono::TimeDelta;
use futures::FutureExt;
use kit::{App, Origin, Reason, Result, SystemTx};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    panic::AssertUnwindSafe,
    sync::Arc,
    time::Duration,
};
use tokio::{sync::Mutex, task::JoinHandle, time};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info_span, warn};
use uuid::Uuid;

/// How long a silent runner keeps its bots.
const LEASE: TimeDelta = TimeDelta::seconds(5);
/// How often leases are kept, and bots looked for when no notification comes.
const ROUND: Duration = Duration::from_secs(1);
/// The most bots that one runner holds: some 700 MB of memory, and a small part of a core on candles of one minute.
const MOST_HELD: usize = 10_000;

/// Runs bots of all tenants, as many as it can lease.
pub struct Runner {
    app: App,
    owner: Uuid,
    queue: Arc<Queue>,
    /// Those that [`Runner::tick`] advances.
    sessions: Mutex<HashMap<Lease, Box<Session>>>,
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
        let owner = app.ids().uuid(app.clock().now());
        Self { app: app.clone(), owner, queue: Arc::new(Queue::new(app)), sessions: Mutex::default() }
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
        let mut tick = Tick { held: held.len(), candles: 0 };
        let mut groups = BTreeMap::<_, Vec<_>>::new();
        for lease in held {
            match Box::pin(self.ready(sessions.remove(&lease), lease)).await {
                Ok(session) => {
                    let alone = (!session.goes_along()).then_some(lease.bot);
                    groups.entry((lease.tenant, alone)).or_default().push(session);
                }
                Err(halt) => Box::pin(self.halted(&lease, halt)).await,
            }
        }
        for (lease, outcome) in self.advance_all(groups.into_values()).await {
            match outcome {
                Ok((mut session, written)) => {
                    let step = Box::pin(session.send(written)).await;
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

    /// Advances groups of bots, and those apart that cannot be advanced with others.
    async fn advance_all(&self, groups: impl Iterator<Item = Vec<Box<Session>>>) -> Vec<(Lease, Outcome)> {
        let mut outcomes = vec![];
        for group in groups {
            Box::pin(group::advance(&self.app, group, |lease, outcome| outcomes.push((lease, outcome)))).await;
        }
        for (lease, outcome) in &mut outcomes {
            if let Err(Halt::Apart) = outcome {
                *outcome = Box::pin(self.advance_apart(*lease)).await;
            }
        }
        outcomes
    }

    async fn advance_apart(&self, lease: Lease) -> Outcome {
        let session = self.ready(None, lease).await?;
        queue::advance_apart(&self.app, session).await
    }

    /// A session that has asked what it has to ask. Nobody waits for an exchange within the room for transactions.
    async fn ready(&self, session: Option<Box<Session>>, lease: Lease) -> Result<Box<Session>, Halt> {
        let mut session = match session {
            Some(session) => session,
            None => {
                let _permit = self.queue.room().await;
                Box::new(Session::open(&self.app, lease).await?)
            }
        };
        session.gather().await?;
        Ok(session)
    }

    /// Runs bots until it is told to stop, each in a task of its own; then waits for their present
    /// transactions and gives the bots back.
    pub async fn run(self, stop: CancellationToken) {
        let runner = Arc::new(self);
        let (mut tasks, mut notices) = (HashMap::<Lease, JoinHandle<()>>::new(), None);
        while !stop.is_cancelled() {
            if notices.is_none() {
                notices = runner.app.db().listen(&["bots"]).await.ok();
            }
            if let Err(failure) = runner.attend(&mut tasks, &stop).await {
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
        stop: &CancellationToken,
    ) -> Result<()> {
        let held: HashSet<_> = self.held().await?.into_iter().collect();
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
                let task = self.clone().attend_one(lease, stop.clone());
                tokio::spawn(task.instrument(span))
            });
        }
        Ok(())
    }

    /// Runs one bot as long as there is something to do. A task is as large as the largest of what it waits for, all the
    /// time: what is waited for a moment only is boxed.
    async fn attend_one(self: Arc<Self>, lease: Lease, stop: CancellationToken) {
        let run = AssertUnwindSafe(self.advance(lease, &stop)).catch_unwind();
        match run.await {
            Ok(Ok(())) => {}
            Ok(Err(halt)) => Box::pin(self.halted(&lease, halt)).await,
            Err(_) => {
                let reason = "Something broke on our side: let the operator look into the log.".to_owned();
                Box::pin(self.halted(&lease, Halt::Failed(reason))).await;
            }
        }
    }

    async fn advance(&self, lease: Lease, stop: &CancellationToken) -> Result<(), Halt> {
        let (mut held, mut apart) = (None, false);
        while !stop.is_cancelled() {
            let session = Box::pin(self.ready(held.take(), lease)).await?;
            let (mut session, written) = match Box::pin(self.queue.advance(session, apart)).await {
                Err(Halt::Apart) => {
                    apart = true;
                    continue;
                }
                outcome => outcome?,
            };
            apart = false;
            let step = Box::pin(session.send(written)).await;
            let Some(next) = step.next else { return Ok(()) };
            let wait = (next - self.app.clock().now()).to_std().unwrap_or_default();
            tokio::select! {
                () = stop.cancelled() => {}
                () = time::sleep(wait) => {}
                () = session.is_told() => {}
            }
            held = Some(session);
        }
        Ok(())
    }

    async fn halted(&self, lease: &Lease, halt: Halt) {
        match halt {
            // the next round makes the bot anew
            Halt::Lost | Halt::Apart => {}
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
        held.extend(store::lease(&mut tx, self.owner, room).await?);
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
