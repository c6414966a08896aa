//! The check that every order passes before it leaves the engine.

use std::ops::Deref;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::money::{Instrument, InstrumentError, Notional, Percent, Price, Quantity};
use crate::order::{Order, OrderKind, Side, Size};
use crate::position::Position;

/// A value that has passed [`Limits::check`], which alone can make one.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Approved<T>(T);

impl<T> Approved<T> {
    /// The approved value.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Approved<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// How much may be ventured. A limit that is absent lets everything pass. Limits bind entries
/// only: what reduces the position is never held back by them.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "RiskLimits")]
pub struct Limits {
    /// The largest value of an order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_order_notional: Option<Notional>,
    /// The largest value of the position, the order included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_position_notional: Option<Notional>,
    /// The most entries in a UTC day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_orders_per_day: Option<u32>,
    /// The largest loss realised in a UTC day after which no entry follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_daily_loss: Option<Notional>,
    /// How far a limit price may lie from the last price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_collar: Option<Percent>,
}

/// What the check looks at besides the order.
#[derive(Copy, Clone, Debug)]
pub struct View<'a> {
    /// The market and its filters.
    pub instrument: &'a Instrument,
    /// Cash and coins.
    pub position: &'a Position,
    /// Cash that no open order may spend.
    pub cash: Notional,
    /// The last price.
    pub price: Price,
    /// Entries so far in this UTC day.
    pub orders_today: u32,
    /// Profit realised in this UTC day, negative for a loss.
    pub realised_today: Notional,
}

/// Why an order was refused.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "code")]
#[allow(missing_docs, reason = "the messages say it")]
pub enum Refusal {
    #[error("the order is for nothing")]
    Empty,
    #[error("the order costs {value} where {cash} is at hand")]
    NotEnoughCash { value: Notional, cash: Notional },
    #[error("the order sells {quantity} where {held} is held")]
    NotEnoughCoins { quantity: Quantity, held: Quantity },
    #[error("a sale needs its quantity in coins, a purchase no reducing purpose")]
    Contradiction,
    #[error("the order is worth {value}, above the limit of {limit}")]
    OrderTooLarge { value: Notional, limit: Notional },
    #[error("the position would be worth {value}, above the limit of {limit}")]
    PositionTooLarge { value: Notional, limit: Notional },
    #[error("the day has had its {limit} orders")]
    TooManyOrders { limit: u32 },
    #[error("the day has lost {loss}, the limit is {limit}")]
    DailyLoss { loss: Notional, limit: Notional },
    #[error("the price {price} is further than {collar} % from {last}")]
    OutsideCollar { price: Price, last: Price, collar: Percent },
    #[error("too many orders are open")]
    BookFull,
    #[error(transparent)]
    Instrument { filter: InstrumentError },
}

impl From<InstrumentError> for Refusal {
    fn from(filter: InstrumentError) -> Self {
        Self::Instrument { filter }
    }
}

impl Refusal {
    /// Whether the order was refused for being smaller than the venue takes.
    #[must_use]
    pub fn is_dust(&self) -> bool {
        let too_small = |filter: &InstrumentError| {
            matches!(filter, InstrumentError::TooSmall { .. } | InstrumentError::TooCheap { .. })
        };
        matches!(self, Self::Empty) || matches!(self, Self::Instrument { filter } if too_small(filter))
    }
}

impl Limits {
    /// Lets an order pass: the only maker of [`Approved`].
    ///
    /// # Errors
    /// The first rule that the order breaks.
    pub fn check(&self, view: &View<'_>, order: Order) -> Result<Approved<Order>, Refusal> {
        let price = self.check_price(view, &order)?;
        if let (OrderKind::Market {}, Size::Base(quantity)) = (order.kind, order.size) {
            view.instrument.check_market(quantity)?;
        }
        match (order.side, order.size, order.reduces_only()) {
            (Side::Buy, size, false) => self.check_entry(view, price, size)?,
            (Side::Sell, Size::Base(quantity), true) => check_exit(view, price, quantity)?,
            _ => return Err(Refusal::Contradiction),
        }
        Ok(Approved(order))
    }

    /// The price at which the order is valued, inside the collar and on the tick.
    fn check_price(&self, view: &View<'_>, order: &Order) -> Result<Price, Refusal> {
        for price in [order.kind.trigger(), order.kind.limit()].into_iter().flatten() {
            view.instrument.check_price(price)?;
        }
        let Some(price) = order.kind.limit().or(order.kind.trigger()) else { return Ok(view.price) };
        if let (Some(collar), false) = (self.price_collar, order.reduces_only()) {
            let (last, distance) = (view.price.decimal(), collar.fraction());
            if (price.decimal() - last).abs() > last * distance {
                return Err(Refusal::OutsideCollar { price, last: view.price, collar });
            }
        }
        Ok(price)
    }

    fn check_entry(&self, view: &View<'_>, price: Price, size: Size) -> Result<(), Refusal> {
        let value = match size {
            Size::Base(quantity) => price * quantity,
            Size::Quote(value) => value,
        };
        if !value.is_positive() {
            // where the lot left nothing of the coins, that filter is the reason
            let coins = matches!(size, Size::Base(_)).then_some(Quantity::ZERO);
            let filter = coins.and_then(|coins| view.instrument.too_small(coins, false));
            return Err(filter.map_or(Refusal::Empty, Refusal::from));
        }
        match size {
            Size::Base(quantity) => view.instrument.check_size(price, quantity)?,
            Size::Quote(value) => check_smallest(view.instrument, value)?,
        }
        let cash = view.cash;
        if value > cash {
            return Err(Refusal::NotEnoughCash { value, cash });
        }
        self.check_venture(view, value)
    }

    fn check_venture(&self, view: &View<'_>, value: Notional) -> Result<(), Refusal> {
        if let Some(limit) = self.max_order_notional.filter(|limit| value > *limit) {
            return Err(Refusal::OrderTooLarge { value, limit });
        }
        let value = value + view.price * view.position.quantity();
        if let Some(limit) = self.max_position_notional.filter(|limit| value > *limit) {
            return Err(Refusal::PositionTooLarge { value, limit });
        }
        if let Some(limit) = self.max_orders_per_day.filter(|limit| view.orders_today >= *limit) {
            return Err(Refusal::TooManyOrders { limit });
        }
        let loss = -view.realised_today;
        match self.max_daily_loss.filter(|limit| loss >= *limit && loss.is_positive()) {
            Some(limit) => Err(Refusal::DailyLoss { loss, limit }),
            None => Ok(()),
        }
    }
}

fn check_smallest(instrument: &Instrument, value: Notional) -> Result<(), InstrumentError> {
    match instrument.min_notional {
        Some(minimum) if value < minimum => Err(InstrumentError::TooCheap { value, minimum }),
        _ => Ok(()),
    }
}

fn check_exit(view: &View<'_>, price: Price, quantity: Quantity) -> Result<(), Refusal> {
    if quantity.is_zero() {
        return Err(Refusal::Empty);
    }
    let held = view.position.quantity();
    if quantity > held {
        return Err(Refusal::NotEnoughCoins { quantity, held });
    }
    Ok(view.instrument.check_size(price, quantity)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::{ClientOrderId, Purpose};

    fn entry(size: Size) -> Order {
        let client_order_id = ClientOrderId::new("t".parse().unwrap(), 1);
        Order::new(client_order_id, Side::Buy, OrderKind::Market {}, size, Purpose::Entry)
    }

    fn amount(text: &str) -> Notional {
        text.parse().unwrap()
    }

    fn check(limits: &str, order: Order, realised_today: &str) -> Result<Approved<Order>, Refusal> {
        let instrument = Instrument::unfiltered("BTC/USDT".parse().unwrap());
        let position = Position::with_cash(amount("1000"));
        let price = "100".parse().unwrap();
        let realised_today = amount(realised_today);
        let view = View {
            instrument: &instrument,
            position: &position,
            cash: position.cash(),
            price,
            orders_today: 2,
            realised_today,
        };
        serde_json::from_str::<Limits>(limits).unwrap().check(&view, order)
    }

    #[test]
    fn each_limit_refuses_an_entry_that_goes_beyond_it() {
        let order = entry(Size::Quote(amount("500")));
        assert_eq!(check("{}", order, "0").map(Approved::into_inner), Ok(order));
        let refused = |limits: &str| check(limits, order, "-50").unwrap_err().to_string();
        assert_eq!(refused(r#"{"maxOrderNotional":"499"}"#), "the order is worth 500, above the limit of 499");
        assert_eq!(
            refused(r#"{"maxPositionNotional":"499"}"#),
            "the position would be worth 500, above the limit of 499"
        );
        assert_eq!(refused(r#"{"maxOrdersPerDay":2}"#), "the day has had its 2 orders");
        assert_eq!(refused(r#"{"maxDailyLoss":"50"}"#), "the day has lost 50, the limit is 50");
        let limit = Order { kind: OrderKind::Limit { price: "89".parse().unwrap() }, ..order };
        let error = check(r#"{"priceCollar":"10"}"#, limit, "0").unwrap_err();
        assert_eq!(error.to_string(), "the price 89 is further than 10 % from 100");
    }

    #[test]
    fn nobody_buys_without_cash_or_sells_without_coins() {
        let dear = check("{}", entry(Size::Base("10.1".parse().unwrap())), "0");
        assert_eq!(dear.unwrap_err(), Refusal::NotEnoughCash { value: amount("1010"), cash: amount("1000") });
        let quantity: Quantity = "1".parse().unwrap();
        let sale = Order { side: Side::Sell, purpose: Purpose::Exit, ..entry(Size::Base(quantity)) };
        assert_eq!(check("{}", sale, "0").unwrap_err(), Refusal::NotEnoughCoins { quantity, held: Quantity::ZERO });
        assert_eq!(check("{}", entry(Size::Base(Quantity::ZERO)), "0").unwrap_err(), Refusal::Empty);
        let short = Order { purpose: Purpose::Entry, ..sale };
        assert_eq!(check("{}", short, "0").unwrap_err(), Refusal::Contradiction);
    }
}
