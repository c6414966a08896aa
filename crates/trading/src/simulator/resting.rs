//! An order at the venue, what it sees of a candle, and at which price it executes.

use rust_decimal::Decimal;

use super::Moment;
use super::rules::{FillAt, LimitFill, Rules};
use crate::candle::Candle;
use crate::engine::RejectReason;
use crate::money::{Instrument, Percent, Price};
use crate::order::{ClientOrderId, Order, OrderKind, Side, Size, TimeInForce};
use crate::position::Liquidity;
use crate::time::Timestamp;

#[derive(Copy, Clone, Debug)]
pub(super) struct Resting {
    pub(super) order: Order,
    pub(super) left: Size,
    /// When it reaches the venue.
    pub(super) arrives: Timestamp,
    /// When the venue hears that it is taken back.
    pub(super) withdrawn: Option<Timestamp>,
    /// The price at which it came, or was released, inside the candle that is under way.
    pub(super) inside: Option<Price>,
    /// The venue has looked at it.
    pub(super) met: bool,
    /// Its trigger was reached: it executes at the market, or waits as a limit.
    pub(super) released: bool,
    /// It met the market at once, and takes for as long as this candle lasts.
    pub(super) taker: bool,
    /// The best price that a trailing stop has followed.
    best: Option<Price>,
}

/// What one order sees of a candle at a moment.
#[derive(Copy, Clone, Debug)]
pub(super) struct Seen {
    /// The first price.
    pub(super) from: Price,
    /// The price that is furthest against the order: where stops wait.
    pub(super) against: Price,
    /// The price that is furthest in its favour: where limits wait.
    pub(super) favour: Price,
}

/// What the venue does with an order now.
#[derive(Copy, Clone, Debug)]
pub(super) enum Verdict {
    Wait,
    /// It executes at the market from this price on.
    Market(Price),
    /// It executes at this price.
    At(Price),
    Reject(RejectReason),
    Expire,
}

impl Resting {
    pub(super) fn new(order: Order, arrives: Timestamp, inside: Option<Price>) -> Self {
        Self {
            order,
            left: order.size,
            arrives,
            withdrawn: None,
            inside,
            met: false,
            released: false,
            taker: false,
            best: None,
        }
    }

    pub(super) fn id(&self) -> ClientOrderId {
        self.order.client_order_id
    }

    /// When it ends, whatever the market does.
    pub(super) fn ends(&self) -> Option<Timestamp> {
        match (self.withdrawn, self.order.expires) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }

    /// Whether it came inside the candle that opened at `open`, so that it is not known which
    /// prices were before it.
    fn is_late(&self, open: Timestamp) -> bool {
        self.inside.is_some() || self.arrives > open
    }

    /// Whether its execution waited in the book.
    pub(super) fn liquidity(&self) -> Liquidity {
        let waits = match self.order.kind {
            OrderKind::Limit { .. } | OrderKind::LimitMaker { .. } => true,
            OrderKind::StopLimit { .. } | OrderKind::TakeProfitLimit { .. } => self.released,
            _ => false,
        };
        if waits && !self.taker { Liquidity::Maker } else { Liquidity::Taker }
    }

    /// What it sees of a candle that lasts until `until`. One that came inside the candle knows
    /// that it saw the close, and is taken to have seen the worst; one that ends inside it sees so
    /// much of the range as of the time.
    pub(super) fn sees(&self, moment: Moment, until: Timestamp, candle: &Candle, instrument: &Instrument) -> Seen {
        let (open, side) = (candle.open, self.order.side);
        match moment {
            Moment::Open => return Seen { from: open, against: open, favour: open },
            Moment::Close => return Seen { from: candle.close, against: candle.close, favour: candle.close },
            Moment::Range => {}
        }
        let (against, favour) = match side {
            Side::Sell => (candle.low, candle.high),
            Side::Buy => (candle.high, candle.low),
        };
        let part = |at| part_of(at, candle.open_time, until);
        let ends = self.ends().filter(|ends| *ends <= until).map(part);
        let scaled = |extreme| ends.map_or(extreme, |part| open.towards(extreme, part));
        if !self.is_late(candle.open_time) {
            return Seen { from: open, against: scaled(against), favour: scaled(favour) };
        }
        let from =
            self.inside.unwrap_or_else(|| worse_tick(side, open.towards(against, part(self.arrives)), instrument));
        let favour = if ends.is_some() { from } else { candle.close };
        Seen { from, against: side.worse(from, scaled(against)), favour }
    }

    /// What becomes of it at this moment.
    pub(super) fn verdict(
        &mut self,
        moment: Moment,
        open: Timestamp,
        seen: Seen,
        rules: &Rules,
        instrument: &Instrument,
    ) -> Verdict {
        if !self.met {
            self.met = true;
            if let Some(verdict) = self.meet(seen) {
                return verdict;
            }
        }
        match (self.order.kind, moment) {
            (OrderKind::Market {}, _) => self.market(moment, open, seen, rules.fill),
            (_, Moment::Close) => Verdict::Wait,
            (OrderKind::Limit { price } | OrderKind::LimitMaker { price }, _) => {
                self.limit(price, seen, rules.limit_fill)
            }
            (OrderKind::StopMarket { trigger }, _) => self.stop(moment, trigger, seen),
            (OrderKind::TrailingStop { percent, activation }, _) => {
                self.trailing_stop(moment, percent, activation, seen, instrument)
            }
            (OrderKind::TakeProfitMarket { trigger }, _) => self.target(moment, trigger, seen),
            (OrderKind::StopLimit { trigger, price }, _) => {
                self.stop_limit(moment, trigger, price, seen, rules.limit_fill)
            }
            (OrderKind::TakeProfitLimit { trigger, price }, _) => {
                self.target_limit(moment, trigger, price, seen, rules.limit_fill)
            }
        }
    }

    /// The venue sees the order for the first time, while the market stands at `seen.from`.
    fn meet(&mut self, seen: Seen) -> Option<Verdict> {
        let (side, at_once) = (self.order.side, self.order.time_in_force != TimeInForce::Gtc);
        match self.order.kind {
            OrderKind::Limit { price } => {
                self.taker = side.in_favour(seen.from, price);
                let verdict = if self.taker { Verdict::At(price) } else { Verdict::Expire };
                at_once.then_some(verdict)
            }
            OrderKind::LimitMaker { price } => {
                side.in_favour(seen.from, price).then_some(Verdict::Reject(RejectReason::WouldTake))
            }
            OrderKind::TrailingStop { activation, .. } => {
                self.follow(seen.from, activation);
                None
            }
            _ => None,
        }
    }

    /// A market order fills at the open or the close; one that takes time to arrive, when it does.
    fn market(&self, moment: Moment, open: Timestamp, seen: Seen, fill: FillAt) -> Verdict {
        let now = match moment {
            Moment::Open => fill == FillAt::NextOpen,
            Moment::Range => self.inside.is_none() && self.arrives > open,
            Moment::Close => fill == FillAt::Close,
        };
        if now { Verdict::Market(seen.from) } else { Verdict::Wait }
    }

    fn limit(&self, price: Price, seen: Seen, fill: LimitFill) -> Verdict {
        if self.reaches(seen.favour, price, fill) { Verdict::At(price) } else { Verdict::Wait }
    }

    fn reaches(&self, favour: Price, price: Price, fill: LimitFill) -> bool {
        self.order.side.in_favour(favour, price) && (fill == LimitFill::Touch || favour != price)
    }

    fn stop(&mut self, moment: Moment, trigger: Price, seen: Seen) -> Verdict {
        let side = self.order.side;
        if self.released {
            return if moment == Moment::Open { Verdict::Market(seen.from) } else { Verdict::Wait };
        }
        if !side.against(seen.against, trigger) {
            return Verdict::Wait;
        }
        self.released = true;
        Verdict::Market(side.worse(trigger, seen.from))
    }

    /// The stop stands where the prices before this candle have put it, or its open.
    fn trailing_stop(
        &mut self,
        moment: Moment,
        percent: Percent,
        activation: Option<Price>,
        seen: Seen,
        instrument: &Instrument,
    ) -> Verdict {
        let verdict = match self.best {
            Some(best) => self.stop(moment, trail(self.order.side, best, percent, instrument), seen),
            None => Verdict::Wait,
        };
        if moment == Moment::Open {
            self.follow(seen.from, activation);
        }
        verdict
    }

    fn follow(&mut self, price: Price, activation: Option<Price>) {
        let side = self.order.side;
        self.best = match self.best {
            Some(best) => Some(if side.in_favour(price, best) { price } else { best }),
            None => activation.is_none_or(|mark| side.in_favour(price, mark)).then_some(price),
        };
    }

    fn target(&mut self, moment: Moment, trigger: Price, seen: Seen) -> Verdict {
        if self.released {
            return if moment == Moment::Open { Verdict::Market(seen.from) } else { Verdict::Wait };
        }
        if !self.order.side.in_favour(seen.favour, trigger) {
            return Verdict::Wait;
        }
        self.released = true;
        Verdict::Market(if moment == Moment::Open { seen.from } else { trigger })
    }

    fn stop_limit(&mut self, moment: Moment, trigger: Price, price: Price, seen: Seen, fill: LimitFill) -> Verdict {
        let side = self.order.side;
        if self.released {
            return self.limit(price, seen, fill);
        }
        if !side.against(seen.against, trigger) {
            return Verdict::Wait;
        }
        let market = side.worse(trigger, seen.from);
        self.release(moment, market);
        self.at_once(side.in_favour(market, price), Verdict::Market(market))
    }

    fn target_limit(&mut self, moment: Moment, trigger: Price, price: Price, seen: Seen, fill: LimitFill) -> Verdict {
        let side = self.order.side;
        if self.released {
            return self.limit(price, seen, fill);
        }
        if !side.in_favour(seen.favour, trigger) {
            return Verdict::Wait;
        }
        self.release(moment, trigger);
        self.taker = side.in_favour(trigger, price);
        let reached = self.taker || self.reaches(seen.favour, price, fill);
        self.at_once(reached, Verdict::At(price))
    }

    /// The trigger of a limit is reached: in the middle of a candle it sees the close for sure.
    fn release(&mut self, moment: Moment, price: Price) {
        (self.released, self.taker) = (true, true);
        if moment == Moment::Range {
            self.inside = Some(price);
        }
    }

    fn at_once(&mut self, executes: bool, verdict: Verdict) -> Verdict {
        match (executes, self.order.time_in_force) {
            (true, _) => verdict,
            (false, TimeInForce::Gtc) => {
                self.taker = false;
                Verdict::Wait
            }
            (false, _) => Verdict::Expire,
        }
    }

    /// Its limit does not let it execute at the market: it waits, if it may.
    pub(super) fn wait(&mut self) -> Verdict {
        self.at_once(false, Verdict::Wait)
    }

    /// A candle has ended: trailing stops follow it, from the close on where it is not known what
    /// they saw.
    pub(super) fn end(&mut self, candle: &Candle) {
        if !self.met {
            return;
        }
        if let OrderKind::TrailingStop { activation, .. } = self.order.kind {
            let extreme = if self.order.side == Side::Sell { candle.high } else { candle.low };
            let seen = if self.is_late(candle.open_time) { candle.close } else { extreme };
            self.follow(seen, activation);
        }
        (self.inside, self.taker) = (None, false);
    }
}

/// Where a trailing stop stands.
fn trail(side: Side, best: Price, percent: Percent, instrument: &Instrument) -> Price {
    let moved = match side {
        Side::Sell => best.moved_by(-percent.fraction()),
        Side::Buy => best.moved_by(percent.fraction()),
    };
    worse_tick(side, moved, instrument)
}

/// A price on the tick, on the side that is worse for us.
pub(super) fn worse_tick(side: Side, price: Price, instrument: &Instrument) -> Price {
    match side {
        Side::Sell => instrument.price_down(price),
        Side::Buy => instrument.price_up(price),
    }
}

/// Which part of a candle from `open` to its last millisecond `until` has passed at `at`.
fn part_of(at: Timestamp, open: Timestamp, until: Timestamp) -> Decimal {
    let passed = Decimal::from(at.millis().saturating_sub(open.millis()));
    let length = Decimal::from(until.millis().saturating_sub(open.millis()).saturating_add(1));
    passed.checked_div(length).unwrap_or_default().clamp(Decimal::ZERO, Decimal::ONE)
}
