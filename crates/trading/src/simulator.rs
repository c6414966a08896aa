//! The simulated venue: what becomes of orders when only candles are known.
//!
//! Where a candle leaves open what came first, the worse is assumed: a stop and a target inside
//! one candle fill the stop. A stop fills at its trigger, at the open where the market has jumped
//! over it, and never better than either; slippage comes on top. What it cannot fill for lack of
//! volume is a market order from then on. A limit fills at its price, as a maker, in a candle that
//! comes to it: at the open where that lies beyond it. What comes into the book inside a candle is taken to have seen the worst of it, and
//! nothing good but the close.

use crate::candle::Candle;
use crate::engine::{Input, RejectReason, Rejection};
use crate::money::{Instrument, InstrumentError, Notional, Price, Quantity, Rate};
use crate::order::{ClientOrderId, Order, OrderKind, Side, Size, TimeInForce};
use crate::position::{Fee, Fill, Liquidity, Position};
use crate::time::Timestamp;

mod market;
mod resting;
mod rules;

use resting::{Resting, Verdict, worse_tick};
pub use rules::{Fees, FillAt, Funding, LimitFill, MAX_LATENCY_MS, PaidIn, Rules};

/// The part of a candle in which orders execute.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Its first price.
    Open,
    /// All prices between its low and its high.
    Range,
    /// Its last price.
    Close,
}

/// The venue: open orders, executed against candles.
#[derive(Clone, Debug)]
pub struct Simulator {
    rules: Rules,
    instrument: Instrument,
    orders: Vec<Resting>,
    /// What is still to be told of orders that are gone.
    news: Vec<Input>,
    /// Coins that can still trade in this candle; no limit when absent.
    capacity: Option<Quantity>,
    /// What is under way: a moment of a candle and when that opened, or nothing between candles.
    during: Option<(Moment, Timestamp)>,
    /// The candle is a part of the one that decides.
    finer: bool,
    /// The price of the last fill.
    last: Price,
    /// Up to when funding is charged.
    charged: Option<Timestamp>,
}

/// How one order executes now.
#[derive(Copy, Clone)]
enum Outcome {
    Fill(Fill),
    Reject(RejectReason, Option<InstrumentError>),
    Vanish,
    Expire,
    Wait,
}

impl Simulator {
    /// A venue without orders.
    #[must_use]
    pub fn new(rules: Rules, instrument: Instrument) -> Self {
        Self {
            rules,
            instrument,
            orders: Vec::new(),
            news: Vec::new(),
            capacity: None,
            during: None,
            finer: false,
            last: Price::default(),
            charged: None,
        }
    }

    /// Whether no order is open.
    #[inline]
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.orders.is_empty()
    }

    /// Whether what is held costs funding.
    #[inline]
    #[must_use]
    pub fn charges_funding(&self) -> bool {
        self.rules.funding.is_some()
    }

    /// The open orders, oldest first.
    pub fn orders(&self) -> impl Iterator<Item = &Order> {
        self.orders.iter().map(|resting| &resting.order)
    }

    /// Takes an order that was decided at `at`.
    pub fn place(&mut self, order: Order, at: Timestamp) {
        let inside = matches!(self.during, Some((Moment::Range, _))).then_some(self.last);
        self.orders.push(Resting::new(order, self.arrival(at), inside));
    }

    /// Takes an order back, as was decided at `at`; says whether it was open and is gone. Where
    /// that takes time the venue tells later, and the order can fill before.
    pub fn cancel(&mut self, id: ClientOrderId, at: Timestamp) -> bool {
        let Some(index) = self.orders.iter().position(|resting| resting.id() == id) else { return false };
        if self.rules.latency_ms == 0 {
            self.orders.remove(index);
            return true;
        }
        let arrival = self.arrival(at);
        if let Some(resting) = self.orders.get_mut(index) {
            resting.withdrawn.get_or_insert(arrival);
        }
        false
    }

    /// When the venue hears of what was decided at `at`. What follows from a fill inside a candle
    /// is as early as that candle; a close is the millisecond after the candle's last.
    fn arrival(&self, at: Timestamp) -> Timestamp {
        let latency = i64::from(self.rules.latency_ms);
        let decided = match self.during {
            _ if latency == 0 => at,
            Some((Moment::Open | Moment::Range, open)) => open,
            _ => Timestamp::from_millis(at.millis().saturating_add(1)),
        };
        Timestamp::from_millis(decided.millis().saturating_add(latency))
    }

    /// Begins a candle, whose volume limits what can fill; `finer` where it is a part of the one
    /// on which the strategy decides.
    #[inline]
    pub fn begin(&mut self, candle: &Candle, finer: bool) {
        self.finer = finer;
        if let Some(share) = self.rules.volume_share {
            self.capacity = Some(candle.volume.share(share));
        }
    }

    /// Ends a candle's range.
    pub fn end(&mut self, candle: &Candle) {
        self.during = None;
        self.orders.iter_mut().for_each(|resting| resting.end(candle));
    }

    /// The funding that is due when a candle opens: for each boundary since the candle before.
    #[inline]
    pub fn funding(&mut self, candle: &Candle, position: &Position) -> Option<Input> {
        let funding = self.rules.funding?;
        let before = self.charged.replace(candle.open_time)?;
        let boundary = |at: Timestamp| at.millis().div_euclid(funding.every.millis());
        let times = boundary(candle.open_time) - boundary(before);
        let value = candle.open * position.quantity();
        let due = value.funding(funding.rate, times);
        (!due.is_zero()).then_some(Input::Funding(due))
    }

    /// The next thing that happens to an order at this moment of the candle, or `None` when
    /// nothing more does. The position, as it is after all that happened before, bounds it.
    pub fn execute(&mut self, moment: Moment, at: Timestamp, candle: &Candle, position: &Position) -> Option<Input> {
        self.during = Some((moment, candle.open_time));
        if let Some(news) = self.next_news() {
            return Some(news);
        }
        if moment == Moment::Close && self.rules.fill == FillAt::NextOpen {
            return None;
        }
        for stops in [true, false] {
            for index in 0..self.orders.len() {
                let resting = self.orders.get(index)?;
                if stops != resting.order.kind.is_stop() || !self.is_there(resting, moment, at, candle) {
                    continue;
                }
                let outcome = self.outcome(index, moment, at, candle, position);
                if let Some(input) = self.carry_out(index, outcome) {
                    return Some(input);
                }
            }
        }
        None
    }

    /// What is still to be told of an order that is gone.
    pub fn next_news(&mut self) -> Option<Input> {
        (!self.news.is_empty()).then(|| self.news.remove(0))
    }

    /// Whether the order has reached the venue by now.
    fn is_there(&self, resting: &Resting, moment: Moment, at: Timestamp, candle: &Candle) -> bool {
        let latest = match moment {
            Moment::Open => candle.open_time,
            Moment::Range if self.finer && self.rules.latency_ms > 0 => candle.open_time,
            Moment::Range | Moment::Close => at,
        };
        resting.arrives <= latest
    }

    /// What an outcome is to the engine; an order that ends by it leaves the book.
    fn carry_out(&mut self, index: usize, outcome: Outcome) -> Option<Input> {
        let end: fn(ClientOrderId) -> Input = match outcome {
            Outcome::Wait => return None,
            Outcome::Fill(fill) => return Some(Input::Filled(fill)),
            Outcome::Reject(reason, filter) => {
                let client_order_id = self.orders.remove(index).id();
                return Some(Input::Rejected(Rejection { client_order_id, reason, filter }));
            }
            Outcome::Vanish => Input::Cancelled,
            Outcome::Expire => Input::Expired,
        };
        Some(end(self.orders.remove(index).id()))
    }

    fn outcome(
        &mut self,
        index: usize,
        moment: Moment,
        at: Timestamp,
        candle: &Candle,
        position: &Position,
    ) -> Outcome {
        let Some(resting) = self.orders.get_mut(index) else { return Outcome::Wait };
        let (side, limit, ends) = (resting.order.side, resting.order.kind.limit(), resting.ends());
        // What ends before this candle sees nothing of it; what ends inside it, a part of it.
        let over = ends.is_some_and(|ends| ends <= candle.open_time);
        let mut verdict = if over {
            Verdict::Wait
        } else {
            let seen = resting.sees(moment, at, candle, &self.instrument);
            resting.verdict(moment, candle.open_time, seen, &self.rules, &self.instrument)
        };
        if let Verdict::Market(price) = verdict {
            let price = slipped(side, price, candle, &self.rules, &self.instrument);
            let allowed = limit.is_none_or(|limit| side.in_favour(price, limit));
            verdict = if allowed { Verdict::At(price) } else { resting.wait() };
        }
        let withdrawn = resting.withdrawn;
        let outcome = match verdict {
            Verdict::Wait | Verdict::Market(_) => Outcome::Wait,
            Verdict::Reject(reason) => Outcome::Reject(reason, None),
            Verdict::Expire => Outcome::Expire,
            Verdict::At(price) => self.trade(index, at, (price, self.capacity), position),
        };
        match (outcome, ends) {
            (Outcome::Wait, Some(ends)) if ends <= at => {
                if withdrawn == Some(ends) {
                    Outcome::Vanish
                } else {
                    Outcome::Expire
                }
            }
            (outcome, _) => outcome,
        }
    }

    /// Executes an order at a price, of which there are so many coins at most, as far as position and cash allow.
    fn trade(
        &mut self,
        index: usize,
        at: Timestamp,
        (price, most): (Price, Option<Quantity>),
        position: &Position,
    ) -> Outcome {
        let Some(resting) = self.orders.get(index).copied() else { return Outcome::Wait };
        let Resting { order, left, .. } = resting;
        let coins = self.coins(&resting, price, position);
        let at_market = matches!(order.kind, OrderKind::Market {});
        let wanted =
            if at_market { self.instrument.market_quantity_down(coins) } else { self.instrument.quantity_down(coins) };
        // Only a new entry is refused; what is left of an order that was taken just ends.
        let fresh = left == order.size && !order.reduces_only();
        let refuse = |reason, filter| if fresh { Outcome::Reject(reason, filter) } else { Outcome::Vanish };
        if wanted.is_zero() {
            return refuse(RejectReason::Filter, self.instrument.too_small(coins, at_market));
        }
        if let (true, Err(filter)) = (fresh, self.instrument.check_size(price, wanted)) {
            return Outcome::Reject(RejectReason::Filter, Some(filter));
        }
        let quantity = most.map_or(wanted, |most| self.instrument.quantity_down(wanted.min(most)));
        match order.time_in_force {
            TimeInForce::Fok if quantity < wanted => return Outcome::Expire,
            TimeInForce::Ioc if quantity.is_zero() => return Outcome::Expire,
            _ if quantity.is_zero() => return Outcome::Wait,
            _ => {}
        }
        let fill = self.fill(&resting, at, price, quantity, quantity == wanted);
        if (position.cash() + fill.cash_flow()).is_negative() {
            return refuse(RejectReason::InsufficientFunds, None);
        }
        self.book(index, &fill);
        Outcome::Fill(fill)
    }

    /// The coins that the rest of an order is for at this price, not yet on the lot.
    fn coins(&self, resting: &Resting, price: Price, position: &Position) -> Quantity {
        let coins = match resting.left {
            Size::Base(coins) => coins,
            Size::Quote(budget) => match self.rules.fees.paid_in {
                PaidIn::Quote => budget.buys_with_fee(price, self.rate(resting)),
                PaidIn::Received => budget.buys(price),
            },
        };
        if resting.order.reduces_only() { coins.min(position.quantity()) } else { coins }
    }

    fn rate(&self, resting: &Resting) -> Rate {
        match resting.liquidity() {
            Liquidity::Maker => self.rules.fees.maker,
            Liquidity::Taker => self.rules.fees.taker,
        }
    }

    fn fill(&self, resting: &Resting, at: Timestamp, price: Price, quantity: Quantity, done: bool) -> Fill {
        let (rate, order) = (self.rate(resting), &resting.order);
        let fee = match (self.rules.fees.paid_in, order.side) {
            (PaidIn::Received, Side::Buy) => Fee::Base(quantity.fee(rate)),
            _ => Fee::Quote((price * quantity).fee(rate)),
        };
        let (client_order_id, side) = (order.client_order_id, order.side);
        Fill { client_order_id, at, side, price, quantity, fee, liquidity: resting.liquidity(), done }
    }

    /// Takes what was filled off the order, the other of its pair and the candle's volume.
    fn book(&mut self, index: usize, fill: &Fill) {
        self.last = fill.price;
        if let Some(capacity) = &mut self.capacity {
            *capacity = capacity.saturating_sub(fill.quantity);
        }
        let Some(resting) = self.orders.get_mut(index) else { return };
        resting.left = less(resting.left, fill);
        let (order, ended) = (resting.order, resting.order.time_in_force == TimeInForce::Ioc && !fill.done);
        if ended {
            self.news.push(Input::Expired(order.client_order_id));
        }
        if ended || fill.done {
            self.orders.remove(index);
        }
        if let Some(pair) = order.pair {
            self.reduce(pair, fill);
        }
    }

    /// What one order of a pair has executed, the other has not to any more.
    fn reduce(&mut self, pair: ClientOrderId, fill: &Fill) {
        let Some(index) = self.orders.iter().position(|resting| resting.id() == pair) else { return };
        let Some(resting) = self.orders.get_mut(index) else { return };
        resting.left = less(resting.left, fill);
        if fill.done || is_nothing(resting.left) {
            self.orders.remove(index);
            self.news.push(Input::Cancelled(pair));
        }
    }
}

/// A price as a market order finds it: worse by the slippage, on the tick.
fn slipped(side: Side, price: Price, candle: &Candle, rules: &Rules, instrument: &Instrument) -> Price {
    if rules.slippage_bps.is_zero() && rules.slippage_of_range.is_none() {
        return price;
    }
    let range = candle.high.above(candle.low);
    let range = rules.slippage_of_range.map_or(Notional::ZERO, |share| range.share_of(share));
    let slippage = rules.slippage_bps.fraction();
    let moved = match side {
        Side::Buy => price.moved_by(slippage).plus(range),
        Side::Sell => price.moved_by(-slippage).plus(-range),
    };
    worse_tick(side, moved, instrument)
}

fn less(size: Size, fill: &Fill) -> Size {
    match size {
        Size::Base(coins) => Size::Base(coins.saturating_sub(fill.quantity)),
        Size::Quote(budget) => Size::Quote(budget + fill.cash_flow()),
    }
}

fn is_nothing(size: Size) -> bool {
    match size {
        Size::Base(coins) => coins.is_zero(),
        Size::Quote(budget) => !budget.is_positive(),
    }
}
