//! How many signed orders a second are taken over HTTP, by so many connections at once; whoever asks runs on the same
//! machine.

#![allow(clippy::unwrap_used, reason = "a measurement may panic")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rand::{SeedableRng, rngs::StdRng};
use reqwest::Client;
use sandbox::{Engine, Options, Speed, Wall, World, http, rest::sign};
use serde_json::json;
use std::time::Instant;
use tokio::{net::TcpListener, runtime::Runtime};
use tokio_util::sync::CancellationToken;

const START: i64 = 1_767_614_400_000;
const CONNECTIONS: usize = 16;
const ORDERS: u64 = 4_000;
/// Far from the market, and over at once: what is measured is the way of an order and not its trades.
const ORDER: &str = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=IOC&quantity=0.001&price=30000";

async fn start() -> (String, Client) {
    let options = Options {
        seed: 7,
        replay: None,
        from_now: true,
        speed: Speed::REAL,
        paused: true,
        key: ("key".to_owned(), "secret".to_owned()),
        wall: Wall::fixed(START),
        dice: StdRng::seed_from_u64(1),
    };
    let stop = CancellationToken::new();
    let engine = Engine::start(World::new(options).unwrap(), stop.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(http::serve(listener, engine, stop));
    let client = Client::new();
    let most = json!({ "weightPerMinute": u32::MAX, "ordersPerTenSeconds": u32::MAX, "ordersPerDay": u32::MAX });
    let allowed = client.put(format!("{host}/sandbox/v1/limits")).json(&most).send().await.unwrap();
    assert!(allowed.status().is_success(), "{}", allowed.text().await.unwrap());
    (host, client)
}

async fn place(host: &str, client: &Client, orders: u64) {
    let target = format!("{host}/api/v3/order");
    for _ in 0..orders {
        let payload = format!("{ORDER}&timestamp={START}");
        let body = format!("{payload}&signature={}", sign("secret", &payload));
        let request = client.post(&target).header("X-MBX-APIKEY", "key");
        let answer = request.header("content-type", "application/x-www-form-urlencoded").body(body).send().await;
        let answer = answer.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
        // the connection is free once the answer is read
        answer.bytes().await.unwrap();
    }
}

fn orders(c: &mut Criterion) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = Runtime::new().unwrap();
    let (host, client) = runtime.block_on(start());
    let mut group = c.benchmark_group("http");
    group.throughput(Throughput::Elements(ORDERS)).sample_size(10);
    group.bench_function("signed orders", |b| {
        b.iter_custom(|times| {
            let began = Instant::now();
            for _ in 0..times {
                let each = (0..CONNECTIONS).map(|_| place(&host, &client, ORDERS / CONNECTIONS as u64));
                runtime.block_on(futures::future::join_all(each));
            }
            began.elapsed()
        });
    });
    group.finish();
}

criterion_group!(benches, orders);
criterion_main!(benches);
