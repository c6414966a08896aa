use super::{
    figures::Figures,
    log::{Errand, Log, Unsaved},
};
use crate::{event::Event, store::Entry};
use kit::{Error, Result};
use orders::{Book, Open};
use portfolio::EquityPoint;
use std::sync::Arc;
use trading::{
    book::Level,
    candle::Candle,
    engine::{Conduct, Config, Distant, Driver, Engine, Input, Lanes, Quote, Rebalancer, Seat, Silent, Stop, Strategy},
    metrics::{Ending, Metrics},
    money::{Instrument, Notional, Price, Symbol},
    order::{ClientOrderId, IdPrefix, Order, OrderStatus},
    position::Position,
    risk::Limits,
    simulator::{Rules, Simulator},
    strategy::{Body, Document, Failure, Program, StreamRules, StreamScript},
    time::{Timeframe, Timestamp},
};
use uuid::Uuid;

/// Between two points of the equity curve, where candles are shorter and nothing was filled.
const BETWEEN_POINTS: i64 = 3_600_000;

type Mind = Box<dyn Strategy>;

/// What a bot is made of.
pub(crate) struct Make {
    pub(crate) bot: Uuid,
    pub(crate) document: Document,
    /// What it trades, with the filters that its orders are held to: one for each lane.
    pub(crate) instruments: Vec<Instrument>,
    /// The candles on which it decides.
    pub(crate) timeframe: Timeframe,
    pub(crate) cash: Notional,
    pub(crate) limits: Limits,
    pub(crate) place: Place,
    /// Candles that open before this moment only warm up.
    pub(crate) from: Option<Timestamp>,
}

/// Where a bot trades.
pub(crate) enum Place {
    /// On a simulated venue of these manners.
    Simulated(Rules),
    /// At an exchange.
    Exchange,
}

/// A bot in memory: what it thinks with, and what is to be written of it.
pub(crate) struct Machine {
    lanes: Lanes<Mind>,
    rebalancer: Option<Rebalancer>,
    /// Whether its venue says the same again when it is rebuilt.
    simulated: bool,
    timeframe: Timeframe,
    from: Option<Timestamp>,
    log: Log,
    figures: Figures,
    /// The last candle of each lane, …
    last: Vec<Option<Candle>>,
    /// … and those of a moment that come one by one, out of a journal.
    coming: Vec<Option<Candle>>,
    stopped: bool,
    /// No entries, since what it takes in is no news.
    held: bool,
}

/// The beginning of a bot's order ids: the last 24 hexadecimal digits of its own, all its random ones among them.
pub(super) fn prefix(bot: Uuid) -> Result<IdPrefix> {
    bot.simple().to_string()[8..].parse().map_err(Error::internal)
}

/// How the bot of a document conducts itself, candle by candle.
fn conduct(document: &Document) -> Conduct<Mind> {
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

/// A lane of the bot.
fn seat(make: &Make, instrument: &Instrument, prefix: IdPrefix) -> Seat<Mind> {
    let config = Config {
        instrument: instrument.clone(),
        plan: make.document.plan(),
        limits: make.limits,
        cash: make.cash,
        prefix,
        trade_from: make.from,
    };
    let engine = Engine::of(conduct(&make.document), config);
    match make.place {
        Place::Simulated(rules) => {
            Driver::new(engine, Simulator::new(rules, instrument.clone()), make.timeframe).into()
        }
        Place::Exchange => Distant::new(engine, make.timeframe).into(),
    }
}

impl Machine {
    /// A bot before its first candle.
    pub(crate) fn new(make: &Make) -> Result<Self> {
        let (prefix, guards) = (prefix(make.bot)?, make.document.plan().guards);
        let seats = make.instruments.iter().map(|instrument| seat(make, instrument, prefix));
        let lanes = Lanes::new(seats, guards, make.cash);
        let simulated = matches!(make.place, Place::Simulated(_));
        let symbols: Vec<_> = make.instruments.iter().map(|it| it.symbol).collect();
        let none = vec![None; symbols.len()];
        let rebalancer = match make.document.body() {
            Body::Rebalance { rebalance } => Some(Rebalancer::new(rebalance.clone())),
            _ => None,
        };
        Ok(Self {
            lanes,
            rebalancer,
            simulated,
            timeframe: make.timeframe,
            from: make.from,
            figures: Figures::new(make.cash, symbols.len()),
            log: Log::new(Book::new(make.bot), symbols, simulated),
            last: none.clone(),
            coming: none,
            stopped: false,
            held: false,
        })
    }

    /// Takes in the candles of a moment, one of each lane that has one.
    ///
    /// # Errors
    /// 500 where the engine contradicts itself; nothing of the bot may be written then.
    pub(crate) fn on_candles(&mut self, candles: &[Option<Candle>]) -> Result<()> {
        let Self { lanes, log, .. } = self;
        lanes.on_candles(candles, |lane, at, input, effects| log.take(lane, at, input, effects));
        for (last, candle) in self.last.iter_mut().zip(candles) {
            *last = candle.or(*last);
        }
        let open_time = candles.iter().flatten().map(|candle| candle.open_time).max();
        if let Some(open_time) = open_time.filter(|at| self.from.is_none_or(|from| *at >= from)) {
            let closed_at = self.timeframe.close_of(open_time);
            if let Some(rebalancer) = &mut self.rebalancer {
                let Self { lanes, log, .. } = self;
                rebalancer.on_closes(closed_at, lanes, |lane, at, input, effects| log.take(lane, at, input, effects));
            }
            let traded = self.figures.close(open_time, candles, &self.lanes);
            if traded || (closed_at.millis() + 1) % BETWEEN_POINTS == 0 {
                self.point(closed_at);
            }
        }
        self.log.trouble.take().map_or(Ok(()), Err)
    }

    /// Why its script cannot go on, if so: it decides nothing any more, and what it has ordered stays.
    pub(crate) fn failure(&self) -> Option<&Failure> {
        self.lanes.seats().find_map(|seat| seat.engine().failure())
    }

    /// Takes in something else than a candle, for one lane.
    ///
    /// # Errors
    /// As [`Machine::on_candles`].
    pub(crate) fn on_input(&mut self, lane: usize, at: Timestamp, input: Input) -> Result<()> {
        self.stopped |= matches!(input, Input::Stop(_));
        self.held = matches!(input, Input::Pause) || self.held && !matches!(input, Input::Resume);
        let Self { lanes, log, .. } = self;
        lanes.on_input(lane, at, input, |at, input, effects| log.take(lane, at, input, effects));
        if let (Some(rebalancer), false) = (&mut self.rebalancer, self.simulated) {
            rebalancer.go_on(at, lanes, |lane, at, input, effects| log.take(lane, at, input, effects));
        }
        self.log.trouble.take().map_or(Ok(()), Err)
    }

    /// The same for every lane.
    ///
    /// # Errors
    /// As [`Machine::on_candles`].
    pub(crate) fn on_inputs(&mut self, at: Timestamp, input: Input) -> Result<()> {
        (0..self.last.len()).try_for_each(|lane| self.on_input(lane, at, input))
    }

    /// Begins to stop at a moment, if it has not yet.
    pub(crate) fn stop(&mut self, stop: Stop, at: Timestamp) -> Result<()> {
        match self.closed_at() {
            Some(closed) if !self.stopped => self.on_inputs(at.max(closed), Input::Stop(stop)),
            _ => Ok(()),
        }
    }

    /// The orders of a lane's simulated venue that may take from a book, and when they reach it.
    pub(crate) fn newcomers(&self, lane: usize) -> Vec<(Order, Timestamp)> {
        match self.lanes.seats().nth(lane) {
            Some(Seat::Simulated(driver)) => driver.simulator().newcomers().map(|(order, at)| (*order, at)).collect(),
            Some(Seat::Distant(_)) | None => vec![],
        }
    }

    /// What such an order finds on a side of a book; that is gone from the levels then.
    pub(crate) fn quote(&self, lane: usize, id: ClientOrderId, levels: &mut [Level]) -> Option<Quote> {
        match self.lanes.seats().nth(lane)? {
            Seat::Simulated(driver) => driver.quote(id, levels),
            Seat::Distant(_) => None,
        }
    }

    /// Whether it waits for no order.
    pub(crate) fn is_idle(&self) -> bool {
        if self.simulated { self.lanes.seats().all(Seat::is_idle) } else { self.log.book.open().next().is_none() }
    }

    /// Makes no entries from a moment on, or makes them again; what it holds is looked after all the same.
    ///
    /// # Errors
    /// As [`Machine::on_candles`].
    pub(crate) fn hold(&mut self, held: bool, at: Timestamp) -> Result<()> {
        if held == self.held {
            return Ok(());
        }
        self.on_inputs(at, if held { Input::Pause } else { Input::Resume })
    }

    /// Takes in a line of its journal, to be what it was; [`Machine::replayed`] ends that. What it said by itself, it says
    /// again by itself.
    ///
    /// # Errors
    /// As [`Machine::on_candles`].
    pub(crate) fn replay(&mut self, entry: &Entry) -> Result<()> {
        let Entry { lane, at, input } = entry;
        match input {
            Input::Candle(candle) => self.replay_candle(*lane, candle),
            Input::Filled(_) | Input::Rejected(_) | Input::Cancelled(_) | Input::Expired(_) | Input::Funding(_)
                if self.simulated =>
            {
                Ok(())
            }
            Input::Hold(_) => Ok(()),
            _ => {
                self.replayed()?;
                self.on_input(*lane, *at, *input)
            }
        }
    }

    fn replay_candle(&mut self, lane: usize, candle: &Candle) -> Result<()> {
        let other = self.coming.iter().flatten().any(|it| it.open_time != candle.open_time);
        if other || self.coming.get(lane).is_some_and(Option::is_some) {
            self.replayed()?;
        }
        if let Some(coming) = self.coming.get_mut(lane) {
            *coming = Some(*candle);
        }
        // nothing else comes at this moment
        if self.coming.iter().all(Option::is_some) { self.replayed() } else { Ok(()) }
    }

    /// There is no further line of the journal.
    ///
    /// # Errors
    /// As [`Machine::on_candles`].
    pub(crate) fn replayed(&mut self) -> Result<()> {
        if self.coming.iter().all(Option::is_none) {
            return Ok(());
        }
        let mut candles = std::mem::take(&mut self.coming);
        let taken = self.on_candles(&candles);
        candles.fill(None);
        self.coming = candles;
        taken
    }

    /// The exchange has taken an order.
    ///
    /// # Errors
    /// 500 where there is no such order.
    pub(crate) fn accepted(&mut self, id: ClientOrderId, at: Timestamp) -> Result<()> {
        let waits = self.open().iter().any(|it| it.order.client_order_id == id && it.status == OrderStatus::Submitted);
        if waits { self.log.book.advance(id, OrderStatus::Accepted, at) } else { Ok(()) }
    }

    /// The orders that may still change, the oldest first.
    pub(crate) fn open(&self) -> Vec<Open> {
        self.log.book.open().collect()
    }

    /// The orders of a lane that may still change, the oldest first.
    pub(crate) fn open_in(&self, lane: usize) -> Vec<Open> {
        let symbol = self.log.symbols.get(lane);
        self.log.book.open().filter(|it| Some(&it.symbol) == symbol).collect()
    }

    /// The orders of a lane that are about to be sent and open or enlarge the position.
    pub(crate) fn ventures(&self, lane: usize) -> Vec<Order> {
        self.log.unsent(lane).filter(|order| !order.reduces_only()).copied().collect()
    }

    /// Whether any lane is about to send such.
    pub(crate) fn has_ventures(&self) -> bool {
        (0..self.last.len()).any(|lane| self.log.unsent(lane).any(|order| !order.reduces_only()))
    }

    /// The last price of a lane.
    pub(crate) fn price_in(&self, lane: usize) -> Option<Price> {
        self.last.get(lane)?.map(|candle| candle.close)
    }

    /// Takes back what waits to open or enlarge the position.
    pub(crate) fn take_entries_back(&mut self) {
        for it in self.open().iter().filter(|it| !it.order.reduces_only() && !it.withdrawn) {
            if let Some(lane) = self.log.symbols.iter().position(|symbol| *symbol == it.symbol) {
                self.log.take_back(lane, it.order.client_order_id);
            }
        }
    }

    /// What it has earned since its beginning, coins at the last price; `None` before there is one.
    pub(crate) fn profit(&self) -> Option<Notional> {
        self.closed_at().map(|_| self.lanes.equity() - self.figures.initial)
    }

    /// Whether there is something to ask of an exchange.
    pub(crate) fn has_errands(&self) -> bool {
        self.log.has_errands()
    }

    /// What an exchange is to be asked since this was last asked, by lane.
    pub(crate) fn take_errands(&mut self) -> Vec<(usize, Errand)> {
        self.log.take_errands()
    }

    /// There will be no further candle: what is open expires, and the curve gets its last point.
    pub(crate) fn conclude(&mut self) -> Result<()> {
        let Some(at) = self.closed_at() else { return Ok(()) };
        self.log.book.expire_open("the candles ended", at)?;
        if self.has_begun() && self.figures.last_point < Some(at) {
            self.point(at);
        }
        Ok(())
    }

    fn point(&mut self, at: Timestamp) {
        let cash = self.lanes.cash();
        let position_value = self.lanes.worths().sum();
        self.log.unsaved.equity.push(EquityPoint { at, cash, position_value });
        self.figures.last_point = Some(at);
    }

    /// When the last candle closed.
    pub(crate) fn closed_at(&self) -> Option<Timestamp> {
        self.last_open().map(|open| self.timeframe.close_of(open))
    }

    /// When a candle that opens at a moment closes.
    pub(crate) fn close_of(&self, open: Timestamp) -> Timestamp {
        self.timeframe.close_of(open)
    }

    /// When the last candle opened.
    pub(crate) fn last_open(&self) -> Option<Timestamp> {
        self.last_opens().flatten().max()
    }

    /// When the last candle of each lane opened.
    pub(crate) fn last_opens(&self) -> impl Iterator<Item = Option<Timestamp>> {
        self.last.iter().map(|last| last.map(|candle| candle.open_time))
    }

    /// Whether a candle was traded, not just looked at to warm up.
    pub(crate) fn has_begun(&self) -> bool {
        self.figures.has_begun()
    }

    /// How many candles it was fed, those of all lanes.
    pub(crate) fn candles(&self) -> u64 {
        self.lanes.seats().map(|seat| seat.engine().candles()).sum()
    }

    /// The currency that it trades for.
    pub(crate) fn currency(&self) -> &str {
        self.symbols().first().map_or("", Symbol::quote)
    }

    /// The symbol of each lane, …
    pub(crate) fn symbols(&self) -> &[Symbol] {
        &self.log.symbols
    }

    /// … with what it holds of that, the cash being with the first, and its last price.
    pub(crate) fn holdings(&self) -> Vec<(Symbol, Position, Option<Price>)> {
        let prices = self.last.iter().map(|last| last.map(|candle| candle.close));
        let lanes = self.log.symbols.iter().zip(self.lanes.positions()).zip(prices);
        lanes.map(|((symbol, position), price)| (*symbol, position, price)).collect()
    }

    /// What a lane holds, with all the cash of the account.
    pub(crate) fn position_in(&self, lane: usize) -> Option<Position> {
        self.lanes.position_in(lane)
    }

    /// Its orders.
    pub(crate) fn book(&mut self) -> &mut Book {
        &mut self.log.book
    }

    /// The figures so far; `None` before the first candle that trades.
    pub(crate) fn metrics(&self) -> Option<Metrics> {
        let positions = || self.lanes.seats().map(|seat| seat.engine().position());
        let open = self.lanes.seats().filter(|seat| seat.engine().in_trade()).count();
        let end = Ending {
            initial: self.figures.initial,
            equity: self.lanes.equity(),
            fees: positions().map(Position::fees).sum(),
            funding: positions().map(Position::funding).sum(),
            in_trade: open > 0,
            at: self.closed_at()?,
            prices: self.figures.prices(),
        };
        let mut metrics = Metrics::new(self.figures.curve()?, &self.log.tally, end);
        metrics.open_trades = open as u64;
        Some(metrics)
    }

    /// Writes an event of its own.
    pub(crate) fn tell(&mut self, event: Event) {
        self.log.unsaved.events.push(event);
    }

    /// Whether something is to be written.
    pub(crate) fn has_unsaved(&self) -> bool {
        let Unsaved { journal, events, equity } = &self.log.unsaved;
        !(journal.is_empty() && events.is_empty() && equity.is_empty())
    }

    /// What happened since this was last asked.
    pub(crate) fn take_unsaved(&mut self) -> Unsaved {
        std::mem::take(&mut self.log.unsaved)
    }
}
