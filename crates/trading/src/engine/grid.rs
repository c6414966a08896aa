//! A grid: between each two neighbouring levels of a range lies a cell, which buys at its lower
//! level and sells at its upper one, over and over.
//!
//! An order that answers a fill goes out at the close of the fill's candle. So one candle never
//! fills both, where it leaves open what came first.

mod levels;
mod stock;

use super::book::Working;
use super::desk::Desk;
use super::io::{Effects, Input, Note, Stop};
use super::machine::Phase;
use crate::candle::Candle;
use crate::money::{Instrument, Notional, Price};
use crate::order::{Order, OrderKind, OrderStatus, Purpose, Side, Size};
use crate::position::Fill;
use crate::strategy;
use crate::time::Timestamp;
use stock::Stock;

/// The coins between two levels.
#[derive(Clone, Debug)]
struct Cell {
    buy_at: Price,
    sell_at: Price,
    stock: Stock,
    /// Whether an order of it is open.
    working: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Grid {
    cells: Vec<Cell>,
    quote: Notional,
    stop_loss: Option<Price>,
    take_profit: Option<Price>,
    /// The price has been inside the range.
    begun: bool,
    /// Cells without an order.
    idle: usize,
    /// Everything is being sold, and why.
    leaving: Option<Purpose>,
    /// What the cells held when that began.
    rest: Stock,
}

impl Grid {
    pub(super) fn new(rules: &strategy::Grid, instrument: &Instrument) -> Self {
        let levels = levels::levels(rules, instrument);
        let cell = |pair: &[Price]| Cell { buy_at: pair[0], sell_at: pair[1], stock: Stock::default(), working: false };
        let cells: Vec<Cell> = levels.windows(2).map(cell).collect();
        Self {
            idle: cells.len(),
            cells,
            quote: rules.quote,
            stop_loss: rules.stop_loss.map(|price| instrument.price_down(price)),
            take_profit: rules.take_profit,
            begun: false,
            leaving: None,
            rest: Stock::default(),
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.rest.is_open() || self.cells.iter().any(|cell| cell.stock.is_open())
    }

    pub(super) fn on_candle(&mut self, desk: &mut Desk, at: Timestamp, candle: &Candle, effects: &mut Effects) {
        if let Some(purpose) = self.leaving {
            // The sale was refused by the venue or taken back: the coins are still there.
            if desk.book.is_empty() && !desk.is_dust(desk.position.quantity(), candle.close) {
                desk.sell_all(purpose, effects);
            }
            return;
        }
        if desk.phase >= Phase::Halted || desk.warms_up(at) {
            return;
        }
        let (Some(lowest), Some(highest)) = (self.cells.first(), self.cells.last()) else { return };
        self.begun |= (lowest.buy_at..=highest.sell_at).contains(&candle.close);
        if !self.begun {
            return;
        }
        if self.take_profit.is_some_and(|price| candle.high >= price) {
            return self.end(desk, Purpose::TakeProfit, effects);
        }
        if self.stop_loss.is_some_and(|price| candle.close <= price) {
            return self.end(desk, Purpose::StopLoss, effects);
        }
        if self.idle > 0 {
            self.tend(desk, at, effects);
        }
    }

    /// Sends the order of each cell that has none, the highest first. What the limits refuse is
    /// tried again at the next close.
    fn tend(&mut self, desk: &mut Desk, at: Timestamp, effects: &mut Effects) {
        let mut buys = desk.phase == Phase::Running;
        for (index, cell) in self.cells.iter_mut().enumerate().rev() {
            let Ok(slot) = u8::try_from(index) else { continue };
            if cell.working {
                continue;
            }
            let coins = desk.sellable(cell.stock.held);
            let sells = !desk.is_dust(coins, cell.sell_at);
            if !sells && !buys {
                continue;
            }
            let order = if sells {
                desk.sale(OrderKind::Limit { price: cell.sell_at }, coins, Purpose::TakeProfit)
            } else {
                // A level that the price has fallen through is bought at the market.
                let kind = if desk.last_close > cell.buy_at {
                    OrderKind::Limit { price: cell.buy_at }
                } else {
                    OrderKind::Market {}
                };
                desk.buy(kind, Size::Quote(self.quote))
            };
            cell.working = desk.place(order, Some(slot), effects);
            if cell.working {
                self.idle -= 1;
            }
            if !sells {
                buys = cell.working;
                if buys {
                    desk.account.day.of(at).count_entry();
                }
            }
        }
    }

    pub(super) fn on_fill(&mut self, desk: &mut Desk, fill: &Fill, order: Working, effects: &mut Effects) {
        let index = desk.index_of(fill.at);
        let cell = order.slot.and_then(|slot| self.cells.get_mut(usize::from(slot)));
        if fill.done && cell.as_ref().is_some_and(|cell| cell.working) {
            self.idle += 1;
        }
        match (fill.side, cell) {
            (Side::Buy, Some(cell)) => {
                cell.working &= !fill.done;
                cell.stock.buy(fill, index);
                match self.leaving {
                    // The purchase came before the venue heard that it was taken back.
                    Some(purpose) => {
                        self.gather();
                        desk.cancel(|order| order.purpose == purpose, effects);
                        desk.sell_all(purpose, effects);
                    }
                    None => self.protect(desk, effects),
                }
            }
            (Side::Sell, Some(cell)) if self.leaving.is_none() => {
                cell.working &= !fill.done;
                cell.stock.sell(fill);
                if fill.done {
                    close(&mut cell.stock, fill.at, index, Purpose::TakeProfit, effects);
                }
            }
            // found, and of no cell: it is sold with the rest
            (Side::Buy, None) => {
                self.rest.buy(fill, index);
                self.protect(desk, effects);
            }
            _ => self.on_last_sale(desk, fill, order, index, effects),
        }
    }

    /// The cell that an order belongs to which was found, if there is one: any other sale is one that ends the grid.
    pub(super) fn adopt(&mut self, order: &Order) -> Option<u8> {
        let price = order.kind.limit()?;
        let fits = |cell: &Cell| match order.side {
            Side::Buy => cell.buy_at == price && !cell.stock.is_open(),
            Side::Sell => cell.sell_at == price && cell.stock.is_open(),
        };
        let index = self.cells.iter().position(|cell| !cell.working && fits(cell))?;
        let slot = u8::try_from(index).ok()?;
        self.cells.get_mut(index)?.working = true;
        self.idle -= 1;
        Some(slot)
    }

    /// A sale that ends the grid: a stop's, or one at the market.
    fn on_last_sale(&mut self, desk: &mut Desk, fill: &Fill, order: Working, index: u64, effects: &mut Effects) {
        if self.leaving.is_none() {
            self.leaving = Some(order.purpose);
            desk.phase = Phase::Stopped;
            desk.cancel(|other| other.id != order.id, effects);
        }
        self.gather();
        self.rest.sell(fill);
        if desk.is_dust(desk.position.quantity(), fill.price) {
            desk.cancel(|_| true, effects);
            close(&mut self.rest, fill.at, index, order.purpose, effects);
        } else if fill.done && !desk.book.has(|other| other.purpose == order.purpose) {
            desk.sell_all(order.purpose, effects);
        }
    }

    /// Moves what the cells hold to the rest.
    fn gather(&mut self) {
        for cell in &mut self.cells {
            self.rest.take(&mut cell.stock);
        }
    }

    /// Takes all orders back, sells everything and ends.
    fn end(&mut self, desk: &mut Desk, purpose: Purpose, effects: &mut Effects) {
        desk.phase = Phase::Stopped;
        self.leaving = Some(purpose);
        desk.cancel(|_| true, effects);
        self.gather();
        if !desk.is_dust(desk.position.quantity(), desk.last_close) {
            desk.sell_all(purpose, effects);
        }
    }

    /// Places the stop anew for more coins; a sale need not make it smaller, for what it sells is
    /// cut to what is held.
    fn protect(&self, desk: &mut Desk, effects: &mut Effects) {
        let Some(trigger) = self.stop_loss else { return };
        desk.cancel(Working::is_stop, effects);
        let coins = desk.sellable(desk.position.quantity());
        desk.place(desk.sale(OrderKind::StopMarket { trigger }, coins, Purpose::StopLoss), None, effects);
    }

    /// Everything but candles, fills and pauses; signals are not for a grid.
    pub(super) fn on_other(&mut self, desk: &mut Desk, input: &Input, effects: &mut Effects) {
        match *input {
            Input::Rejected(rejection) => {
                let order = desk.book_rejection(rejection, effects);
                if order.is_some_and(|order| order.is_stop() && !order.cancelling) {
                    self.end(desk, Purpose::StopLoss, effects);
                }
                self.free(order);
            }
            Input::Cancelled(id) => self.free(desk.book_end(id, OrderStatus::Cancelled, effects)),
            Input::Expired(id) => self.free(desk.book_end(id, OrderStatus::Expired, effects)),
            Input::Stop(Stop::Sell) if self.leaving.is_none() => self.end(desk, Purpose::Stopped, effects),
            Input::Stop(Stop::Keep) => {
                desk.phase = Phase::Stopped;
                desk.cancel(|_| true, effects);
            }
            _ => {}
        }
    }

    /// The cell of an order that is gone has none.
    fn free(&mut self, order: Option<Working>) {
        let slot = order.and_then(|order| order.slot);
        if let Some(cell) = slot.and_then(|slot| self.cells.get_mut(usize::from(slot))) {
            self.idle += usize::from(cell.working);
            cell.working = false;
        }
    }
}

fn close(stock: &mut Stock, at: Timestamp, index: u64, reason: Purpose, effects: &mut Effects) {
    if let Some(trade) = stock.close(index, at, reason) {
        effects.note(Note::Closed(trade));
    }
}
