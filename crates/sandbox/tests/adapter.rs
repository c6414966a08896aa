//! The platform's own client of Binance against the sandbox.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use binance::{
    Binance, Priority, Settings,
    parse::stream::{Event, read},
};
use common::{START, Sandbox, start, start_with};
use kit::{Clock, Ids, Time};
use sandbox::Replay;
use serde_json::json;
use trading::{
    book::{Book, State},
    candle::{Candle, Candles},
    money::Symbol,
    time::{Timeframe, Timestamp},
};

const MINUTE: i64 = 60_000;

fn client(sandbox: &Sandbox, now: i64) -> Binance {
    let base = format!("http://{}", sandbox.host).parse().unwrap();
    Binance::new(Settings::new(base, Clock::fixed(Time::from_millis(now)), Ids::seeded(1)))
}

fn btc() -> Symbol {
    "BTC/USDT".parse().unwrap()
}

#[tokio::test]
async fn it_understands_all_public_answers() {
    let sandbox = start().await;
    sandbox.step(10_000).await;
    let client = client(&sandbox, START + 10_000);
    client.ping().await.unwrap();
    assert_eq!(client.time().await.unwrap(), Timestamp::from_millis(START));
    let info = client.exchange_info(Priority::Query).await.unwrap();
    assert_eq!((info.listings.len(), info.left_out), (5, 0));
    let book = client.depth(&btc(), 20, Priority::Query).await.unwrap();
    assert_eq!((book.bids.len(), book.asks.len()), (20, 20));
    let trades = client.trades(&btc(), 10).await.unwrap();
    assert_eq!(trades.len(), 10);
    let aggregates = client.aggregate_trades(&btc(), None, Priority::Query).await.unwrap();
    assert_eq!(aggregates.last().unwrap().last_id, trades.last().unwrap().id);
    let best = client.best_prices(&btc()).await.unwrap();
    assert!(best.bid.price < best.ask.price);
    let ticker = client.ticker(&btc()).await.unwrap();
    assert_eq!(ticker.last_price, trades.last().unwrap().price);
}

#[tokio::test]
async fn a_replay_makes_the_candles_that_it_was_given() {
    let from_file = |minute: i64, prices: [&str; 4]| {
        let [open, high, low, close] = prices.map(|it| it.parse().unwrap());
        let open_time = Timestamp::from_millis(minute * MINUTE);
        Candle { open_time, open, high, low, close, volume: "12.5".parse().unwrap() }
    };
    let file: Vec<Candle> = [
        ["100", "101", "99", "100.5"],
        ["100.5", "103", "100", "102"],
        ["102", "102.25", "97", "98"],
        ["98", "110", "97.5", "109.99"],
    ]
    .into_iter()
    .zip(0..)
    .map(|(prices, minute)| from_file(minute, prices))
    .collect();
    let candles = Candles::collect(Timeframe::M1, file.clone()).unwrap();
    let sandbox = start_with(Some(("BTCUSDT", Replay::Candles(Box::new(candles))))).await;
    sandbox.step(4 * MINUTE).await;
    let client = client(&sandbox, START + 10 * MINUTE);
    let span = (Timestamp::from_millis(START - 5 * MINUTE), Timestamp::from_millis(START + 3 * MINUTE));
    let page = client.klines(&btc(), Timeframe::M1, span, Priority::Query).await.unwrap();
    // a quarter of the file is the past
    let figures = |it: &Candle| (it.open, it.high, it.low, it.close, it.volume);
    let expected: Vec<_> = file.iter().map(figures).collect();
    assert_eq!(page.candles.iter().map(figures).collect::<Vec<_>>(), expected);
    let times: Vec<i64> = page.candles.iter().map(|it| (it.open_time.millis() - START) / MINUTE).collect();
    assert_eq!(times, [-1, 0, 1, 2]);
}

#[tokio::test]
async fn it_understands_all_messages_of_streams() {
    let sandbox = start().await;
    let streams = ["depth@100ms", "trade", "bookTicker", "kline_1m"].map(|it| format!("btcusdt@{it}"));
    let mut socket = sandbox.socket(&format!("/stream?streams={}", streams.join("/"))).await;
    socket.ask(json!({ "method": "LIST_SUBSCRIPTIONS", "id": 0 })).await;
    let snapshot = client(&sandbox, START).depth(&btc(), 5_000, Priority::Query).await.unwrap();
    let mut book = Book::new(5_000);
    book.snapshot(&snapshot).unwrap();
    let (mut depths, mut others) = (0, std::collections::BTreeSet::new());
    for _ in 0..3 {
        sandbox.step(1_000).await;
        loop {
            let message = socket.hear().await.unwrap().to_string();
            let message = read(&message).unwrap();
            assert_eq!(message.symbol, "BTCUSDT");
            match message.event {
                Event::Depth { diff, .. } => {
                    if diff.last_id > snapshot.last_id {
                        book.update(&diff).unwrap();
                    }
                    depths += 1;
                    break;
                }
                Event::Trade { .. } => others.insert("trade"),
                Event::BestPrices { .. } => others.insert("best"),
                Event::Kline { .. } => others.insert("kline"),
            };
        }
    }
    assert_eq!(depths, 3);
    assert_ne!(book.state(), State::Waiting);
    assert!(others.contains("trade") && others.contains("best"));
}

#[tokio::test]
async fn a_recording_is_the_book_and_the_trades_as_they_were() {
    let lines = [
        r#"1000000000 {"lastUpdateId":5,"bids":[["60000.00","1.0"],["59999.00","2.0"]],"asks":[["60001.00","1.0"]]}"#,
        r#"3000000000 {"data":{"e":"trade","s":"BTCUSDT","p":"60000.00","q":"0.6","m":true}}"#,
        r#"5000000000 {"data":{"e":"trade","s":"BTCUSDT","p":"60000.00","q":"0.7","m":true}}"#,
        r#"7000000000 {"data":{"e":"depthUpdate","s":"BTCUSDT","U":6,"u":7,"b":[["60000.00","0"]],"a":[]}}"#,
    ];
    let bytes = lines.join("\n").into_bytes();
    let sandbox = start_with(Some(("BTCUSDT", Replay::Streams(bytes)))).await;
    let order = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.5&price=60000&newClientOrderId=queued";
    sandbox.order(order).await.ok();
    let executed = async || {
        let which = "symbol=BTCUSDT&origClientOrderId=queued";
        sandbox.signed(reqwest::Method::GET, "/api/v3/order", which).await.ok()["executedQty"].clone()
    };
    // one coin stands before it: 0.6 pass, then 0.4 more, and 0.3 are its own
    sandbox.step(2_500).await;
    assert_eq!(executed().await, "0.00000000");
    sandbox.step(2_000).await;
    assert_eq!(executed().await, "0.30000000");
    sandbox.step(2_000).await;
    let depth = sandbox.get("/api/v3/depth?symbol=BTCUSDT").await.ok();
    assert_eq!(depth["bids"][0], json!(["60000.00000000", "0.20000000"]));
    sandbox.state().await;
}
