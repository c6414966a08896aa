//! The loop that a back-test and a paper bot share: candles into the simulated venue and the
//! engine, fills back into the engine, orders back into the venue.

use std::ops::Range;

use super::desk::Desk;
use super::io::{Effect, Effects, Input, Quote};
use super::{Engine, Strategy};
use crate::book::Level;
use crate::candle::{Candle, Candles};
use crate::order::ClientOrderId;
use crate::simulator::{Moment, Simulator};
use crate::time::{Timeframe, Timestamp};

/// An engine and its simulated venue.
#[derive(Clone, Debug)]
pub struct Driver<S> {
    engine: Engine<S>,
    simulator: Simulator,
    timeframe: Timeframe,
    /// Lists that are used again, so that no candle allocates.
    effects: Effects,
    cancelled: Vec<ClientOrderId>,
}

impl<S: Strategy> Driver<S> {
    /// A driver before its first candle.
    #[must_use]
    pub fn new(engine: Engine<S>, simulator: Simulator, timeframe: Timeframe) -> Self {
        Self { engine, simulator, timeframe, effects: Effects::default(), cancelled: Vec::new() }
    }

    /// The engine, to be looked at.
    #[must_use]
    pub fn engine(&self) -> &Engine<S> {
        &self.engine
    }

    /// The venue, to be looked at.
    #[must_use]
    pub fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    /// When the last candle closed, if one was seen.
    #[must_use]
    pub fn closed_at(&self) -> Option<Timestamp> {
        self.engine.last_candle().map(|open| self.timeframe.close_of(open))
    }

    /// Takes in a closed candle: first what the venue does with the open orders at its open and
    /// within its range, then the engine's decision at its close. `record` sees each input with
    /// its time and what the engine made of it, in order: the bot's journal.
    #[inline]
    pub fn on_candle(&mut self, candle: &Candle, record: impl FnMut(Timestamp, &Input, &Effects)) {
        self.live_through(candle, None, record);
    }

    /// The same for a candle of which finer ones are known, that tell what came first in it: the
    /// rows of `finer` that make up the candle.
    #[inline]
    pub fn on_candle_of(
        &mut self,
        candle: &Candle,
        finer: &Candles,
        rows: Range<usize>,
        record: impl FnMut(Timestamp, &Input, &Effects),
    ) {
        self.live_through(candle, Some((finer, rows)), record);
    }

    /// How many of the next candles change nothing but the last price: no order is open, the strategy
    /// says nothing, and nothing but candles comes.
    #[inline]
    #[must_use]
    pub fn rests(&self) -> usize {
        if self.simulator.is_idle() && !self.simulator.charges_funding() { self.engine.rests() } else { 0 }
    }

    /// Passes over so many candles, at most those of [`Driver::rests`], up to `last`; the same as
    /// [`Driver::on_candle`] for each of them.
    pub fn pass(&mut self, candles: usize, last: &Candle) {
        self.engine.pass(candles, self.timeframe.close_of(last.open_time), last);
    }

    #[inline]
    fn live_through(
        &mut self,
        candle: &Candle,
        parts: Option<(&Candles, Range<usize>)>,
        mut record: impl FnMut(Timestamp, &Input, &Effects),
    ) {
        self.begin(candle, &mut record);
        if !self.simulator.is_idle() {
            match parts {
                None => self.trade_within(candle, self.timeframe.close_of(candle.open_time), &mut record),
                Some((finer, rows)) => self.trade_in_parts(finer, rows, &mut record),
            }
        }
        self.close(candle, &mut record);
    }

    /// Begins a candle: the first part of [`Driver::on_candle`], for lanes that live through theirs
    /// together.
    #[inline]
    pub(super) fn begin(&mut self, candle: &Candle, record: &mut impl FnMut(Timestamp, &Input, &Effects)) {
        if let Some(funding) = self.simulator.funding(candle, self.engine.position()) {
            self.step(candle.open_time, funding, record);
        }
        self.simulator.begin(candle, false);
    }

    /// Begins a candle of which nothing finer is known, and what happens at its open.
    pub(super) fn open(&mut self, candle: &Candle, record: &mut impl FnMut(Timestamp, &Input, &Effects)) {
        self.begin(candle, record);
        self.trade(Moment::Open, candle.open_time, candle, record);
    }

    /// The second part: what happens within the range.
    pub(super) fn within(&mut self, candle: &Candle, record: &mut impl FnMut(Timestamp, &Input, &Effects)) {
        self.trade(Moment::Range, self.timeframe.close_of(candle.open_time), candle, record);
        self.simulator.end(candle);
    }

    /// Begins a finer candle, and what happens at its open.
    pub(super) fn open_part(&mut self, part: &Candle, record: &mut impl FnMut(Timestamp, &Input, &Effects)) {
        self.simulator.begin(part, true);
        self.trade(Moment::Open, part.open_time, part, record);
    }

    /// What happens within the range of a finer candle that lasts until `closed_at`.
    pub(super) fn within_part(
        &mut self,
        part: &Candle,
        closed_at: Timestamp,
        record: &mut impl FnMut(Timestamp, &Input, &Effects),
    ) {
        self.trade(Moment::Range, closed_at, part, record);
        self.simulator.end(part);
    }

    /// The last part: the decision at the close.
    #[inline]
    pub(super) fn close(&mut self, candle: &Candle, record: &mut impl FnMut(Timestamp, &Input, &Effects)) {
        let closed_at = self.timeframe.close_of(candle.open_time);
        self.step(closed_at, Input::Candle(*candle), record);
        if !self.simulator.is_idle() {
            self.trade(Moment::Close, closed_at, candle, record);
        }
    }

    pub(super) fn desk_mut(&mut self) -> &mut Desk {
        self.engine.desk_mut()
    }

    /// Takes in something that is no candle: a signal from outside, a pause, a stop, what a book had for an order.
    pub fn on_input(&mut self, at: Timestamp, input: Input, mut record: impl FnMut(Timestamp, &Input, &Effects)) {
        self.step(at, input, &mut record);
        if let Input::Quoted(quote) = input {
            let mut answer = self.simulator.meet_book(at, &quote, self.engine.position());
            while let Some(input) = answer {
                self.step(at, input, &mut record);
                answer = self.simulator.next_news();
            }
        }
    }

    /// What an order finds in a book, as [`Simulator::quote`] has it.
    #[must_use]
    pub fn quote(&self, id: ClientOrderId, levels: &mut [Level]) -> Option<Quote> {
        self.simulator.quote(id, levels, self.engine.position())
    }

    /// Takes in a line of a journal that [`Driver::on_candle`] and [`Driver::on_input`] recorded,
    /// to rebuild driver and engine after a crash. The venue's own messages are passed over: it
    /// says them again when their candle comes.
    pub fn replay(&mut self, at: Timestamp, input: Input, record: impl FnMut(Timestamp, &Input, &Effects)) {
        match input {
            Input::Candle(candle) => self.on_candle(&candle, record),
            Input::Filled(_) | Input::Rejected(_) | Input::Cancelled(_) | Input::Expired(_) | Input::Funding(_) => {}
            Input::Quoted(_)
            | Input::Adopted(_)
            | Input::Signal(_)
            | Input::Hold(_)
            | Input::Pause
            | Input::Resume
            | Input::Stop(_) => {
                self.on_input(at, input, record);
            }
        }
    }

    /// What the venue does while a candle lasts.
    #[inline(never)]
    fn trade_within(
        &mut self,
        candle: &Candle,
        closed_at: Timestamp,
        record: &mut impl FnMut(Timestamp, &Input, &Effects),
    ) {
        self.trade(Moment::Open, candle.open_time, candle, record);
        self.trade(Moment::Range, closed_at, candle, record);
        self.simulator.end(candle);
    }

    #[inline(never)]
    fn trade_in_parts(
        &mut self,
        finer: &Candles,
        rows: Range<usize>,
        record: &mut impl FnMut(Timestamp, &Input, &Effects),
    ) {
        for row in rows {
            let part = finer.get(row);
            let closed_at = finer.timeframe().close_of(part.open_time);
            self.open_part(&part, record);
            self.within_part(&part, closed_at, record);
        }
    }

    #[inline(never)]
    fn trade(
        &mut self,
        moment: Moment,
        at: Timestamp,
        candle: &Candle,
        record: &mut impl FnMut(Timestamp, &Input, &Effects),
    ) {
        while let Some(input) = self.simulator.execute(moment, at, candle, self.engine.position()) {
            self.step(at, input, record);
        }
    }

    #[inline]
    fn step(&mut self, at: Timestamp, input: Input, record: &mut impl FnMut(Timestamp, &Input, &Effects)) {
        let mut effects = std::mem::take(&mut self.effects);
        self.engine.step_into(at, &input, &mut effects);
        record(at, &input, &effects);
        if !effects.is_empty() {
            self.carry_out(at, &effects, record);
            effects.clear();
        }
        self.effects = effects;
    }

    /// Gives the effects to the venue, and its confirmations to the engine.
    #[inline(never)]
    fn carry_out(&mut self, at: Timestamp, effects: &Effects, record: &mut impl FnMut(Timestamp, &Input, &Effects)) {
        let mut cancelled = std::mem::take(&mut self.cancelled);
        for effect in effects.iter() {
            match effect {
                Effect::Place(order) => self.simulator.place(**order, at),
                Effect::Cancel(id) if self.simulator.cancel(*id, at) => cancelled.push(*id),
                Effect::Cancel(_) | Effect::Journal(_) => {}
            }
        }
        for id in cancelled.drain(..) {
            self.step(at, Input::Cancelled(id), record);
        }
        self.cancelled = cancelled;
    }
}
