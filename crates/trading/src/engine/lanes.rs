//! Several bots on one account, each on a symbol of its own: its lane.
//!
//! Before a lane takes its turn it is lent the account's cash, but for what the entries of other
//! lanes may still spend, and the counts and guards that bind the whole account. So no two lanes
//! spend the same cash, and the later one gets what is left.

use super::account::Account;
use super::io::{Effects, Input};
use super::{Driver, Strategy};
use crate::candle::Candle;
use crate::money::Notional;
use crate::strategy::plan::Guards;
use crate::time::Timestamp;

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
    driver: Driver<S>,
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
    pub fn new(drivers: Vec<Driver<S>>, guards: Guards, cash: Notional) -> Self {
        let lane = |driver| Lane { driver, worth: Notional::ZERO, reserved: Notional::ZERO, open: false };
        Self {
            lanes: drivers.into_iter().map(lane).collect(),
            account: Account::new(guards, cash),
            cash,
            worth: Notional::ZERO,
            reserved: Notional::ZERO,
            open: 0,
        }
    }

    /// The bots and their venues.
    pub fn drivers(&self) -> impl Iterator<Item = &Driver<S>> {
        self.lanes.iter().map(|lane| &lane.driver)
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
            self.turn(lane, |driver| driver.open(candle, &mut |at, input, effects| record(lane, at, input, effects)));
        }
        for (lane, candle) in present() {
            self.turn(lane, |driver| driver.within(candle, &mut |at, input, effects| record(lane, at, input, effects)));
        }
        for (lane, candle) in present() {
            if let Some(lane) = self.lanes.get_mut(lane) {
                let worth = candle.close * lane.driver.engine().position().quantity();
                self.worth += worth - lane.worth;
                lane.worth = worth;
            }
        }
        for (lane, candle) in present() {
            self.turn(lane, |driver| driver.close(candle, &mut |at, input, effects| record(lane, at, input, effects)));
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
        self.turn(lane, |driver| driver.on_input(at, input, &mut record));
    }

    /// Lends a lane the account, lets it act, and takes the account back.
    fn turn(&mut self, lane: usize, act: impl FnOnce(&mut Driver<S>)) {
        let Some(lane) = self.lanes.get_mut(lane) else { return };
        let lent = (self.cash - (self.reserved - lane.reserved)).max(Notional::ZERO);
        let desk = lane.driver.desk_mut();
        desk.position.hold_cash(lent);
        std::mem::swap(&mut desk.account, &mut self.account);
        desk.account.elsewhere = self.worth - lane.worth + self.cash - lent;
        desk.account.others_open = self.open - u32::from(lane.open);
        act(&mut lane.driver);
        let desk = lane.driver.desk_mut();
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
