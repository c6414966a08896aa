use super::Market;
use crate::{
    event::{Event, Key},
    frame::Answer,
    hub::Hub,
};
use chrono::TimeDelta;
use kit::{App, Error, Result, Time};
use market_data::{MarketCandle, newest, ticker};
use serde::Serialize;
use std::{sync::Arc, time::Duration};
use tokio::time::sleep;
use trading::time::{Timeframe, Timestamp};

/// How often is looked whether there is something to ask, and whether anybody still listens.
const LOOK: Duration = Duration::from_millis(500);
/// How long after its end a candle is asked for.
const LAG: TimeDelta = TimeDelta::milliseconds(600);
/// When it is asked for again where it is not there yet.
const AGAIN: TimeDelta = TimeDelta::seconds(2);
/// How often a ticker is asked for.
const PACE: TimeDelta = TimeDelta::seconds(5);
/// When an exchange is asked again that did not answer.
const PAUSE: TimeDelta = TimeDelta::seconds(5);

/// Follows a market as long as anybody listens.
pub(crate) fn follow(app: App, hub: Hub, key: Key, market: Market) {
    let feed = Feed { due: app.clock().now(), from: None, topic: market.to_string(), app, hub, key, market };
    tokio::spawn(feed.run());
}

struct Feed {
    app: App,
    hub: Hub,
    key: Key,
    topic: String,
    market: Market,
    /// When to ask.
    due: Time,
    /// The open time of the next candle.
    from: Option<Timestamp>,
}

/// What is told of a market; it has no cursor, since it is not kept.
#[derive(Serialize)]
struct Told<'a, T> {
    r#type: &'static str,
    topic: &'a str,
    at: Time,
    data: T,
}

impl Feed {
    async fn run(mut self) {
        while !self.hub.is_left(&self.key) && !self.hub.stop().is_cancelled() {
            let now = self.app.clock().now();
            if now >= self.due {
                match self.ask(now).await {
                    Ok(()) => {}
                    Err(failure) if failure.status().as_u16() == 503 => self.due = now + PAUSE,
                    Err(failure) => return self.end(&failure),
                }
            }
            sleep(LOOK).await;
        }
    }

    async fn ask(&mut self, now: Time) -> Result<()> {
        match self.market.timeframe {
            Some(timeframe) => self.ask_for_candles(timeframe, now).await,
            None => {
                self.due = now + PACE;
                let ticker = ticker(&self.app, &self.market.of).await?;
                self.tell(now, ticker)
            }
        }
    }

    /// The last candle that has closed is told first.
    async fn ask_for_candles(&mut self, timeframe: Timeframe, now: Time) -> Result<()> {
        let current = timeframe.floor(Timestamp::from_millis(now.millis()));
        let before = timeframe.floor(Timestamp::from_millis(current.millis().saturating_sub(1)));
        let from = *self.from.get_or_insert(before);
        let (exchange, symbol) = (self.market.of.exchange.clone(), self.market.of.symbol);
        let candles = newest(&self.app, &market_data::Market { exchange, symbol, timeframe }, from).await?;
        let next = candles.last().map_or(from, |last| timeframe.next(last.open_time));
        self.from = Some(next);
        let closes = Time::from_millis(timeframe.close_of(next).millis().saturating_add(1)) + LAG;
        self.due = closes.max(if candles.is_empty() { now + AGAIN } else { now });
        candles.into_iter().try_for_each(|candle| self.tell(now, MarketCandle::told(candle)))
    }

    fn tell(&self, at: Time, data: impl Serialize) -> Result<()> {
        let told = Told { r#type: "event", topic: &self.topic, at, data };
        let text = serde_json::to_string(&told).map_err(Error::internal)?.into();
        self.hub.tell_of_market(Arc::new(Event::of_market(self.key.clone(), text, false)));
        Ok(())
    }

    fn end(self, why: &Error) {
        let text = Answer::error(why, Some(&self.topic)).text().into();
        self.hub.end_market(&Arc::new(Event::of_market(self.key, text, true)));
    }
}
