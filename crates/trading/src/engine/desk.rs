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
use crate::time::{Span, Timestamp};

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
    /// Among the lanes of an account which this is, counted from 0, and of how many: each numbers its orders apart.
    lane: (u64, u64),
    pub(super) fills: u64,
    /// How many of them the last close has seen.
    seen_fills: u64,
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
            lane: (0, 1),
            fills: 0,
            seen_fills: 0,
        }
    }

    /// Takes in a candle's time and price; says whether it follows the last one.
    #[inline]
    pub(super) fn observe(&mut self, at: Timestamp, candle: &Candle) -> bool {
        if self.candles > 0 && candle.open_time <= self.last_open {
            return false;
        }
        self.seen_fills = self.fills;
        self.pass(1, at, candle);
        true
    }

    /// Takes in the time and price of the last of so many candles.
    #[inline]
    pub(super) fn pass(&mut self, candles: u64, at: Timestamp, last: &Candle) {
        self.candles += candles;
        (self.last_open, self.last_close, self.closed_at) = (last.open_time, last.close, at);
    }

    /// Whether no order is open, and a close has come since the last fill.
    #[inline]
    pub(super) fn rests(&self) -> bool {
        self.book.is_empty() && self.seen_fills == self.fills
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

    /// The id of the `ahead`th order from now on.
    pub(super) fn id(&self, ahead: u64) -> ClientOrderId {
        let (lane, lanes) = self.lane;
        ClientOrderId::new(self.prefix, (self.sequence + ahead - 1) * lanes + lane + 1)
    }

    /// It is one of the lanes of an account, which number their orders in turns.
    pub(super) fn take_turns(&mut self, lane: u64, lanes: u64) {
        self.lane = (lane, lanes);
    }

    /// The next order, a purchase.
    pub(super) fn buy(&self, kind: OrderKind, size: Size) -> Order {
        Order::new(self.id(1), Side::Buy, kind, size, Purpose::Entry)
    }

    /// The next order, a sale of so many coins.
    pub(super) fn sale(&self, kind: OrderKind, coins: Quantity, purpose: Purpose) -> Order {
        Order::new(self.id(1), Side::Sell, kind, Size::Base(coins), purpose)
    }

    /// The end of an order that is decided at the last close.
    pub(super) fn until(&self, span: Option<Span>) -> Option<Timestamp> {
        span.map(|span| Timestamp::from_millis(self.closed_at.millis() + 1).after(span))
    }

    /// Sends the next order if the limits let it pass; says whether they did. See
    /// [`Working::slot`].
    pub(super) fn place(&mut self, order: Order, slot: Option<u8>, effects: &mut Effects) -> bool {
        match self.check(order) {
            Ok(order) => {
                self.sequence += 1;
                self.book.add(&order, slot, self.cost_of(&order));
                effects.place(order);
                true
            }
            Err(refusal) => {
                effects.note(Note::Refused(refusal));
                false
            }
        }
    }

    /// Takes an order into the book that is being taken back already; numbers up to `taken` are given no more.
    pub(super) fn adopt(&mut self, order: &Order, taken: u64, slot: Option<u8>) {
        self.sequence = self.sequence.max(taken.div_ceil(self.lane.1));
        self.book.add(order, slot, self.cost_of(order));
        self.book.cancel(|other| other.id == order.client_order_id, |_| ());
    }

    /// Sells all coins at the market.
    pub(super) fn sell_all(&mut self, purpose: Purpose, effects: &mut Effects) {
        let coins = self.instrument.market_quantity_down(self.position.quantity());
        self.place(self.sale(OrderKind::Market {}, coins, purpose), None, effects);
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
        let sellable = self.instrument.market_quantity_down(coins);
        sellable.is_zero()
            || self.instrument.check_size(price, sellable).is_err_and(|filter| Refusal::from(filter).is_dust())
    }

    /// What a purchase may spend at most, as far as can be known; nothing for a sale.
    fn cost_of(&self, order: &Order) -> Notional {
        match (order.side, order.size) {
            (Side::Sell, _) => Notional::ZERO,
            (Side::Buy, Size::Quote(budget)) => budget,
            (Side::Buy, Size::Base(coins)) => {
                order.kind.limit().or(order.kind.trigger()).unwrap_or(self.last_close) * coins
            }
        }
    }

    /// Lets an order pass, as [`Desk::place`] does, but sends nothing.
    pub(super) fn check(&self, order: Order) -> Result<Approved<Order>, Refusal> {
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
        if let (true, Some(pair)) = (fill.done, order.pair) {
            self.book.cancel(|order| order.id == pair, |_| ());
        }
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

    /// Pays for holding a position.
    pub(super) fn pay_funding(&mut self, due: Notional) {
        self.position.pay_funding(due);
        self.fills += 1;
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

    /// Takes an order that was taken back, or has expired, out of the book.
    pub(super) fn book_end(
        &mut self,
        id: ClientOrderId,
        status: OrderStatus,
        effects: &mut Effects,
    ) -> Option<Working> {
        let order = self.book.advance(id, status);
        if order.is_none() {
            effects.note(Note::UnknownOrder(id));
        }
        order
    }
}
