//! The candles of markets as Binance tells that they close: one connection for all that anybody follows.

use crate::{
    Binance, Failure,
    client::code,
    parse::stream::{self, Event, Message},
    persistence::Persistence,
    subscriptions::Subscriptions,
    topics::Topics,
};
use futures::stream::BoxStream;
use market_data::{CandleNews, Market};
use std::{convert::Infallible, time::Duration};
use tokio::time::{MissedTickBehavior, interval, sleep};
use tracing::{debug, warn};
use trading::time::Timeframe;

/// Between two requests of a connection, which may say five things a second, answers to pings among them.
const PACE: Duration = Duration::from_millis(300);

/// Binance's name of a symbol, and the length of its candles.
pub(crate) type Followed = (String, Timeframe);

/// Those who follow markets.
pub(crate) type Markets = Topics<Followed, CandleNews>;

impl Binance {
    pub(crate) fn candle_news(&self, market: &Market) -> BoxStream<'static, CandleNews> {
        self.markets.listen((code(&market.symbol), market.timeframe), || {
            let binance = self.clone();
            tokio::spawn(async move { binance.tell_of_markets().await })
        })
    }

    /// Tells of markets until nobody follows any more.
    async fn tell_of_markets(&self) {
        let mut persistence = Persistence::new();
        loop {
            let Err(failure) = self.hear_of_markets().await;
            warn!("the streams of markets are not heard: {failure}");
            for market in self.markets.keys() {
                self.markets.stand(&market, &CandleNews::Interrupted);
            }
            persistence.wait(self, &failure).await;
        }
    }

    /// Tells what a connection tells, until it fails.
    async fn hear_of_markets(&self) -> Result<Infallible, Failure> {
        let end = sleep(self.spread(self.settings.life));
        let mut socket = self.socket(&self.settings.streams, "stream").await?;
        let (mut subscriptions, mut pace) = (Subscriptions::default(), interval(PACE));
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        tokio::pin!(end);
        let mut is_behind = true;
        loop {
            tokio::select! {
                text = socket.hear() => self.hear_market(&text?, &mut subscriptions),
                () = self.markets.changed() => {
                    is_behind = true;
                    self.introduce(&subscriptions);
                }
                _ = pace.tick(), if is_behind => match subscriptions.next(&self.markets.keys()) {
                    Some(request) => socket.say(request).await?,
                    None => is_behind = false,
                },
                () = &mut end => return Err(Failure::Unavailable("the connection is renewed".to_owned())),
            }
        }
    }

    fn hear_market(&self, text: &str, subscriptions: &mut Subscriptions) {
        match stream::read(text) {
            Ok(Message { symbol, event: Event::Kline { timeframe, candle, closed: true } }) => {
                self.markets.tell(&(symbol.to_owned(), timeframe), CandleNews::Closed(candle));
            }
            Ok(_) => {}
            Err(why) => match stream::answer(text) {
                Ok(answer) => {
                    subscriptions.answered(answer);
                    self.introduce(subscriptions);
                }
                Err(_) => debug!("a message of the streams is passed over: {why}"),
            },
        }
    }

    /// Tells those who do not know it yet that they are told.
    fn introduce(&self, subscriptions: &Subscriptions) {
        for market in subscriptions.heard() {
            self.markets.stand(market, &CandleNews::Connected);
        }
    }
}
