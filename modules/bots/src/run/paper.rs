use crate::{event::Event, store::Entry};
use kit::{Error, Result};
use orders::Book;
use portfolio::EquityPoint;
use std::{
    mem::{Discriminant, discriminant},
    sync::Arc,
};
use trading::{
    candle::Candle,
    engine::{Conduct, Config, Driver, Effect, Effects, Engine, Input, Note, Reason, Silent, Stop, Strategy},
    metrics::{Curve, Ending, Metrics, Tally, approximate},
    money::{Instrument, InstrumentError, Notional, Price},
    order::{IdPrefix, OrderStatus},
    position::Position,
    risk::{Limits, Refusal},
    simulator::{Rules, Simulator},
    strategy::{Body, Document, Failure, Program, StreamRules, StreamScript},
    time::{Timeframe, Timestamp},
};
use uuid::Uuid;

/// Between two points of the equity curve, where candles are shorter and nothing was filled.
const BETWEEN_POINTS: i64 = 3_600_000;

/// What a paper bot is made of.
pub(crate) struct Make {
    pub(crate) bot: Uuid,
    pub(crate) document: Document,
    /// What it trades, with the filters that its orders are held to.
    pub(crate) instrument: Instrument,
    /// The candles on which it decides.
    pub(crate) timeframe: Timeframe,
    pub(crate) cash: Notional,
    pub(crate) rules: Rules,
    /// Candles that open before this moment only warm up.
    pub(crate) from: Option<Timestamp>,
}

/// A paper bot in memory: the very driver of a back-test, and what is to be written of it.
pub(crate) struct Paper {
    driver: Driver<Box<dyn Strategy>>,
    timeframe: Timeframe,
    from: Option<Timestamp>,
    log: Log,
    figures: Figures,
    last: Option<Candle>,
    stopped: bool,
}

/// What happened and is not written yet.
#[derive(Default)]
pub(crate) struct Unsaved {
    pub(crate) journal: Vec<Entry>,
    pub(crate) events: Vec<Event>,
    pub(crate) equity: Vec<EquityPoint>,
}

/// Which rule held an order back, whatever its figures.
type Rule = (Discriminant<Refusal>, Option<Discriminant<InstrumentError>>);

fn rule(refusal: &Refusal) -> Rule {
    let filter = match refusal {
        Refusal::Instrument { filter } => Some(discriminant(filter)),
        _ => None,
    };
    (discriminant(refusal), filter)
}

struct Log {
    book: Book,
    unsaved: Unsaved,
    tally: Tally,
    /// Told once until an order is placed: a signal may be passed over at every candle, …
    skipped: Option<Reason>,
    /// … and an order held back.
    refused: Option<Rule>,
    trouble: Option<Error>,
}

/// The figures of a back-test, gathered in the same way.
struct Figures {
    curve: Curve,
    initial: Notional,
    first_open: Option<f64>,
    /// The last close of each UTC day, by its number.
    closes: Vec<(i64, f64)>,
    fills: u64,
    last_point: Option<Timestamp>,
}

/// The beginning of a bot's order ids: the last 24 hexadecimal digits of its own, all its random ones among them.
fn prefix(bot: Uuid) -> Result<IdPrefix> {
    bot.simple().to_string()[8..].parse().map_err(Error::internal)
}

/// How the bot of a document conducts itself, candle by candle.
fn conduct(document: &Document) -> Conduct<Box<dyn Strategy>> {
    let timeframe = document.market().timeframe;
    match document.body() {
        Body::Rules(rules) => {
            Conduct::RoundTrips(Box::new(StreamRules::new(Arc::new(Program::compile(rules, timeframe)))))
        }
        Body::Script(scripted) => Conduct::RoundTrips(Box::new(StreamScript::new(scripted, timeframe))),
        Body::Signal(_) => Conduct::RoundTrips(Box::new(Silent)),
        Body::Grid { grid } => Conduct::Grid(grid.clone()),
        Body::Dca { dca } => Conduct::Dca(dca.clone()),
        Body::Rebalance { .. } => Conduct::Holding,
    }
}

impl Paper {
    /// A bot before its first candle.
    pub(crate) fn new(make: &Make) -> Result<Self> {
        let (instrument, timeframe) = (make.instrument.clone(), make.timeframe);
        let symbol = instrument.symbol;
        let config = Config {
            instrument: instrument.clone(),
            plan: make.document.plan(),
            limits: Limits::default(),
            cash: make.cash,
            prefix: prefix(make.bot)?,
            trade_from: make.from,
        };
        let simulator = Simulator::new(make.rules, instrument);
        Ok(Self {
            driver: Driver::new(Engine::of(conduct(&make.document), config), simulator, timeframe),
            timeframe,
            from: make.from,
            log: Log::new(Book::new(make.bot, symbol)),
            figures: Figures::new(make.cash),
            last: None,
            stopped: false,
        })
    }

    /// Takes in the next candle.
    ///
    /// # Errors
    /// 500 where the engine contradicts itself; nothing of the bot may be written then.
    pub(crate) fn on_candle(&mut self, candle: &Candle) -> Result<()> {
        let Self { driver, log, .. } = self;
        driver.on_candle(candle, |at, input, effects| log.take(at, input, effects));
        self.last = Some(*candle);
        if self.from.is_none_or(|from| candle.open_time >= from) {
            let traded = self.figures.close(candle, self.driver.engine());
            let closed_at = self.timeframe.close_of(candle.open_time);
            if traded || (closed_at.millis() + 1) % BETWEEN_POINTS == 0 {
                self.point(closed_at, candle.close);
            }
        }
        self.log.trouble.take().map_or(Ok(()), Err)
    }

    /// Why its script cannot go on, if so: it decides nothing any more, and what it has ordered stays.
    pub(crate) fn failure(&self) -> Option<&Failure> {
        self.driver.engine().failure()
    }

    /// Takes in something else than a candle, at the last close.
    ///
    /// # Errors
    /// As [`Paper::on_candle`].
    pub(crate) fn on_input(&mut self, at: Timestamp, input: Input) -> Result<()> {
        self.stopped |= matches!(input, Input::Stop(_));
        let Self { driver, log, .. } = self;
        driver.on_input(at, input, |at, input, effects| log.take(at, input, effects));
        self.log.trouble.take().map_or(Ok(()), Err)
    }

    /// Begins to stop, if it has not yet.
    pub(crate) fn stop(&mut self, stop: Stop) -> Result<()> {
        match self.closed_at() {
            Some(at) if !self.stopped => self.on_input(at, Input::Stop(stop)),
            _ => Ok(()),
        }
    }

    /// Whether it waits for no order.
    pub(crate) fn is_idle(&self) -> bool {
        self.driver.simulator().is_idle()
    }

    /// There will be no further candle: what is open expires, and the curve gets its last point.
    pub(crate) fn conclude(&mut self) -> Result<()> {
        let Some((at, last)) = self.closed_at().zip(self.last) else { return Ok(()) };
        self.log.book.expire_open("the candles ended", at)?;
        if self.figures.first_open.is_some() && self.figures.last_point < Some(at) {
            self.point(at, last.close);
        }
        Ok(())
    }

    fn point(&mut self, at: Timestamp, price: Price) {
        let position = self.driver.engine().position();
        let value = price * position.quantity();
        self.log.unsaved.equity.push(EquityPoint { at, cash: position.cash(), position_value: value });
        self.figures.last_point = Some(at);
    }

    /// When the last candle closed.
    fn closed_at(&self) -> Option<Timestamp> {
        self.last.map(|candle| self.timeframe.close_of(candle.open_time))
    }

    /// When the last candle opened.
    pub(crate) fn last_open(&self) -> Option<Timestamp> {
        self.last.map(|candle| candle.open_time)
    }

    /// Whether a candle was traded, not just looked at to warm up.
    pub(crate) fn has_begun(&self) -> bool {
        self.figures.first_open.is_some()
    }

    /// How many candles it was fed.
    pub(crate) fn candles(&self) -> u64 {
        self.driver.engine().candles()
    }

    /// Cash and coins.
    pub(crate) fn position(&self) -> &Position {
        self.driver.engine().position()
    }

    /// The last price.
    pub(crate) fn price(&self) -> Option<Price> {
        self.driver.engine().last_price()
    }

    /// Its orders.
    pub(crate) fn book(&mut self) -> &mut Book {
        &mut self.log.book
    }

    /// The figures so far; `None` before the first candle that trades.
    pub(crate) fn metrics(&self) -> Option<Metrics> {
        let (engine, at) = (self.driver.engine(), self.closed_at()?);
        let end = Ending {
            initial: self.figures.initial,
            equity: engine.equity(),
            fees: engine.position().fees(),
            funding: engine.position().funding(),
            in_trade: engine.in_trade(),
            at,
            prices: self.figures.first_open.zip(self.last.map(|candle| approximate(candle.close.decimal()))),
        };
        self.figures.curve().map(|curve| Metrics::new(curve, &self.log.tally, end))
    }

    /// Writes an event of its own.
    pub(crate) fn tell(&mut self, event: Event) {
        self.log.unsaved.events.push(event);
    }

    /// What happened since this was last asked.
    pub(crate) fn take_unsaved(&mut self) -> Unsaved {
        std::mem::take(&mut self.log.unsaved)
    }
}

impl Log {
    fn new(book: Book) -> Self {
        Self { book, unsaved: Unsaved::default(), tally: Tally::default(), skipped: None, refused: None, trouble: None }
    }

    fn take(&mut self, at: Timestamp, input: &Input, effects: &Effects) {
        if self.trouble.is_none() {
            self.trouble = self.write_down(at, input, effects).err();
        }
    }

    fn write_down(&mut self, at: Timestamp, input: &Input, effects: &Effects) -> Result<()> {
        self.unsaved.journal.push((at, *input));
        match input {
            Input::Filled(fill) => {
                self.book.fill(fill)?;
                self.unsaved.events.push(Event::filled(fill));
            }
            Input::Rejected(rejection) => {
                let reason = rejection.filter.map_or_else(|| format!("{:?}", rejection.reason), |it| it.to_string());
                self.book.reject(rejection.client_order_id, reason, at)?;
                self.unsaved.events.push(Event::rejected(at, rejection));
            }
            Input::Cancelled(id) => {
                self.book.advance(*id, OrderStatus::Cancelled, at)?;
                self.unsaved.events.push(Event::cancelled(at, *id));
            }
            Input::Expired(id) => {
                self.book.advance(*id, OrderStatus::Expired, at)?;
                self.unsaved.events.push(Event::expired(at, *id));
            }
            Input::Candle(_)
            | Input::Funding(_)
            | Input::Signal(_)
            | Input::Hold(_)
            | Input::Pause
            | Input::Resume
            | Input::Stop(_) => {}
        }
        effects.iter().try_for_each(|effect| self.carry_out(at, effect))
    }

    fn carry_out(&mut self, at: Timestamp, effect: &Effect) -> Result<()> {
        match effect {
            Effect::Place(order) => {
                (self.skipped, self.refused) = (None, None);
                self.book.place(order, at);
                // the simulated venue takes every order at once
                self.book.advance(order.client_order_id, OrderStatus::Submitted, at)?;
                self.book.advance(order.client_order_id, OrderStatus::Accepted, at)?;
                self.unsaved.events.push(Event::placed(at, order));
            }
            Effect::Journal(Note::Contradiction(error)) => return Err(Error::internal(*error)),
            Effect::Journal(Note::Skipped(reason)) if self.skipped == Some(*reason) => {}
            Effect::Journal(Note::Refused(refusal)) if self.refused == Some(rule(refusal)) => {}
            Effect::Journal(note) => self.note(at, note),
            Effect::Cancel(_) => {}
        }
        Ok(())
    }

    fn note(&mut self, at: Timestamp, note: &Note) {
        match note {
            Note::Closed(trade) => self.tally.add(trade),
            Note::Skipped(reason) => self.skipped = Some(*reason),
            Note::Refused(refusal) => self.refused = Some(rule(refusal)),
            _ => {}
        }
        self.unsaved.events.extend(Event::noted(at, note));
    }
}

impl Figures {
    fn new(cash: Notional) -> Self {
        Self { curve: Curve::new(cash), initial: cash, first_open: None, closes: vec![], fills: 0, last_point: None }
    }

    /// The equity beside holding what is traded; `None` before the first candle that trades.
    fn curve(&self) -> Option<Curve> {
        let first = self.first_open?;
        let close = |at: Timestamp| {
            let days = self.closes.partition_point(|(day, _)| *day < at.day());
            days.checked_sub(1).map_or(first, |last| self.closes[last].1)
        };
        Some(self.curve.clone().beside(first, close))
    }

    /// Values the bot at the close of a candle; answers whether it has traded in it.
    fn close(&mut self, candle: &Candle, engine: &Engine<Box<dyn Strategy>>) -> bool {
        self.first_open.get_or_insert_with(|| approximate(candle.open.decimal()));
        let (cash, coins) = (engine.position().cash(), engine.position().quantity());
        let (cash, coins) = (approximate(cash.decimal()), approximate(coins.decimal()));
        let (price, day) = (approximate(candle.close.decimal()), candle.open_time.day());
        let equity = cash + coins * price;
        self.curve.observe(candle.open_time, equity, coins > 0.0);
        match self.closes.last_mut() {
            Some(last) if last.0 == day => last.1 = price,
            _ => self.closes.push((day, price)),
        }
        std::mem::replace(&mut self.fills, engine.fills()) != engine.fills()
    }
}
