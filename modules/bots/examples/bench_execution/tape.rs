//! A market whose candles close when it is told.

use futures::{
    FutureExt, StreamExt,
    future::{self, BoxFuture},
    stream::{self, BoxStream},
};
use market_data::{CandleNews, CandlePage, Listing, Market, Source, SourceError, Ticker, TradesFrom};
use std::sync::{Arc, Mutex};
use tokio::sync::broadcast;
use trading::{
    book::Snapshot,
    candle::Candle,
    money::Symbol,
    time::{Timeframe, Timestamp},
    trades::Trade,
};

const MINUTE: i64 = 60_000;

pub(crate) struct Tape {
    /// Who knows the instruments.
    exchange: Option<Arc<dyn Source>>,
    candles: Mutex<Vec<Candle>>,
    news: broadcast::Sender<CandleNews>,
}

type Answer<'a, T> = BoxFuture<'a, Result<T, SourceError>>;

/// A price near another, above or below it.
fn candle(minute: i64, around: i64) -> Candle {
    let at = |amount: i64| amount.to_string().parse().unwrap();
    let close = if minute % 2 == 0 { around + 5 } else { around - 5 };
    Candle {
        open_time: Timestamp::from_millis(minute * MINUTE),
        open: at(around),
        high: at(around + 5),
        low: at(around - 5),
        close: at(close),
        volume: "10".parse().unwrap(),
    }
}

impl Tape {
    /// With candles enough for a bot to begin with.
    pub(crate) fn new(now: i64, around: i64, exchange: Option<Arc<dyn Source>>) -> Arc<Self> {
        let last = now / MINUTE;
        let candles = (last - 300..last).map(|minute| candle(minute, around)).collect();
        Arc::new(Self { exchange, candles: Mutex::new(candles), news: broadcast::Sender::new(16) })
    }

    /// The candle of the minute that has just ended.
    pub(crate) fn close(&self, now: i64, around: i64) {
        let candle = candle(now / MINUTE - 1, around);
        self.candles.lock().unwrap().push(candle);
        // before anybody listens
        let _ = self.news.send(CandleNews::Closed(candle));
    }
}

fn none<'a, T: Send + 'a>() -> Answer<'a, T> {
    future::ready(Err(SourceError::Refused("It is a tape.".to_owned()))).boxed()
}

impl Source for Tape {
    fn exchange(&self) -> &'static str {
        "binance"
    }

    fn candles<'a>(&'a self, _: &'a Market, from: Timestamp, to: Timestamp) -> Answer<'a, CandlePage> {
        let all = self.candles.lock().unwrap();
        let closed = |candle: &&Candle| candle.open_time >= from && Timeframe::M1.close_of(candle.open_time) < to;
        let candles = all.iter().filter(closed).copied().collect();
        future::ready(Ok(CandlePage { candles, next: None })).boxed()
    }

    fn listings(&self) -> Answer<'_, Vec<Listing>> {
        self.exchange.as_ref().map_or_else(none, |exchange| exchange.listings())
    }

    fn trades<'a>(&'a self, _: &'a Symbol, _: TradesFrom) -> Answer<'a, Vec<Trade>> {
        none()
    }

    fn ticker<'a>(&'a self, _: &'a Symbol) -> Answer<'a, Ticker> {
        none()
    }

    fn book<'a>(&'a self, _: &'a Symbol, _: u16) -> Answer<'a, Snapshot> {
        none()
    }

    fn closes(&self, _: &Market) -> BoxStream<'static, CandleNews> {
        let next = |mut news: broadcast::Receiver<CandleNews>| async move { Some((news.recv().await.ok()?, news)) };
        stream::once(future::ready(CandleNews::Connected)).chain(stream::unfold(self.news.subscribe(), next)).boxed()
    }
}
