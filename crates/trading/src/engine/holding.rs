//! A lane that holds as much as it is told to: of an account that keeps weights.

use super::book::Working;
use super::desk::Desk;
use super::io::{Effects, Input, Note, Stop};
use super::machine::Phase;
use crate::money::Notional;
use crate::order::{OrderKind, OrderStatus, Purpose, Side, Size};
use crate::position::{Fill, Trade};
use crate::time::Timestamp;

/// The first purchase of what is held, for the trades that sales are.
#[derive(Clone, Debug, Default)]
pub(super) struct Holding {
    entry: Option<(u64, Timestamp)>,
}

impl Holding {
    /// Everything but candles, fills and pauses; signals are not for it.
    pub(super) fn on_other(&self, desk: &mut Desk, at: Timestamp, input: &Input, effects: &mut Effects) {
        match *input {
            Input::Hold(worth) if desk.phase == Phase::Running && !desk.warms_up(at) => hold(desk, worth, effects),
            Input::Rejected(rejection) => {
                desk.book_rejection(rejection, effects);
            }
            Input::Cancelled(id) => {
                desk.book_end(id, OrderStatus::Cancelled, effects);
            }
            Input::Expired(id) => {
                desk.book_end(id, OrderStatus::Expired, effects);
            }
            Input::Stop(stop) => {
                desk.phase = Phase::Stopped;
                desk.cancel(|_| true, effects);
                if stop == Stop::Sell && !desk.is_dust(desk.position.quantity(), desk.last_close) {
                    desk.sell_all(Purpose::Stopped, effects);
                }
            }
            _ => {}
        }
    }

    /// Each sale is a trade, at the average cost of what was held.
    pub(super) fn on_fill(
        &mut self,
        desk: &Desk,
        fill: &Fill,
        order: Working,
        (cost, profit): (Notional, Notional),
        effects: &mut Effects,
    ) {
        let index = desk.index_of(fill.at);
        if fill.side == Side::Buy {
            self.entry.get_or_insert((index, fill.at));
            return;
        }
        let Some((entry_index, entry_time)) = self.entry else { return };
        effects.note(Note::Closed(Trade {
            symbol: None,
            entry_index,
            entry_time,
            entry_price: cost.per(fill.coins()).unwrap_or(fill.price),
            exit_index: index,
            exit_time: fill.at,
            exit_price: fill.price,
            quantity: fill.quantity,
            fees: fill.fee_value(),
            pnl: profit,
            reason: order.purpose,
        }));
        if desk.position.quantity().is_zero() {
            self.entry = None;
        }
    }
}

/// Buys or sells what is missing or too much; what the venue would not take for being too small
/// is left as it is.
fn hold(desk: &mut Desk, worth: Notional, effects: &mut Effects) {
    if !desk.book.is_empty() {
        return;
    }
    let price = desk.last_close;
    let held = price * desk.position.quantity();
    if held > worth {
        let all = desk.position.quantity();
        let coins = if worth.is_zero() { all } else { (held - worth).buys(price).min(all) };
        if !desk.is_dust(coins, price) {
            let coins = desk.instrument.market_quantity_down(coins);
            desk.place(desk.sale(OrderKind::Market {}, coins, Purpose::Exit), None, effects);
        }
    } else {
        let budget = (worth - held).min(desk.free_cash());
        if !desk.is_dust(budget.buys(price), price) {
            desk.place(desk.buy(OrderKind::Market {}, Size::Quote(budget)), None, effects);
        }
    }
}
