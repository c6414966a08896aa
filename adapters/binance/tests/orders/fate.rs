//! Whether an order was taken.

use crate::fake::{Fake, NOW, key, known, limit, refusal, reply, told, valid};
use axum::{body::Body, http::StatusCode};
use binance::{Binance, Failure, Priority, Settings};
use exchanges::{OrderReport, Trader, Validity, VenueError};
use kit::{Clock, Ids, Time, chrono::TimeDelta};
use std::time::Duration;

#[tokio::test]
async fn an_order_is_sent_once_and_every_answer_says_whether_it_may_have_been_taken() {
    let fake = Fake::start().await;
    fake.say([reply(told("bot-1"))]);
    fake.place(&limit()).await.unwrap();
    fake.asked();
    let mut cases = vec![];
    for status in (400..=499).filter(|status| !matches!(status, 418 | 429)) {
        let codes = [(-2010, "refused"), (-1013, "refused"), (-2015, "key"), (-1003, "not taken"), (-1007, "unknown")];
        cases.extend(codes.map(|(code, known)| (status, refusal(status, code), known)));
        cases.push((status, reply(StatusCode::from_u16(status).unwrap()), "unknown"));
    }
    for status in (300..=399).chain(500..=599) {
        cases.push((status, refusal(status, -1006), "unknown"));
        cases.push((status, refusal(status, -2010), "unknown"));
    }
    for body in ["", "{", "[]", "{}", "null", &told("bot-2"), &told("bot-1").replace("NEW", "FILLED")] {
        cases.push((200, reply(body.to_owned()), "unknown"));
    }
    let parts = [Ok("{\"symbol\":"), Err(std::io::Error::other("broken off"))];
    cases.push((200, reply(Body::from_stream(futures::stream::iter(parts))), "unknown"));
    for (status, answer, expected) in cases {
        let about = format!("{status} {expected}");
        fake.say([answer]);
        assert_eq!(known(&fake.place(&limit()).await), expected, "{about}");
        assert_eq!(fake.asked().len(), 1, "{about}");
    }
    assert_eq!(known(&fake.place(&limit()).await), "unknown", "nobody answers");
    assert_eq!(fake.asked().len(), 1);
}

#[tokio::test]
async fn after_a_refusal_of_the_clock_it_is_measured_and_nothing_sent_again() {
    let fake = Fake::start().await;
    fake.say([refusal(400, -1021)]);
    assert_eq!(fake.place(&limit()).await, Err(VenueError::Clock("Some words.".to_owned())));
    let asked: Vec<_> = fake.asked().iter().map(|it| it.split('?').next().unwrap().to_owned()).collect();
    assert_eq!(asked, ["GET /api/v3/time", "POST /api/v3/order", "GET /api/v3/time"]);
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let base = format!("http://{closed}").parse().unwrap();
    let clock = Clock::fixed(Time::from_millis(NOW));
    let client = Binance::new(Settings { attempts: 1, ..Settings::new(base, clock, Ids::seeded(1)) });
    assert_eq!(client.ping().await, Err(Failure::Unreached("there is no connection".to_owned())));
    assert_eq!(known(&client.place(&key(), &limit(), valid()).await), "not taken");
}

#[tokio::test]
async fn an_order_that_would_be_sent_too_late_is_not_sent() {
    let fake = Fake::start().await;
    let over = Validity { from: Time::from_millis(NOW - 4_001), millis: 4_000 };
    assert_eq!(known(&fake.client.place(&key(), &limit(), over).await), "not taken");
    // longer than the exchange lets anything be valid
    let long = Validity { from: Time::from_millis(NOW - 60_001), millis: u32::MAX };
    assert_eq!(known(&fake.client.place(&key(), &limit(), long).await), "not taken");
    // it waits for its turn while time passes
    fake.client.gate().stop(Duration::from_millis(50));
    let later = async { fake.clock.advance(TimeDelta::milliseconds(3_001)) };
    let order = limit();
    let (placed, ()) = tokio::join!(fake.place(&order), later);
    assert_eq!(known(&placed), "not taken");
    // nobody waits for a turn that comes too late
    fake.client.gate().stop(Duration::from_secs(3_600));
    let short = Validity { from: Time::from_millis(NOW + 3_001), millis: 10 };
    assert_eq!(known(&fake.client.place(&key(), &limit(), short).await), "not taken");
    assert_eq!(fake.asked(), ["GET /api/v3/time?"]);
}

#[tokio::test]
async fn too_many_requests_stop_everybody_and_too_many_orders_their_account() {
    let until = |answer: Result<OrderReport, VenueError>| match answer {
        Err(VenueError::Unavailable { until, .. }) => until.map(Time::millis),
        other => panic!("{other:?}"),
    };
    let fake = Fake::start().await;
    fake.say([refusal(429, -1015), reply(told("bot-1"))]);
    assert_eq!(until(fake.place(&limit()).await), Some(NOW + 10_000));
    assert_eq!(known(&fake.place(&limit()).await), "taken");
    for status in [429, 418] {
        let fake = Fake::start().await;
        let status = StatusCode::from_u16(status).unwrap();
        fake.say([reply((status, [("retry-after", "3600")], r#"{"code":-1003,"msg":"Some words."}"#))]);
        assert_eq!(until(fake.place(&limit()).await), Some(NOW + 3_600_000));
        let gate = fake.client.gate();
        assert!(tokio::time::timeout(Duration::from_millis(20), gate.pass(Priority::Cancel, 1)).await.is_err());
    }
}
