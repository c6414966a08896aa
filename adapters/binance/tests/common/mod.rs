//! An exchange on loopback, and the client that asks it.

use axum::Router;
use binance::{Binance, Settings};
use kit::{Clock, Ids, Time};
use std::time::Duration;

/// A client of whatever answers, which is patient for 300 ms and tries so many times.
pub(crate) async fn client_of(exchange: Router, attempts: u32, now: i64) -> Binance {
    client_by(exchange, attempts, Clock::fixed(Time::from_millis(now))).await
}

/// The same by a clock that can be moved.
pub(crate) async fn client_by(exchange: Router, attempts: u32, clock: Clock) -> Binance {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move { axum::serve(listener, exchange).await });
    Binance::new(Settings {
        timeout: Duration::from_millis(300),
        attempts,
        pause: Duration::from_millis(1),
        ..Settings::new(base, clock, Ids::seeded(1))
    })
}
