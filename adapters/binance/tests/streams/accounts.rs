//! The events of accounts.

use crate::fake::{Fake, NOW, Peer, key, next};
use axum::{extract::ws::Message, http::StatusCode};
use binance::{Priority, Settings};
use exchanges::{AccountNews, Trader, VenueError};
use futures::stream::BoxStream;
use serde_json::{Value, json};
use std::{sync::atomic::Ordering::SeqCst, time::Duration};
use tokio::time::timeout;

type News = BoxStream<'static, AccountNews>;

/// Somebody who listens, and the exchange's end.
async fn listening(fake: &mut Fake) -> (News, Peer) {
    let mut news = fake.news();
    let mut peer = fake.peer().await;
    peer.lets_listen().await;
    assert_eq!(next(&mut news).await, AccountNews::Connected);
    (news, peer)
}

fn order(id: &str) -> AccountNews {
    AccountNews::Order(id.to_owned())
}

async fn interrupted(news: &mut News) -> VenueError {
    match next(news).await {
        AccountNews::Interrupted(why) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn it_is_asked_for_by_the_exchanges_clock_and_garbage_is_passed_over() {
    let mut fake = Fake::start().await;
    fake.ahead.store(7_000, SeqCst);
    let mut news = fake.news();
    let mut peer = fake.peer().await;
    let asked = peer.lets_listen().await;
    assert_eq!(asked["method"], "userDataStream.subscribe.signature");
    assert_eq!((&asked["params"]["apiKey"], &asked["params"]["timestamp"]), (&json!("key"), &json!(NOW + 7_000)));
    assert_eq!(next(&mut news).await, AccountNews::Connected);
    for garbage in ["", "{", "[]", "null", "{}", r#"{"event":{}}"#, r#"{"event":{"e":"executionReport","x":"TRADE"}}"#]
    {
        peer.say(garbage).await;
    }
    peer.send(Message::Binary(vec![0xFF; 100].into())).await;
    peer.executed(&"x".repeat(65)).await;
    peer.executed("bot-1").await;
    assert_eq!(next(&mut news).await, order("bot-1"));
    peer.send(Message::Ping(vec![7].into())).await;
    assert_eq!(peer.receive().await, Some(Message::Pong(vec![7].into())));
}

#[tokio::test]
async fn a_connection_is_shared_by_all_who_listen_by_a_key_and_ends_with_the_last_of_them() {
    let mut fake = Fake::start().await;
    let (mut one, mut peer) = listening(&mut fake).await;
    let mut other = fake.news();
    assert_eq!(next(&mut other).await, AccountNews::Connected);
    peer.executed("bot-1").await;
    assert_eq!((next(&mut one).await, next(&mut other).await), (order("bot-1"), order("bot-1")));
    drop(one);
    peer.executed("bot-2").await;
    assert_eq!(next(&mut other).await, order("bot-2"));
    // another secret is another account
    let _stranger = fake.client.news(&key("a wrong secret"));
    let mut strangers = fake.peer().await;
    drop(other);
    peer.is_left().await;
    strangers.lets_listen().await;
    let _again = listening(&mut fake).await;
}

#[tokio::test]
async fn a_connection_that_ends_is_made_anew() {
    let over = json!({ "subscriptionId": 0, "event": { "e": "eventStreamTerminated", "E": NOW } }).to_string();
    let mut fake = Fake::start().await;
    let (mut news, mut peer) = listening(&mut fake).await;
    for end in [Some(Message::Close(None)), Some(Message::text(over)), Some(Message::text("x".repeat(2 << 20))), None] {
        match end {
            Some(message) => peer.send(message).await,
            None => drop(peer),
        }
        assert!(matches!(interrupted(&mut news).await, VenueError::Unavailable { until: None, .. }));
        peer = fake.peer().await;
        peer.lets_listen().await;
        assert_eq!(next(&mut news).await, AccountNews::Connected);
        peer.executed("bot-1").await;
        assert_eq!(next(&mut news).await, order("bot-1"));
    }
}

#[tokio::test]
async fn silence_and_age_end_a_connection() {
    let (short, long) = (Duration::from_millis(50), Duration::from_secs(3_600));
    for (silence, life) in [(short, long), (long, short)] {
        let mut fake = Fake::with(|settings| Settings { silence, life, ..settings }).await;
        let (mut news, _peer) = listening(&mut fake).await;
        interrupted(&mut news).await;
        let mut peer = fake.peer().await;
        peer.lets_listen().await;
        assert_eq!(next(&mut news).await, AccountNews::Connected);
    }
}

async fn refused(fake: &mut Fake, news: &mut News, status: u16, error: Value) -> VenueError {
    let mut peer = fake.peer().await;
    let asked = peer.asked().await;
    peer.answer(&asked, json!({ "status": status, "error": error })).await;
    interrupted(news).await
}

#[tokio::test]
async fn a_key_that_is_refused_is_told_as_it_is_otherwise_and_left_alone() {
    for code in [-1022, -2014, -2015] {
        let mut fake = Fake::start().await;
        let mut news = fake.news();
        let why = refused(&mut fake, &mut news, 400, json!({ "code": code, "msg": "Some words." })).await;
        assert_eq!(why, VenueError::KeyRefused(format!("Some words. ({code})")));
        assert!(fake.is_left_alone().await, "{code}");
        assert!(matches!(next(&mut fake.news()).await, AccountNews::Interrupted(VenueError::KeyRefused(_))));
    }
}

#[tokio::test]
async fn after_a_refusal_of_the_clock_it_is_measured() {
    let mut fake = Fake::start().await;
    let mut news = fake.news();
    fake.ahead.store(90_000, SeqCst);
    let mut peer = fake.peer().await;
    let asked = peer.asked().await;
    peer.answer(&asked, json!({ "status": 400, "error": { "code": -1021, "msg": "Some words." } })).await;
    assert_eq!(interrupted(&mut news).await, VenueError::Clock("Some words.".to_owned()));
    let asked = fake.peer().await.lets_listen().await;
    assert_eq!(asked["params"]["timestamp"], NOW + 90_000);
}

#[tokio::test]
async fn too_many_requests_stop_everybody() {
    let is_stopped = async |fake: &Fake| {
        let gate = fake.client.gate();
        timeout(Duration::from_millis(20), gate.pass(Priority::Cancel, 1)).await.is_err()
    };
    let until = |why| match why {
        VenueError::Unavailable { until: Some(until), .. } => (until.millis() - NOW) / 1_000,
        other => panic!("{other:?}"),
    };
    let mut fake = Fake::start().await;
    let mut news = fake.news();
    let moments = json!({ "serverTime": NOW, "retryAfter": NOW + 3_600_000 });
    let error = json!({ "code": -1003, "msg": "Some words.", "data": moments });
    assert_eq!(until(refused(&mut fake, &mut news, 418, error).await), 3_600);
    assert!(is_stopped(&fake).await && fake.is_left_alone().await);
    // whoever may not even connect
    let mut fake = Fake::start().await;
    fake.refuse((StatusCode::TOO_MANY_REQUESTS, [("retry-after", "7")]));
    assert_eq!(until(interrupted(&mut fake.news()).await), 7);
    assert!(is_stopped(&fake).await && fake.is_left_alone().await);
}

#[tokio::test]
async fn nobody_connects_beyond_the_budget() {
    let mut fake = Fake::start().await;
    fake.client.time().await.unwrap();
    fake.client.gate().stop(Duration::from_secs(3_600));
    let _news = fake.news();
    assert!(fake.is_left_alone().await);
}

#[tokio::test]
async fn an_answer_that_is_no_connection_is_a_failure() {
    let mut fake = Fake::start().await;
    for answer in [StatusCode::OK, StatusCode::BAD_GATEWAY, StatusCode::FORBIDDEN] {
        fake.refuse(answer);
        let mut news = fake.news();
        assert!(matches!(interrupted(&mut news).await, VenueError::Unavailable { until: None, .. }));
        fake.peer().await;
    }
}

#[tokio::test]
async fn whoever_listens_too_slowly_holds_nobody_up_and_is_told_how_it_stands() {
    let mut fake = Fake::start().await;
    let (mut slow, mut peer) = listening(&mut fake).await;
    let mut quick = fake.news();
    assert_eq!(next(&mut quick).await, AccountNews::Connected);
    for number in 0..1_000 {
        let id = format!("bot-{number}");
        peer.executed(&id).await;
        assert_eq!(next(&mut quick).await, order(&id));
    }
    assert_eq!(next(&mut slow).await, AccountNews::Connected, "it may have missed something");
    let mut last = next(&mut slow).await;
    while last != order("bot-999") {
        last = next(&mut slow).await;
    }
}
