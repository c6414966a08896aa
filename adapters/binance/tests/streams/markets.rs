//! Candles that close.

use crate::fake::{Fake, Peer, next};
use axum::extract::ws::Message;
use binance::Settings;
use futures::stream::BoxStream;
use market_data::{CandleNews, Market, Source};
use serde_json::{Value, json};
use std::time::Duration;
use trading::{candle::Candle, time::Timestamp};

type News = BoxStream<'static, CandleNews>;

fn market(symbol: &str) -> Market {
    Market { exchange: "binance".parse().unwrap(), symbol: symbol.parse().unwrap(), timeframe: "1m".parse().unwrap() }
}

fn kline(symbol: &str, open_time: i64, closed: bool) -> String {
    let kline = json!({
        "t": open_time, "i": "1m", "o": "1.5", "h": "2", "l": "1", "c": "1.75", "v": "10", "x": closed
    });
    let data = json!({ "e": "kline", "E": open_time + 60_000, "s": symbol, "k": kline });
    json!({ "stream": "a@kline_1m", "data": data }).to_string()
}

fn closed(open_time: i64) -> CandleNews {
    let price = |text: &str| text.parse().unwrap();
    CandleNews::Closed(Candle {
        open_time: Timestamp::from_millis(open_time),
        open: price("1.5"),
        high: price("2"),
        low: price("1"),
        close: price("1.75"),
        volume: "10".parse().unwrap(),
    })
}

/// Answers the next request; gives what it was.
async fn granted(peer: &mut Peer) -> Value {
    let asked = peer.asked().await;
    peer.answer(&asked, json!({ "result": null })).await;
    json!([asked["method"], asked["params"]])
}

/// Somebody who follows a market, and the exchange's end.
async fn following(fake: &mut Fake) -> (News, Peer) {
    let mut news = fake.client.closes(&market("BTC/USDT"));
    let mut peer = fake.peer().await;
    assert_eq!(granted(&mut peer).await, json!(["SUBSCRIBE", ["btcusdt@kline_1m"]]));
    assert_eq!(next(&mut news).await, CandleNews::Connected);
    (news, peer)
}

#[tokio::test]
async fn one_connection_serves_all_who_follow_any_market_and_ends_with_the_last_of_them() {
    let mut fake = Fake::start().await;
    let (mut bitcoin, mut peer) = following(&mut fake).await;
    let mut other = fake.client.closes(&market("BTC/USDT"));
    assert_eq!(next(&mut other).await, CandleNews::Connected);
    let mut ether = fake.client.closes(&market("ETH/USDT"));
    assert_eq!(granted(&mut peer).await, json!(["SUBSCRIBE", ["ethusdt@kline_1m"]]));
    assert_eq!(next(&mut ether).await, CandleNews::Connected);
    peer.say(kline("BTCUSDT", 0, false)).await;
    peer.say(kline("ETHUSDT", 60_000, true)).await;
    peer.say(kline("BTCUSDT", 120_000, true)).await;
    assert_eq!(next(&mut ether).await, closed(60_000));
    assert_eq!(next(&mut bitcoin).await, closed(120_000));
    assert_eq!(next(&mut other).await, closed(120_000));
    drop(ether);
    assert_eq!(granted(&mut peer).await, json!(["UNSUBSCRIBE", ["ethusdt@kline_1m"]]));
    drop((bitcoin, other));
    peer.is_left().await;
    let _again = following(&mut fake).await;
}

#[tokio::test]
async fn what_was_followed_is_followed_again_after_a_connection_has_ended() {
    let mut fake = Fake::start().await;
    let (mut news, mut peer) = following(&mut fake).await;
    for end in [Some(Message::Close(None)), Some(Message::text("x".repeat(2 << 20))), None] {
        match end {
            Some(message) => peer.send(message).await,
            None => drop(peer),
        }
        assert_eq!(next(&mut news).await, CandleNews::Interrupted);
        peer = fake.peer().await;
        assert_eq!(granted(&mut peer).await, json!(["SUBSCRIBE", ["btcusdt@kline_1m"]]));
        assert_eq!(next(&mut news).await, CandleNews::Connected);
    }
    peer.say(kline("BTCUSDT", 0, true)).await;
    assert_eq!(next(&mut news).await, closed(0));
}

#[tokio::test]
async fn silence_and_age_end_a_connection() {
    let (short, long) = (Duration::from_millis(50), Duration::from_secs(3_600));
    for (silence, life) in [(short, long), (long, short)] {
        let mut fake = Fake::with(|settings| Settings { silence, life, ..settings }).await;
        let (mut news, _peer) = following(&mut fake).await;
        assert_eq!(next(&mut news).await, CandleNews::Interrupted);
        fake.peer().await;
    }
}

#[tokio::test]
async fn garbage_and_refusals_are_passed_over() {
    let mut fake = Fake::start().await;
    let mut news = fake.client.closes(&market("BTC/USDT"));
    let mut peer = fake.peer().await;
    let asked = peer.asked().await;
    peer.answer(&asked, json!({ "error": { "code": 2, "msg": "Some words." } })).await;
    for garbage in ["", "{", "[]", "null", r#"{"id":-1}"#, r#"{"e":"kline","s":"BTCUSDT"}"#] {
        peer.say(garbage).await;
    }
    peer.send(Message::Binary(vec![0xFF; 100].into())).await;
    // nobody said that it would be told, and it is told nevertheless
    peer.say(kline("BTCUSDT", 0, true)).await;
    assert_eq!(next(&mut news).await, closed(0));
}
