//! An order in the words of an exchange.

use exchanges::VenueOrder;
use rust_decimal::{Decimal, RoundingStrategy};
use trading::{
    money::{Instrument, Notional},
    order::{Order, OrderKind, Size},
};

/// Digits after the point that exchanges take of a budget.
const BUDGET_DIGITS: u32 = 8;

/// An order as the exchange is told it; `None` where nothing is left of it on the lot.
pub(super) fn of(order: &Order, instrument: &Instrument) -> Option<VenueOrder> {
    let Order { client_order_id, side, kind, time_in_force, .. } = *order;
    let size = match (order.size, kind) {
        (Size::Base(coins), OrderKind::Market {}) => Size::Base(instrument.market_quantity_down(coins)),
        (Size::Base(coins), _) => Size::Base(instrument.quantity_down(coins)),
        (Size::Quote(budget), OrderKind::Market {}) => Size::Quote(whole(budget)?),
        // the fee comes off the coins, so that the budget is for the coins alone
        (Size::Quote(budget), _) => Size::Base(instrument.quantity_down(budget.buys(kind.limit().or(kind.trigger())?))),
    };
    let nothing = match size {
        Size::Base(coins) => coins.is_zero(),
        Size::Quote(budget) => !budget.is_positive(),
    };
    (!nothing).then_some(VenueOrder { client_order_id, symbol: instrument.symbol, side, kind, size, time_in_force })
}

fn whole(budget: Notional) -> Option<Notional> {
    let whole: Decimal = budget.decimal().round_dp_with_strategy(BUDGET_DIGITS, RoundingStrategy::ToZero);
    whole.try_into().ok()
}
