use super::{
    candles::Candles,
    pace::{BATCH, Pace, SCRIPT_BATCH},
    paper::{Make, Paper},
};
use crate::{
    bot::Coins,
    event::Event,
    service,
    status::{Status, Verb},
    store::{self, Entry, Lease, Progress},
};
use kit::{App, Error, Origin, Reason, Result, Scope, TenantTx, Time};
use std::collections::VecDeque;
use tokio::task::block_in_place;
use tracing::error;
use trading::{
    candle::Candle,
    engine::{Input, Stop},
    money::{Instrument, Symbol},
    strategy::Body,
    time::Timestamp,
};

/// So many entries of the journal are read at once.
const JOURNAL_PAGE: i64 = 2_000;

/// A bot that runs here, as long as its lease is good.
pub(super) struct Session {
    app: App,
    lease: Lease,
    symbol: Symbol,
    from: Option<Timestamp>,
    paper: Paper,
    candles: Candles,
    pace: Pace,
    /// The most candles of one transaction.
    batch: usize,
}

/// Why a session is over before its bot is. What it has in memory may be ahead of what is written
/// and is of no use any more.
#[derive(Debug)]
pub(super) enum Halt {
    /// Another may run the bot now, or nobody has to.
    Lost,
    /// The database cannot be reached or is busy.
    Later(Error),
    /// The bot cannot go on, for this reason.
    Failed(String),
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        match error.status().as_u16() {
            503 => Self::Later(error),
            500.. => {
                error!("a bot fails: {error}");
                Self::Failed("Something broke on our side: let the operator look into the log.".to_owned())
            }
            _ => Self::Failed(error.message().to_owned()),
        }
    }
}

/// How far [`Session::advance`] has come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// How many candles it has fed.
    pub(super) candles: usize,
    /// When to go on; `None` where there is nothing more to do.
    pub(super) next: Option<Time>,
}

/// A transaction in the name of the bot's tenant.
async fn begin(app: &App, lease: &Lease) -> Result<TenantTx> {
    let origin = Origin::internal(&format!("bot-{}", lease.bot));
    let tx = app.db().system(Reason::Bots, origin).await?;
    #[expect(clippy::disallowed_methods, reason = "the lease says whose bot it is")]
    let scope = Scope::new(lease.tenant, None);
    tx.enter(scope).await
}

impl Session {
    /// Makes the bot anew from its journal, and holds the outcome against what is stored.
    pub(super) async fn open(app: &App, lease: Lease) -> Result<Self, Halt> {
        let mut tx = begin(app, &lease).await?;
        let progress = store::hold(&mut tx, &lease).await?.ok_or(Halt::Lost)?;
        let bot = service::get(&mut tx, lease.bot).await?;
        let strategy = strategies::get(&mut tx, bot.strategy_id, Some(bot.strategy_version)).await?;
        let document = service::document(&strategy)?;
        // callers who want to change the bot need not wait for the journal
        drop(tx);

        let market = service::market(&document)?;
        let (from, to) = (bot.feed.from.map(timestamp), bot.feed.to.map(timestamp));
        let cash = bot.initial_cash.try_into().map_err(Error::internal)?;
        let batch = if matches!(document.body(), Body::Script(_)) { SCRIPT_BATCH } else { BATCH };
        let (symbol, rules) = (service::symbol(&bot)?, bot.venue.rules());
        let instrument = bot.filters.unwrap_or_else(|| Instrument::unfiltered(symbol));
        let timeframe = market.timeframe;
        let mut paper = Paper::new(&Make { bot: bot.id, document, instrument, timeframe, cash, rules, from })?;
        if progress.journal_seq > 0 {
            rebuild(app, &lease, &mut paper, &progress, &symbol).await?;
        }
        Ok(Self {
            app: app.clone(),
            lease,
            symbol,
            from,
            candles: Candles::new(market, paper.last_open(), to),
            paper,
            pace: Pace::new(bot.feed.speed, app.clock().now()),
            batch,
        })
    }

    /// Feeds the candles that are due, and writes all that follows in one transaction.
    pub(super) async fn advance(&mut self) -> Result<Step, Halt> {
        let mut tx = begin(&self.app, &self.lease).await?;
        let mut progress = store::hold(&mut tx, &self.lease).await?.ok_or(Halt::Lost)?;
        let now = tx.now();
        let candles = if progress.status == Status::Stopping {
            self.stop(&mut tx, progress.stop.unwrap_or_default()).await?
        } else {
            self.feed(&mut tx, now).await?
        };
        let end = self.end(&progress)?;
        let next = end.is_none().then(|| self.pace.next(now));
        if candles > 0 || end.is_some() {
            self.write(&mut tx, &mut progress, end).await?;
            tx.commit().await?;
        }
        Ok(Step { candles, next })
    }

    /// Feeds what is due; candles that only warm up are due at once.
    async fn feed(&mut self, tx: &mut TenantTx, now: Time) -> Result<usize, Halt> {
        if self.paper.failure().is_some() {
            return Ok(0);
        }
        if let Some(from) = self.from.filter(|_| !self.paper.has_begun()) {
            let warm_up = self.candles.take(tx, self.batch, Some(from)).await?;
            if !warm_up.is_empty() {
                self.pace.restart(now);
                return Ok(self.take_in(&warm_up)?);
            }
        }
        let due = self.candles.take(tx, self.pace.due(now).min(self.batch), None).await?;
        self.pace.fed(due.len(), now);
        Ok(self.take_in(&due)?)
    }

    /// Feeds these; answers how many it was until a script failed.
    fn take_in(&mut self, candles: &[Candle]) -> Result<usize> {
        let paper = &mut self.paper;
        // a script may take a while at each
        block_in_place(|| {
            for (before, candle) in candles.iter().enumerate() {
                let goes_on = paper.failure().is_none();
                paper.on_candle(candle)?;
                if goes_on && paper.failure().is_some() {
                    return Ok(before + 1);
                }
            }
            Ok(candles.len())
        })
    }

    /// Feeds what is needed until no order is open; a bot that is being stopped is not kept waiting.
    async fn stop(&mut self, tx: &mut TenantTx, coins: Coins) -> Result<usize, Halt> {
        self.paper.stop(match coins {
            Coins::Sell => Stop::Sell,
            Coins::Keep => Stop::Keep,
        })?;
        let mut fed = 0;
        while fed < self.batch && !self.paper.is_idle() {
            let next = self.candles.take(tx, 1, None).await?;
            if next.is_empty() {
                break;
            }
            fed += self.take_in(&next)?;
        }
        Ok(fed)
    }

    /// What becomes of the bot now, if anything does.
    fn end(&mut self, progress: &Progress) -> Result<Option<(Status, Event)>, Halt> {
        if let (Status::Running, Some(failure)) = (progress.status, self.paper.failure()) {
            // its orders stay as they are: it may yet be stopped
            let event = Event::script_failed(failure);
            return Ok(progress.status.after(Verb::Fail)?.map(|status| (status, event)));
        }
        let (verb, event) = if progress.status == Status::Stopping && self.paper.is_idle() {
            (Verb::Settle, Event::of_bot("bot.stopped", self.farewell("The bot has stopped")))
        } else if self.candles.is_over() && progress.status == Status::Stopping {
            (Verb::Finish, Event::of_bot("bot.stopped", self.farewell("The bot has stopped at the end of its candles")))
        } else if self.candles.is_over() && self.paper.has_begun() {
            (Verb::Finish, Event::of_bot("bot.finished", self.farewell("The replay has ended")))
        } else if self.candles.is_over() {
            return Err(Halt::Failed(format!(
                "There are no candles of {} in the time that the bot is to replay. Import some.",
                self.candles.market
            )));
        } else {
            return Ok(None);
        };
        self.paper.conclude()?;
        Ok(progress.status.after(verb)?.map(|status| (status, event)))
    }

    fn farewell(&self, what: &str) -> String {
        let held = self.paper.position().quantity();
        let holds = if held.is_zero() { "no coins".to_owned() } else { format!("{held} coins") };
        format!("{what}; it has seen {} candles and holds {holds}.", self.paper.candles())
    }

    async fn write(
        &mut self,
        tx: &mut TenantTx,
        progress: &mut Progress,
        end: Option<(Status, Event)>,
    ) -> Result<(), Halt> {
        let bot = self.lease.bot;
        if let Some((status, event)) = end {
            service::audit_turn(tx, bot, progress.status, status).await?;
            progress.status = status;
            self.paper.tell(event);
        }
        let unsaved = self.paper.take_unsaved();
        store::add_journal(tx, bot, progress.journal_seq, &unsaved.journal).await?;
        self.paper.book().save(tx).await?;
        portfolio::save(tx, bot, &self.symbol, self.paper.position(), self.paper.price()).await?;
        portfolio::record_equity(tx, bot, &unsaved.equity).await?;
        store::add_events(tx, bot, progress.event_seq, &unsaved.events).await?;

        progress.journal_seq += count(unsaved.journal.len());
        progress.event_seq += count(unsaved.events.len());
        progress.candles = i64::try_from(self.paper.candles()).unwrap_or(i64::MAX);
        progress.last_candle = self.paper.last_open().map(Timestamp::to_datetime);
        let figures = self.paper.metrics().map(serde_json::to_value).transpose().map_err(Error::internal)?;
        if store::write(tx, &self.lease, progress, figures).await? { Ok(()) } else { Err(Halt::Lost) }
    }
}

/// Feeds the journal to a new bot, and compares what follows with what is stored.
async fn rebuild(
    app: &App,
    lease: &Lease,
    paper: &mut Paper,
    progress: &Progress,
    symbol: &Symbol,
) -> Result<(), Halt> {
    let mut tx = begin(app, lease).await?;
    let (mut seq, mut stored, mut made) = (0, VecDeque::new(), VecDeque::new());
    while seq < progress.journal_seq {
        let page = store::journal(&mut tx, lease.bot, seq, JOURNAL_PAGE).await?;
        if page.is_empty() {
            break;
        }
        seq += count(page.len());
        block_in_place(|| page.iter().try_for_each(|entry| feed(paper, entry)))?;
        stored.extend(page);
        made.extend(paper.take_unsaved().journal);
        let same = stored.iter().zip(&made).take_while(|(stored, made)| stored == made).count();
        if same < stored.len().min(made.len()) {
            return Err(differs("journal"));
        }
        stored.drain(..same);
        made.drain(..same);
    }
    let complete = seq == progress.journal_seq && stored.is_empty() && made.is_empty();
    if !complete || i64::try_from(paper.candles()) != Ok(progress.candles) {
        return Err(differs("journal"));
    }
    paper.book().adopt(&mut tx).await?;
    portfolio::check(&mut tx, lease.bot, symbol, paper.position()).await?;
    paper.tell(Event::of_bot("bot.resumed", format!("The bot goes on after {} candles.", progress.candles)));
    Ok(())
}

/// Feeds what came from outside; what the simulated venue said, it says again by itself.
fn feed(paper: &mut Paper, (at, input): &Entry) -> Result<()> {
    match input {
        Input::Candle(candle) => paper.on_candle(candle),
        Input::Signal(_) | Input::Hold(_) | Input::Pause | Input::Resume | Input::Stop(_) => {
            paper.on_input(*at, *input)
        }
        Input::Filled(_) | Input::Rejected(_) | Input::Cancelled(_) | Input::Expired(_) | Input::Funding(_) => Ok(()),
    }
}

fn differs(what: &str) -> Halt {
    Error::internal(format!("the bot's {what} does not make what is stored")).into()
}

/// Marks a bot as failed and says why. Does nothing where the lease is no longer good.
pub(super) async fn fail(app: &App, lease: &Lease, reason: &str) -> Result<()> {
    let mut tx = begin(app, lease).await?;
    let Some(mut progress) = store::hold(&mut tx, lease).await? else { return Ok(()) };
    let Some(status) = progress.status.after(Verb::Fail)? else { return Ok(()) };
    service::audit_turn(&mut tx, lease.bot, progress.status, status).await?;
    let event = Event::of_bot("bot.failed", format!("The bot has failed. {reason} Then start it again."));
    store::add_events(&mut tx, lease.bot, progress.event_seq, &[event]).await?;
    progress.event_seq += 1;
    progress.status = status;
    store::write(&mut tx, lease, &progress, None).await?;
    tx.commit().await
}

fn timestamp(at: Time) -> Timestamp {
    Timestamp::from_millis(at.millis())
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

#[cfg(test)]
#[path = "../../tests/common/mod.rs"]
mod common;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

    use super::{common::*, *};
    use chrono::TimeDelta;
    use testkit::{PgPool, TestApp, db_test, json};
    use uuid::Uuid;

    /// Leases the one bot for somebody, whoever holds it.
    async fn leased(app: &TestApp) -> Lease {
        app.clock().advance(TimeDelta::minutes(1));
        let mut tx = app.system().await;
        let until = tx.now() + TimeDelta::seconds(5);
        let lease = store::lease(&mut tx, Uuid::from_u128(7), until, 10).await.unwrap();
        tx.commit().await.unwrap();
        let [lease] = lease[..] else { panic!("one lease, not {lease:?}") };
        lease
    }

    async fn advanced(session: &mut Session) -> Result<usize, Halt> {
        Box::pin(session.advance()).await.map(|step| step.candles)
    }

    #[db_test]
    async fn whoever_holds_an_old_token_writes_nothing(db: PgPool) {
        let app = app(db).await;
        let (ana, strategy) = trader(&app, &candles(300)).await;
        let bot = started(&ana, "Contested", &strategy, json!({ "kind": "replay", "speed": 100 })).await;
        let mut old = Session::open(app.app(), leased(&app).await).await.unwrap();
        assert_eq!(advanced(&mut old).await.unwrap(), 1);
        let mut new = Session::open(app.app(), leased(&app).await).await.unwrap();
        let before = journal(&app, &bot).await;
        app.clock().advance(TimeDelta::seconds(1));
        assert!(matches!(advanced(&mut old).await, Err(Halt::Lost)));
        fail(app.app(), &old.lease, "It is not its own any more.").await.unwrap();
        assert_eq!((journal(&app, &bot).await, status(&ana, &bot).await.as_str()), (before, "running"));
        assert_eq!(advanced(&mut new).await.unwrap(), 101);
        assert!(matches!(Session::open(app.app(), old.lease).await, Err(Halt::Lost)));
    }

    #[db_test]
    async fn every_change_from_outside_takes_the_bot_from_its_runner(db: PgPool) {
        let app = app(db).await;
        let (ana, strategy) = trader(&app, &candles(300)).await;
        let bot = started(&ana, "Turned", &strategy, json!({ "kind": "replay", "speed": 100 })).await;
        let path = format!("/api/v1/bots/{bot}");
        for change in ["speed", "pause", "stop"] {
            let mut session = Session::open(app.app(), leased(&app).await).await.unwrap();
            advanced(&mut session).await.unwrap();
            match change {
                "speed" => ana.patch(&path, &json!({ "speed": 200 })).await.ok(),
                verb => ana.post(&format!("{path}/{verb}"), &json!({})).await.ok(),
            };
            app.clock().advance(TimeDelta::seconds(1));
            assert!(matches!(advanced(&mut session).await, Err(Halt::Lost)), "{change}");
            if change == "pause" {
                ana.post(&format!("{path}/start"), &json!({})).await.ok();
            }
        }
    }
}
