//! The candles of live markets, as they close.

use super::candles::Moments;
use crate::event::Event;
use chrono::TimeDelta;
use futures::future::join_all;
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
/// How long those of a moment that are there wait for the others.
const LATE: TimeDelta = TimeDelta::seconds(15);
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

    /// Asks the exchange, if a candle may have closed. Answers what people are to know.
    ///
    /// # Errors
    /// What it is no use to try again for.
    async fn ask(&mut self, app: &App, now: Time) -> Result<Option<Event>> {
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
                Ok(resumed.then(|| Event::of_bot("feed.resumed", format!("Candles of {} come again.", self.market))))
            }
            Err(failure) if failure.status().as_u16() == 503 => Ok(self.failed(&failure, now)),
            Err(failure) => Err(failure),
        }
    }

    fn failed(&mut self, failure: &Error, now: Time) -> Option<Event> {
        self.again = now + PAUSE;
        let told = std::mem::replace(&mut self.interrupted, true);
        let market = &self.market;
        let message =
            format!("The next candle of {market} cannot be had, and is asked for again: {}", failure.message());
        (!told).then(|| Event::of_bot("feed.interrupted", message))
    }

    /// When the next candle opens that is there.
    fn front(&self) -> Option<Timestamp> {
        self.ready.front().map(|candle| candle.open_time)
    }

    /// Whether a candle that opens at this moment may still come.
    fn awaits(&self, at: Timestamp) -> bool {
        self.ready.is_empty() && self.from <= at
    }

    /// The candle that opens at this moment. One that comes later is not waited for any more.
    fn pop(&mut self, at: Timestamp) -> Option<Candle> {
        if self.awaits(at) {
            self.from = self.market.timeframe.next(at);
        }
        let taken = self.ready.pop_front_if(|candle| candle.open_time == at);
        if self.ready.is_empty() {
            // what it took to warm up is not held for ever
            self.ready = VecDeque::new();
        }
        taken
    }

    /// Takes a hint; answers whether it is time to ask at another time than was planned.
    fn hear(&mut self, news: &CandleNews, now: Time) -> bool {
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

/// The candles of several markets, moment by moment.
pub(super) struct Watches(Vec<Watch>);

impl Watches {
    pub(super) fn new(watches: Vec<Watch>) -> Self {
        Self(watches)
    }

    pub(super) fn markets(&self) -> impl Iterator<Item = &Market> {
        self.0.iter().map(|watch| &watch.market)
    }

    /// As [`Watch::ask`], all at once.
    pub(super) async fn ask(&mut self, app: &App, now: Time) -> Result<Vec<Event>> {
        let asked = join_all(self.0.iter_mut().map(|watch| watch.ask(app, now))).await;
        Ok(asked.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
    }

    pub(super) fn hear(&mut self, lane: usize, news: &CandleNews, now: Time) -> bool {
        self.0.get_mut(lane).is_some_and(|watch| watch.hear(news, now))
    }

    /// The next moments, at most so many, and whether they are news: those that are and those that are not never come
    /// together.
    pub(super) fn take(&mut self, most: usize, now: Time) -> (Moments, bool) {
        let (mut moments, mut are_news) = (Moments::new(self.0.len()), None);
        while moments.len() < most {
            let Some((at, closed)) = self.first().filter(|(at, closed)| self.is_whole(*at, *closed, now)) else {
                break;
            };
            let is_news = now - closed <= NEWS;
            if *are_news.get_or_insert(is_news) != is_news {
                break;
            }
            moments.push(self.0.iter_mut().map(|watch| watch.pop(at)));
        }
        (moments, are_news.unwrap_or(true))
    }

    /// The first moment of which a candle is there, and when it closed.
    fn first(&self) -> Option<(Timestamp, Time)> {
        let at = self.0.iter().filter_map(Watch::front).min()?;
        // they are all of one length
        let timeframe = self.0.first()?.market.timeframe;
        Some((at, Time::from_millis(timeframe.close_of(at).millis())))
    }

    /// Whether no further candle of a moment comes, or is waited for.
    fn is_whole(&self, at: Timestamp, closed: Time, now: Time) -> bool {
        now - closed > LATE || !self.0.iter().any(|watch| watch.awaits(at))
    }

    /// When there is something to do.
    pub(super) fn next(&self, now: Time) -> Time {
        let first = self.first();
        if first.is_some_and(|(at, closed)| self.is_whole(at, closed, now)) {
            return now;
        }
        let asks = self.0.iter().filter(|watch| watch.ready.is_empty()).map(Watch::due);
        let given_up = first.map(|(_, closed)| closed + LATE + TimeDelta::milliseconds(1));
        asks.chain(given_up).min().unwrap_or(now)
    }
}

/// The open time of the candle that is so many before another.
fn before(timeframe: trading::time::Timeframe, open: Timestamp, candles: usize) -> Timestamp {
    (0..candles).fold(open, |open, _| timeframe.floor(Timestamp::from_millis(open.millis().saturating_sub(1))))
}
