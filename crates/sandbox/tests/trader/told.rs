//! What the exchange tells without being asked.

use crate::desk::{Desk, btc, resting};
use exchanges::{AccountNews, Credentials, VenueError};
use futures::{StreamExt, stream::BoxStream};
use market_data::{CandleNews, Market, Source};
use reqwest::Method;
use serde_json::json;
use std::time::Duration;
use tokio::time::timeout;

async fn next<T>(news: &mut BoxStream<'static, T>) -> T {
    timeout(Duration::from_secs(20), news.next()).await.unwrap().unwrap()
}

fn order(id: &str) -> AccountNews {
    AccountNews::Order(id.to_owned())
}

#[tokio::test]
async fn whatever_happens_to_an_order_is_told_by_its_name() {
    let desk = Desk::open().await;
    let mut news = desk.trader().news(&desk.key);
    assert_eq!(next(&mut news).await, AccountNews::Connected);
    for name in ["bot-1", "bot-2"] {
        desk.place(&resting(name)).await.unwrap();
    }
    desk.cancel("bot-1").await.unwrap();
    assert_eq!(next(&mut news).await, order("bot-1"), "under its own name, not that of the cancel");
    desk.sandbox.set_price("BTCUSDT", "49000").await;
    assert_eq!(next(&mut news).await, order("bot-2"));
}

#[tokio::test]
async fn a_connection_that_is_cut_in_the_place_of_a_message_says_so() {
    let desk = Desk::open().await;
    let mut news = desk.trader().news(&desk.key);
    assert_eq!(next(&mut news).await, AccountNews::Connected);
    desk.place(&resting("bot-1")).await.unwrap();
    desk.sandbox.fault(json!({ "kind": "cut-connection", "path": "user", "count": 1 })).await;
    desk.sandbox.set_price("BTCUSDT", "49000").await;
    assert!(matches!(next(&mut news).await, AccountNews::Interrupted(VenueError::Unavailable { .. })));
    assert_eq!(next(&mut news).await, AccountNews::Connected);
}

#[tokio::test]
async fn a_wrong_secret_is_refused_and_a_clock_that_differs_is_measured() {
    let desk = Desk::open().await;
    let wrong = Credentials::new(desk.key.key().to_owned(), "another".to_owned());
    let mut news = desk.trader().news(&wrong);
    let AccountNews::Interrupted(VenueError::KeyRefused(words)) = next(&mut news).await else { panic!("not refused") };
    assert!(words.ends_with("(-1022)"), "{words}");
    // the time has been measured, and changes
    desk.sandbox.fault(json!({ "kind": "clock-drift", "ms": 20_000 })).await;
    let mut news = desk.trader().news(&desk.key);
    assert!(matches!(next(&mut news).await, AccountNews::Interrupted(VenueError::Clock(_))));
    assert_eq!(next(&mut news).await, AccountNews::Connected);
}

#[tokio::test]
async fn a_candle_that_closes_is_told_as_it_is_answered_afterwards() {
    let desk = Desk::open().await;
    let timeframe = "1m".parse().unwrap();
    let market = Market { exchange: "binance".parse().unwrap(), symbol: btc(), timeframe };
    let mut news = desk.binance.closes(&market);
    assert_eq!(next(&mut news).await, CandleNews::Connected);
    for part in [30_000, 60_000] {
        desk.sandbox.step(part).await;
    }
    let CandleNews::Closed(candle) = next(&mut news).await else { panic!("no candle") };
    let kline = format!("/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=1&startTime={}", candle.open_time.millis());
    let answered = desk.sandbox.get(&kline).await.ok();
    let figure = |index: usize| answered[0][index].as_str().unwrap().parse().unwrap();
    assert_eq!((candle.open, candle.high, candle.low, candle.close), (figure(1), figure(2), figure(3), figure(4)));
    desk.sandbox.control(Method::DELETE, "connections", json!({})).await;
    assert_eq!(next(&mut news).await, CandleNews::Interrupted);
    assert_eq!(next(&mut news).await, CandleNews::Connected);
}
