use super::{
    depth::{self, Depth},
    exchange::Exchange,
    feed::Feed,
    hints::{self, Told},
    log::Errand,
    machine::{Machine, prefix},
    news::News,
    pace::{BATCH, SCRIPT_BATCH},
    rebuild::{make, rebuild},
    strays,
};
use crate::{
    config::TakerFills,
    event::Event,
    hours::Hours,
    service,
    status::{Status, Verb},
    store::{self, Lease},
    tell,
};
use futures::{FutureExt, StreamExt, stream::BoxStream};
use kit::{App, Error, Origin, Reason, Result, Scope, TenantTx, Time};
use portfolio::Holding;
use std::sync::Arc;
use tracing::error;
use trading::{strategy::Body, time::Timestamp};

/// A bot that runs here, as long as its lease is good.
pub(super) struct Session {
    app: App,
    pub(super) lease: Lease,
    pub(super) machine: Machine,
    pub(super) feed: Feed,
    /// Where a live bot's orders go, by lane; none where it trades on paper.
    pub(super) exchanges: Vec<Exchange>,
    /// The books that a paper bot's orders meet, by lane, where they do.
    pub(super) depths: Vec<Depth>,
    /// Whether entries are halted.
    pub(super) halted: bool,
    /// What has been told and is not taken in yet.
    pub(super) news: Vec<(usize, News)>,
    /// What was found at the exchange and cannot be, if so.
    pub(super) contradiction: Option<Event>,
    pub(super) hours: Option<Hours>,
    /// Whether it is told from outside when to buy and when to sell.
    pub(super) takes_signals: bool,
    /// What is told without being asked for.
    told: BoxStream<'static, Told>,
    /// The most candles of one transaction.
    pub(super) batch: usize,
}

/// What follows from a transaction, once it is committed.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) candles: usize,
    /// When to go on with the feed; `None` where there is nothing more to do.
    pub(super) next: Option<Time>,
    pub(super) errands: Vec<(usize, Errand)>,
    /// When the right to run them was had.
    pub(super) at: Time,
}

/// What becomes of a bot, and what people are to know of it.
pub(super) type End = Option<(Status, Event)>;

/// Why a session is over before its bot is. What it has in memory may be ahead of what is written
/// and is of no use any more.
#[derive(Debug)]
pub(super) enum Halt {
    /// Another may run the bot now, or nobody has to.
    Lost,
    /// The database cannot be reached or is busy.
    Later(Error),
    /// What it was to write with others cannot be written so: it goes on apart.
    Apart,
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

/// How far a bot has come once its errands are run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// How many candles it has fed.
    pub(super) candles: usize,
    /// When to go on; `None` where there is nothing more to do.
    pub(super) next: Option<Time>,
}

/// A transaction in the name of a bot's tenant.
pub(super) async fn begin(app: &App, lease: &Lease) -> Result<TenantTx> {
    let tx = app.db().system(Reason::Bots, Origin::internal("bots")).await?;
    tx.enter(scope(lease)).await
}

#[expect(clippy::disallowed_methods, reason = "the lease says whose bot it is")]
fn scope(lease: &Lease) -> Scope {
    Scope::new(lease.tenant, None)
}

impl Session {
    /// Makes the bot anew from its journal, and holds the outcome against what is stored.
    pub(super) async fn open(app: &App, lease: Lease) -> Result<Self, Halt> {
        let mut tx = begin(app, &lease).await?;
        let progress = store::hold(&mut tx, &[lease]).await?.remove(&lease.bot).ok_or(Halt::Lost)?;
        let bot = service::get(&mut tx, lease.bot).await?;
        let strategy = strategies::get(&mut tx, bot.strategy_id, Some(bot.strategy_version)).await?;
        let document = service::document(&strategy)?;
        // callers who want to change the bot need not wait for the journal
        drop(tx);

        let account = match bot.connection_id {
            None => None,
            Some(connection) => Some(exchanges::account(&mut begin(app, &lease).await?, app, connection).await?),
        };
        let now = app.clock().now();
        let batch = if matches!(document.body(), Body::Script(_)) { SCRIPT_BATCH } else { BATCH };
        let make = make(&bot, document.clone())?;
        let mut machine = Machine::new(&make)?;
        if progress.journal_seq > 0 {
            rebuild(app, &lease, &mut machine, &progress).await?;
        }
        let name = prefix(bot.id)?;
        let known = machine.closed_at().map_or(bot.created_at, |at| Time::from_millis(at.millis()));
        let told = account.as_ref().map(|account| hints::account(account.news()));
        let exchanges = account.map(Arc::new).map_or_else(Vec::new, |account| {
            let lanes = make.instruments.into_iter();
            lanes.map(|instrument| Exchange::new(account.clone(), instrument, name, (known, now))).collect()
        });
        let feed = Feed::new(&bot, &document, machine.last_opens(), now)?;
        let books = (bot.taker_fills == TakerFills::Book).then(|| service::markets(&document)).transpose()?;
        let depths = books.into_iter().flatten().map(Depth::new).collect();
        let takes_signals = matches!(document.body(), Body::Signal(_));
        let signals = takes_signals.then(|| service::hooks::topic(scope(&lease), lease.bot));
        // a live bot must not sleep through a halt
        let halts = bot.connection_id.map(|_| ::risk::topics(scope(&lease)));
        let topics = signals.into_iter().chain(halts.into_iter().flatten());
        let candles = feed.told(app).into_iter().enumerate().map(hints::candles);
        let told = hints::all(candles.chain(told).chain(topics.map(|topic| hints::news(app, topic))));
        Ok(Self {
            app: app.clone(),
            lease,
            machine,
            feed,
            exchanges,
            depths,
            halted: false,
            news: vec![],
            contradiction: None,
            hours: bot.hours,
            takes_signals,
            told,
            batch,
        })
    }

    /// Waits until something is told for which it is worth going on before it is time.
    pub(super) async fn is_told(&mut self) {
        while let Some(told) = self.told.next().await {
            if self.hear(&told) {
                return;
            }
        }
    }

    fn hear(&mut self, told: &Told) -> bool {
        let now = self.app.clock().now();
        match told {
            Told::News => true,
            Told::Candle(lane, news) => self.feed.hear(*lane, news, now),
            Told::Account(news) => {
                let lanes = self.exchanges.iter_mut().enumerate();
                let heard = lanes.map(|(lane, it)| it.hear(news, &self.machine.open_in(lane), now));
                heard.fold(false, |any, heard| any | heard)
            }
        }
    }

    /// Asks whoever is elsewhere, while no transaction is open: the exchange for candles and for what has become of
    /// orders.
    pub(super) async fn gather(&mut self) -> Result<(), Halt> {
        while let Some(Some(told)) = self.told.next().now_or_never() {
            self.hear(&told);
        }
        let now = self.app.clock().now();
        let told = self.feed.gather(&self.app, now).await?;
        self.news.extend(told.into_iter().map(|event| (0, News::Event(event))));
        // what has been told is taken in before more is asked
        if !self.news.is_empty() {
            return Ok(());
        }
        for (lane, exchange) in self.exchanges.iter_mut().enumerate() {
            let told = exchange.ask(self.machine.open_in(lane), now).await;
            self.news.extend(told.into_iter().map(|it| (lane, it)));
            if let Some(refusal) = exchange.refused() {
                let message = format!("The exchange does not take the key any more: {refusal}. Test the connection.");
                return Err(Halt::Failed(message));
            }
            let found = exchange.take_found();
            if !found.is_empty() {
                let strays = strays::unknown(&mut begin(&self.app, &self.lease).await?, found).await?;
                let told = exchange.adopt(strays, now).await;
                self.news.extend(told.into_iter().map(|it| (lane, it)));
            }
        }
        Ok(())
    }

    /// Runs the errands of a transaction that was committed; answers when to go on.
    pub(super) async fn send(&mut self, written: Written) -> Step {
        let Written { candles, next, errands, at } = written;
        if !self.is_live() {
            return Step { candles, next: self.meet_books(next).await };
        }
        let mut asks = None;
        for (lane, exchange) in self.exchanges.iter_mut().enumerate() {
            let open = self.machine.open_in(lane);
            let own = errands.iter().filter(|(of, _)| *of == lane).map(|(_, errand)| *errand);
            let told = exchange.run(own.collect(), open.clone(), at).await;
            self.news.extend(told.into_iter().map(|it| (lane, it)));
            asks = asks.into_iter().chain([exchange.next(&open)]).min();
        }
        let asks = if self.news.is_empty() { asks } else { Some(at) };
        Step { candles, next: next.map(|next| asks.map_or(next, |asks| asks.min(next))) }
    }

    /// Has the orders of a paper bot meet the books; answers when to go on.
    async fn meet_books(&mut self, next: Option<Time>) -> Option<Time> {
        let (false, Some(mut next)) = (self.depths.is_empty(), next) else { return next };
        for (lane, depth) in self.depths.iter_mut().enumerate() {
            let orders = depth.come(self.machine.newcomers(lane), self.app.clock().now());
            if orders.is_empty() {
                continue;
            }
            let book = depth.book(&self.app).await;
            let now = self.app.clock().now();
            let told = match book {
                Ok(book) => depth::meet(&self.machine, lane, &orders, &book, now),
                Err(event) => event.into_iter().map(News::Event).collect(),
            };
            self.news.extend(told.into_iter().map(|it| (lane, it)));
        }
        let now = self.app.clock().now();
        if !self.news.is_empty() {
            return Some(next.min(now));
        }
        for lane in 0..self.depths.len() {
            next = depth::next(&self.machine.newcomers(lane), now).map_or(next, |comes| comes.min(next));
        }
        Some(next)
    }

    /// Whether it may share a transaction: what it takes in costs moments.
    pub(super) fn goes_along(&self) -> bool {
        self.feed.is_live() && self.batch > SCRIPT_BATCH
    }

    /// Whether what follows from its turn cannot be written by another transaction than the one that it took it in.
    pub(super) fn is_urgent(&self) -> bool {
        self.takes_signals || self.machine.has_errands()
    }

    /// Whether its orders go to an exchange.
    pub(super) fn is_live(&self) -> bool {
        !self.exchanges.is_empty()
    }

    /// What it holds.
    pub(super) fn holdings(&self) -> impl Iterator<Item = Holding> {
        let bot = self.lease.bot;
        self.machine.holdings().into_iter().map(move |(symbol, position, mark)| Holding { bot, symbol, position, mark })
    }
}

/// Marks a bot as failed and says why. Does nothing where the lease is no longer good.
pub(super) async fn fail(app: &App, lease: &Lease, reason: &str) -> Result<()> {
    let mut tx = begin(app, lease).await?;
    let Some(mut progress) = store::hold(&mut tx, &[*lease]).await?.remove(&lease.bot) else { return Ok(()) };
    let Some(status) = progress.status.after(Verb::Fail)? else { return Ok(()) };
    service::audit_turn(&mut tx, lease.bot, progress.status, status).await?;
    let event = Event::of_bot("bot.failed", format!("The bot has failed. {reason} Then start it again."));
    store::add_events(&mut tx, &[(lease.bot, progress.event_seq, &[event])]).await?;
    progress.event_seq += 1;
    progress.status = status;
    store::write(&mut tx, &[(*lease, &progress, None)]).await?;
    tell::turned(&mut tx, lease.bot).await?;
    tx.commit().await
}

pub(super) fn timestamp(at: Time) -> Timestamp {
    Timestamp::from_millis(at.millis())
}

pub(super) fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

#[cfg(test)]
#[path = "../../tests/common/mod.rs"]
pub(super) mod common;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

    use super::{common::*, *};
    use crate::run::group;
    use chrono::TimeDelta;
    use testkit::{PgPool, TestApp, db_test, json};

    /// Leases the one bot for somebody, whoever holds it.
    async fn leased(app: &TestApp) -> Lease {
        app.clock().advance(TimeDelta::minutes(1));
        let mut tx = app.system().await;
        let (owner, until) = (tx.new_id(), tx.now() + TimeDelta::seconds(5));
        store::keep(&mut tx, owner, until).await.unwrap();
        let lease = store::lease(&mut tx, owner, 10).await.unwrap();
        tx.commit().await.unwrap();
        let [lease] = lease[..] else { panic!("one lease, not {lease:?}") };
        lease
    }

    /// Advances a session by itself; answers it with the number of its candles.
    async fn advanced(app: &TestApp, session: Box<Session>) -> Result<(Box<Session>, usize), Halt> {
        let mut outcome = Err(Halt::Lost);
        Box::pin(group::advance(app.app(), vec![session], |_, it| outcome = it)).await;
        outcome.map(|(session, written)| (session, written.candles))
    }

    async fn opened(app: &TestApp, lease: Lease) -> Result<Box<Session>, Halt> {
        Session::open(app.app(), lease).await.map(Box::new)
    }

    #[db_test]
    async fn whoever_holds_an_old_token_writes_nothing(db: PgPool) {
        let app = app(db).await;
        let (ana, strategy) = trader(&app, &candles(300)).await;
        let bot = started(&ana, "Contested", &strategy, json!({ "kind": "replay", "speed": 100 })).await;
        let old = opened(&app, leased(&app).await).await.unwrap();
        let lease = old.lease;
        let (old, candles) = advanced(&app, old).await.unwrap();
        assert_eq!(candles, 1);
        let new = opened(&app, leased(&app).await).await.unwrap();
        let before = journal(&app, &bot).await;
        app.clock().advance(TimeDelta::seconds(1));
        assert!(matches!(advanced(&app, old).await, Err(Halt::Lost)));
        fail(app.app(), &lease, "It is not its own any more.").await.unwrap();
        assert_eq!((journal(&app, &bot).await, status(&ana, &bot).await.as_str()), (before, "running"));
        assert_eq!(advanced(&app, new).await.unwrap().1, 101);
        assert!(matches!(opened(&app, lease).await, Err(Halt::Lost)));
    }

    #[db_test]
    async fn every_change_from_outside_takes_the_bot_from_its_runner(db: PgPool) {
        let app = app(db).await;
        let (ana, strategy) = trader(&app, &candles(300)).await;
        let bot = started(&ana, "Turned", &strategy, json!({ "kind": "replay", "speed": 100 })).await;
        let path = format!("/api/v1/bots/{bot}");
        for change in ["speed", "pause", "stop"] {
            let session = opened(&app, leased(&app).await).await.unwrap();
            let (session, _) = advanced(&app, session).await.unwrap();
            match change {
                "speed" => ana.patch(&path, &json!({ "speed": 200 })).await.ok(),
                verb => ana.post(&format!("{path}/{verb}"), &json!({})).await.ok(),
            };
            app.clock().advance(TimeDelta::seconds(1));
            assert!(matches!(advanced(&app, session).await, Err(Halt::Lost)), "{change}");
            if change == "pause" {
                ana.post(&format!("{path}/start"), &json!({})).await.ok();
            }
        }
    }
}
