//! The candles of a live market, as they close.

use crate::event::Event;
use chrono::TimeDelta;
use kit::{App, Error, Result, Time};
use market_data::{CandleNews, Market};
use std::collections::VecDeque;
use trading::{candle::Candle, time::Timestamp};

/// How long after its end a candle is asked for, …
const LAG: TimeDelta = TimeDelta::milliseconds(600);
/// … where the exchange tells by itself that one has closed, and has not, …
const TOLD: TimeDelta = TimeDelta::milliseconds(2_500);
/// … when it is asked for again where it is not there yet, …
const AGAIN: TimeDelta = TimeDelta::seconds(2);
/// … and where the exchange does not answer.
const PAUSE: TimeDelta = TimeDelta::seconds(5);
/// A candle that closed longer ago is no news: what it says of entries is too late.
const NEWS: TimeDelta = TimeDelta::seconds(30);

/// Follows a market.
pub(super) struct Watch {
    market: Market,
    /// The open time of the next candle.
    from: Timestamp,
    ready: VecDeque<Candle>,
    /// When to ask at the earliest.
    again: Time,
    /// Whether the exchange tells by itself that a candle has closed, …
    tells: bool,
    /// … and the last one of which it has.
    closed: Option<Timestamp>,
    interrupted: bool,
}

impl Watch {
    /// The candles after one, or so many before a moment and those that follow.
    pub(super) fn new(
        market: Market,
        last: Option<Timestamp>,
        (start, warm_up): (Timestamp, usize),
        now: Time,
    ) -> Self {
        let timeframe = market.timeframe;
        let from = match last {
            Some(open) => timeframe.next(open),
            None => before(timeframe, timeframe.floor(start), warm_up),
        };
        Self { market, from, ready: VecDeque::new(), again: now, tells: false, closed: None, interrupted: false }
    }

    pub(super) fn market(&self) -> &Market {
        &self.market
    }

    /// Asks the exchange, if a candle may have closed. Answers what people are to know.
    ///
    /// # Errors
    /// What it is no use to try again for.
    pub(super) async fn ask(&mut self, app: &App, now: Time) -> Result<Option<Event>> {
        if now < self.due() || !self.ready.is_empty() {
            return Ok(None);
        }
        match market_data::newest(app, &self.market, self.from).await {
            Ok(candles) => {
                if let Some(last) = candles.last() {
                    self.from = self.market.timeframe.next(last.open_time);
                }
                self.ready.extend(&candles);
                self.again = if candles.is_empty() { now + AGAIN } else { now };
                let resumed = std::mem::take(&mut self.interrupted);
                Ok(resumed.then(|| Event::of_bot("feed.resumed", "Candles come again.")))
            }
            Err(failure) if failure.status().as_u16() == 503 => Ok(self.failed(&failure, now)),
            Err(failure) => Err(failure),
        }
    }

    fn failed(&mut self, failure: &Error, now: Time) -> Option<Event> {
        self.again = now + PAUSE;
        let told = std::mem::replace(&mut self.interrupted, true);
        let message = format!("The next candle cannot be had, and is asked for again: {}", failure.message());
        (!told).then(|| Event::of_bot("feed.interrupted", message))
    }

    /// The next candles, at most so many, and whether they are news: those that are and those that are not never come
    /// together.
    pub(super) fn take(&mut self, most: usize, now: Time) -> (Vec<Candle>, bool) {
        let timeframe = self.market.timeframe;
        let is_news = |candle: &Candle| now - Time::from_millis(timeframe.close_of(candle.open_time).millis()) <= NEWS;
        let first = self.ready.front().is_none_or(&is_news);
        let count = self.ready.iter().take(most).take_while(|candle| is_news(candle) == first).count();
        let taken = self.ready.drain(..count).collect();
        if self.ready.is_empty() {
            // what it took to warm up is not held for ever
            self.ready = VecDeque::new();
        }
        (taken, first)
    }

    /// When there is something to do.
    pub(super) fn next(&self, now: Time) -> Time {
        if self.ready.is_empty() { self.due() } else { now }
    }

    /// Takes a hint; answers whether it is time to ask at another time than was planned.
    pub(super) fn hear(&mut self, news: &CandleNews, now: Time) -> bool {
        let before = self.due();
        match news {
            CandleNews::Connected => self.tells = true,
            CandleNews::Interrupted => self.tells = false,
            CandleNews::Closed(candle) => {
                self.closed = self.closed.max(Some(candle.open_time));
                if self.is_closed() {
                    self.again = now;
                }
            }
        }
        self.due() != before
    }

    /// Whether the next candle is said to have closed.
    fn is_closed(&self) -> bool {
        self.closed >= Some(self.from)
    }

    /// When to ask for the next candle.
    fn due(&self) -> Time {
        let end = Time::from_millis(self.market.timeframe.close_of(self.from).millis().saturating_add(1));
        let lag = if self.tells { TOLD } else { LAG };
        if self.is_closed() { self.again } else { self.again.max(end + lag) }
    }
}

/// The open time of the candle that is so many before another.
fn before(timeframe: trading::time::Timeframe, open: Timestamp, candles: usize) -> Timestamp {
    (0..candles).fold(open, |open, _| timeframe.floor(Timestamp::from_millis(open.millis().saturating_sub(1))))
}
