//! The lanes of one account, each on a symbol of its own; a bot of one symbol has one.
//!
//! Before a lane takes its turn it is lent the account's cash, but for what the entries of other
//! lanes may still spend, and the counts and guards that bind the whole account. So no two lanes
//! spend the same cash, and the later one gets what is left.

use std::ops::Range;

use super::account::Account;
use super::io::{Effects, Input};
use super::seat::Seat;
use super::{Driver, Strategy};
use crate::candle::{Candle, Candles};
use crate::money::Notional;
use crate::position::Position;
use crate::strategy::plan::Guards;
use crate::time::Timestamp;

/// Finer candles, and the rows of those that make up one candle.
pub type Parts<'a> = (&'a Candles, Range<usize>);

/// When the first of them opens.
fn next_open((candles, rows): &Parts<'_>) -> Option<Timestamp> {
    (!rows.is_empty()).then(|| candles.open_time(rows.start))
}

/// The lanes of one account, in the order of their turns.
#[derive(Clone, Debug)]
pub struct Lanes<S> {
    lanes: Vec<Lane<S>>,
    account: Account,
    cash: Notional,
    worth: Notional,
    reserved: Notional,
    open: u32,
}

#[derive(Clone, Debug)]
struct Lane<S> {
    seat: Seat<S>,
    /// Of its coins at the last price.
    worth: Notional,
    /// What its entries may still spend.
    reserved: Notional,
    /// It holds a position or waits for an entry.
    open: bool,
}

impl<S: Strategy> Lanes<S> {
    /// Lanes before their first candle.
    #[must_use]
    pub fn new(seats: impl IntoIterator<Item: Into<Seat<S>>>, guards: Guards, cash: Notional) -> Self {
        let lane = |seat: Seat<S>| {
            let (worth, reserved) = (Notional::ZERO, Notional::ZERO);
            Lane { seat, worth, reserved, open: false }
        };
        let mut lanes: Vec<_> = seats.into_iter().map(|seat| lane(seat.into())).collect();
        let count = lanes.len() as u64;
        for (lane, number) in lanes.iter_mut().zip(0..) {
            lane.seat.desk_mut().take_turns(number, count);
        }
        Self {
            lanes,
            account: Account::new(guards, cash),
            cash,
            worth: Notional::ZERO,
            reserved: Notional::ZERO,
            open: 0,
        }
    }

    /// The engines and their venues, in the order of the lanes.
    pub fn seats(&self) -> impl Iterator<Item = &Seat<S>> {
        self.lanes.iter().map(|lane| &lane.seat)
    }

    /// Cash, and all coins at their last prices.
    #[must_use]
    pub fn equity(&self) -> Notional {
        self.cash + self.worth
    }

    /// What the coins of each lane are worth at its last price.
    pub fn worths(&self) -> impl Iterator<Item = Notional> {
        self.lanes.iter().map(|lane| lane.worth)
    }

    /// What each lane holds; the cash of the account is with the first.
    pub fn positions(&self) -> impl Iterator<Item = Position> {
        let cash = std::iter::once(self.cash).chain(std::iter::repeat(Notional::ZERO));
        self.lanes.iter().zip(cash).map(|(lane, cash)| {
            let mut position = *lane.seat.engine().position();
            position.hold_cash(cash);
            position
        })
    }

    /// What a lane holds, with all the cash of the account.
    #[must_use]
    pub fn position_in(&self, lane: usize) -> Option<Position> {
        let mut position = *self.lanes.get(lane)?.seat.engine().position();
        position.hold_cash(self.cash);
        Some(position)
    }

    /// The cash of the account.
    #[must_use]
    pub fn cash(&self) -> Notional {
        self.cash
    }

    /// Takes in the candles that opened at one moment, one of each lane that has one: first what
    /// the venue does at all opens, then within all ranges, then the decisions at all closes, each
    /// in the order of the lanes. `record` is told the lane's number with what happens.
    pub fn on_candles(
        &mut self,
        candles: &[Option<Candle>],
        mut record: impl FnMut(usize, Timestamp, &Input, &Effects),
    ) {
        let present = || candles.iter().enumerate().filter_map(|(lane, candle)| Some((lane, candle.as_ref()?)));
        for (lane, candle) in present() {
            let mut record = |at: Timestamp, input: &Input, effects: &Effects| record(lane, at, input, effects);
            self.live(lane, |driver| driver.open(candle, &mut record));
        }
        for (lane, candle) in present() {
            let mut record = |at: Timestamp, input: &Input, effects: &Effects| record(lane, at, input, effects);
            self.live(lane, |driver| driver.within(candle, &mut record));
        }
        self.close(candles, record);
    }

    /// The same where finer candles tell what came first in some of them: by lane, the rows that
    /// make up its candle, which are used up. The finer ones of all lanes go in the order of time; the range of a
    /// candle of which nothing finer is known comes after them.
    pub fn on_candles_of(
        &mut self,
        candles: &[Option<Candle>],
        parts: &mut [Option<Parts<'_>>],
        mut record: impl FnMut(usize, Timestamp, &Input, &Effects),
    ) {
        let present = || candles.iter().enumerate().filter_map(|(lane, candle)| Some((lane, candle.as_ref()?)));
        for (lane, candle) in present() {
            let known = parts.get(lane).is_some_and(Option::is_some);
            self.live(lane, |driver| {
                let mut record = |at: Timestamp, input: &Input, effects: &Effects| record(lane, at, input, effects);
                if known { driver.begin(candle, &mut record) } else { driver.open(candle, &mut record) }
            });
        }
        self.live_through(parts, &mut record);
        for (lane, candle) in present().filter(|(lane, _)| parts.get(*lane).is_none_or(Option::is_none)) {
            let mut record = |at: Timestamp, input: &Input, effects: &Effects| record(lane, at, input, effects);
            self.live(lane, |driver| driver.within(candle, &mut record));
        }
        self.close(candles, record);
    }

    /// What the venue does in finer candles: at each moment first at all opens, then within all
    /// ranges. A lane without an order has none until the close.
    fn live_through(
        &mut self,
        parts: &mut [Option<Parts<'_>>],
        record: &mut impl FnMut(usize, Timestamp, &Input, &Effects),
    ) {
        for (part, lane) in parts.iter_mut().zip(&self.lanes) {
            if let Some((_, rows)) = part.as_mut().filter(|_| lane.seat.is_idle()) {
                rows.start = rows.end;
            }
        }
        while let Some(at) = parts.iter().flatten().filter_map(next_open).min() {
            for (lane, part) in parts.iter().enumerate() {
                let Some((candles, rows)) = part.as_ref().filter(|part| next_open(part) == Some(at)) else { continue };
                let part = candles.get(rows.start);
                self.live(lane, |driver| {
                    driver.open_part(&part, &mut |at, input, effects| record(lane, at, input, effects));
                });
            }
            for (lane, part) in parts.iter_mut().enumerate() {
                let Some((candles, rows)) = part.as_mut().filter(|part| next_open(part) == Some(at)) else { continue };
                let (part, closed_at) = (candles.get(rows.start), candles.timeframe().close_of(at));
                rows.start += 1;
                self.live(lane, |driver| {
                    driver.within_part(&part, closed_at, &mut |at, input, effects| record(lane, at, input, effects));
                });
            }
        }
    }

    /// Values all lanes at the closes of their candles, then has them decide.
    fn close(&mut self, candles: &[Option<Candle>], mut record: impl FnMut(usize, Timestamp, &Input, &Effects)) {
        let present = || candles.iter().enumerate().filter_map(|(lane, candle)| Some((lane, candle.as_ref()?)));
        for (lane, candle) in present() {
            if let Some(lane) = self.lanes.get_mut(lane) {
                let worth = candle.close * lane.seat.engine().position().quantity();
                self.worth += worth - lane.worth;
                lane.worth = worth;
            }
        }
        for (lane, candle) in present() {
            self.turn(lane, |seat| seat.close(candle, &mut |at, input, effects| record(lane, at, input, effects)));
        }
    }

    /// Takes in something that is no candle, for one lane.
    pub fn on_input(
        &mut self,
        lane: usize,
        at: Timestamp,
        input: Input,
        mut record: impl FnMut(Timestamp, &Input, &Effects),
    ) {
        self.turn(lane, |seat| seat.on_input(at, input, &mut record));
    }

    /// What a lane's venue does in a candle.
    fn live(&mut self, lane: usize, within: impl FnOnce(&mut Driver<S>)) {
        self.turn(lane, |seat| seat.live(within));
    }

    /// Lends a lane the account, lets it act, and takes the account back.
    fn turn(&mut self, lane: usize, act: impl FnOnce(&mut Seat<S>)) {
        let Some(lane) = self.lanes.get_mut(lane) else { return };
        let lent = (self.cash - (self.reserved - lane.reserved)).max(Notional::ZERO);
        let desk = lane.seat.desk_mut();
        desk.position.hold_cash(lent);
        std::mem::swap(&mut desk.account, &mut self.account);
        desk.account.elsewhere = self.worth - lane.worth + self.cash - lent;
        desk.account.others_open = self.open - u32::from(lane.open);
        act(&mut lane.seat);
        let desk = lane.seat.desk_mut();
        std::mem::swap(&mut desk.account, &mut self.account);
        let (worth, reserved) = (desk.last_close * desk.position.quantity(), desk.book.reserved());
        let open = desk.position.is_open() || desk.book.has_entry();
        self.cash += desk.position.cash() - lent;
        self.worth += worth - lane.worth;
        self.reserved += reserved - lane.reserved;
        self.open = self.open - u32::from(lane.open) + u32::from(open);
        (lane.worth, lane.reserved, lane.open) = (worth, reserved, open);
    }
}
