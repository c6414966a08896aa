//! The state of a bot and the one step that changes it.

use super::atr::Atr;
use super::book::Book;
use super::day::Day;
use super::guard::Guard;
use super::io::{Effects, Input, Note, Reason, Rejection, Stop};
use super::sizing::{self, Entry};
use super::trade::OpenTrade;
use super::{Signal, Strategy};
use crate::candle::Candle;
use crate::money::{Instrument, Notional, Price, Quantity};
use crate::order::{ClientOrderId, IdPrefix, Order, OrderKind, OrderStatus, Purpose, Side, Size};
use crate::position::{Fill, Position};
use crate::risk::{Limits, Refusal, View};
use crate::strategy::Failure;
use crate::strategy::plan::{Plan, Sizing};
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

/// A bot: it turns what happens into what to do. See [`Engine::step`].
#[derive(Clone, Debug)]
pub struct Engine<S> {
    strategy: S,
    pub(super) config: Config,
    pub(super) position: Position,
    pub(super) book: Book,
    pub(super) trade: Option<OpenTrade>,
    /// The position is being left, and why.
    pub(super) leaving: Option<Purpose>,
    /// The trigger of the stop that stands.
    pub(super) stop: Option<Price>,
    pub(super) phase: Phase,
    guard: Guard,
    day: Day,
    atr: Option<Atr>,
    /// The stop distance by which the pending entry was sized.
    risk_distance: Option<Notional>,
    candles: u64,
    last_open: Timestamp,
    last_close: Price,
    closed_at: Timestamp,
    sequence: u64,
    fills: u64,
}

impl<S: Strategy> Engine<S> {
    /// A bot before its first input.
    #[must_use]
    pub fn new(strategy: S, config: Config) -> Self {
        let atr = match config.plan.sizing {
            Sizing::AtrRisk { period, .. } => Some(Atr::new(period)),
            _ => None,
        };
        Self {
            strategy,
            position: Position::with_cash(config.cash),
            book: Book::default(),
            trade: None,
            leaving: None,
            stop: None,
            phase: Phase::Running,
            guard: Guard::new(config.plan.guards.clone(), config.cash),
            day: Day::default(),
            atr,
            risk_distance: None,
            candles: 0,
            last_open: Timestamp::default(),
            last_close: Price::default(),
            closed_at: Timestamp::default(),
            sequence: 0,
            fills: 0,
            config,
        }
    }

    /// Takes in what happened at `at` and says what to do: the only way the state changes. Inputs
    /// come in the order of time; the effects are carried out in their order.
    #[inline]
    pub fn step(&mut self, at: Timestamp, input: Input) -> Effects {
        let mut effects = Effects::none();
        self.step_into(at, &input, &mut effects);
        effects
    }

    /// The step itself, for a loop that is too hot to move its effects, which are some kilobytes.
    #[inline]
    pub(super) fn step_into(&mut self, at: Timestamp, input: &Input, effects: &mut Effects) {
        match *input {
            Input::Candle(ref candle) => self.on_candle(at, candle, effects),
            Input::Filled(ref fill) => self.on_fill(fill, effects),
            Input::Rejected(rejection) => self.on_rejected(rejection, effects),
            Input::Cancelled(id) => self.on_cancelled(id, effects),
            Input::Signal(signal) => self.on_signal(at, signal, effects),
            Input::Pause => self.pause(true),
            Input::Resume => self.pause(false),
            Input::Stop(stop) => self.on_stop(stop, effects),
        }
    }

    /// Why the strategy cannot go on, if so; nothing comes of it any more then.
    #[inline]
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        self.strategy.failure()
    }

    /// Cash and coins.
    #[must_use]
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// How many fills were booked.
    #[must_use]
    pub fn fills(&self) -> u64 {
        self.fills
    }

    /// How many candles were seen.
    #[must_use]
    pub fn candles(&self) -> u64 {
        self.candles
    }

    /// When the last candle opened, if one was seen.
    #[must_use]
    pub fn last_candle(&self) -> Option<Timestamp> {
        (self.candles > 0).then_some(self.last_open)
    }

    /// The last closing price, if a candle was seen.
    #[must_use]
    pub fn last_price(&self) -> Option<Price> {
        (self.candles > 0).then_some(self.last_close)
    }

    /// Cash, and the coins at the last close.
    #[must_use]
    pub fn equity(&self) -> Notional {
        self.position.equity(self.last_close)
    }

    /// Whether a round trip is under way.
    #[must_use]
    pub fn in_trade(&self) -> bool {
        self.trade.is_some()
    }

    #[inline]
    fn on_candle(&mut self, at: Timestamp, candle: &Candle, effects: &mut Effects) {
        if self.candles > 0 && candle.open_time <= self.last_open {
            return effects.note(Note::StaleCandle);
        }
        self.candles += 1;
        (self.last_open, self.last_close, self.closed_at) = (candle.open_time, candle.close, at);
        if let Some(atr) = &mut self.atr {
            atr.update(candle);
        }
        let signal = self.strategy.on_candle(candle, &self.position);
        if self.guard.drawn_down(|| self.position.equity(candle.close)) && self.phase < Phase::Halted {
            self.phase = Phase::Halted;
            effects.note(Note::Halted);
            self.leave(Purpose::MaxDrawdown, effects);
        }
        if self.trade.is_some() {
            self.tend(at, candle.high, effects);
        }
        if let Some(signal) = signal {
            self.on_signal(at, signal, effects);
        }
    }

    fn on_signal(&mut self, at: Timestamp, signal: Signal, effects: &mut Effects) {
        if self.config.trade_from.is_some_and(|from| at < from) {
            return;
        }
        match signal {
            Signal::Enter => self.enter(at, effects),
            Signal::Exit => self.leave(Purpose::Exit, effects),
        }
    }

    fn enter(&mut self, at: Timestamp, effects: &mut Effects) {
        if self.trade.is_some() || !self.book.is_empty() || self.phase >= Phase::Halted {
            return;
        }
        let entries = self.day.of(at).entries();
        let refused = if self.phase == Phase::Paused { Some(Reason::Paused) } else { self.guard.refuses(at, entries) };
        if let Some(reason) = refused {
            return effects.note(Note::Skipped(reason));
        }
        let atr = self.atr.as_ref().and_then(Atr::value);
        match sizing::entry(&self.config.plan, &self.config.instrument, &self.position, self.last_close, atr) {
            Ok(Entry { size, risk_distance }) => {
                self.risk_distance = risk_distance;
                if self.place(Side::Buy, OrderKind::Market {}, size, Purpose::Entry, None, effects) {
                    self.day.of(at).count_entry();
                }
            }
            Err(reason) => effects.note(Note::Skipped(reason)),
        }
    }

    /// Takes all orders back and sells what is held, and what a pending entry may yet bring.
    pub(super) fn leave(&mut self, purpose: Purpose, effects: &mut Effects) {
        if self.leaving.is_some() || self.trade.is_none() && self.book.is_empty() {
            return;
        }
        self.book.cancel(|_| true, |id| effects.cancel(id));
        self.stop = None;
        self.leaving = Some(purpose);
        if self.trade.is_some() {
            self.sell(purpose, effects);
        }
    }

    /// An order is gone: where nothing is held and nothing can come any more, nothing is left.
    fn forget(&mut self) {
        if self.trade.is_none() && self.book.is_empty() {
            self.leaving = None;
        }
    }

    pub(super) fn sell(&mut self, purpose: Purpose, effects: &mut Effects) {
        let size = Size::Base(self.config.instrument.quantity_down(self.position.quantity()));
        self.place(Side::Sell, OrderKind::Market {}, size, purpose, None, effects);
    }

    /// Sends an order if the limits let it pass; says whether they did.
    pub(super) fn place(
        &mut self,
        side: Side,
        kind: OrderKind,
        size: Size,
        purpose: Purpose,
        target: Option<u8>,
        effects: &mut Effects,
    ) -> bool {
        let client_order_id = ClientOrderId::new(self.config.prefix, self.sequence + 1);
        match self.check(Order { client_order_id, side, kind, size, purpose }) {
            Ok(order) => {
                self.sequence += 1;
                self.book.add(client_order_id, purpose, target);
                effects.place(order);
                true
            }
            Err(refusal) => {
                effects.note(Note::Refused(refusal));
                false
            }
        }
    }

    fn check(&self, order: Order) -> Result<crate::risk::Approved<Order>, Refusal> {
        if self.book.is_full() {
            return Err(Refusal::BookFull);
        }
        let view = View {
            instrument: &self.config.instrument,
            position: &self.position,
            price: self.last_close,
            orders_today: self.day.entries(),
            realised_today: self.day.realised(),
        };
        self.config.limits.check(&view, order)
    }

    fn on_fill(&mut self, fill: &Fill, effects: &mut Effects) {
        let status = if fill.done { OrderStatus::Filled } else { OrderStatus::PartiallyFilled };
        let Some(order) = self.book.advance(fill.client_order_id, status) else {
            return effects.note(Note::UnknownOrder(fill.client_order_id));
        };
        let profit = match self.position.apply(fill) {
            Ok(profit) => profit,
            Err(error) => {
                self.phase = Phase::Stopped;
                return effects.note(Note::Contradiction(error));
            }
        };
        self.fills += 1;
        self.day.of(fill.at).realise(profit);
        match fill.side {
            Side::Buy => self.on_buy(fill, effects),
            Side::Sell => self.on_sale(fill, profit, order.purpose, order.target, effects),
        }
    }

    /// The candle in which `at` lies, counted from 0: the last closed one up to its last
    /// millisecond, then the one that is forming.
    fn index_of(&self, at: Timestamp) -> u64 {
        if at > self.closed_at { self.candles } else { self.candles.saturating_sub(1) }
    }

    fn on_buy(&mut self, fill: &Fill, effects: &mut Effects) {
        let (index, distance) = (self.index_of(fill.at), self.risk_distance);
        let trade = self.trade.get_or_insert_with(|| OpenTrade::new(index, fill, distance));
        trade.on_buy(fill);
        match self.leaving {
            // The entry filled before the venue heard that it was taken back.
            Some(purpose) if !self.book.has(|order| order.purpose == purpose) => self.sell(purpose, effects),
            None if self.phase != Phase::Stopped => self.arm(effects),
            _ => {}
        }
    }

    fn on_sale(&mut self, fill: &Fill, profit: Notional, purpose: Purpose, target: Option<u8>, effects: &mut Effects) {
        if let Some(trade) = &mut self.trade {
            trade.on_sale(fill, profit, target);
        }
        if self.is_dust(fill.price) {
            self.close_trade(fill.at, purpose, effects);
        } else if let (true, Some(purpose)) = (fill.done, self.leaving) {
            self.sell(purpose, effects);
        }
    }

    /// Whether what is held is too little to be sold.
    fn is_dust(&self, price: Price) -> bool {
        let instrument = &self.config.instrument;
        let sellable = instrument.quantity_down(self.position.quantity());
        sellable.is_zero() || instrument.check(price, sellable).is_err_and(|filter| Refusal::from(filter).is_dust())
    }

    fn close_trade(&mut self, at: Timestamp, reason: Purpose, effects: &mut Effects) {
        let index = self.index_of(at);
        self.position.settle();
        let closed = self.trade.take().and_then(|trade| trade.close(index, at, reason));
        self.leaving = self.book.has_entry().then_some(reason);
        self.stop = None;
        self.book.cancel(|_| true, |id| effects.cancel(id));
        if let Some(trade) = closed {
            self.guard.on_trade(at, trade.pnl);
            effects.note(Note::Closed(trade));
        }
    }

    fn on_rejected(&mut self, rejection: Rejection, effects: &mut Effects) {
        match self.book.advance(rejection.client_order_id, OrderStatus::Rejected) {
            None => effects.note(Note::UnknownOrder(rejection.client_order_id)),
            Some(order) => {
                effects.note(Note::Rejected(rejection));
                if order.is_stop() && !order.cancelling {
                    self.leave(order.purpose, effects);
                }
                self.forget();
            }
        }
    }

    fn on_cancelled(&mut self, id: ClientOrderId, effects: &mut Effects) {
        match self.book.advance(id, OrderStatus::Cancelled) {
            None => effects.note(Note::UnknownOrder(id)),
            Some(order) if order.is_stop() && !order.cancelling => self.stop = None,
            Some(_) => self.forget(),
        }
    }

    fn pause(&mut self, pause: bool) {
        self.phase = match (self.phase, pause) {
            (Phase::Running, true) => Phase::Paused,
            (Phase::Paused, false) => Phase::Running,
            (phase, _) => phase,
        };
    }

    fn on_stop(&mut self, stop: Stop, effects: &mut Effects) {
        self.phase = Phase::Stopped;
        match stop {
            Stop::Sell => self.leave(Purpose::Stopped, effects),
            Stop::Keep => {
                self.leaving = None;
                self.stop = None;
                self.book.cancel(|_| true, |id| effects.cancel(id));
            }
        }
    }

    /// Coins that an order of this position could sell.
    pub(super) fn sellable(&self, part: Quantity) -> Quantity {
        self.config.instrument.quantity_down(part.min(self.position.quantity()))
    }
}
