use crate::common::{Server, connect};
use chrono::TimeDelta;
use futures::{
    FutureExt, StreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use market_data::{CandleNews, CandlePage, Listing, Market, Source, SourceError, Sources, Ticker, TradesFrom};
use std::sync::{Arc, Mutex};
use testkit::{PgPool, db_test, json};
use trading::{
    book::Snapshot,
    candle::Candle,
    money::Symbol,
    time::{Timeframe, Timestamp},
    trades::Trade,
};

/// An exchange that counts how often it is asked, and has a candle for each minute.
#[derive(Clone, Default)]
struct Fake(Arc<Mutex<Asked>>);

#[derive(Default)]
struct Asked {
    candles: usize,
    tickers: usize,
    away: bool,
}

fn candle(open_time: Timestamp) -> Candle {
    let price = |text: &str| text.parse().unwrap();
    let (open, high, low, close) = (price("100"), price("103"), price("99"), price("101"));
    Candle { open_time, open, high, low, close, volume: "7".parse().unwrap() }
}

impl Source for Fake {
    fn exchange(&self) -> &'static str {
        "binance"
    }

    fn candles<'a>(
        &'a self,
        market: &'a Market,
        from: Timestamp,
        to: Timestamp,
    ) -> BoxFuture<'a, Result<CandlePage, SourceError>> {
        async move {
            let mut asked = self.0.lock().unwrap();
            asked.candles += 1;
            if asked.away {
                return Err(SourceError::Unavailable { message: "away".to_owned(), until: None });
            }
            if market.symbol.as_str() != "BTC/USDT" {
                return Err(SourceError::UnknownSymbol);
            }
            let (frame, mut open, mut candles) = (Timeframe::M1, Timeframe::M1.floor(from), vec![]);
            while frame.close_of(open) < to {
                candles.push(candle(open));
                open = frame.next(open);
            }
            Ok(CandlePage { candles, next: None })
        }
        .boxed()
    }

    fn closes(&self, _: &Market) -> BoxStream<'static, CandleNews> {
        stream::pending().boxed()
    }

    fn listings(&self) -> BoxFuture<'_, Result<Vec<Listing>, SourceError>> {
        async { Ok(vec![]) }.boxed()
    }

    fn trades<'a>(&'a self, _: &'a Symbol, _: TradesFrom) -> BoxFuture<'a, Result<Vec<Trade>, SourceError>> {
        async { Ok(vec![]) }.boxed()
    }

    fn ticker<'a>(&'a self, _: &'a Symbol) -> BoxFuture<'a, Result<Ticker, SourceError>> {
        async {
            self.0.lock().unwrap().tickers += 1;
            let price = |text: &str| text.parse().unwrap();
            Ok(Ticker {
                open: price("100"),
                high: price("110"),
                low: price("90"),
                last: price("105"),
                volume: "5".parse().unwrap(),
                quote_volume: "500".parse().unwrap(),
                bid: None,
                ask: None,
                at: Timestamp::from_millis(1_767_614_400_000),
            })
        }
        .boxed()
    }

    fn book<'a>(&'a self, _: &'a Symbol, _: u16) -> BoxFuture<'a, Result<Snapshot, SourceError>> {
        async { Err(SourceError::UnknownSymbol) }.boxed()
    }
}

async fn server(db: PgPool) -> (Server, Fake) {
    let fake = Fake::default();
    let sources = Sources::new(vec![Arc::new(fake.clone())]);
    (Server::with(db, |parts| parts.provide(sources)).await, fake)
}

#[db_test]
async fn candles_are_told_as_they_close_and_the_exchange_is_asked_once_for_all(db: PgPool) {
    let (server, fake) = server(db).await;
    let topic = "candles:binance:BTC/USDT:1m";
    let mut talks = vec![];
    for _ in 0..5 {
        let member = server.member(["market-data:read"]).await;
        let mut talk = connect(server.at, &member).await.ok().unwrap();
        talk.subscribe(&[topic], None).await;
        // whoever comes later is told at once what was told last
        let event = talk.hear().await;
        assert_eq!((&event["topic"], &event["data"]["openTime"]), (&json!(topic), &json!("2026-01-05T11:59:00.000Z")));
        assert_eq!((&event["data"]["close"], &event["data"]["origin"]), (&json!("101"), &json!("exchange")));
        assert!(event["cursor"].is_null());
        talks.push(talk);
    }
    server.clock().advance(TimeDelta::seconds(61));
    for talk in &mut talks {
        assert_eq!(talk.event().await.0["openTime"], "2026-01-05T12:00:00.000Z");
    }
    // and after a while in which the exchange was away, all that it has closed meanwhile
    fake.0.lock().unwrap().away = true;
    server.clock().advance(TimeDelta::seconds(60));
    while fake.0.lock().unwrap().candles < 3 {
        tokio::task::yield_now().await;
    }
    fake.0.lock().unwrap().away = false;
    server.clock().advance(TimeDelta::seconds(60));
    for minute in ["12:01", "12:02"] {
        for talk in &mut talks {
            assert_eq!(talk.event().await.0["openTime"], format!("2026-01-05T{minute}:00.000Z"));
        }
    }
    assert_eq!(fake.0.lock().unwrap().candles, 4);
}

#[db_test]
async fn a_ticker_is_told_at_once_and_again_after_a_while(db: PgPool) {
    let (server, fake) = server(db).await;
    let ana = server.member(["market-data:read"]).await;
    let mut talk = connect(server.at, &ana).await.ok().unwrap();
    talk.subscribe(&["ticker:binance:BTC/USDT"], None).await;
    assert_eq!(talk.event().await.0["last"], "105");
    server.clock().advance(TimeDelta::seconds(5));
    assert_eq!(talk.event().await.0["changePercent"], "5");
    assert_eq!(fake.0.lock().unwrap().tickers, 2);
}

#[db_test]
async fn a_market_that_there_is_not_ends_its_topic_and_nothing_else(db: PgPool) {
    let (server, _) = server(db).await;
    let ana = server.member(["market-data:read"]).await;
    let mut talk = connect(server.at, &ana).await.ok().unwrap();
    for (topic, code) in
        [("candles:binance:XYZ/USDT:1m", "UNKNOWN_SYMBOL"), ("candles:kraken:BTC/USDT:1m", "VALIDATION_ERROR")]
    {
        talk.subscribe(&[topic], None).await;
        let error = talk.hear().await;
        assert_eq!((&error["code"], &error["topic"]), (&json!(code), &json!(topic)), "{error}");
        talk.say(&json!({ "op": "unsubscribe", "topics": [topic] })).await;
        assert_eq!(talk.refused().await, "NOT_SUBSCRIBED");
    }
    talk.subscribe(&["candles:binance:BTC/USDT:1m"], None).await;
    talk.event().await;
}
