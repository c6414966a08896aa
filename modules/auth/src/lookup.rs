use crate::{service::Found, store};
use futures::FutureExt;
use kit::{App, Error, Remembered, Result, TenantHint};
use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::oneshot;

/// Who holds a session: asked by every request, answered from memory where it may be, else by the database, which
/// those who come at the same time ask together. The first ones ask at once; whoever comes while they wait goes with
/// the next. So each is answered from the present state, and many cost little more than one.
#[derive(Clone)]
pub(crate) struct Lookups {
    remembered: Remembered<Wish, Found>,
    queue: Arc<Mutex<Queue>>,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Waiting>,
    /// How many rounds are under way.
    rounds: usize,
}

struct Waiting {
    wish: Wish,
    answer: Answer,
}

type Answer = oneshot::Sender<Result<Option<Found>>>;

/// The session of this hash, and its user's place in the tenant of the hint.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Wish {
    pub(crate) hash: [u8; 32],
    pub(crate) hint: TenantHint,
}

/// How many rounds are under way at once: while the database answers one, the next gathers.
const ROUNDS: usize = 2;
/// How many are answered in one round.
const TOGETHER: usize = 64;
/// How many wait at most.
const MOST_WAITING: usize = 4096;
/// How many sessions are remembered.
const MOST_REMEMBERED: u64 = 20_000;

impl Default for Lookups {
    fn default() -> Self {
        Self { remembered: Remembered::most(MOST_REMEMBERED), queue: Arc::default() }
    }
}

impl Lookups {
    /// Who holds the session, if it lives.
    ///
    /// # Errors
    /// 503 when the database cannot answer or too many wait for it.
    pub(crate) async fn find(&self, app: &App, wish: Wish) -> Result<Option<Found>> {
        let memory = app.db().memory();
        let now = app.clock().now();
        if let Some(found) = self.remembered.get(memory, &wish).filter(|found| found.holds(now)) {
            return Ok(Some(found).filter(|found| found.session.expires_at > now));
        }
        let mark = memory.mark();
        let found = self.ask(app, wish.clone()).await?;
        if let (Some(mark), Some(found)) = (mark, &found) {
            let tenant = found.membership.as_ref().map(|it| it.tenant);
            let about = [found.session.id, found.user.id].into_iter().chain(tenant).collect();
            self.remembered.keep(mark, wish, found.clone(), about);
        }
        Ok(found)
    }

    async fn ask(&self, app: &App, wish: Wish) -> Result<Option<Found>> {
        let (answer, answered) = oneshot::channel();
        if self.enter(Waiting { wish, answer })? {
            tokio::spawn(self.clone().answer(app.clone()));
        }
        answered.await.map_err(Error::internal)?
    }

    /// Takes a place in the queue; answers whether a round is to be begun for it.
    fn enter(&self, waiting: Waiting) -> Result<bool> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.waiting.len() >= MOST_WAITING {
            return Err(Error::unavailable("BUSY", "Too many requests wait to be recognised; try again.", 1));
        }
        queue.waiting.push(waiting);
        let begin = queue.rounds < ROUNDS;
        queue.rounds += usize::from(begin);
        Ok(begin)
    }

    /// Those of the next round; with none left the rounds end. Who has gone away meanwhile is left out.
    fn next(&self) -> (Vec<Wish>, Vec<Answer>) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.waiting.retain(|waiting| !waiting.answer.is_closed());
        let together = queue.waiting.len().min(TOGETHER);
        queue.rounds -= usize::from(together == 0);
        queue.waiting.drain(..together).map(|Waiting { wish, answer }| (wish, answer)).unzip()
    }

    /// Answers round after round until nobody waits. It runs apart from the requests: one that breaks off takes
    /// nobody's answer away.
    async fn answer(self, app: App) {
        let mut connection = None;
        loop {
            let (wishes, answers) = self.next();
            if wishes.is_empty() {
                return;
            }
            let asked = AssertUnwindSafe(store::identify(app.db(), &mut connection, app.clock().now(), &wishes));
            match asked.catch_unwind().await.unwrap_or_else(|_| Err(Error::internal("a look-up panicked"))) {
                // who has gone away meanwhile wants no answer
                Ok(found) => answers.into_iter().zip(found).for_each(|(answer, found)| drop(answer.send(Ok(found)))),
                Err(failure) => {
                    // the pool looks into what state it is
                    connection = None;
                    answers.into_iter().for_each(|answer| drop(answer.send(Err(failure.clone()))));
                }
            }
        }
    }
}
