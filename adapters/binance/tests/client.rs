//! The client against an exchange that is ill, angry or lies.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use axum::{
    Router,
    body::Body,
    http::{StatusCode, Uri},
    response::{IntoResponse, Response},
};
use binance::{Binance, Failure, Priority};
use common::client_of;
use kit::Time;
use market_data::{Source, SourceError, Ticker, TradesFrom};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};
use trading::{
    book::Level,
    time::{Timeframe, Timestamp},
    trades::{Trade, TradeKind, check_all},
};

type Reply = Box<dyn FnOnce() -> Response + Send>;

/// An exchange on loopback that answers as it was told, one reply after the other, and records what it was asked.
struct Fake {
    client: Binance,
    asked: Arc<Mutex<Vec<String>>>,
}

/// 2024-01-01T00:00:00Z.
const START: i64 = 1_704_067_200_000;
const MINUTE: i64 = 60_000;

async fn fake(replies: Vec<Reply>, now: i64) -> Fake {
    let (replies, asked) = (Arc::new(Mutex::new(VecDeque::from(replies))), Arc::new(Mutex::new(vec![])));
    let recorded = asked.clone();
    let answer = move |uri: Uri| {
        recorded.lock().unwrap().push(uri.to_string());
        let reply = replies.lock().unwrap().pop_front();
        async move {
            match reply {
                Some(reply) => reply(),
                // it never answers
                None => std::future::pending().await,
            }
        }
    };
    Fake { client: client_of(Router::new().fallback(answer), 3, now).await, asked }
}

fn reply(reply: impl IntoResponse + Send + 'static) -> Reply {
    Box::new(move || reply.into_response())
}

fn kline(minute: i64) -> String {
    let open = START + minute * MINUTE;
    format!(r#"[{open},"1.5","2","1","1.75","10.5",{},"0",3,"0","0","0"]"#, open + MINUTE - 1)
}

fn klines(minutes: &[i64]) -> Reply {
    let rows: Vec<_> = minutes.iter().map(|minute| kline(*minute)).collect();
    reply(format!("[{}]", rows.join(",")))
}

impl Fake {
    /// The opening minutes of the candles of an hour.
    async fn minutes(&self) -> Result<Vec<i64>, Failure> {
        let span = (Timestamp::from_millis(START), Timestamp::from_millis(START + 60 * MINUTE));
        let symbol = "BTC/USDT".parse().unwrap();
        let page = self.client.klines(&symbol, Timeframe::M1, span, Priority::Query).await?;
        Ok(page.candles.iter().map(|candle| (candle.open_time.millis() - START) / MINUTE).collect())
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

fn message(name: &str) -> Reply {
    let path = format!("{}/../../samples/messages/binance_{name}.json", env!("CARGO_MANIFEST_DIR"));
    reply(std::fs::read_to_string(path).unwrap())
}

const LATER: i64 = START + 24 * 60 * MINUTE;

#[tokio::test]
async fn candles_are_asked_for_by_symbol_frame_and_span() {
    let fake = fake(vec![klines(&[0, 1, 3])], LATER).await;
    assert_eq!(fake.minutes().await, Ok(vec![0, 1, 3]));
    let asked = fake.asked.lock().unwrap().clone();
    let end = START + 60 * MINUTE - 1;
    let expected = format!("/api/v3/klines?symbol=BTCUSDT&interval=1m&startTime={START}&endTime={end}&limit=1000");
    assert_eq!(asked, [expected]);
}

#[tokio::test]
async fn a_candle_that_is_still_open_is_left_out_whatever_it_says_of_itself() {
    let now = START + 2 * MINUTE + 30_000;
    let fake = fake(
        vec![
            klines(&[0, 1, 2]),
            reply(format!(
                "[{}]",
                kline(2).replace(&(START + 3 * MINUTE - 1).to_string(), &(START + 2 * MINUTE).to_string())
            )),
        ],
        now,
    )
    .await;
    assert_eq!(fake.minutes().await, Ok(vec![0, 1]));
    assert_eq!(fake.minutes().await, Ok(vec![]));
}

#[tokio::test]
async fn a_candle_that_ended_a_moment_ago_waits_until_clocks_must_agree() {
    let fake = fake(vec![klines(&[0])], START + MINUTE + 3_000).await;
    assert_eq!(fake.minutes().await, Ok(vec![]));
}

#[tokio::test]
async fn an_exchange_that_is_ill_for_a_moment_is_asked_again() {
    let ill = reply(StatusCode::BAD_GATEWAY);
    let broken = reply("[[1704067200000,\"1.5\"");
    let fake = fake(vec![ill, broken, klines(&[0])], LATER).await;
    assert_eq!(fake.minutes().await, Ok(vec![0]));
    assert_eq!(fake.asked(), 3);
}

#[tokio::test]
async fn an_exchange_that_stays_ill_is_given_up_after_so_many_attempts() {
    let fake = fake((0..9).map(|_| reply(StatusCode::SERVICE_UNAVAILABLE)).collect(), LATER).await;
    assert_eq!(fake.minutes().await, Err(Failure::Unavailable("the answer is 503 Service Unavailable".into())));
    assert_eq!(fake.asked(), 3);
}

#[tokio::test]
async fn an_exchange_that_never_answers_is_not_waited_for() {
    let fake = fake(vec![], LATER).await;
    assert_eq!(fake.minutes().await, Err(Failure::Unavailable("it takes too long".into())));
    assert_eq!(fake.asked(), 3);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_no_answer() {
    let parts = || {
        let parts = [Ok("[[1704067200000,"), Err(std::io::Error::other("broken off"))];
        Box::new(move || Body::from_stream(futures::stream::iter(parts)).into_response()) as Reply
    };
    let fake = fake(vec![parts(), parts(), parts()], LATER).await;
    assert_eq!(fake.minutes().await, Err(Failure::Unavailable("the connection fails".into())));
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let endless = || {
        let part = bytes::Bytes::from(vec![b' '; 1 << 20]);
        let parts = futures::stream::repeat_with(move || Ok::<_, std::io::Error>(part.clone()));
        Box::new(move || Body::from_stream(parts).into_response()) as Reply
    };
    let fake = fake(vec![endless(), endless(), endless()], LATER).await;
    assert_eq!(fake.minutes().await, Err(Failure::Malformed("the answer has more than 4194304 bytes".into())));
}

#[tokio::test]
async fn candles_that_cannot_be_true_are_refused_whole() {
    let zero = kline(0).replace("\"1\"", "\"0\"");
    let high = kline(0).replace("\"2\"", "\"1.6\"");
    for (rows, why) in [
        (format!("{},{}", kline(1), kline(0)), "follows the one of"),
        (format!("{},{}", kline(1), kline(1)), "follows the one of"),
        (kline(0).replace(&START.to_string(), &(START + 1).to_string()), "does not open on the 1m grid"),
        (kline(60), "was not asked for"),
        (kline(-1), "was not asked for"),
        (zero, "a price must be above 0"),
        (high, "has its high"),
        (kline(0).replace("\"10.5\"", "10.5"), "a decimal number as a text"),
        (kline(0).replace("\"10.5\"", "\"NaN\""), "is not a decimal number"),
    ] {
        let replies = (0..3).map(|_| reply(format!("[{rows}]"))).collect();
        let Err(Failure::Malformed(message)) = fake(replies, LATER).await.minutes().await else { panic!("{rows}") };
        assert!(message.contains(why), "{message}");
    }
}

#[tokio::test]
async fn what_the_exchange_refuses_is_not_asked_again() {
    let refused = reply((StatusCode::BAD_REQUEST, r#"{"code":-1121,"msg":"Invalid symbol."}"#));
    let fake = fake(vec![refused], LATER).await;
    assert_eq!(fake.minutes().await, Err(Failure::Refused { code: -1121, message: "Invalid symbol.".into() }));
    assert_eq!(fake.asked(), 1);
}

#[tokio::test]
async fn after_too_many_requests_the_next_one_waits_as_long_as_was_said() {
    let too_many = reply((StatusCode::TOO_MANY_REQUESTS, [("retry-after", "1")], ""));
    let fake = fake(vec![too_many, klines(&[0])], LATER).await;
    let start = std::time::Instant::now();
    assert_eq!(fake.minutes().await, Ok(vec![0]));
    assert!(start.elapsed() >= Duration::from_secs(1));
    assert_eq!(fake.asked(), 2);
}

#[tokio::test]
async fn a_ban_is_told_with_its_end_and_keeps_everyone_in() {
    let banned = reply((StatusCode::IM_A_TEAPOT, [("retry-after", "3600")], ""));
    let fake = fake(vec![banned], LATER).await;
    let until = Time::from_millis(LATER + 3_600_000);
    assert_eq!(fake.minutes().await, Err(Failure::Limited { until }));
    assert_eq!(fake.asked(), 1);
    let gate = fake.client.gate();
    let waits = tokio::time::timeout(Duration::from_millis(20), gate.pass(Priority::Cancel, 1)).await;
    assert!(waits.is_err(), "even a cancel waits");
    let later = tokio::time::timeout(Duration::from_secs(5), fake.minutes()).await;
    assert_eq!(later, Ok(Err(Failure::Limited { until })), "nobody stands before the gate until the end of a ban");
    assert_eq!(fake.asked(), 1);
}

#[tokio::test]
async fn the_weight_that_the_exchange_has_counted_is_believed() {
    let told = Box::new(|| ([("x-mbx-used-weight-1m", "4999")], "{}").into_response()) as Reply;
    let fake = fake(vec![told], LATER).await;
    fake.client.ping().await.unwrap();
    let gate = fake.client.gate();
    let waits = tokio::time::timeout(Duration::from_millis(20), gate.pass(Priority::Cancel, 2)).await;
    assert!(waits.is_err(), "others have spent it all");
}

#[tokio::test]
async fn trades_are_asked_for_from_a_time_and_then_by_their_numbers() {
    let fake = fake(vec![message("aggregate_trades"), reply("[]")], LATER).await;
    let (source, symbol) = (&fake.client as &dyn Source, "BNB/BTC".parse().unwrap());
    let told = source.trades(&symbol, TradesFrom::Time(Timestamp::from_millis(START))).await.unwrap();
    let trade = Trade {
        id: 26_129,
        time: Timestamp::from_millis(1_498_793_709_153),
        price: "0.01633102".parse().unwrap(),
        quantity: "4.70443515".parse().unwrap(),
        quote: None,
        buyer_is_maker: true,
        parts: Some((27_781, 27_781)),
    };
    assert_eq!((told.as_slice(), check_all(TradeKind::Aggregate, &told)), ([trade].as_slice(), Ok(())));
    assert_eq!(source.trades(&symbol, TradesFrom::Number(26_130)).await, Ok(vec![]));
    let asked = fake.asked.lock().unwrap().clone();
    let path = "/api/v3/aggTrades?symbol=BNBBTC&limit=1000";
    assert_eq!(asked, [format!("{path}&startTime={START}"), format!("{path}&fromId=26130")]);
}

#[tokio::test]
async fn a_ticker_is_told_with_its_best_prices_by_one_request() {
    let fake = fake(vec![message("ticker")], LATER).await;
    let (source, symbol) = (&fake.client as &dyn Source, "BNB/BTC".parse().unwrap());
    let level = |price: &str| Some(Level { price: price.parse().unwrap(), quantity: "100".parse().unwrap() });
    let expected = Ticker {
        open: "99".parse().unwrap(),
        high: "100".parse().unwrap(),
        low: "0.1".parse().unwrap(),
        last: "4.000002".parse().unwrap(),
        volume: "8913.3".parse().unwrap(),
        quote_volume: "15.3".parse().unwrap(),
        bid: level("4"),
        ask: level("4.000002"),
        at: Timestamp::from_millis(1_499_869_899_040),
    };
    assert_eq!(source.ticker(&symbol).await, Ok(expected));
    assert_eq!(*fake.asked.lock().unwrap(), ["/api/v3/ticker/24hr?symbol=BNBBTC"]);
}

#[tokio::test]
async fn a_symbol_without_a_ticker_is_not_known() {
    let refused = reply((StatusCode::BAD_REQUEST, r#"{"code":-1121,"msg":"Invalid symbol."}"#));
    let fake = fake(vec![refused], LATER).await;
    let answer = (&fake.client as &dyn Source).ticker(&"BNB/BTC".parse().unwrap()).await;
    assert_eq!(answer, Err(SourceError::UnknownSymbol));
}
