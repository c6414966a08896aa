//! From a candle that has closed to the orders at the exchange. The exchange is the sandbox in this process, called over
//! loopback by the adapter of Binance; an order is there when its request has arrived.

use crate::{Figure, Size, desk, percentile, tape::Tape};
use axum::{extract::Request, middleware};
use binance::{Binance, Settings};
use bots::Runner;
use chrono::TimeDelta;
use exchanges::Venues;
use kit::Ids;
use market_data::Sources;
use rand::{SeedableRng, rngs::StdRng};
use reqwest::{Client, Method};
use sandbox::{Engine, Options, Speed, Wall, World, http};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use testkit::{Member, PgPool, TestApp, Value, json};
use tokio::{net::TcpListener, time};
use tokio_util::sync::CancellationToken;

const MINUTE: i64 = 60_000;

/// When requests have arrived that place an order.
type Arrivals = Arc<Mutex<Vec<Instant>>>;

/// The exchange's side.
struct Exchange {
    host: String,
    wall: Wall,
    arrivals: Arrivals,
    price: i64,
    key: (String, String),
    client: Client,
}

impl Exchange {
    async fn open(now: i64, stop: &CancellationToken) -> Self {
        let (wall, arrivals) = (Wall::fixed(now), Arrivals::default());
        let options = Options {
            seed: 7,
            replay: None,
            from_now: true,
            speed: Speed::REAL,
            paused: true,
            key: ("house".to_owned(), "secret".to_owned()),
            wall: wall.clone(),
            dice: StdRng::seed_from_u64(7),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let engine = Engine::start(World::new(options).unwrap(), stop.clone());
        let stamps = arrivals.clone();
        let stamped = middleware::from_fn(move |request: Request, next: middleware::Next| {
            if request.method() == Method::POST && request.uri().path().starts_with("/api/v3/order") {
                stamps.lock().unwrap().push(Instant::now());
            }
            next.run(request)
        });
        let service = http::router(engine).layer(stamped).into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        let client = Client::new();
        let most = json!({ "weightPerMinute": u32::MAX, "ordersPerTenSeconds": u32::MAX, "ordersPerDay": u32::MAX });
        let limits = client.put(format!("http://{host}/sandbox/v1/limits")).json(&most);
        assert!(limits.send().await.unwrap().status().is_success());
        let account = json!({ "deposits": { "USDT": "100000000" } });
        let made: Value = client
            .post(format!("http://{host}/sandbox/v1/accounts"))
            .json(&account)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let key = (text(&made["apiKey"]), text(&made["apiSecret"]));
        let ticker = client.get(format!("http://{host}/api/v3/ticker/price?symbol=BTCUSDT"));
        let ticker: Value = ticker.send().await.unwrap().json().await.unwrap();
        let price = text(&ticker["price"]).parse::<f64>().unwrap() as i64;
        Self { host, wall, arrivals, price, key, client }
    }

    /// Waits until so many orders have arrived; answers when each has.
    async fn arrived(&self, orders: usize) -> Vec<Instant> {
        let began = Instant::now();
        loop {
            if self.arrivals.lock().unwrap().len() >= orders {
                return std::mem::take(&mut *self.arrivals.lock().unwrap());
            }
            assert!(began.elapsed() < Duration::from_secs(60), "the orders never arrive");
            time::sleep(Duration::from_millis(2)).await;
        }
    }
}

async fn trader(app: &TestApp, exchange: &Exchange) -> (Member, String) {
    let member = app.member(desk::PERMISSIONS).await;
    let (key, secret) = &exchange.key;
    let wish = json!({ "exchange": "binance", "label": "Main", "apiKey": key, "apiSecret": secret });
    let connection = desk::created(&member, "/api/v1/exchange-connections", &wish).await;
    (member, connection)
}

/// Starts the bots: of each tenant's, some signal at every candle.
async fn start(app: &TestApp, exchange: &Exchange, [tenants, bots, signal]: [usize; 3]) {
    for tenant in 0..tenants {
        let (member, connection) = trader(app, exchange).await;
        let signalling = signal * (tenant + 1) / tenants - signal * tenant / tenants;
        let kinds = [("Busy", exchange.price, signalling), ("Quiet", 100 * exchange.price, bots - signalling)];
        for (name, price, count) in kinds.into_iter().filter(|kind| kind.2 > 0) {
            let strategy = desk::created(&member, "/api/v1/strategies", &desk::strategy(name, price)).await;
            let wish = json!({
                "name": name, "mode": "live", "connectionId": connection, "strategyId": strategy,
                "initialCash": "100000", "feed": { "kind": "live" }
            });
            desk::start(app, &member, &wish, count - 1).await;
        }
    }
}

pub(crate) async fn measure(db: PgPool, size: Size) -> Vec<Figure> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let modules = [
        bots::module(),
        orders::module(),
        portfolio::module(),
        strategies::module(),
        market_data::module(),
        exchanges::module(),
        risk::module(),
    ];
    let (stop, mut stage) = (CancellationToken::new(), None);
    let now = 1_767_614_400_000;
    let exchange = Exchange::open(now, &stop).await;
    let app = TestApp::with(db.clone(), modules, |parts| {
        let base = format!("http://{}", exchange.host).parse().unwrap();
        let settings =
            Settings { weight_per_minute: u32::MAX / 2, ..Settings::new(base, parts.clock.clone(), Ids::seeded(1)) };
        let binance = Arc::new(Binance::new(settings));
        let tape = Tape::new(parts.clock.now().millis(), exchange.price, Some(binance.clone()));
        stage = Some(tape.clone());
        parts.provide(Sources::new(vec![tape])).provide(Venues::new(vec![binance]))
    })
    .await;
    let tape = stage.unwrap();
    let _remembers = app.remembers().await;
    start(&app, &exchange, size.live).await;
    let running = tokio::spawn(Runner::new(app.app()).run(stop.clone()));
    desk::settled(&app, 200).await;

    let (mut waits, mut bare) = (vec![], vec![]);
    for candle in 0..size.candles + 2 {
        app.clock().advance(TimeDelta::milliseconds(MINUTE));
        exchange.wall.advance(MINUTE);
        let closed = Instant::now();
        tape.close(desk::millis(app.clock().now()), exchange.price);
        let arrived = exchange.arrived(size.live[2]).await;
        desk::settled(&app, 201 + candle as i64).await;
        // the first ones open the connections
        if candle >= 2 {
            waits.extend(arrived.into_iter().map(|at| (at - closed).as_secs_f64() * 1e3));
            bare.push(once(&db, &exchange).await);
        }
    }
    stop.cancel();
    running.await.unwrap();
    let (all, single) = (percentile(&mut waits, 99), percentile(&mut bare, 99));
    let (middle, single_middle) = (percentile(&mut waits, 50), percentile(&mut bare, 50));
    vec![
        Figure::new("from the close to the wire, p50", "ms", middle).beside(single_middle),
        Figure::new("from the close to the wire, p99", "ms", all).beside(single).below(10.0),
    ]
}

/// A commit and a request, and nothing else.
async fn once(db: &PgPool, exchange: &Exchange) -> f64 {
    sqlx::raw_sql("create table if not exists bare (at timestamptz)").execute(db).await.unwrap();
    let target = format!("http://{}/api/v3/order", exchange.host);
    let began = Instant::now();
    sqlx::query("insert into bare values (now())").execute(db).await.unwrap();
    exchange.client.post(target).send().await.unwrap();
    let arrived = exchange.arrived(1).await;
    (arrived[0] - began).as_secs_f64() * 1e3
}
