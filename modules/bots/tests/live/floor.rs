//! A sandbox exchange, the platform beside it, and a trader with an account there; all by one clock that stands.

use crate::{
    common::{PERMISSIONS, text},
    door::{Behind, Door},
};
use binance::{Binance, Settings};
use bots::Runner;
use chrono::TimeDelta;
use exchanges::Venues;
use kit::{AppParts, Ids, Time};
use market_data::Sources;
use rand::{SeedableRng, rngs::StdRng};
use reqwest::{Client, Method};
use rust_decimal::Decimal;
use sandbox::{Engine, Options, Replay, Speed, Wall, World, http, rest::sign};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Once},
    time::Duration,
};
use testkit::{Member, PgPool, TestApp, Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use trading::{
    candle::{Candle, Candles},
    time::{Timeframe, Timestamp},
};

const MINUTE: i64 = 60_000;
/// So long after its end a candle is asked for, also where the exchange has not told of it.
const LAG: i64 = 3_000;
/// What the account begins with.
pub(crate) const DEPOSIT: i64 = 10_000;
/// What a bot may venture of it.
pub(crate) const CASH: i64 = 5_000;

pub(crate) struct Floor {
    pub(crate) app: TestApp,
    pub(crate) ana: Member,
    pub(crate) connection: String,
    pub(crate) strategy: String,
    /// Before all that is placed at the exchange.
    pub(crate) door: Door,
    wall: Wall,
    engine: Engine,
    host: String,
    client: Client,
    key: (String, String),
    _stop: DropGuard,
}

/// A price that wanders by the seed, a quarter of it before now.
fn candles(seed: u64, count: i64) -> Candles {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((state >> 33) % below).unwrap()
    };
    let mut price = 1_000_000;
    let cents = |amount: i64| format!("{}.{:02}", amount / 100, amount % 100).parse().unwrap();
    let candle = |minute: i64| {
        let open = price;
        price += random(8_001) - 4_000 + (1_000_000 - price) / 40;
        let (high, low) = (open.max(price) + random(1_500), open.min(price) - random(1_500));
        Candle {
            open_time: Timestamp::from_millis(minute * MINUTE),
            open: cents(open),
            high: cents(high),
            low: cents(low),
            close: cents(price),
            volume: format!("{}.5", random(30) + 10).parse().unwrap(),
        }
    };
    Candles::collect(Timeframe::M1, (0..count).map(candle)).unwrap()
}

/// Enters and leaves often, and stands behind a stop meanwhile.
pub(crate) fn crossing() -> Value {
    json!({
        "name": "Crossing",
        "market": { "exchange": "binance", "symbol": "BTC/USDT", "timeframe": "1m" },
        "indicators": { "fast": { "kind": "sma", "period": 2 }, "slow": { "kind": "sma", "period": 5 } },
        "entry": { "crossesAbove": ["fast", "slow"] },
        "exit": { "crossesBelow": ["fast", "slow"] },
        "sizing": { "kind": "percentEquity", "percent": "60" },
        "protect": { "stopLoss": { "percent": "0.6" } }
    })
}

/// Somebody of a tenant of their own who has connected the account and knows the strategy.
async fn trader(app: &TestApp, key: &(String, String), strategy: &Value) -> (Member, String, String) {
    let further = ["exchange-connections:write", "exchange-connections:read", "exchange-connections:delete"];
    let of_risk = ["risk:read", "risk:execute", "risk:manage"];
    let permissions: Vec<_> = PERMISSIONS.into_iter().chain(further).chain(of_risk).collect();
    let trader = app.member_with(&permissions).await;
    let wish = json!({ "exchange": "binance", "label": "Main", "apiKey": key.0, "apiSecret": key.1 });
    let connection = text(&trader.post("/api/v1/exchange-connections", &wish).await.created()["id"]);
    let strategy = text(&trader.post("/api/v1/strategies", strategy).await.created()["id"]);
    (trader, connection, strategy)
}

/// Nothing is encrypted on loopback, but the client wants to know how it would be.
fn provider() {
    static ONCE: Once = Once::new();
    // another test program's thread may have been first
    ONCE.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
}

impl Floor {
    pub(crate) async fn new(db: PgPool, seed: u64) -> Self {
        Self::with(db, seed, &crossing()).await
    }

    pub(crate) async fn with(db: PgPool, seed: u64, strategy: &Value) -> Self {
        Self::around(db, seed, strategy, |parts| parts).await
    }

    /// The same, with further parts or other settings of the platform.
    pub(crate) async fn around(
        db: PgPool,
        seed: u64,
        strategy: &Value,
        change: impl FnOnce(AppParts) -> AppParts,
    ) -> Self {
        provider();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let modules = [
            bots::module(),
            orders::module(),
            portfolio::module(),
            strategies::module(),
            market_data::module(),
            exchanges::module(),
            risk::module(),
        ];
        let (base, door) = (format!("http://{host}").parse().unwrap(), Door::open());
        let app = TestApp::with(db, modules, |parts| {
            let settings = Settings {
                timeout: Duration::from_millis(800),
                attempts: 2,
                pause: Duration::from_millis(1),
                ..Settings::new(base, parts.clock.clone(), Ids::seeded(seed))
            };
            let binance = Arc::new(Binance::new(settings));
            let venue = Behind { exchange: binance.clone(), door: door.clone() };
            change(parts.provide(Sources::new(vec![binance])).provide(Venues::new(vec![Arc::new(venue)])))
        })
        .await;
        let wall = Wall::fixed(app.clock().now().millis());
        let options = Options {
            seed,
            replay: Some(("BTCUSDT".to_owned(), Replay::Candles(Box::new(candles(seed, 400))))),
            from_now: true,
            speed: Speed::REAL,
            paused: true,
            key: ("house".to_owned(), "secret".to_owned()),
            wall: wall.clone(),
            dice: StdRng::seed_from_u64(seed),
        };
        let stop = CancellationToken::new();
        let engine = Engine::start(World::new(options).unwrap(), stop.clone());
        tokio::spawn(http::serve(listener, engine.clone(), stop.clone()));
        let client = Client::builder().timeout(Duration::from_secs(20)).build().unwrap();
        let account = json!({ "deposits": { "USDT": DEPOSIT.to_string() } });
        let made = client.post(format!("http://{host}/sandbox/v1/accounts")).json(&account);
        let made: Value = made.send().await.unwrap().json().await.unwrap();
        let key = (text(&made["apiKey"]), text(&made["apiSecret"]));

        let (ana, connection, strategy) = trader(&app, &key, strategy).await;
        let floor =
            Self { app, ana, connection, strategy, door, wall, engine, host, client, key, _stop: stop.drop_guard() };
        floor.pass(LAG).await;
        floor
    }

    pub(crate) fn wish(&self, name: &str) -> Value {
        json!({
            "name": name, "mode": "live", "connectionId": self.connection, "strategyId": self.strategy,
            "initialCash": CASH.to_string(), "feed": { "kind": "live" }
        })
    }

    /// Creates a live bot and starts it.
    pub(crate) async fn started(&self, name: &str) -> String {
        let id = text(&self.ana.post("/api/v1/bots", &self.wish(name)).await.created()["id"]);
        self.ana.post(&format!("/api/v1/bots/{id}/start?confirm={name}"), &json!({})).await.ok();
        id
    }

    /// A trader of another tenant, on the same account, and the live bot that they have started.
    pub(crate) async fn another(&self, name: &str) -> (Member, String) {
        let (bob, connection, strategy) = trader(&self.app, &self.key, &crossing()).await;
        let mut wish = self.wish(name);
        (wish["connectionId"], wish["strategyId"]) = (connection.into(), strategy.into());
        let bot = text(&bob.post("/api/v1/bots", &wish).await.created()["id"]);
        bob.post(&format!("/api/v1/bots/{bot}/start?confirm={name}"), &json!({})).await.ok();
        (bob, bot)
    }

    /// Lets so much time pass, at the exchange and here.
    pub(crate) async fn pass(&self, millis: i64) {
        self.engine.ask(move |world| world.step(millis)).await.unwrap();
        self.wall.advance(millis);
        self.app.clock().advance(TimeDelta::milliseconds(millis));
    }

    /// Lets time pass until the next candle has closed and is news.
    pub(crate) async fn pass_a_close(&self) {
        self.pass(MINUTE - self.wall.now() % MINUTE + LAG).await;
    }

    /// Orders that something goes wrong.
    pub(crate) async fn fault(&self, fault: Value) {
        let answer = self.client.post(format!("http://{}/sandbox/v1/faults", self.host)).json(&fault);
        assert!(answer.send().await.unwrap().status().is_success(), "{fault}");
    }

    pub(crate) async fn mend(&self) {
        self.client.delete(format!("http://{}/sandbox/v1/faults", self.host)).send().await.unwrap();
    }

    /// Ends all connections; answers how many there were.
    pub(crate) async fn cut(&self) -> u64 {
        let cut = self.client.delete(format!("http://{}/sandbox/v1/connections", self.host)).send().await.unwrap();
        cut.json::<Value>().await.unwrap()["cut"].as_u64().unwrap()
    }

    /// Sets the price of a coin.
    pub(crate) async fn set_price(&self, price: Decimal) {
        let target = format!("http://{}/sandbox/v1/symbols/BTCUSDT/price", self.host);
        let answer = self.client.put(target).json(&json!({ "price": price.to_string() })).send().await.unwrap();
        assert!(answer.status().is_success(), "{price}");
    }

    /// Lets the runner work until nothing more follows at this moment.
    pub(crate) async fn work(&self, runner: &Runner) {
        self.turns(runner, 6).await;
    }

    /// Lets the runner take so many turns, whatever still follows.
    pub(crate) async fn turns(&self, runner: &Runner, turns: usize) {
        for _ in 0..turns {
            // the database ends the transaction of a process that stood still for too long
            if let Err(failure) = runner.tick().await {
                assert_eq!(failure.status().as_u16(), 503, "{failure}");
            }
        }
    }

    /// Stops the bot and waits until it has sold.
    pub(crate) async fn stop(&self, bot: &str, runner: &Runner) {
        self.ana.post(&format!("/api/v1/bots/{bot}/stop"), &json!({})).await.ok();
        for _ in 0..40 {
            self.work(runner).await;
            if crate::common::status(&self.ana, bot).await == "stopped" {
                return;
            }
            self.pass(7_000).await;
        }
        panic!("the bot never stops: {:?}", self.events(bot).await);
    }

    /// What anybody may ask.
    pub(crate) async fn public(&self, path: &str) -> Value {
        let answer = self.client.get(format!("http://{}{path}", self.host)).send().await.unwrap();
        answer.json().await.unwrap()
    }

    /// What the account's holder asks with a signature.
    pub(crate) async fn asked(&self, path: &str, params: &str) -> Value {
        self.signed(Method::GET, path, params).await
    }

    /// Places an order by the account's key, past the platform.
    pub(crate) async fn place(&self, params: &str) {
        self.signed(Method::POST, "/api/v3/order", params).await;
    }

    async fn signed(&self, method: Method, path: &str, params: &str) -> Value {
        let payload = format!("{params}&timestamp={}", self.wall.now());
        let payload = payload.trim_start_matches('&');
        let target = format!("http://{}{path}?{payload}&signature={}", self.host, sign(&self.key.1, payload));
        let request = self.client.request(method, target).header("X-MBX-APIKEY", &self.key.0);
        let response = request.send().await.unwrap();
        assert!(response.status().is_success(), "{path}");
        response.json().await.unwrap()
    }

    /// What the account has of an asset.
    pub(crate) async fn holds(&self, asset: &str) -> Decimal {
        let account = self.asked("/api/v3/account", "").await;
        let held = account["balances"].as_array().unwrap().iter().find(|it| it["asset"] == asset);
        held.map(|it| decimal(&it["free"]) + decimal(&it["locked"])).unwrap_or_default()
    }

    /// The kinds of all events of a bot, the oldest first, with their words.
    pub(crate) async fn events(&self, bot: &str) -> Vec<(String, String)> {
        let events = crate::common::whole_feed(&self.ana, &format!("/api/v1/bots/{bot}/events")).await;
        events.iter().map(|event| (text(&event["kind"]), text(&event["message"]))).collect()
    }

    /// No order was lost or doubled, and what the bot believes is what the exchange has.
    pub(crate) async fn agrees(&self, bot: &str) {
        let theirs = self.asked("/api/v3/allOrders", "symbol=BTCUSDT&limit=1000").await;
        let mut at_exchange = BTreeMap::new();
        for order in theirs.as_array().unwrap() {
            let before = at_exchange.insert(text(&order["clientOrderId"]), decimal(&order["executedQty"]));
            assert!(before.is_none(), "twice at the exchange: {order}");
        }
        let mut ours = BTreeMap::new();
        for page in 1.. {
            let path = format!("/api/v1/orders?botId={bot}&limit=100&page={page}");
            let part = self.ana.get(&path).await.ok();
            for order in part.as_array().unwrap() {
                ours.insert(text(&order["clientOrderId"]), order.clone());
            }
            if part.as_array().unwrap().len() < 100 {
                break;
            }
        }
        for (id, executed) in &at_exchange {
            let order = ours.get(id).unwrap_or_else(|| panic!("{id} is at the exchange and not here"));
            assert_eq!(decimal(&order["filledQuantity"]), *executed, "{order}");
        }
        for (id, order) in &ours {
            if !at_exchange.contains_key(id) {
                assert_eq!(decimal(&order["filledQuantity"]), Decimal::ZERO, "{order}");
                assert!(["rejected", "expired", "cancelled"].contains(&order["status"].as_str().unwrap()), "{order}");
            }
        }
        let trades = self.asked("/api/v3/myTrades", "symbol=BTCUSDT&limit=1000").await;
        let fills = crate::common::whole_feed(&self.ana, &format!("/api/v1/fills?botId={bot}")).await;
        assert_eq!(fills.len(), trades.as_array().unwrap().len());
        let position = self.ana.get(&format!("/api/v1/positions?botId={bot}")).await.ok()[0].clone();
        assert_eq!(decimal(&position["quantity"]), self.holds("BTC").await, "{position}");
        let portfolio = self.ana.get("/api/v1/portfolio").await.ok();
        let figures = portfolio["bots"].as_array().unwrap().iter().find(|it| it["botId"] == bot).unwrap();
        let cash = self.holds("USDT").await - Decimal::from(DEPOSIT - CASH);
        assert_eq!(decimal(&figures["cash"]), cash, "{figures}");
        let told: BTreeSet<_> = self.events(bot).await.into_iter().map(|(_, words)| words).collect();
        for id in ours.keys() {
            assert!(told.iter().any(|words| words.starts_with(&format!("Order {id}: "))), "{id} is not explained");
        }
    }
}

#[track_caller]
pub(crate) fn decimal(value: &Value) -> Decimal {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no number: {value}"))
}

/// A time in the words of the API.
pub(crate) fn moment(value: &Value) -> Time {
    serde_json::from_value(value.clone()).unwrap()
}
