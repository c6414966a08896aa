//! The desk at which every kind of bot works: what it holds, its open orders, and the only place
//! from which an order goes out, through the limits.

use super::account::Account;
use super::book::{Book, Working};
use super::io::{Effects, Note, Rejection};
use super::machine::{Config, Phase};
use crate::candle::Candle;
use crate::money::{Instrument, Notional, Price, Quantity};
use crate::order::{ClientOrderId, IdPrefix, Order, OrderKind, OrderStatus, Purpose, Side, Size};
use crate::position::{Fill, Position};
use crate::risk::{Approved, Limits, Refusal, View};
use crate::time::Timestamp;

#[derive(Clone, Debug)]
pub(super) struct Desk {
    pub(super) instrument: Instrument,
    limits: Limits,
    prefix: IdPrefix,
    trade_from: Option<Timestamp>,
    pub(super) position: Position,
    pub(super) book: Book,
    pub(super) phase: Phase,
    pub(super) account: Account,
    pub(super) candles: u64,
    pub(super) last_open: Timestamp,
    pub(super) last_close: Price,
    closed_at: Timestamp,
    sequence: u64,
    pub(super) fills: u64,
}

/// What an order is to be, but for its name.
#[derive(Copy, Clone)]
pub(super) struct Draft {
    pub(super) side: Side,
    pub(super) kind: OrderKind,
    pub(super) size: Size,
    pub(super) purpose: Purpose,
    /// See [`Working::slot`].
    pub(super) slot: Option<u8>,
}

impl Draft {
    /// A purchase at the market.
    pub(super) fn buy(size: Size) -> Self {
        Self { side: Side::Buy, kind: OrderKind::Market {}, size, purpose: Purpose::Entry, slot: None }
    }

    /// A sale of so many coins.
    pub(super) fn sale(kind: OrderKind, coins: Quantity, purpose: Purpose) -> Self {
        Self { side: Side::Sell, kind, size: Size::Base(coins), purpose, slot: None }
    }

    pub(super) fn slot(self, slot: u8) -> Self {
        Self { slot: Some(slot), ..self }
    }
}

impl Desk {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            instrument: config.instrument.clone(),
            limits: config.limits,
            prefix: config.prefix,
            trade_from: config.trade_from,
            position: Position::with_cash(config.cash),
            book: Book::default(),
            phase: Phase::Running,
            account: Account::new(config.plan.guards.clone(), config.cash),
            candles: 0,
            last_open: Timestamp::default(),
            last_close: Price::default(),
            closed_at: Timestamp::default(),
            sequence: 0,
            fills: 0,
        }
    }

    /// Takes in a candle's time and price; says whether it follows the last one.
    #[inline]
    pub(super) fn observe(&mut self, at: Timestamp, candle: &Candle) -> bool {
        if self.candles > 0 && candle.open_time <= self.last_open {
            return false;
        }
        self.candles += 1;
        (self.last_open, self.last_close, self.closed_at) = (candle.open_time, candle.close, at);
        true
    }

    /// Whether nothing may be traded yet.
    pub(super) fn warms_up(&self, at: Timestamp) -> bool {
        self.trade_from.is_some_and(|from| at < from)
    }

    /// Cash and coins of the whole account at the last prices.
    pub(super) fn equity(&self) -> Notional {
        self.position.equity(self.last_close) + self.account.elsewhere
    }

    /// Whether the equity has fallen too far from its peak.
    #[inline]
    pub(super) fn drawn_down(&mut self) -> bool {
        let (position, price, elsewhere) = (&self.position, self.last_close, self.account.elsewhere);
        self.account.guard.drawn_down(|| position.equity(price) + elsewhere)
    }

    /// The cash that no open order may spend.
    pub(super) fn free_cash(&self) -> Notional {
        (self.position.cash() - self.book.reserved()).max(Notional::ZERO)
    }

    /// The candle in which `at` lies, counted from 0: the last closed one up to its last
    /// millisecond, then the one that is forming.
    pub(super) fn index_of(&self, at: Timestamp) -> u64 {
        if at > self.closed_at { self.candles } else { self.candles.saturating_sub(1) }
    }

    /// Sends an order if the limits let it pass; says whether they did.
    pub(super) fn place(&mut self, draft: Draft, effects: &mut Effects) -> bool {
        let Draft { side, kind, size, purpose, slot } = draft;
        let client_order_id = ClientOrderId::new(self.prefix, self.sequence + 1);
        match self.check(Order { client_order_id, side, kind, size, purpose }) {
            Ok(order) => {
                self.sequence += 1;
                self.book.add(client_order_id, purpose, slot, self.cost_of(&order));
                effects.place(order);
                true
            }
            Err(refusal) => {
                effects.note(Note::Refused(refusal));
                false
            }
        }
    }

    /// Sells all coins at the market.
    pub(super) fn sell_all(&mut self, purpose: Purpose, effects: &mut Effects) {
        let coins = self.sellable(self.position.quantity());
        self.place(Draft::sale(OrderKind::Market {}, coins, purpose), effects);
    }

    /// Takes every order back that `which` describes.
    pub(super) fn cancel(&mut self, which: impl Fn(&Working) -> bool, effects: &mut Effects) {
        self.book.cancel(which, |id| effects.cancel(id));
    }

    /// Coins that an order of this position could sell.
    pub(super) fn sellable(&self, part: Quantity) -> Quantity {
        self.instrument.quantity_down(part.min(self.position.quantity()))
    }

    /// Whether so many coins are too few to be sold at `price`.
    pub(super) fn is_dust(&self, coins: Quantity, price: Price) -> bool {
        let sellable = self.instrument.quantity_down(coins);
        sellable.is_zero()
            || self.instrument.check(price, sellable).is_err_and(|filter| Refusal::from(filter).is_dust())
    }

    /// What a purchase may spend at most, as far as can be known; nothing for a sale.
    fn cost_of(&self, order: &Order) -> Notional {
        match (order.side, order.size) {
            (Side::Sell, _) => Notional::ZERO,
            (Side::Buy, Size::Quote(budget)) => budget,
            (Side::Buy, Size::Base(coins)) => match order.kind {
                OrderKind::Market {} => self.last_close * coins,
                OrderKind::Limit { price } | OrderKind::StopMarket { trigger: price } => price * coins,
            },
        }
    }

    fn check(&self, order: Order) -> Result<Approved<Order>, Refusal> {
        if self.book.is_full() {
            return Err(Refusal::BookFull);
        }
        let view = View {
            instrument: &self.instrument,
            position: &self.position,
            cash: self.free_cash(),
            price: self.last_close,
            orders_today: self.account.day.entries(),
            realised_today: self.account.day.realised(),
        };
        self.limits.check(&view, order)
    }

    /// Books a fill; gives back its order and the profit that it realised.
    pub(super) fn book_fill(&mut self, fill: &Fill, effects: &mut Effects) -> Option<(Working, Notional)> {
        let status = if fill.done { OrderStatus::Filled } else { OrderStatus::PartiallyFilled };
        let Some(order) = self.book.advance(fill.client_order_id, status) else {
            effects.note(Note::UnknownOrder(fill.client_order_id));
            return None;
        };
        let profit = match self.position.apply(fill) {
            Ok(profit) => profit,
            Err(error) => {
                self.phase = Phase::Stopped;
                effects.note(Note::Contradiction(error));
                return None;
            }
        };
        if !fill.done && fill.side == Side::Buy {
            self.book.spend(fill.client_order_id, -fill.cash_flow());
        }
        self.fills += 1;
        self.account.day.of(fill.at).realise(profit);
        Some((order, profit))
    }

    /// Takes a refused order out of the book.
    pub(super) fn book_rejection(&mut self, rejection: Rejection, effects: &mut Effects) -> Option<Working> {
        let order = self.book.advance(rejection.client_order_id, OrderStatus::Rejected);
        effects.note(match order {
            None => Note::UnknownOrder(rejection.client_order_id),
            Some(_) => Note::Rejected(rejection),
        });
        order
    }

    /// Takes a cancelled order out of the book.
    pub(super) fn book_cancel(&mut self, id: ClientOrderId, effects: &mut Effects) -> Option<Working> {
        let order = self.book.advance(id, OrderStatus::Cancelled);
        if order.is_none() {
            effects.note(Note::UnknownOrder(id));
        }
        order
    }
}
