use super::{
    figures::Figures,
    hands::{Distant, Hands},
    log::{Errand, Log, Unsaved},
};
use crate::event::Event;
use kit::{Error, Result};
use orders::{Book, Open};
use portfolio::EquityPoint;
use std::sync::Arc;
use trading::{
    book::Level,
    candle::Candle,
    engine::{Conduct, Config, Driver, Engine, Input, Quote, Silent, Stop, Strategy},
    metrics::{Ending, Metrics, approximate},
    money::{Instrument, Notional, Price},
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

/// What a bot is made of.
pub(crate) struct Make {
    pub(crate) bot: Uuid,
    pub(crate) document: Document,
    /// What it trades, with the filters that its orders are held to.
    pub(crate) instrument: Instrument,
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
    hands: Hands,
    timeframe: Timeframe,
    from: Option<Timestamp>,
    log: Log,
    figures: Figures,
    last: Option<Candle>,
    stopped: bool,
    /// No entries, since what it takes in is no news.
    held: bool,
}

/// The beginning of a bot's order ids: the last 24 hexadecimal digits of its own, all its random ones among them.
pub(super) fn prefix(bot: Uuid) -> Result<IdPrefix> {
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

impl Machine {
    /// A bot before its first candle.
    pub(crate) fn new(make: &Make) -> Result<Self> {
        let (instrument, timeframe) = (make.instrument.clone(), make.timeframe);
        let symbol = instrument.symbol;
        let config = Config {
            instrument: instrument.clone(),
            plan: make.document.plan(),
            limits: make.limits,
            cash: make.cash,
            prefix: prefix(make.bot)?,
            trade_from: make.from,
        };
        let engine = Engine::of(conduct(&make.document), config);
        let hands = match make.place {
            Place::Simulated(rules) => {
                Hands::Simulated(Box::new(Driver::new(engine, Simulator::new(rules, instrument), timeframe)))
            }
            Place::Exchange => Hands::Exchange(Box::new(Distant::new(engine, timeframe))),
        };
        Ok(Self {
            log: Log::new(Book::new(make.bot, symbol), hands.repeats_itself()),
            hands,
            timeframe,
            from: make.from,
            figures: Figures::new(make.cash),
            last: None,
            stopped: false,
            held: false,
        })
    }

    /// Takes in the next candle.
    ///
    /// # Errors
    /// 500 where the engine contradicts itself; nothing of the bot may be written then.
    pub(crate) fn on_candle(&mut self, candle: &Candle) -> Result<()> {
        let Self { hands, log, .. } = self;
        hands.on_candle(candle, |at, input, effects| log.take(at, input, effects));
        self.last = Some(*candle);
        if self.from.is_none_or(|from| candle.open_time >= from) {
            let traded = self.figures.close(candle, self.hands.engine());
            let closed_at = self.timeframe.close_of(candle.open_time);
            if traded || (closed_at.millis() + 1) % BETWEEN_POINTS == 0 {
                self.point(closed_at, candle.close);
            }
        }
        self.log.trouble.take().map_or(Ok(()), Err)
    }

    /// Why its script cannot go on, if so: it decides nothing any more, and what it has ordered stays.
    pub(crate) fn failure(&self) -> Option<&Failure> {
        self.hands.engine().failure()
    }

    /// Takes in something else than a candle, at the last close.
    ///
    /// # Errors
    /// As [`Machine::on_candle`].
    pub(crate) fn on_input(&mut self, at: Timestamp, input: Input) -> Result<()> {
        self.stopped |= matches!(input, Input::Stop(_));
        self.held = matches!(input, Input::Pause) || self.held && !matches!(input, Input::Resume);
        let Self { hands, log, .. } = self;
        hands.on_input(at, input, |at, input, effects| log.take(at, input, effects));
        self.log.trouble.take().map_or(Ok(()), Err)
    }

    /// Begins to stop at a moment, if it has not yet.
    pub(crate) fn stop(&mut self, stop: Stop, at: Timestamp) -> Result<()> {
        match self.closed_at() {
            Some(closed) if !self.stopped => self.on_input(at.max(closed), Input::Stop(stop)),
            _ => Ok(()),
        }
    }

    /// The orders of a simulated venue that may take from a book, and when they reach it.
    pub(crate) fn newcomers(&self) -> Vec<(Order, Timestamp)> {
        match &self.hands {
            Hands::Simulated(driver) => driver.simulator().newcomers().map(|(order, at)| (*order, at)).collect(),
            Hands::Exchange(_) => vec![],
        }
    }

    /// What such an order finds on a side of a book; that is gone from the levels then.
    pub(crate) fn quote(&self, id: ClientOrderId, levels: &mut [Level]) -> Option<Quote> {
        match &self.hands {
            Hands::Simulated(driver) => driver.quote(id, levels),
            Hands::Exchange(_) => None,
        }
    }

    /// Whether it waits for no order.
    pub(crate) fn is_idle(&self) -> bool {
        match &self.hands {
            Hands::Simulated(driver) => driver.simulator().is_idle(),
            Hands::Exchange(_) => self.log.book.open().next().is_none(),
        }
    }

    /// Makes no entries from a moment on, or makes them again; what it holds is looked after all the same.
    ///
    /// # Errors
    /// As [`Machine::on_candle`].
    pub(crate) fn hold(&mut self, held: bool, at: Timestamp) -> Result<()> {
        if held == self.held {
            return Ok(());
        }
        self.on_input(at, if held { Input::Pause } else { Input::Resume })
    }

    /// Takes in a line of its journal, to be what it was. What a simulated venue said, it says again by itself.
    ///
    /// # Errors
    /// As [`Machine::on_candle`].
    pub(crate) fn replay(&mut self, at: Timestamp, input: &Input) -> Result<()> {
        match input {
            Input::Candle(candle) => self.on_candle(candle),
            Input::Filled(_) | Input::Rejected(_) | Input::Cancelled(_) | Input::Expired(_) | Input::Funding(_)
                if self.hands.repeats_itself() =>
            {
                Ok(())
            }
            _ => self.on_input(at, *input),
        }
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

    /// The orders that are about to be sent and open or enlarge the position.
    pub(crate) fn ventures(&self) -> Vec<Order> {
        self.log.unsent().filter(|order| !order.reduces_only()).copied().collect()
    }

    /// Takes back what waits to open or enlarge the position.
    pub(crate) fn take_entries_back(&mut self) {
        for it in self.open().iter().filter(|it| !it.order.reduces_only() && !it.withdrawn) {
            self.log.take_back(it.order.client_order_id);
        }
    }

    /// What it has earned since its beginning, coins at the last price; `None` before there is one.
    pub(crate) fn profit(&self) -> Option<Notional> {
        self.price().map(|_| self.hands.engine().equity() - self.figures.initial)
    }

    /// What an exchange is to be asked since this was last asked.
    pub(crate) fn take_errands(&mut self) -> Vec<Errand> {
        self.log.take_errands()
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
        let position = self.hands.engine().position();
        let value = price * position.quantity();
        self.log.unsaved.equity.push(EquityPoint { at, cash: position.cash(), position_value: value });
        self.figures.last_point = Some(at);
    }

    /// When the last candle closed.
    pub(crate) fn closed_at(&self) -> Option<Timestamp> {
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
        self.hands.engine().candles()
    }

    /// Cash and coins.
    pub(crate) fn position(&self) -> &Position {
        self.hands.engine().position()
    }

    /// The last price.
    pub(crate) fn price(&self) -> Option<Price> {
        self.hands.engine().last_price()
    }

    /// Its orders.
    pub(crate) fn book(&mut self) -> &mut Book {
        &mut self.log.book
    }

    /// The figures so far; `None` before the first candle that trades.
    pub(crate) fn metrics(&self) -> Option<Metrics> {
        let (engine, at) = (self.hands.engine(), self.closed_at()?);
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
