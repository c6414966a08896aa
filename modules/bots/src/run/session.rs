use super::{
    depth::{self, Depth},
    exchange::Exchange,
    feed::Feed,
    hints::{self, Told},
    log::Errand,
    machine::{Machine, Make, Place, prefix},
    news::News,
    pace::{BATCH, SCRIPT_BATCH},
};
use crate::{
    alert,
    bot::{Bot, Coins},
    config::TakerFills,
    event::Event,
    hours::Hours,
    service,
    status::{Status, Verb},
    store::{self, Lease, Progress},
    tell,
};
use chrono::TimeDelta;
use exchanges::PlacedOrder;
use futures::{FutureExt, StreamExt, stream::BoxStream};
use kit::{App, Error, Origin, Reason, Result, Scope, TenantTx, Time};
use std::collections::VecDeque;
use tokio::task::block_in_place;
use tracing::error;
use trading::{
    candle::Candle,
    engine::{Input, Signal, Stop},
    money::{Instrument, Symbol},
    strategy::{Body, Document},
    time::Timestamp,
};

/// So many entries of the journal are read at once.
pub(super) const JOURNAL_PAGE: i64 = 2_000;
/// How often a bot that is told from outside looks for signals of which it has not heard.
const LOOK: TimeDelta = TimeDelta::seconds(5);

/// A bot that runs here, as long as its lease is good.
pub(super) struct Session {
    app: App,
    pub(super) lease: Lease,
    pub(super) symbol: Symbol,
    pub(super) machine: Machine,
    feed: Feed,
    /// Where a live bot's orders go.
    pub(super) exchange: Option<Exchange>,
    /// The book that a paper bot's orders meet, where they do.
    depth: Option<Depth>,
    /// Whether entries are halted.
    pub(super) halted: bool,
    /// What has been told and is not taken in yet.
    news: Vec<News>,
    /// What was found at the exchange and cannot be, if so.
    contradiction: Option<Event>,
    hours: Option<Hours>,
    /// Whether it is told from outside when to buy and when to sell.
    takes_signals: bool,
    /// What is told without being asked for.
    told: BoxStream<'static, Told>,
    /// The most candles of one transaction.
    batch: usize,
}

/// What follows from a transaction, once it is committed.
#[derive(Debug)]
pub(super) struct Written {
    candles: usize,
    /// When to go on with the feed; `None` where there is nothing more to do.
    next: Option<Time>,
    errands: Vec<Errand>,
    /// When the right to run them was had.
    at: Time,
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
        let progress = store::hold(&mut tx, &lease).await?.ok_or(Halt::Lost)?;
        let bot = service::get(&mut tx, lease.bot).await?;
        let strategy = strategies::get(&mut tx, bot.strategy_id, Some(bot.strategy_version)).await?;
        let document = service::document(&strategy)?;
        // callers who want to change the bot need not wait for the journal
        drop(tx);

        let exchange = match bot.connection_id {
            None => None,
            Some(connection) => Some(exchanges::account(&mut begin(app, &lease).await?, app, connection).await?),
        };
        let now = app.clock().now();
        let batch = if matches!(document.body(), Body::Script(_)) { SCRIPT_BATCH } else { BATCH };
        let symbol = service::symbol(&bot)?;
        let instrument = bot.filters.clone().unwrap_or_else(|| Instrument::unfiltered(symbol));
        let mut machine = Machine::new(&make(&bot, document.clone(), instrument.clone())?)?;
        if progress.journal_seq > 0 {
            rebuild(app, &lease, &mut machine, &progress, &symbol).await?;
        }
        let name = prefix(bot.id)?;
        let known = machine.closed_at().map_or(bot.created_at, |at| Time::from_millis(at.millis()));
        let exchange = exchange.map(|account| Exchange::new(account, instrument, name, (known, now)));
        let feed = Feed::new(&bot, &document, machine.last_open(), now)?;
        let depth = (bot.taker_fills == TakerFills::Book).then(|| Depth::new(feed.market().clone()));
        let takes_signals = matches!(document.body(), Body::Signal(_));
        let signals = takes_signals.then(|| service::hooks::topic(scope(&lease), lease.bot));
        // a live bot must not sleep through a halt
        let halts = exchange.as_ref().map(|_| ::risk::topics(scope(&lease)));
        let topics = signals.into_iter().chain(halts.into_iter().flatten());
        let account = exchange.as_ref().map(|exchange| hints::account(exchange.told()));
        let candles = feed.told(app).map(hints::candles);
        let told = hints::all(candles.into_iter().chain(account).chain(topics.map(|topic| hints::news(app, topic))));
        Ok(Self {
            app: app.clone(),
            lease,
            symbol,
            machine,
            feed,
            exchange,
            depth,
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
        match (told, &mut self.exchange) {
            (Told::News, _) => true,
            (Told::Candle(news), _) => self.feed.hear(news, now),
            (Told::Account(news), Some(exchange)) => exchange.hear(news, &self.machine.open(), now),
            (Told::Account(_), None) => false,
        }
    }

    /// Asks whoever is elsewhere, while no transaction is open: the exchange for candles and for what has become of
    /// orders.
    pub(super) async fn gather(&mut self) -> Result<(), Halt> {
        while let Some(Some(told)) = self.told.next().now_or_never() {
            self.hear(&told);
        }
        let now = self.app.clock().now();
        self.news.extend(self.feed.gather(&self.app, now).await?.map(News::Event));
        // what has been told is taken in before more is asked
        if let (Some(exchange), true) = (&mut self.exchange, self.news.is_empty()) {
            self.news = exchange.ask(self.machine.open(), now).await;
            if let Some(refusal) = exchange.refused() {
                let message = format!("The exchange does not take the key any more: {refusal}. Test the connection.");
                return Err(Halt::Failed(message));
            }
            let found = exchange.take_found();
            if !found.is_empty() {
                let strays = unknown(&mut begin(&self.app, &self.lease).await?, found).await?;
                self.news.extend(exchange.adopt(strays, now).await);
            }
        }
        Ok(())
    }

    /// Runs the errands of a transaction that was committed; answers when to go on.
    pub(super) async fn send(&mut self, written: Written) -> Step {
        let Written { candles, next, errands, at } = written;
        let Some(exchange) = &mut self.exchange else {
            return Step { candles, next: self.meet_book(next).await };
        };
        let open = self.machine.open();
        self.news = exchange.run(errands, open.clone(), at).await;
        let asks = if self.news.is_empty() { exchange.next(&open) } else { at };
        Step { candles, next: next.map(|next| next.min(asks)) }
    }

    /// Has the orders of a paper bot meet the book; answers when to go on.
    async fn meet_book(&mut self, next: Option<Time>) -> Option<Time> {
        let (Some(depth), Some(next)) = (&mut self.depth, next) else { return next };
        let orders = depth.come(&self.machine, self.app.clock().now());
        if !orders.is_empty() {
            let book = depth.book(&self.app).await;
            let now = self.app.clock().now();
            self.news = match book {
                Ok(book) => depth::meet(&self.machine, &orders, &book, now),
                Err(event) => event.into_iter().map(News::Event).collect(),
            };
        }
        let now = self.app.clock().now();
        let comes = if self.news.is_empty() { depth.next(&self.machine, now) } else { Some(now) };
        Some(comes.map_or(next, |comes| comes.min(next)))
    }

    /// Takes in what has been told and the candles that are due, and writes all that follows in one transaction.
    pub(super) async fn advance(&mut self) -> Result<Written, Halt> {
        let mut tx = begin(&self.app, &self.lease).await?;
        let mut progress = store::hold(&mut tx, &self.lease).await?.ok_or(Halt::Lost)?;
        let now = tx.now();
        let told = self.take_news(now)?;
        self.heed(&mut tx, &mut progress).await?;
        let candles = if progress.status == Status::Stopping {
            self.stop(&mut tx, progress.stop.unwrap_or_default(), now).await?
        } else if self.contradiction.is_some() {
            0
        } else {
            let fed = self.feed(&mut tx, now).await?;
            self.take_signals(&mut tx, now).await?;
            fed
        };
        self.venture(&mut tx, &mut progress).await?;
        let end = self.end(&progress)?;
        let next = end.is_none().then(|| self.feed.next(now));
        let next = if self.takes_signals { next.map(|next| next.min(now + LOOK)) } else { next };
        if told || candles > 0 || self.machine.has_unsaved() || end.is_some() {
            self.write(&mut tx, &mut progress, end).await?;
            tx.commit().await?;
        }
        Ok(Written { candles, next, errands: self.machine.take_errands(), at: now })
    }

    /// Takes in what the exchange has told; answers whether it has told anything.
    fn take_news(&mut self, now: Time) -> Result<bool> {
        let news = std::mem::take(&mut self.news);
        let told = !news.is_empty();
        for it in news {
            self.take_one(it, now)?;
        }
        Ok(told)
    }

    fn take_one(&mut self, it: News, now: Time) -> Result<()> {
        match it {
            News::Accepted(id) => self.machine.accepted(id, timestamp(now)),
            News::Input(at, input) => self.machine.on_input(at, input),
            News::Event(event) => {
                self.machine.tell(event);
                Ok(())
            }
            News::Adopted(at, input, follows) => self.adopt(at, input, follows, now),
        }
    }

    /// Takes in an order that was found, unless what it has executed cannot have happened to what the bot holds.
    fn adopt(&mut self, at: Timestamp, input: Input, follows: Vec<News>, now: Time) -> Result<()> {
        let mut position = *self.machine.position();
        let fits = follows.iter().try_for_each(|it| match it {
            News::Input(_, Input::Filled(fill)) => position.apply(fill).map(drop),
            _ => Ok(()),
        });
        if let (Err(error), Input::Adopted(found)) = (fits, input) {
            self.contradiction = Some(Event::contradicted(&found.order(), &error));
            return Ok(());
        }
        self.machine.on_input(at, input)?;
        follows.into_iter().try_for_each(|it| self.take_one(it, now))
    }

    /// Feeds what is due; candles that only warm up are due at once.
    async fn feed(&mut self, tx: &mut TenantTx, now: Time) -> Result<usize, Halt> {
        if self.machine.failure().is_some() {
            return Ok(0);
        }
        let (due, is_news) = self.feed.take(tx, self.machine.has_begun(), self.batch, now).await?;
        Ok(self.take_in(&due, is_news)?)
    }

    /// Follows what was signalled from outside, once there is a price to go by.
    async fn take_signals(&mut self, tx: &mut TenantTx, now: Time) -> Result<(), Halt> {
        let Some(closed) = self.machine.closed_at().filter(|_| self.takes_signals) else { return Ok(()) };
        // in a replay it is as late as its last candle
        let at = if self.feed.is_live() { timestamp(now).max(closed) } else { closed };
        for signal in store::hooks::take(tx, self.lease.bot, now - alert::MAX_AGE).await? {
            let (name, signalled) = (&signal.alert_id, if signal.is_entry { Signal::Enter } else { Signal::Exit });
            if now - signal.at > alert::MAX_AGE {
                let message = format!("The alert {name} came at {}, and is not followed so late.", signal.at);
                self.machine.tell(Event::of_bot("signal.late", message));
                continue;
            }
            let what = if signal.is_entry { "buy" } else { "sell" };
            self.machine.tell(Event::of_bot("signal.taken", format!("The alert {name} says: {what}.")));
            let opens = self.opens_at(at);
            self.machine.hold(!opens, at)?;
            self.machine.on_input(at, Input::Signal(signalled))?;
        }
        Ok(())
    }

    /// Whether positions are opened at this moment.
    fn opens_at(&self, at: Timestamp) -> bool {
        !self.halted && self.hours.as_ref().is_none_or(|hours| hours.hold(at.to_datetime()))
    }

    /// Feeds these; answers how many it was until a script failed. What closed long ago opens no position now.
    fn take_in(&mut self, candles: &[Candle], is_news: bool) -> Result<usize> {
        let timeframe = self.feed.market().timeframe;
        // a script may take a while at each
        block_in_place(|| {
            for (before, candle) in candles.iter().enumerate() {
                let goes_on = self.machine.failure().is_none();
                let opens = is_news && self.opens_at(timeframe.close_of(candle.open_time));
                self.machine.hold(!opens, candle.open_time)?;
                self.machine.on_candle(candle)?;
                if goes_on && self.machine.failure().is_some() {
                    return Ok(before + 1);
                }
            }
            Ok(candles.len())
        })
    }

    /// Feeds what is needed until no order is open; a bot that is being stopped is not kept waiting.
    async fn stop(&mut self, tx: &mut TenantTx, coins: Coins, now: Time) -> Result<usize, Halt> {
        let stop = match coins {
            Coins::Sell => Stop::Sell,
            Coins::Keep => Stop::Keep,
        };
        // in a replay it is as late as its last candle
        let at = if self.feed.is_live() { timestamp(now) } else { Timestamp::default() };
        self.machine.stop(stop, at)?;
        let mut fed = 0;
        while fed < self.batch && self.exchange.is_none() && !self.machine.is_idle() {
            let next = self.feed.one(tx, now).await?;
            if next.is_empty() {
                break;
            }
            fed += self.take_in(&next, true)?;
        }
        Ok(fed)
    }

    /// What becomes of the bot now, if anything does.
    fn end(&mut self, progress: &Progress) -> Result<Option<(Status, Event)>, Halt> {
        if let Some(event) = self.contradiction.take() {
            if progress.status == Status::Running {
                let event = Event { kind: "bot.failed", ..event };
                return Ok(progress.status.after(Verb::Fail)?.map(|status| (status, event)));
            }
            self.machine.tell(event);
        }
        if let (Status::Running, Some(failure)) = (progress.status, self.machine.failure()) {
            // its orders stay as they are: it may yet be stopped
            let event = Event::script_failed(failure);
            return Ok(progress.status.after(Verb::Fail)?.map(|status| (status, event)));
        }
        let (verb, event) = if progress.status == Status::Stopping && self.machine.is_idle() {
            (Verb::Settle, Event::of_bot("bot.stopped", self.farewell("The bot has stopped")))
        } else if self.feed.is_over() && progress.status == Status::Stopping {
            (Verb::Finish, Event::of_bot("bot.stopped", self.farewell("The bot has stopped at the end of its candles")))
        } else if self.feed.is_over() && self.machine.has_begun() {
            (Verb::Finish, Event::of_bot("bot.finished", self.farewell("The replay has ended")))
        } else if self.feed.is_over() {
            return Err(Halt::Failed(format!(
                "There are no candles of {} in the time that the bot is to replay. Import some.",
                self.feed.market()
            )));
        } else {
            return Ok(None);
        };
        self.machine.conclude()?;
        Ok(progress.status.after(verb)?.map(|status| (status, event)))
    }

    fn farewell(&self, what: &str) -> String {
        let held = self.machine.position().quantity();
        let holds = if held.is_zero() { "no coins".to_owned() } else { format!("{held} coins") };
        format!("{what}; it has seen {} candles and holds {holds}.", self.machine.candles())
    }

    async fn write(
        &mut self,
        tx: &mut TenantTx,
        progress: &mut Progress,
        end: Option<(Status, Event)>,
    ) -> Result<(), Halt> {
        let (bot, ends) = (self.lease.bot, end.is_some());
        if let Some((status, event)) = end {
            service::audit_turn(tx, bot, progress.status, status).await?;
            progress.status = status;
            self.machine.tell(event);
        }
        let unsaved = self.machine.take_unsaved();
        store::add_journal(tx, bot, progress.journal_seq, &unsaved.journal).await?;
        self.machine.book().save(tx).await?;
        portfolio::save(tx, bot, &self.symbol, self.machine.position(), self.machine.price()).await?;
        portfolio::record_equity(tx, bot, &unsaved.equity).await?;
        store::add_events(tx, bot, progress.event_seq, &unsaved.events).await?;

        progress.journal_seq += count(unsaved.journal.len());
        progress.event_seq += count(unsaved.events.len());
        progress.candles = i64::try_from(self.machine.candles()).unwrap_or(i64::MAX);
        progress.last_candle = self.machine.last_open().map(Timestamp::to_datetime);
        let figures = self.machine.metrics().map(serde_json::to_value).transpose().map_err(Error::internal)?;
        if !store::write(tx, &self.lease, progress, figures).await? {
            return Err(Halt::Lost);
        }
        if ends {
            tell::turned(tx, bot).await?;
        }
        Ok(())
    }
}

/// What the bot is made of.
pub(super) fn make(bot: &Bot, document: Document, instrument: Instrument) -> Result<Make> {
    let place = match bot.connection_id {
        None => Place::Simulated(bot.venue.rules()),
        Some(_) => Place::Exchange,
    };
    Ok(Make {
        bot: bot.id,
        timeframe: document.market().timeframe,
        document,
        instrument,
        cash: bot.initial_cash.try_into().map_err(Error::internal)?,
        limits: bot.limits,
        place,
        from: bot.feed.from.map(timestamp),
    })
}

/// Feeds the journal to a new bot, and compares what follows with what is stored.
async fn rebuild(
    app: &App,
    lease: &Lease,
    machine: &mut Machine,
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
        block_in_place(|| page.iter().try_for_each(|entry| machine.replay(entry.0, &entry.1)))?;
        stored.extend(page);
        made.extend(machine.take_unsaved().journal);
        let same = stored.iter().zip(&made).take_while(|(stored, made)| stored == made).count();
        if same < stored.len().min(made.len()) {
            return Err(differs("journal"));
        }
        stored.drain(..same);
        made.drain(..same);
    }
    let complete = seq == progress.journal_seq && stored.is_empty() && made.is_empty();
    if !complete || i64::try_from(machine.candles()) != Ok(progress.candles) {
        return Err(differs("journal"));
    }
    machine.take_errands();
    machine.book().adopt(&mut tx).await?;
    portfolio::check(&mut tx, lease.bot, symbol, machine.position()).await?;
    machine.tell(Event::of_bot("bot.resumed", format!("The bot goes on after {} candles.", progress.candles)));
    Ok(())
}

/// Those of the orders under the bot's name that are written nowhere.
async fn unknown(tx: &mut TenantTx, found: Vec<PlacedOrder>) -> Result<Vec<PlacedOrder>> {
    let ids: Vec<_> = found.iter().map(|it| it.order.client_order_id.to_string()).collect();
    let known = orders::known(tx, &ids).await?;
    let is_known = |it: &PlacedOrder| known.iter().any(|id| id == it.order.client_order_id.as_str());
    Ok(found.into_iter().filter(|it| !is_known(it)).collect())
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
