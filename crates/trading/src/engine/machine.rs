//! A bot and the one step that changes it.

use super::dca::Dca;
use super::desk::Desk;
use super::grid::Grid;
use super::holding::Holding;
use super::io::{Effects, Input, Note};
use super::trips::Trips;
use super::{Signal, Strategy};
use crate::candle::Candle;
use crate::money::{Instrument, Notional, Price};
use crate::order::{IdPrefix, Order};
use crate::position::{Fill, Position};
use crate::risk::Limits;
use crate::strategy::Failure;
use crate::strategy::plan::Plan;
use crate::time::Timestamp;

/// What a bot starts with; with the inputs it determines everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The market and its filters.
    pub instrument: Instrument,
    /// Sizing, protection and guards; the caller has asked [`Plan::check`].
    pub plan: Plan,
    /// How much may be ventured.
    pub limits: Limits,
    /// Quote currency at the start.
    pub cash: Notional,
    /// Begins every order id.
    pub prefix: IdPrefix,
    /// Candles that close before this moment only warm up.
    pub trade_from: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd)]
pub(super) enum Phase {
    Running,
    Paused,
    /// No entries any more; an open position is still tended.
    Halted,
    /// Nothing any more, but to finish a sale that was asked for.
    Stopped,
}

/// How a kind of bot conducts itself.
#[derive(Clone, Debug)]
pub enum Conduct<S> {
    /// Round trips when a strategy, or somebody outside, says so.
    RoundTrips(S),
    /// Purchases step by step, sold together.
    Dca(crate::strategy::Dca),
    /// Purchases and sales on the levels of a range.
    Grid(crate::strategy::Grid),
    /// As much as it is told to hold.
    Holding,
}

/// A conduct at work. There is one of these per bot, so that its size does not matter.
#[derive(Clone, Debug)]
enum Work<S> {
    RoundTrips(S, Trips),
    Dca(Dca, Trips),
    Grid(Grid),
    Holding(Holding),
}

/// A bot: it turns what happens into what to do. See [`Engine::step`].
#[derive(Clone, Debug)]
pub struct Engine<S> {
    desk: Desk,
    work: Work<S>,
}

impl<S: Strategy> Engine<S> {
    /// A bot of round trips before its first input.
    #[must_use]
    pub fn new(strategy: S, config: Config) -> Self {
        Self::of(Conduct::RoundTrips(strategy), config)
    }

    /// A bot of any kind before its first input.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "a bot owns what it starts with")]
    pub fn of(conduct: Conduct<S>, config: Config) -> Self {
        let desk = Desk::new(&config);
        let work = match conduct {
            Conduct::RoundTrips(strategy) => Work::RoundTrips(strategy, Trips::new(&config.plan)),
            Conduct::Dca(dca) => Work::Dca(Dca::new(dca), Trips::new(&config.plan)),
            Conduct::Holding => Work::Holding(Holding::default()),
            Conduct::Grid(grid) => Work::Grid(Grid::new(&grid, &config.instrument)),
        };
        Self { desk, work }
    }

    /// Takes in what happened at `at` and says what to do: the only way the state changes. Inputs
    /// come in the order of time; the effects are carried out in their order.
    #[inline]
    pub fn step(&mut self, at: Timestamp, input: Input) -> Effects {
        let mut effects = Effects::default();
        self.step_into(at, &input, &mut effects);
        effects
    }

    /// The step itself, for a loop that uses its list of effects again.
    #[inline]
    pub(super) fn step_into(&mut self, at: Timestamp, input: &Input, effects: &mut Effects) {
        if let Input::Candle(candle) = input {
            if self.desk.observe(at, candle) {
                self.on_candle(at, candle, effects);
            } else {
                effects.note(Note::StaleCandle);
            }
        } else {
            self.on_other(at, input, effects);
        }
    }

    #[inline]
    fn on_candle(&mut self, at: Timestamp, candle: &Candle, effects: &mut Effects) {
        let desk = &mut self.desk;
        match &mut self.work {
            Work::RoundTrips(strategy, trips) => {
                trips.observe(candle);
                let signal = strategy.on_candle(candle, &desk.position);
                trips.on_candle(desk, at, candle, effects);
                if let Some(signal) = signal {
                    trips.on_signal(desk, at, signal, effects);
                }
            }
            Work::Dca(dca, trips) => dca.on_candle(desk, trips, at, candle, effects),
            Work::Grid(grid) => grid.on_candle(desk, at, candle, effects),
            Work::Holding(_) => {}
        }
    }

    /// How many of the next candles change nothing but the last price, as long as nothing but
    /// candles comes.
    #[inline]
    pub(super) fn rests(&self) -> usize {
        match &self.work {
            Work::RoundTrips(strategy, trips) if self.desk.rests() && trips.rests(&self.desk) => {
                strategy.silence(&self.desk.position)
            }
            _ => 0,
        }
    }

    /// Passes over so many of them, up to a last one that closed at `at`.
    pub(super) fn pass(&mut self, candles: usize, at: Timestamp, last: &Candle) {
        if let Work::RoundTrips(strategy, _) = &mut self.work {
            strategy.pass(candles);
        }
        self.desk.pass(candles as u64, at, last);
    }

    #[inline(never)]
    fn on_other(&mut self, at: Timestamp, input: &Input, effects: &mut Effects) {
        match *input {
            Input::Pause if self.desk.phase == Phase::Running => {
                self.desk.phase = Phase::Paused;
                if let Work::Grid(_) = self.work {
                    self.desk.cancel(|order| order.purpose == crate::order::Purpose::Entry, effects);
                }
            }
            Input::Resume if self.desk.phase == Phase::Paused => self.desk.phase = Phase::Running,
            Input::Candle(_) | Input::Pause | Input::Resume | Input::Quoted(_) => {}
            Input::Filled(ref fill) => self.on_fill(fill, effects),
            Input::Adopted(ref found) => self.adopt(&found.order(), found.taken),
            Input::Funding(due) => self.desk.pay_funding(due),
            _ => match &mut self.work {
                Work::Dca(..) if matches!(input, Input::Signal(_)) => {}
                Work::RoundTrips(_, trips) | Work::Dca(_, trips) => trips.on_other(&mut self.desk, at, input, effects),
                Work::Grid(grid) => grid.on_other(&mut self.desk, input, effects),
                Work::Holding(holding) => holding.on_other(&mut self.desk, at, input, effects),
            },
        }
    }

    /// Takes an order among its own. One that fits a cell of a grid is that cell's.
    fn adopt(&mut self, order: &Order, taken: u64) {
        let slot = match &mut self.work {
            Work::Grid(grid) => grid.adopt(order),
            Work::RoundTrips(..) | Work::Dca(..) | Work::Holding(_) => None,
        };
        self.desk.adopt(order, taken, slot);
    }

    fn on_fill(&mut self, fill: &Fill, effects: &mut Effects) {
        let cost = self.desk.position.cost();
        let Some((order, profit)) = self.desk.book_fill(fill, effects) else { return };
        match &mut self.work {
            Work::RoundTrips(_, trips) => trips.on_fill(&mut self.desk, fill, order, profit, effects),
            Work::Dca(dca, trips) => {
                dca.on_fill(fill);
                trips.on_fill(&mut self.desk, fill, order, profit, effects);
            }
            Work::Grid(grid) => grid.on_fill(&mut self.desk, fill, order, effects),
            Work::Holding(holding) => {
                let sold = cost - self.desk.position.cost();
                holding.on_fill(&self.desk, fill, order, (sold, profit), effects);
            }
        }
    }

    /// Why the strategy cannot go on, if so; nothing comes of it any more then.
    #[inline]
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match &self.work {
            Work::RoundTrips(strategy, _) => strategy.failure(),
            Work::Dca(..) | Work::Grid(_) | Work::Holding(_) => None,
        }
    }

    /// Cash and coins.
    #[must_use]
    pub fn position(&self) -> &Position {
        &self.desk.position
    }

    /// How many fills and charges of funding were booked.
    #[must_use]
    pub fn fills(&self) -> u64 {
        self.desk.fills
    }

    /// How many candles were seen.
    #[must_use]
    pub fn candles(&self) -> u64 {
        self.desk.candles
    }

    /// When the last candle opened, if one was seen.
    #[must_use]
    pub fn last_candle(&self) -> Option<Timestamp> {
        (self.desk.candles > 0).then_some(self.desk.last_open)
    }

    /// The last closing price, if a candle was seen.
    #[must_use]
    pub fn last_price(&self) -> Option<Price> {
        (self.desk.candles > 0).then_some(self.desk.last_close)
    }

    /// Cash, and the coins at the last close.
    #[must_use]
    pub fn equity(&self) -> Notional {
        self.desk.position.equity(self.desk.last_close)
    }

    /// Whether a round trip is under way, or a grid holds coins.
    #[must_use]
    pub fn in_trade(&self) -> bool {
        match &self.work {
            Work::RoundTrips(_, trips) | Work::Dca(_, trips) => trips.is_open(),
            Work::Grid(grid) => grid.is_open(),
            Work::Holding(_) => self.desk.position.is_open(),
        }
    }

    /// The desk, for the lanes of one account.
    pub(super) fn desk(&self) -> &Desk {
        &self.desk
    }

    /// The same, to be lent the account.
    pub(super) fn desk_mut(&mut self) -> &mut Desk {
        &mut self.desk
    }
}

/// A strategy that never says anything: of a bot that is told from outside, or needs none.
#[derive(Copy, Clone, Debug, Default)]
pub struct Silent;

impl Strategy for Silent {
    fn on_candle(&mut self, _: &Candle, _: &Position) -> Option<Signal> {
        None
    }
}
