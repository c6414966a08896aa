//! The simulated venue: what becomes of orders when only candles are known.
//!
//! Where a candle leaves open what came first, the worse is assumed: a stop and a target inside
//! one candle fill the stop. A stop fills at its trigger, at the open where the market has jumped
//! over it, and never better than either; slippage comes on top. What it cannot fill for lack of
//! volume is a market order from then on. A limit fills at its price, as a maker, in a candle that
//! touches it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::candle::Candle;
use crate::engine::{Input, RejectReason, Rejection};
use crate::money::{BasisPoints, Instrument, Price, Quantity, Rate, Share};
use crate::order::{ClientOrderId, Order, OrderKind, Side, Size};
use crate::position::{Fee, Fill, Liquidity, Position};
use crate::time::Timestamp;

/// What the venue charges, as fractions of a fill's value.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Fees {
    /// For orders that waited.
    pub maker: Rate,
    /// For orders that took.
    pub taker: Rate,
    /// In what it is paid.
    pub paid_in: PaidIn,
}

/// In what fees are paid.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum PaidIn {
    /// In quote currency, on top of a purchase and off a sale.
    #[default]
    Quote,
    /// From what is received: coins when buying, quote currency when selling.
    Received,
}

/// When a market order fills.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FillAt {
    /// At the open of the candle after the signal's.
    #[default]
    NextOpen,
    /// At the close of the signal's candle.
    Close,
}

/// The venue's manners.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Rules {
    /// What it charges.
    pub fees: Fees,
    /// When market orders fill.
    pub fill: FillAt,
    /// How much worse than the candle's price markets and stops fill.
    pub slippage_bps: BasisPoints,
    /// The part of a candle's volume that our fills can be; all of any order fills when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume_share: Option<Share>,
}

impl Default for Fees {
    fn default() -> Self {
        Self { maker: Rate::THOUSANDTH, taker: Rate::THOUSANDTH, paid_in: PaidIn::Quote }
    }
}

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

#[derive(Copy, Clone, Debug)]
struct Resting {
    order: Order,
    left: Size,
    /// A stop whose trigger was reached and which waits for volume.
    triggered: bool,
}

/// The venue: open orders, executed against candles.
#[derive(Clone, Debug)]
pub struct Simulator {
    rules: Rules,
    instrument: Instrument,
    orders: Vec<Resting>,
    /// Coins that can still trade in this candle; no limit when absent.
    capacity: Option<Quantity>,
}

/// How one order executes now.
enum Outcome {
    Fill(Fill),
    Reject(RejectReason),
    Vanish,
    Wait,
}

impl Simulator {
    /// A venue without orders.
    #[must_use]
    pub fn new(rules: Rules, instrument: Instrument) -> Self {
        Self { rules, instrument, orders: Vec::new(), capacity: None }
    }

    /// Whether no order is open.
    #[inline]
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.orders.is_empty()
    }

    /// The open orders, oldest first.
    pub fn orders(&self) -> impl Iterator<Item = &Order> {
        self.orders.iter().map(|resting| &resting.order)
    }

    /// Takes an order.
    pub fn place(&mut self, order: Order) {
        self.orders.push(Resting { order, left: order.size, triggered: false });
    }

    /// Takes an order back; says whether it was open.
    pub fn cancel(&mut self, id: ClientOrderId) -> bool {
        let before = self.orders.len();
        self.orders.retain(|resting| resting.order.client_order_id != id);
        self.orders.len() < before
    }

    /// Begins a candle, whose volume limits what can fill.
    #[inline]
    pub fn begin(&mut self, candle: &Candle) {
        if let Some(share) = self.rules.volume_share {
            self.capacity = Some(candle.volume.share(share));
        }
    }

    /// The next thing that happens to an order at this moment of the candle, or `None` when
    /// nothing more does. The position, as it is after all that happened before, bounds it.
    pub fn execute(&mut self, moment: Moment, at: Timestamp, candle: &Candle, position: &Position) -> Option<Input> {
        for stops in [true, false] {
            for index in 0..self.orders.len() {
                let resting = *self.orders.get(index)?;
                if stops != is_stop(&resting.order) {
                    continue;
                }
                let Some(price) = self.price(&resting, moment, candle) else { continue };
                let id = resting.order.client_order_id;
                match self.outcome(index, at, price, position) {
                    Outcome::Fill(fill) => return Some(Input::Filled(fill)),
                    Outcome::Wait => {}
                    Outcome::Vanish => {
                        self.orders.remove(index);
                        return Some(Input::Cancelled(id));
                    }
                    Outcome::Reject(reason) => {
                        self.orders.remove(index);
                        return Some(Input::Rejected(Rejection { client_order_id: id, reason }));
                    }
                }
            }
        }
        None
    }

    /// The price at which an order executes at this moment, if it does.
    fn price(&self, resting: &Resting, moment: Moment, candle: &Candle) -> Option<Price> {
        let side = resting.order.side;
        let market = match (resting.order.kind, moment) {
            (OrderKind::Market {}, Moment::Open) => (self.rules.fill == FillAt::NextOpen).then_some(candle.open),
            (OrderKind::Market {}, Moment::Close) => (self.rules.fill == FillAt::Close).then_some(candle.close),
            (OrderKind::StopMarket { trigger }, Moment::Open) => {
                (resting.triggered || beyond(side, candle.open, trigger)).then_some(candle.open)
            }
            (OrderKind::StopMarket { trigger }, Moment::Range) => {
                let extreme = if side == Side::Sell { candle.low } else { candle.high };
                beyond(side, extreme, trigger).then(|| worse(side, trigger, candle.open))
            }
            (OrderKind::Limit { price }, Moment::Range) => {
                let touched = if side == Side::Sell { candle.high >= price } else { candle.low <= price };
                return touched.then_some(price);
            }
            (OrderKind::Market {}, Moment::Range)
            | (OrderKind::StopMarket { .. }, Moment::Close)
            | (OrderKind::Limit { .. }, Moment::Open | Moment::Close) => None,
        };
        market.map(|price| self.slipped(side, price))
    }

    fn slipped(&self, side: Side, price: Price) -> Price {
        if self.rules.slippage_bps.is_zero() {
            return price;
        }
        let slippage = self.rules.slippage_bps.fraction();
        match side {
            Side::Buy => self.instrument.price_up(price.moved_by(slippage)),
            Side::Sell => self.instrument.price_down(price.moved_by(-slippage)),
        }
    }

    fn outcome(&mut self, index: usize, at: Timestamp, price: Price, position: &Position) -> Outcome {
        let Some(resting) = self.orders.get_mut(index) else { return Outcome::Wait };
        resting.triggered = true;
        let Resting { order, left, .. } = *resting;
        let wanted = self.wanted(&order, left, price, position);
        // Only a new entry is refused; what is left of an order that was taken just ends.
        let fresh = left == order.size && !order.reduces_only();
        let refuse = |reason| if fresh { Outcome::Reject(reason) } else { Outcome::Vanish };
        if wanted.is_zero() {
            return refuse(RejectReason::Filter);
        }
        if fresh && self.instrument.check(price, wanted).is_err() {
            return Outcome::Reject(RejectReason::Filter);
        }
        let quantity = self.capacity.map_or(wanted, |most| self.instrument.quantity_down(wanted.min(most)));
        if quantity.is_zero() {
            return Outcome::Wait;
        }
        let fill = self.fill(&order, at, price, quantity, quantity == wanted);
        if (position.cash() + fill.cash_flow()).is_negative() {
            return refuse(RejectReason::InsufficientFunds);
        }
        self.book(index, &fill);
        Outcome::Fill(fill)
    }

    /// The coins that the rest of an order is for at this price.
    fn wanted(&self, order: &Order, left: Size, price: Price, position: &Position) -> Quantity {
        let coins = match left {
            Size::Base(coins) => coins,
            Size::Quote(budget) => match self.rules.fees.paid_in {
                PaidIn::Quote => budget.buys_with_fee(price, self.rate(order)),
                PaidIn::Received => budget.buys(price),
            },
        };
        let bounded = if order.reduces_only() { coins.min(position.quantity()) } else { coins };
        self.instrument.quantity_down(bounded)
    }

    fn rate(&self, order: &Order) -> Rate {
        match liquidity(order) {
            Liquidity::Maker => self.rules.fees.maker,
            Liquidity::Taker => self.rules.fees.taker,
        }
    }

    fn fill(&self, order: &Order, at: Timestamp, price: Price, quantity: Quantity, done: bool) -> Fill {
        let rate = self.rate(order);
        let fee = match (self.rules.fees.paid_in, order.side) {
            (PaidIn::Received, Side::Buy) => Fee::Base(quantity.fee(rate)),
            _ => Fee::Quote((price * quantity).fee(rate)),
        };
        let (client_order_id, side) = (order.client_order_id, order.side);
        Fill { client_order_id, at, side, price, quantity, fee, liquidity: liquidity(order), done }
    }

    /// Takes what was filled off the order and the candle's volume.
    fn book(&mut self, index: usize, fill: &Fill) {
        if let Some(capacity) = &mut self.capacity {
            *capacity = capacity.saturating_sub(fill.quantity);
        }
        if fill.done {
            self.orders.remove(index);
        } else if let Some(resting) = self.orders.get_mut(index) {
            resting.left = match resting.left {
                Size::Base(coins) => Size::Base(coins.saturating_sub(fill.quantity)),
                Size::Quote(budget) => Size::Quote(budget + fill.cash_flow()),
            };
        }
    }
}

fn is_stop(order: &Order) -> bool {
    matches!(order.kind, OrderKind::StopMarket { .. })
}

fn liquidity(order: &Order) -> Liquidity {
    if matches!(order.kind, OrderKind::Limit { .. }) { Liquidity::Maker } else { Liquidity::Taker }
}

/// Whether `price` has reached a stop's trigger.
fn beyond(side: Side, price: Price, trigger: Price) -> bool {
    match side {
        Side::Sell => price <= trigger,
        Side::Buy => price >= trigger,
    }
}

fn worse(side: Side, one: Price, other: Price) -> Price {
    match side {
        Side::Sell => one.min(other),
        Side::Buy => one.max(other),
    }
}
